-- Decides who a request comes from and whether its route lets that kind of
-- credential in.

local clock = require "support.sandbox.clock"
local oauth1 = require "support.sandbox.oauth1"
local problem = require "support.sandbox.problem"
local state = require "support.sandbox.state"

local auth = {}

local names = {
  oauth1 = "OAuth 1.0a User Context",
  oauth2_user = "OAuth 2.0 User Context",
  app = "OAuth 2.0 Application-Only",
}

local messages = {
  [32] = "Could not authenticate you.",
  [89] = "Invalid or expired token.",
  [135] = "Timestamp out of bounds.",
  [215] = "Bad Authentication data.",
}

local function refuse(style, code)
  if style == "v1" or state.settings.oauth1_codes then
    return problem.v1(code == 215 and 400 or 401, code, messages[code])
  end
  return problem.unauthorized()
end

local function bearer_identity(token)
  local app = state.bearers[token]
  if app then
    return { kind = "app", app = app, token = token }
  end
  local access = state.access_tokens[token]
  if not access then
    return nil, "unknown bearer token"
  end
  if access.family.dead then
    return nil, "revoked access token"
  end
  if clock.now() >= access.expires then
    return nil, "expired access token"
  end
  return {
    kind = "oauth2_user", user = access.user, app = access.app,
    scopes = access.scopes, token = token,
  }
end

local function identify(request)
  local header = request.headers.authorization
  if not header then
    return nil, 215, "no Authorization header"
  end
  if type(header) == "table" then
    return nil, 215, "several Authorization headers"
  end
  if header:find("^OAuth%s") then
    return oauth1.identify(request)
  end
  local token = header:match("^[Bb]earer (%S+)$")
  if not token then
    return nil, 215, "malformed Authorization header"
  end
  local identity, wrong = bearer_identity(token)
  return identity, 89, wrong
end

local function contains(list, value)
  for _, item in ipairs(list) do
    if item == value then
      return true
    end
  end
end

local function wrong_kind(identity, allowed, style)
  if style == "v1" then
    return problem.v1(403, 220,
      "Your credentials do not allow access to this resource.")
  end
  local supported = {}
  for i, kind in ipairs(allowed) do
    supported[i] = names[kind]
  end
  return problem.v2(403, "Unsupported Authentication",
    ("Authenticating with %s is forbidden for this endpoint.  Supported "
      .. "authentication types are [%s]."):format(names[identity.kind],
      table.concat(supported, ", ")), "unsupported-authentication")
end

local function missing_scope(identity, scopes)
  if identity.kind == "oauth2_user" then
    for _, scope in ipairs(scopes or {}) do
      if not identity.scopes[scope] then
        return scope
      end
    end
  end
end

local function may_only_read(request, identity)
  return identity.kind == "oauth1" and identity.permission == "read"
    and request.method ~= "GET"
end

---Sets `request.identity`, or returns the refusal to send.
---@param request table
---@param options table the route's: auth, scopes, style
---@return integer? status nil when the request may go on
function auth.check(request, options)
  if not options.auth then
    return nil
  end
  local identity, code, wrong = identify(request)
  if not identity then
    request:record("auth: " .. wrong)
    return refuse(options.style, code)
  end
  request.identity = identity
  if not contains(options.auth, identity.kind) then
    request:record("auth: wrong kind, " .. identity.kind)
    return wrong_kind(identity, options.auth, options.style)
  end
  local scope = missing_scope(identity, options.scopes)
  if scope then
    request:record("auth: scope " .. scope .. " missing")
    return problem.forbidden()
  end
  if may_only_read(request, identity) then
    request:record("auth: the app may only read")
    return problem.v2(403, "Forbidden", "Your client app is not configured with "
      .. "the appropriate oauth1 app permissions for this endpoint.",
      "oauth1-permissions")
  end
end

return auth
