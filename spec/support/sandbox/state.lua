-- What the sandbox knows: accounts, apps, tokens, posts, media. Plain tables
-- in one nginx process; `reset` brings them back to how they were at birth.

local clock = require "support.sandbox.clock"
local crypto = require "support.sandbox.crypto"

-- `birth` holds settings the launcher was given: a reset keeps them.
local state = { directory = ".", root = ".", birth = {} }

-- Other modules with something to forget on a reset register here.
local resetters = {}

---@param forget fun() called by `state.reset`
function state.on_reset(forget)
  resetters[#resetters + 1] = forget
end

local function new_app(name, confidential)
  return {
    id = crypto.word(8), name = name, confidential = confidential,
    client_id = ngx.encode_base64(crypto.word(20) .. ":1:ci", true),
    client_secret = confidential and crypto.word(50) or nil,
    consumer_key = crypto.word(25), consumer_secret = crypto.word(50),
  }
end

-- Callback addresses registered with an app.
local function callbacks()
  return {
    "http://127.0.0.1:8080/callback", "http://127.0.0.1/callback",
    "http://localhost:8080/callback", "twitter-sandbox://callback",
  }
end

local function accounts()
  return {
    ["2244994945"] = {
      id = "2244994945", username = "sandbox", name = "Sand Box",
      description = "The account of the sandbox", verified = false,
      created_at = "2013-12-14T04:35:55.000Z",
    },
    ["1460323737035677698"] = {
      id = "1460323737035677698", username = "neighbour", name = "Neigh Bour",
      description = "Another account", verified = false,
      created_at = "2021-11-15T19:08:05.000Z",
    },
    ["9223372036854775806"] = {
      id = "9223372036854775806", username = "premium", name = "Pre Mium",
      description = "An account that may write long posts", verified = true,
      premium = true, created_at = "2026-01-01T00:00:00.000Z",
    },
  }
end

local function settings()
  local values = {
    expires_in = 7200, auto_consent = nil, duplicates = true,
    duplicate_window = 86400, limits = true, limit_shape = "v2",
    limit_overrides = nil, strict_query = true, summoned_replies = false,
    enterprise = false, oauth1_codes = false, callback_error = "xml",
    family_invalidation = true, refresh_ends_access = false,
  }
  for name, value in pairs(state.birth) do
    values[name] = value
  end
  return values
end

state.apps = {
  confidential = new_app("Sandbox App", true),
  public = new_app("Sandbox Native App", false),
}

---Back to birth. Apps keep their keys, so that parameters stay usable.
function state.reset()
  state.users = accounts()
  state.settings = settings()
  state.oauth1_tokens = {} -- token -> { token, secret, user, app, permission }
  state.access_tokens = {} -- token -> { user, app, scopes, expires, family }
  state.refresh_tokens = {} -- token -> { user, app, scopes, family, spent }
  state.bearers = {} -- token -> app
  state.posts = {} -- id -> post, as `state.add_post` describes it
  state.timeline = {} -- posts, oldest first
  state.media = {} -- id -> media record
  state.media_keys = {} -- media_key -> media record
  state.last_id = 0
  for _, app in pairs(state.apps) do
    app.bearer, app.suspended, app.oob = nil, nil, nil
    app.permission, app.callbacks = "read-write", callbacks()
  end
  for _, forget in ipairs(resetters) do
    forget()
  end
end

---The app's bearer token: the same one until it is invalidated.
---@param app table
---@return string
function state.bearer(app)
  if not app.bearer then
    -- Real ones carry literal percent signs.
    app.bearer = ("A"):rep(22) .. crypto.word(20) .. "%2F" .. crypto.word(30)
      .. "%3D"
    state.bearers[app.bearer] = app
  end
  return app.bearer
end

---@return table[] # accounts, the main one first
function state.user_list()
  local list = {}
  for _, user in pairs(state.users) do
    list[#list + 1] = user
  end
  table.sort(list, function(a, b) return #a.id .. a.id < #b.id .. b.id end)
  return list
end

---The account a request without further wishes acts for.
---@param name string? username
---@return table?
function state.user(name)
  for _, user in pairs(state.users) do
    if user.username == (name or "sandbox") then
      return user
    end
  end
end

---@param name string "client_id", "consumer_key", ...
---@param value string
---@return table? app
function state.app_by(name, value)
  for _, app in pairs(state.apps) do
    if app[name] == value then
      return app
    end
  end
end

-- A snowflake id is milliseconds x 2^22 + a counter: too wide for a double,
-- so the multiplication is done on two halves of seven decimal digits.
local function snowflake(milliseconds, counter)
  local low = (milliseconds % 1e7) * 4194304 + counter
  local high = math.floor(milliseconds / 1e7) * 4194304
  local carry = math.floor(low / 1e7)
  return ("%.0f%07.0f"):format(high + carry, low - carry * 1e7)
end

---@return string # a new id, larger than all before
function state.new_id()
  local now = math.floor(clock.now() * 1000) - 1288834974657
  state.last_id = math.max(state.last_id + 1, now)
  return snowflake(state.last_id, 4660)
end

---@param user table
---@param app table
---@return table # an OAuth 1.0a access token
function state.new_oauth1_token(user, app)
  local token = {
    token = user.id .. "-" .. crypto.word(40), secret = crypto.word(45),
    user = user, app = app, permission = app.permission,
  }
  state.oauth1_tokens[token.token] = token
  return token
end

---Keeps a post: `id`, `text` (escaped, links as t.co), `sent_text`, `author`
---(account), `created` (seconds), `created_at`, `media_ids` (list), `poll`
---({ id, options (list of texts), duration_minutes, ends }), `reply_to` and
---`quote` (ids), `urls` (list of { short, url }), `history` (ids).
---@param post table
function state.add_post(post)
  state.posts[post.id] = post
  state.timeline[#state.timeline + 1] = post
end

---@param post table
function state.remove_post(post)
  state.posts[post.id] = nil
  for place, candidate in ipairs(state.timeline) do
    if candidate == post then
      table.remove(state.timeline, place)
      return
    end
  end
end

---Keeps a media record, which has at least `id`, `media_key`, `owner` (the
---account's id), `category`, `type` ("photo", "video", "animated_gif") and,
---once it may be attached, `ready = true`.
---@param media table
function state.add_media(media)
  state.media[media.id] = media
  if media.media_key then
    state.media_keys[media.media_key] = media
  end
end

state.reset()

return state
