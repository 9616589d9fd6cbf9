-- Signing in with OAuth 2.0 (authorization code with PKCE): the link for the
-- browser, the redirect that comes back, the exchange of its code, and the
-- refresh. X's rules: RFC 6749, RFC 7636, and codes that live 30 seconds.

local call = require "twitter.call"
local client = require "twitter.client"
local core = require "twitter.core"
local encode = require "twitter.encode"
local lazy = require "twitter.lazy"
local transport = require "twitter.transport"

local errors = lazy.module "twitter.errors"
local limits = lazy.module "twitter.errors.limits"

local oauth2 = {}

local SESSION_LIFE = 600   -- seconds between the link and the redirect
local STATE_LENGTH = 43    -- letters and digits: 256 bits and a little
local MAX_CODE = 4096      -- bytes


---@class twitter.session
---@field state string
---@field code_verifier string
---@field redirect_uri string
---@field created_at integer Unix time


local function refuse(context, problem, message)
  return errors.new {
    kind = "auth", message = message, outcome = "not_sent",
    operation = context.operation, problem = problem,
  }
end


local function require_parameter(context, name)
  if context.parameters[name] then return true end
  return nil, context:invalid(("parameter '%s' is missing"):format(name))
end


-- ---- the link ----

--- The address to send the browser to, and the sign-in session that the
--- redirect is checked against. The session holds a secret: keep it on the
--- server, bound to the browser that got the link.
---@param context twitter.context
---@return string? link
---@return twitter.session|twitter.error session_or_error kinds: invalid
function oauth2.get_authorization_link(context)
  for _, name in ipairs { "client_id", "redirect_uri", "scope" } do
    local ok, err = require_parameter(context, name)
    if not ok then return nil, err end
  end
  local values = context.parameters
  local session = {
    state = core.token(STATE_LENGTH),
    code_verifier = core.pkce_verifier(),
    redirect_uri = values.redirect_uri, created_at = os.time(),
  }
  local query = encode.join {
    { "response_type", "code" }, { "client_id", values.client_id },
    { "redirect_uri", values.redirect_uri }, { "scope", values.scope },
    { "state", session.state },
    { "code_challenge", core.pkce_challenge(session.code_verifier) },
    { "code_challenge_method", "S256" },
  }
  return encode.with_query(values.authorize_url, query), session
end


-- ---- the token endpoint ----

local function is_text(value)
  return type(value) == "string" and value ~= "" and not value:find("[%c ]")
end


-- What of the answer can be passed on as parameters; X may add fields any day.
-- Without a successor the old refresh token stays good (RFC 6749, section 6).
-- The time of the server's clock decides when a token ends.
local function as_pair(answer, context, facts, renew)
  local pair = {
    access_token = answer.access_token,
    refresh_token = is_text(answer.refresh_token) and answer.refresh_token
      or renew and context.parameters.refresh_token or nil,
    token_type = type(answer.token_type) == "string" and answer.token_type
      or nil,
    scope = type(answer.scope) == "string" and answer.scope or nil,
  }
  local lifetime = tonumber(answer.expires_in)
  if lifetime and lifetime >= 0 and lifetime < 1e10 then
    local now = limits.server_time(facts.headers, os.time())
    pair.expires_in = lifetime
    pair.expires_at = now + math.floor(lifetime)
  end
  return pair
end


local function copy(from)
  local to = {}
  for key, value in pairs(from) do to[key] = value end
  return to
end


-- The user's function sees the pair before anyone uses it; the client holds
-- it by then, so a call made from there works. Its failure must not lose a
-- login that X has already granted, so it is reported beside the token instead
-- of in its place.
local function announce(context, token, facts)
  local on_token = context.parameters.on_token
  if not on_token then return end
  local ok, message = pcall(on_token, copy(token))
  if ok then return end
  facts.on_token_error = errors.redact(tostring(message),
    { token.access_token, token.refresh_token })
end


-- Confidential clients prove themselves with HTTP Basic; the client id goes
-- along in both cases. `renew`: the pair takes the place of the client's.
local function ask_for_token(context, form, secrets, renew)
  local values = context.parameters
  form[#form + 1] = { "client_id", values.client_id }
  local token, facts = call.perform(context, {
    method = "POST", url = values.api_url .. "/2/oauth2/token", form = form,
    basic = values.client_secret
      and { values.client_id, values.client_secret } or nil,
    secret = true, secrets = secrets, resend = false,
  })
  if not token then
    if facts.kind == "http" and facts.outcome == "refused" then
      facts.kind = "auth"
    end
    return nil, facts
  end
  if not is_text(token.access_token) then
    return nil, errors.new {
      kind = "json", outcome = "unknown", status = facts.status,
      message = "the answer holds no access_token",
      operation = context.operation,
    }
  end
  token = as_pair(token, context, facts, renew)
  if renew then client.adopt(context, token) end
  announce(context, token, facts)
  return token, facts
end


local function check_code(context, code)
  if code == "" then return refuse(context, "missing-code", "no code came") end
  if #code > MAX_CODE or code:find("[^\33-\126]") then
    return context:invalid("the code holds bytes that no code has")
  end
end


-- What of the sign-in session the exchange needs. A session comes from where
-- the caller kept it, so its fields may be anything.
local function session_value(context, name)
  local session = context.parameters.session or {}
  if type(session[name]) == "string" then return session[name] end
  return context.parameters[name]
end


--- Exchanges the code of a redirect for a token pair. Codes live 30 seconds.
---@param context twitter.context with `session` or `code_verifier`
---@param code string
---@return table? token with `expires_at` added (Unix seconds)
---@return twitter.facts|twitter.error facts_or_error kinds: invalid, auth, network, ...
function oauth2.get_token(context, code)
  local err = check_code(context, code)
  if err then return nil, err end
  local verifier = session_value(context, "code_verifier")
  local redirect_uri = session_value(context, "redirect_uri")
  if not verifier then
    return nil, context:invalid("the sign-in session is missing: give the "
      .. "second result of get_authorization_link as parameter 'session'")
  elseif not redirect_uri then
    return nil, context:invalid("parameter 'redirect_uri' is missing")
  end
  local ok, missing = require_parameter(context, "client_id")
  if not ok then return nil, missing end
  return ask_for_token(context, {
    { "grant_type", "authorization_code" }, { "code", code },
    { "redirect_uri", redirect_uri }, { "code_verifier", verifier },
  }, { code, verifier })
end


--- Gets a new pair for the refresh token. X gives each refresh token one
--- use: the answer holds its successor, which the client keeps using.
---@param context twitter.context with `client_id` and `refresh_token`
---@return table? token with `expires_at` added (Unix seconds)
---@return twitter.facts|twitter.error facts_or_error
function oauth2.refresh_token(context)
  for _, name in ipairs { "client_id", "refresh_token" } do
    local ok, err = require_parameter(context, name)
    if not ok then return nil, err end
  end
  return ask_for_token(context, {
    { "grant_type", "refresh_token" },
    { "refresh_token", context.parameters.refresh_token },
  }, nil, true)
end


-- ---- the redirect ----

-- A whole URL or a query string, as fields.
local function parse_redirect(text)
  local query = text:gsub("#.*$", "")
  if query:find("?", 1, true) then
    query = query:match("%?(.*)$")
  elseif query:find("^%a[%w+.-]*://") then
    query = ""
  end
  return encode.read_query(query)
end


-- What decides must be there once. Values that came more than once are lists.
local function single_values(fields)
  for _, name in ipairs { "state", "code", "error" } do
    local value = fields[name]
    if type(value) == "table" then
      return nil, ("'%s' stands in it twice"):format(name)
    elseif value ~= nil and type(value) ~= "string" then
      return nil, ("'%s' is no string"):format(name)
    end
  end
  return fields
end


local function read_redirect(request)
  if type(request) ~= "string" then return single_values(request) end
  local fields, message = parse_redirect(request)
  if not fields then return nil, message end
  return single_values(fields)
end


local function check_state(context, fields, session)
  if type(session.state) ~= "string" or session.state == ""
      or not fields.state or not core.equal(fields.state, session.state) then
    return refuse(context, "state-mismatch", "the redirect's state is not "
      .. "the one of this sign-in session")
  end
end


local function check_age(context, session)
  local age = os.time() - (tonumber(session.created_at) or 0)
  if age > SESSION_LIFE then
    return refuse(context, "session-expired", "the sign-in session is older "
      .. "than 10 minutes: start again")
  end
end


-- Only the words that the standard knows are repeated: the rest of the
-- redirect comes from whoever made the link.
local function check_refusal(context, fields)
  local word = fields.error
  if not word then return end
  if word == "access_denied" then
    return refuse(context, "access-denied", "the user did not allow the "
      .. "access (access_denied)")
  end
  return refuse(context, "authorization-error", "X did not authorize the "
    .. "access (" .. word:gsub("[^%w_]", "?"):sub(1, 40) .. ")")
end


local function check_redirect(context, fields, session)
  local err = check_state(context, fields, session)
    or check_age(context, session) or check_refusal(context, fields)
  if err then return err end
  if not fields.code or fields.code == "" then
    return refuse(context, "missing-code", "the redirect brings no code")
  end
end


--- Takes the redirect after the authorization, checks it against the sign-in
--- session and exchanges its code.
---@param context twitter.context with `session`
---@param request? table|string fields, a query string or a whole URL; nil: the
---  running nginx request
---@return table? token
---@return twitter.facts|twitter.error facts_or_error `problem` tells the cases
---  apart: state-mismatch, session-expired, access-denied, missing-code
function oauth2.handle_redirect(context, request)
  local session = context.parameters.session
  if not session then
    return nil, context:invalid("the sign-in session is missing: give the "
      .. "second result of get_authorization_link as parameter 'session'")
  end
  local fields, message = request or transport.incoming_fields()
  if fields then fields, message = read_redirect(fields) end
  if not fields then
    return nil, context:invalid("the redirect cannot be read: " .. message)
  end
  local err = check_redirect(context, fields, session)
  if err then return nil, err end
  return oauth2.get_token(context, fields.code)
end

return oauth2
