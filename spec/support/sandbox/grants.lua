-- OAuth 2.0 codes and tokens: their making, rotation and end. Knows nothing
-- of requests and pages.

local clock = require "support.sandbox.clock"
local crypto = require "support.sandbox.crypto"
local state = require "support.sandbox.state"

local grants = {}

local code_life = 30
local codes = {}

state.on_reset(function()
  codes = {}
end)

local scope_names = {}
for name in ([[tweet.read tweet.write tweet.moderate.write users.read users.email
  follows.read follows.write offline.access space.read mute.read mute.write
  like.read like.write list.read list.write block.read block.write bookmark.read
  bookmark.write dm.read dm.write media.write broadcast.read broadcast.write
  timeline.read]]):gmatch("%S+") do
  scope_names[name] = true
end

---@param text string space separated
---@return table? set, table? list; or nil and the unknown name
function grants.scopes(text)
  local set, list = {}, {}
  for name in (text or ""):gmatch("[^ ]+") do
    if not scope_names[name] then
      return nil, name
    end
    if not set[name] then
      set[name] = true
      list[#list + 1] = name
    end
  end
  return set, list
end

-- Looks like the real thing once decoded: random:milliseconds:1:1:at:1
local function opaque(kind)
  return crypto.base64url(("%s:%.0f:1:1:%s:1"):format(crypto.word(43),
    clock.now() * 1000, kind))
end

---@param wish table app, user, scopes (list), redirect_uri, challenge, method
---@return string # the code
function grants.new_code(wish)
  local code = opaque("ac")
  wish.expires = clock.now() + code_life
  codes[code] = wish
  return code
end

---The grant behind a code, which this spends.
---@param code string
---@param app table
---@return table? grant, or nil and why not
function grants.spend_code(code, app)
  local grant = codes[code]
  if not grant or grant.app ~= app then
    return nil, "unknown code"
  end
  if grant.spent then
    if grant.family then
      grant.family.dead = true
    end
    return nil, "code used before"
  end
  grant.spent = true
  if clock.now() >= grant.expires then
    return nil, "code expired"
  end
  return grant
end

---Makes a token pair, or an access token alone without offline.access.
---@param grant table app, user, scopes (list), family?
---@return table # what the token endpoint answers
function grants.issue(grant)
  local family = grant.family or { dead = false }
  grant.family = family
  local set = {}
  for _, name in ipairs(grant.scopes) do
    set[name] = true
  end
  local reply = {
    token_type = "bearer", expires_in = state.settings.expires_in,
    access_token = opaque("at"), scope = table.concat(grant.scopes, " "),
  }
  state.access_tokens[reply.access_token] = {
    app = grant.app, user = grant.user, scopes = set, family = family,
    expires = clock.now() + state.settings.expires_in,
  }
  family.access_token = reply.access_token
  if set["offline.access"] then
    reply.refresh_token = opaque("rt")
    state.refresh_tokens[reply.refresh_token] = {
      app = grant.app, user = grant.user, scopes = grant.scopes, family = family,
    }
  end
  return reply
end

---Trades a refresh token for a new pair. A spent one kills its whole family.
---@param token string
---@param app table
---@return table? reply, or nil and why not
function grants.refresh(token, app)
  local refresh = state.refresh_tokens[token]
  if not refresh or refresh.app ~= app then
    return nil, "unknown refresh token"
  end
  local family = refresh.family
  if refresh.spent and state.settings.family_invalidation then
    family.dead = true
  end
  if refresh.spent then
    return nil, "refresh token used before"
  end
  if family.dead then
    return nil, "refresh token revoked"
  end
  refresh.spent = true
  if state.settings.refresh_ends_access then
    state.access_tokens[family.access_token or ""] = nil
  end
  return grants.issue {
    app = refresh.app, user = refresh.user, scopes = refresh.scopes,
    family = family,
  }
end

---@param token string access or refresh token
---@param app table? only if it belongs to this app
---@return boolean? known
function grants.revoke(token, app)
  local refresh = state.refresh_tokens[token]
  local access = state.access_tokens[token]
  local found = refresh or access
  if not found or app and found.app ~= app then
    return nil
  end
  if refresh then
    refresh.family.dead = true
  end
  state.access_tokens[token] = nil
  return true
end

return grants
