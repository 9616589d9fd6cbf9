-- The person who is signed in, as a client of the API that always has a fresh
-- token. X's access tokens live two hours, and a refresh token works once.

local sessions = require "app.sessions"
local twitter = require "twitter"

local users = {}

local EARLY = 60      -- seconds before its end a token is renewed
local PATIENCE = 30   -- seconds that somebody else's renewal may take


local function is_due(record)
  local ends = record.token.expires_at
  return record.token.refresh_token and ends and os.time() > ends - EARLY
end


-- `on_token` keeps the new pair before anything else can go wrong.
local function renew(record)
  return twitter.refresh_token {
    refresh_token = record.token.refresh_token,
    on_token = function(token)
      record.token = token
      sessions.save("user", record)
    end,
  }
end


-- One request renews, the others wait for it. Nothing is left to renew when the
-- person has signed out meanwhile.
local function renewed(record)
  local key, waited = record.key, 0
  while not sessions.lock("user", key, PATIENCE) and waited < PATIENCE do
    ngx.sleep(0.05)
    waited = waited + 0.05
  end
  local latest, ok, err = sessions.load("user", key), true, nil
  if latest and is_due(latest) then ok, err = renew(latest) end
  sessions.unlock("user", key)
  if not ok then return nil, err end
  return latest or record
end


--- A client that acts for the person.
---@param record table of `sessions`
---@return table? client
---@return table? err
function users.client(record)
  local err
  if is_due(record) then record, err = renewed(record) end
  if not record then return nil, err end
  return twitter.new(record.token)
end

return users
