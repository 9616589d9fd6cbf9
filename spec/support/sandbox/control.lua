-- The control address: what a test asks of the sandbox. Plain HTTP, JSON.

local clock = require "support.sandbox.clock"
local crypto = require "support.sandbox.crypto"
local faults = require "support.sandbox.faults"
local grants = require "support.sandbox.grants"
local json = require "support.sandbox.json"
local log = require "support.sandbox.log"
local state = require "support.sandbox.state"

local control = {}
local actions = {}

local function list(items)
  return #items > 0 and items or json.empty_array
end

actions["GET /ping"] = function()
  return { ready = true }
end

actions["GET /requests"] = function()
  return { count = log.count, requests = list(log.entries) }
end

actions["DELETE /requests"] = log.clear

actions["POST /faults"] = function(given)
  faults.add(given)
end

actions["GET /faults"] = function()
  return { faults = list(faults.list) }
end

actions["DELETE /faults"] = faults.clear

actions["POST /clock"] = function(given)
  clock.offset = given.offset or clock.offset + (given.advance or 0)
  return { offset = clock.offset, now = clock.now() }
end

-- null puts a setting back to being unset.
actions["POST /settings"] = function(given)
  for name, value in pairs(given) do
    if value == json.null then
      value = nil
    end
    state.settings[name] = value
  end
  return { settings = state.settings }
end

-- The launcher's own settings, which a reset keeps.
actions["POST /birth"] = function(given)
  state.birth = given
  state.reset()
end

-- Changes an app: permission, callbacks, suspended, oob.
actions["POST /apps"] = function(given)
  local app = assert(state.apps[given.app or "confidential"], "no such app")
  for _, name in ipairs { "permission", "callbacks", "suspended", "oob" } do
    if given[name] ~= nil then
      app[name] = given[name]
    end
  end
end

-- Changes an account, or makes one.
actions["POST /users"] = function(given)
  local user = state.user(assert(given.username, "username missing"))
  if not user then
    user = { id = state.new_id(), name = given.username, verified = false,
      description = "", created_at = clock.iso() }
    state.users[user.id] = user
  end
  for name, value in pairs(given) do
    user[name] = value
  end
  return { user = user }
end

local default_scope = "tweet.read tweet.write users.read media.write offline.access"

local function oauth1_parameters(parameters, app, user)
  local token = state.new_oauth1_token(user, app)
  parameters.oauth_token, parameters.oauth_token_secret = token.token, token.secret
  parameters.oauth_consumer_key = app.consumer_key
  parameters.oauth_consumer_secret = app.consumer_secret
end

local function oauth2_parameters(parameters, app, user, scope)
  local _, scopes = grants.scopes(scope or default_scope)
  local reply = grants.issue { app = app, user = user, scopes = scopes }
  parameters.client_id, parameters.client_secret = app.client_id, app.client_secret
  parameters.access_token = reply.access_token
  parameters.refresh_token = reply.refresh_token
  parameters.redirect_uri = app.callbacks[1]
end

local kinds = {
  oauth1 = { oauth1 = true }, oauth2 = { oauth2 = true },
  public = { oauth2 = true, app = "public" }, app = { bearer = true },
  all = { oauth1 = true, oauth2 = true, bearer = true },
}

-- Fresh credentials: kind, user (username), scope.
actions["POST /parameters"] = function(given)
  local kind = assert(kinds[given.kind or "all"], "no such kind of parameters")
  local user = assert(state.user(given.user), "no such account")
  local app = state.apps[kind.app or "confidential"]
  local parameters = {}
  if kind.oauth1 then
    oauth1_parameters(parameters, app, user)
  end
  if kind.oauth2 then
    oauth2_parameters(parameters, app, user, given.scope)
  end
  if kind.bearer then
    parameters.bearer_token = state.bearer(app)
  end
  return parameters
end

-- Ends any token, whoever it belongs to.
actions["POST /revoke"] = function(given)
  local token = assert(given.token, "token missing")
  local app = state.bearers[token]
  local known = state.oauth1_tokens[token] ~= nil or app ~= nil
  state.oauth1_tokens[token], state.bearers[token] = nil, nil
  if app then
    app.bearer = nil
  end
  return { revoked = grants.revoke(token) or known }
end

-- A code as the consent page would give it, without the page.
actions["POST /codes"] = function(given)
  local app = assert(state.apps[given.app or "confidential"], "no such app")
  local _, scopes = grants.scopes(given.scope or default_scope)
  return { code = grants.new_code {
    app = app, user = state.user(given.user), scopes = scopes,
    redirect_uri = given.redirect_uri or app.callbacks[1],
    challenge = given.code_challenge, method = given.method or "S256",
  } }
end

local function post_summary(post)
  return {
    id = post.id, text = post.text, sent_text = post.sent_text,
    author = post.author.username, created_at = post.created_at,
    media_ids = list(post.media_ids), poll = post.poll, reply_to = post.reply_to,
    quote = post.quote, body = post.body,
  }
end

local function media_summary(media)
  local summary = {}
  for _, name in ipairs { "id", "media_key", "owner", "category", "type",
    "media_type", "total_bytes", "size", "phase", "ready", "alt_text",
    "attached", "width", "height", "legacy" } do
    summary[name] = media[name]
  end
  return summary
end

local function count(set)
  local members = 0
  for _ in pairs(set) do
    members = members + 1
  end
  return members
end

actions["GET /state"] = function()
  local posts, media = {}, {}
  for i, post in ipairs(state.timeline) do
    posts[i] = post_summary(post)
  end
  for _, record in pairs(state.media) do
    media[#media + 1] = media_summary(record)
  end
  table.sort(media, function(a, b) return a.id < b.id end)
  return {
    posts = list(posts), media = list(media), settings = state.settings,
    counts = {
      posts = #posts, media = #media, requests = log.count,
      access_tokens = count(state.access_tokens),
      refresh_tokens = count(state.refresh_tokens),
      oauth1_tokens = count(state.oauth1_tokens),
    },
  }
end

actions["POST /reset"] = function()
  clock.offset = 0
  state.reset()
end

local function answer(status, value)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  local text = json.encode(value)
  ngx.header["Content-Length"] = #text
  ngx.print(text)
end

local function run(action)
  ngx.req.read_body()
  local text = ngx.req.get_body_data() or "{}"
  return action(assert(json.decode(text)))
end

---Handles the running request.
function control.serve()
  local name = ngx.req.get_method() .. " " .. ngx.var.uri
  local action = actions[name]
  if not action then
    return answer(404, { error = "no such control: " .. name })
  end
  local ok, value = pcall(run, action)
  if not ok then
    local message = tostring(value):gsub("^[^ ]+%.lua:%d+: ", "")
    return answer(400, { error = message })
  end
  answer(200, value or { ok = true })
end

-- Seeds what little chance is left to Lua's own generator.
math.randomseed(tonumber((crypto.random(3):gsub(".", function(byte)
  return ("%03d"):format(byte:byte())
end))))

return control
