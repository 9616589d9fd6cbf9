-- The token endpoints: OAuth 2.0 exchange, refresh and revocation, and the
-- app-only bearer token.

local app = require "support.sandbox.app"
local crypto = require "support.sandbox.crypto"
local grants = require "support.sandbox.grants"
local oauth1 = require "support.sandbox.oauth1"
local problem = require "support.sandbox.problem"
local state = require "support.sandbox.state"
local uri = require "support.sandbox.uri"

local function field(request, name)
  local values = request.form and request.form[name]
  return values and values[1] ~= "" and values[1] or nil
end

-- Both halves of a Basic header, or nil.
local function basic(request)
  local header = request.headers.authorization
  local encoded = type(header) == "string" and header:match("^[Bb]asic (%S+)$")
  local text = encoded and ngx.decode_base64(encoded)
  if not text then
    return nil
  end
  local name, secret = text:match("^([^:]*):(.*)$")
  return name and uri.decode(name), secret and uri.decode(secret)
end

local function invalid(request, text)
  request:record("oauth2: " .. text)
  return problem.oauth2(400, "invalid_request", text)
end

local function missing(request, name)
  return invalid(request, ("Missing required parameter [%s]."):format(name))
end

local function unauthorized(request, reason)
  request:record("oauth2: " .. reason)
  return problem.oauth2(401, "unauthorized_client",
    "Missing valid authorization header")
end

local function by_basic(request)
  local id, secret = basic(request)
  local client = id and state.app_by("client_id", id)
  if not client or not client.confidential or client.client_secret ~= secret then
    return nil, function() return unauthorized(request, "wrong Basic header") end
  end
  local named = field(request, "client_id")
  if named and named ~= id then
    return nil, function()
      return invalid(request, "Value passed for the client_id was invalid.")
    end
  end
  return client
end

-- The app that asks. Otherwise nil and the refusal to return.
local function client_of(request)
  if field(request, "client_secret") then
    request:record("oauth2: client_secret in the form has no effect")
  end
  if request.headers.authorization then
    return by_basic(request)
  end
  local id = field(request, "client_id")
  if not id then
    return nil, function() return missing(request, "client_id") end
  end
  local client = state.app_by("client_id", id)
  if not client then
    return nil, function()
      request:record("oauth2: unknown client id")
      return problem.oauth2(400, "invalid_client", "Value passed for the client_id "
        .. "was invalid.")
    end
  end
  if client.confidential then
    return nil, function()
      return unauthorized(request, "a confidential client must send Basic")
    end
  end
  return client
end

local function verified(grant, verifier)
  if #verifier < 43 or #verifier > 128 or verifier:find("[^A-Za-z0-9._~-]") then
    return false
  end
  if grant.method == "S256" then
    verifier = crypto.base64url(crypto.sha256(verifier))
  end
  return verifier == grant.challenge
end

local function exchange(request, client)
  for _, name in ipairs { "code", "redirect_uri", "code_verifier" } do
    if not field(request, name) then
      return missing(request, name)
    end
  end
  local grant, reason = grants.spend_code(field(request, "code"), client)
  if not grant then
    request:record("oauth2: " .. reason)
    return invalid(request, "Value passed for the authorization code was invalid.")
  end
  if field(request, "redirect_uri") ~= grant.redirect_uri then
    return invalid(request, "Value passed for the redirect uri did not match the "
      .. "uri of the authorization code.")
  end
  if not verified(grant, field(request, "code_verifier")) then
    return invalid(request,
      "Value passed for the code verifier did not match the code challenge.")
  end
  return 200, grants.issue(grant)
end

local function refresh(request, client)
  local token = field(request, "refresh_token")
  if not token then
    return missing(request, "refresh_token")
  end
  local reply, reason = grants.refresh(token, client)
  if not reply then
    request:record("oauth2: " .. reason)
    return invalid(request, "Value passed for the token was invalid.")
  end
  return 200, reply
end

local function form_problem(request)
  if request:content_type() ~= "application/x-www-form-urlencoded" then
    return invalid(request, "The content type must be "
      .. "application/x-www-form-urlencoded.")
  end
  for name, values in pairs(request.form) do
    if #values > 1 then
      return invalid(request, ("Parameter [%s] is repeated."):format(name))
    end
  end
end

app.route("POST", "/2/oauth2/token", {}, function(request)
  local status, body = form_problem(request)
  if status then
    return status, body
  end
  local grant_type = field(request, "grant_type")
  if not grant_type then
    return missing(request, "grant_type")
  end
  local client, refusal = client_of(request)
  if not client then
    return refusal()
  end
  if grant_type == "authorization_code" then
    return exchange(request, client)
  elseif grant_type == "refresh_token" then
    return refresh(request, client)
  end
  request:record("oauth2: unsupported grant_type")
  return problem.oauth2(400, "unsupported_grant_type",
    "Value passed for the grant_type was invalid.")
end)

app.route("POST", "/2/oauth2/revoke", {}, function(request)
  local status, body = form_problem(request)
  if status then
    return status, body
  end
  local client, refusal = client_of(request)
  if not client then
    return refusal()
  end
  local token = field(request, "token")
  if not token then
    return missing(request, "token")
  end
  local hint = field(request, "token_type_hint")
  if hint and hint ~= "access_token" and hint ~= "refresh_token" then
    return problem.oauth2(400, "unsupported_token_type")
  end
  if not grants.revoke(token, client) then
    request:record("oauth2: revoking an unknown token")
  end
  return 200, { revoked = true }
end)

local function unverified(request, reason)
  request:record("oauth2: " .. reason)
  return problem.v1(403, 99, "Unable to verify your credentials",
    "authenticity_token_error")
end

local function consumer_by_basic(request)
  local key, secret = basic(request)
  local client = key and state.app_by("consumer_key", key)
  return client and client.consumer_secret == secret and client or nil
end

app.route("POST", "/oauth2/token", { style = "v1" }, function(request)
  local client = consumer_by_basic(request)
  if not client then
    return unverified(request, "wrong consumer key or secret")
  end
  local grant_type = field(request, "grant_type")
  if not grant_type then
    return problem.v1(403, 170, "Missing required parameter: grant_type")
  elseif grant_type ~= "client_credentials" then
    return unverified(request, "unsupported grant_type")
  end
  return 200, { token_type = "bearer", access_token = state.bearer(client) }
end)

-- Either Basic with a form field or a signed request with a query parameter.
local function invalidating(request)
  local header = request.headers.authorization
  if type(header) == "string" and header:find("^OAuth%s") then
    local identity = oauth1.identify(request)
    return identity and identity.app, request:argument("access_token")
  end
  return consumer_by_basic(request), field(request, "access_token")
end

app.route("POST", "/oauth2/invalidate_token", { style = "v1" }, function(request)
  local client, token = invalidating(request)
  if not client or not token or state.bearers[token] ~= client then
    return unverified(request, "unknown bearer token or app")
  end
  state.bearers[token], client.bearer = nil, nil
  return 200, { access_token = token }
end)

return {}
