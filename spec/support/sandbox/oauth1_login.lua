-- Three-legged sign-in of OAuth 1.0a: request token, consent (or PIN), access
-- token, and the end of one.

local app = require "support.sandbox.app"
local clock = require "support.sandbox.clock"
local crypto = require "support.sandbox.crypto"
local html = require "support.sandbox.html"
local oauth1 = require "support.sandbox.oauth1"
local problem = require "support.sandbox.problem"
local state = require "support.sandbox.state"
local uri = require "support.sandbox.uri"

local request_token_life = 900
local request_tokens = {}

state.on_reset(function()
  request_tokens = {}
end)

local function form_reply(list)
  return 200, uri.query(list), { ["Content-Type"] = "text/html;charset=utf-8" }
end

local function plain_refusal(text)
  return 401, "Error processing your OAuth request: " .. text, {
    ["Content-Type"] = "text/html;charset=utf-8",
  }
end

-- A parameter wherever it was sent: header, form or query.
local function sent(request, header, name)
  local form = request.form and request.form[name]
  return header[name] or form and form[1] or request:argument(name)
end

local function refuse(request, code, wrong)
  request:record("oauth1: " .. wrong)
  local message = code == 135 and "Timestamp out of bounds."
    or code == 215 and "Bad Authentication data."
    or "Could not authenticate you."
  return problem.v1(code == 215 and 400 or 401, code, message)
end

-- The signed header and its app. Otherwise nil and the refusal to return.
local function signed(request, secret_of)
  local authorization = request.headers.authorization
  if type(authorization) ~= "string" or not authorization:find("^OAuth%s") then
    return nil, function() return refuse(request, 215, "no OAuth header") end
  end
  local header, wrong = oauth1.parse(authorization)
  if not header then
    return nil, function() return refuse(request, 215, wrong) end
  end
  local client = state.app_by("consumer_key", header.oauth_consumer_key)
  if not client then
    return nil, function() return refuse(request, 32, "unknown consumer key") end
  end
  local ok, code, reason = oauth1.check(request, header, client.consumer_secret,
    secret_of(header))
  if not ok then
    return nil, function() return refuse(request, code, reason) end
  end
  return header, client
end

-- Registered exactly, but for a query string added at run time.
local function approved(client, callback)
  local bare = callback:gsub("%?.*$", "")
  for _, registered in ipairs(client.callbacks) do
    if registered == bare then
      return true
    end
  end
end

local function callback_refusal()
  local message = "Callback URL not approved for this client application. "
    .. "Approved callback URLs can be adjusted in your application settings"
  if state.settings.callback_error == "json" then
    return problem.v1(403, 415, message)
  end
  return 403, '<?xml version="1.0" encoding="UTF-8"?><errors><error code="415">'
    .. message .. "</error></errors>", {
      ["Content-Type"] = "application/xml; charset=utf-8",
    }
end

local function callback_problem(request, client, callback)
  if not callback or callback == "" then
    request:record("oauth1: oauth_callback missing")
    return problem.v1(400, 38, "oauth_callback parameter is missing.")
  end
  if client.suspended then
    return problem.v1(403, 416, "Invalid / suspended application")
  end
  if callback == "oob" and client.oob == false then
    return problem.v1(403, 417,
      "Desktop applications only support the oauth_callback value 'oob'")
  end
  if callback ~= "oob" and not approved(client, callback) then
    request:record("oauth1: callback not registered")
    return callback_refusal()
  end
end

-- x_auth_access_type may only lower what the app has.
local function permission_of(client, wished)
  return wished == "read" and "read" or client.permission
end

app.route("POST", "/oauth/request_token", { style = "v1" }, function(request)
  local header, client = signed(request, function() return nil end)
  if not header then
    return client()
  end
  local callback = sent(request, header, "oauth_callback")
  local status, body, headers = callback_problem(request, client, callback)
  if status then
    return status, body, headers
  end
  local token = {
    token = crypto.word(27), secret = crypto.word(32), app = client,
    callback = callback, expires = clock.now() + request_token_life,
    permission = permission_of(client, sent(request, header, "x_auth_access_type")),
  }
  request_tokens[token.token] = token
  return form_reply {
    { "oauth_token", token.token }, { "oauth_token_secret", token.secret },
    { "oauth_callback_confirmed", "true" },
  }
end)

local function live_request_token(name)
  local token = request_tokens[name or ""]
  if token and clock.now() < token.expires then
    return token
  end
end

local function redirect(callback, list)
  local joint = callback:find("?", 1, true) and "&" or "?"
  return 302, "", { Location = callback .. joint .. uri.query(list) }
end

local function decide(token, decision, username)
  if decision ~= "allow" then
    request_tokens[token.token] = nil
    if token.callback == "oob" then
      return html.page(200, "Denied", "<h1>You denied access</h1>")
    end
    return redirect(token.callback, { { "denied", token.token } })
  end
  token.user = state.user(username)
  if token.callback == "oob" then
    token.verifier = ("%07d"):format(math.random(0, 9999999))
    return html.pin(token.verifier)
  end
  token.verifier = crypto.word(32)
  return redirect(token.callback, {
    { "oauth_token", token.token }, { "oauth_verifier", token.verifier },
  })
end

local function show(request)
  local token = live_request_token(request:argument("oauth_token"))
  if not token or token.verifier then
    return html.refusal("The request token for this page is invalid. It may "
      .. "have already been used, or expired because it is too old.")
  end
  if state.settings.auto_consent then
    return decide(token, state.settings.auto_consent, request:argument("user"))
  end
  return html.consent {
    app = token.app, scopes = { token.permission }, action = request.raw_path,
    fields = { { "oauth_token", token.token } }, users = state.user_list(),
  }
end

local function submit(request)
  local form = request.form or {}
  local token = live_request_token((form.oauth_token or {})[1])
  if not token or token.verifier then
    return html.refusal("The request token for this page is invalid.")
  end
  return decide(token, (form.decision or {})[1], (form.user or {})[1])
end

for _, host in ipairs { "api", "web" } do
  for _, path in ipairs { "/oauth/authorize", "/oauth/authenticate",
    "/i/oauth/authenticate" } do
    app.route("GET", path, { host = host, style = "v1" }, show)
    app.route("POST", path, { host = host, style = "v1" }, submit)
  end
end

app.route("POST", "/oauth/access_token", { style = "v1" }, function(request)
  local token, asked
  local header, refusal = signed(request, function(parsed)
    token, asked = live_request_token(parsed.oauth_token), true
    return token and token.secret
  end)
  if asked and not token then
    request:record("oauth1: unknown request token")
    return plain_refusal("Request token missing")
  end
  if not header then
    return refusal()
  end
  local verifier = sent(request, header, "oauth_verifier")
  if not token.verifier or verifier ~= token.verifier or refusal ~= token.app then
    request:record("oauth1: wrong verifier")
    return plain_refusal("Invalid oauth_verifier parameter")
  end
  request_tokens[token.token] = nil
  local access = state.new_oauth1_token(token.user, token.app)
  access.permission = token.permission
  return form_reply {
    { "oauth_token", access.token }, { "oauth_token_secret", access.secret },
    { "user_id", token.user.id }, { "screen_name", token.user.username },
  }
end)

local function invalidate(request)
  local token = request.identity.token
  state.oauth1_tokens[token] = nil
  return 200, { access_token = token }
end

for _, path in ipairs { "/1.1/oauth/invalidate_token",
  "/1.1/oauth/invalidate_token.json" } do
  app.route("POST", path, { auth = { "oauth1" }, style = "v1" }, invalidate)
end

return {}
