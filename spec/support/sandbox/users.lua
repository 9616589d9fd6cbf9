-- Accounts: who am I, look-up, and v1.1's verify_credentials.

local app = require "support.sandbox.app"
local fields = require "support.sandbox.fields"
local json = require "support.sandbox.json"
local problem = require "support.sandbox.problem"
local state = require "support.sandbox.state"

local users = {}

local function post_count(user)
  local count = 0
  for _, post in ipairs(state.timeline) do
    count = count + (post.author == user and 1 or 0)
  end
  return count
end

local function newest_post(user)
  for place = #state.timeline, 1, -1 do
    if state.timeline[place].author == user then
      return state.timeline[place].id
    end
  end
end

local values = {
  created_at = function(user) return user.created_at end,
  description = function(user) return user.description end,
  verified = function(user) return user.verified end,
  verified_type = function(user) return user.verified and "blue" or "none" end,
  protected = function() return false end,
  profile_image_url = function(user)
    return "https://pbs.twimg.com/profile_images/" .. user.id .. "/picture_normal.png"
  end,
  public_metrics = function(user)
    -- Users say tweet_count whatever the dialect.
    return {
      followers_count = 0, following_count = 0, listed_count = 0, like_count = 0,
      media_count = 0, tweet_count = post_count(user),
    }
  end,
  most_recent_tweet_id = newest_post,
  most_recent_post_id = newest_post,
}

---A User object: id, name and username, and what was asked for.
---@param user table
---@param wanted table from `fields.wanted`
function users.object(user, wanted)
  local object = { id = user.id, name = user.name, username = user.username }
  for name in pairs(wanted.user) do
    if values[name] then
      object[name] = values[name](user)
    end
  end
  return object
end

local function route(pattern, kinds, limit, find)
  app.route("GET", pattern, {
    auth = kinds, scopes = { "tweet.read", "users.read" }, limit = limit,
    query = fields.user_query,
  }, function(request)
    local user, status, body, headers = find(request)
    if not user then
      return status, body, headers
    end
    return 200, { data = users.object(user, fields.wanted(request, "users")) }
  end)
end

local everybody = { "oauth1", "oauth2_user", "app" }

route("/2/users/me", { "oauth1", "oauth2_user" }, { user = 75 }, function(request)
  return request.identity.user
end)

route("/2/users/{id}", everybody, { app = 300, user = 900 }, function(request)
  local id = request.path.id
  if not id or #id > 19 or not id:find("^%d+$") then
    return nil, problem.parameter("id", id,
      "The `id` query parameter value [" .. tostring(id) .. "] is not valid")
  end
  return state.users[id], 200, { errors = { problem.missing("user", "id", id) } }
end)

route("/2/users/by/username/{username}", everybody, { app = 300, user = 900 },
  function(request)
    local name = request.path.username or ""
    if #name > 15 or not name:find("^[%w_]+$") then
      return nil, problem.parameter("username", name,
        "The `username` query parameter value [" .. name .. "] is not valid")
    end
    for _, user in pairs(state.users) do
      if user.username:lower() == name:lower() then
        return user
      end
    end
    return nil, 200, { errors = { problem.missing("user", "username", name) } }
  end)

app.route("GET", "/1.1/account/verify_credentials.json", {
  auth = { "oauth1" }, style = "v1", limit = { user = 75 },
}, function(request)
  local user = request.identity.user
  return 200, {
    id = json.number(user.id), id_str = user.id, name = user.name,
    screen_name = user.username, description = user.description,
    verified = user.verified, protected = false,
    statuses_count = post_count(user),
    created_at = "Sat Dec 14 04:35:55 +0000 2013",
  }
end)

return users
