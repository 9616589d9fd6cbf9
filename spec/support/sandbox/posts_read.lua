-- Looking up posts: one, several, and a user's timeline in pages.

local app = require "support.sandbox.app"
local fields = require "support.sandbox.fields"
local post_view = require "support.sandbox.post_view"
local problem = require "support.sandbox.problem"
local state = require "support.sandbox.state"

local everybody = { "oauth1", "oauth2_user", "app" }
local scopes = { "tweet.read", "users.read" }

local function is_id(text)
  return text and #text <= 19 and text:find("^%d+$") ~= nil
end

-- A fresh list of the common parameters and these.
local function query(...)
  local list = { ... }
  for _, name in ipairs(fields.post_query) do
    list[#list + 1] = name
  end
  return list
end

local function bad_id(name, value)
  return problem.parameter(name, value, ("The `%s` query parameter value [%s] "
    .. "is not valid"):format(name, tostring(value)))
end

app.route("GET", "/2/tweets/{id}", {
  auth = everybody, scopes = scopes, limit = { app = 450, user = 900 },
  query = query(),
}, function(request)
  local id = request.path.id
  if not is_id(id) then
    return bad_id("id", id)
  end
  local post, wanted = state.posts[id], fields.wanted(request)
  if not post then
    return 200, { errors = { problem.missing("tweet", "id", id) } }
  end
  return 200, {
    data = post_view.object(post, wanted),
    includes = post_view.includes({ post }, wanted),
  }
end)

-- The ids of the parameter; nil and the refusal when they are not 1 to 100.
local function ids_of(request)
  local ids = {}
  for id in (request:argument("ids") or ""):gmatch("[^,]+") do
    if not is_id(id) then
      return nil, id
    end
    ids[#ids + 1] = id
  end
  if #ids < 1 or #ids > 100 then
    return nil, request:argument("ids")
  end
  return ids
end

app.route("GET", "/2/tweets", {
  auth = everybody, scopes = scopes, limit = { app = 3500, user = 5000 },
  query = query("ids"),
}, function(request)
  local ids, wrong = ids_of(request)
  if not ids then
    return bad_id("ids", wrong)
  end
  local wanted, found, objects, errors = fields.wanted(request), {}, {}, {}
  for _, id in ipairs(ids) do
    local post = state.posts[id]
    if post then
      found[#found + 1], objects[#objects + 1] = post,
        post_view.object(post, wanted)
    else
      errors[#errors + 1] = problem.missing("tweet", "ids", id)
    end
  end
  return 200, {
    data = #objects > 0 and objects or nil,
    includes = post_view.includes(found, wanted),
    errors = #errors > 0 and errors or nil,
  }
end)

-- Ids compare as numbers of many digits.
local function larger(a, b)
  if #a ~= #b then
    return #a > #b
  end
  return a > b
end

local function within(post, request)
  local since, before = request:argument("since_id"), request:argument("until_id")
  return (not since or larger(post.id, since))
    and (not before or larger(before, post.id))
end

-- Newest first.
local function posts_of(user, request)
  local list = {}
  for place = #state.timeline, 1, -1 do
    local post = state.timeline[place]
    if post.author == user and within(post, request) then
      list[#list + 1] = post
    end
  end
  return list
end

-- A token is bound to its query: who, and everything but the token itself.
local function binding(request)
  local pieces = { request.raw_path }
  for _, pair in ipairs(request.query_pairs) do
    if pair[1] ~= "pagination_token" and pair[1] ~= "max_results" then
      pieces[#pieces + 1] = pair[1] .. "=" .. pair[2]
    end
  end
  table.sort(pieces)
  return ngx.md5(table.concat(pieces, "\0")):sub(1, 12)
end

local function token_for(request, id)
  return "7140" .. binding(request) .. "z" .. id
end

local function place_of(request, list)
  local token = request:argument("pagination_token")
  if not token then
    return 1
  end
  local bound, id = token:match("^7140(%x+)z(%d+)$")
  if bound ~= binding(request) then
    return nil
  end
  for place, post in ipairs(list) do
    if not larger(post.id, id) then
      return place
    end
  end
  return #list + 1
end

local function page(request, list, first, size)
  local wanted, shown, objects = fields.wanted(request), {}, {}
  for place = first, math.min(#list, first + size - 1) do
    shown[#shown + 1] = list[place]
    objects[#objects + 1] = post_view.object(list[place], wanted)
  end
  local after, before = list[first + size], list[math.max(1, first - size)]
  return 200, {
    data = #objects > 0 and objects or nil,
    includes = post_view.includes(shown, wanted),
    meta = {
      result_count = #objects,
      newest_id = shown[1] and shown[1].id, oldest_id = shown[1] and shown[#shown].id,
      next_token = after and token_for(request, after.id),
      previous_token = first > 1 and token_for(request, before.id) or nil,
    },
  }
end

app.route("GET", "/2/users/{id}/tweets", {
  auth = everybody, scopes = scopes, limit = { app = 10000, user = 900 },
  query = query("max_results", "pagination_token", "since_id", "until_id",
    "start_time", "end_time", "exclude"),
}, function(request)
  local user = state.users[request.path.id or ""]
  if not is_id(request.path.id) then
    return bad_id("id", request.path.id)
  elseif not user then
    return 200, { errors = { problem.missing("user", "id", request.path.id) } }
  end
  local size = tonumber(request:argument("max_results") or 10)
  if not size or size % 1 ~= 0 or size < 5 or size > 100 then
    return problem.parameter("max_results", request:argument("max_results"),
      "The `max_results` query parameter value is not between 5 and 100")
  end
  local list = posts_of(user, request)
  local first = place_of(request, list)
  if not first then
    return problem.parameter("pagination_token",
      request:argument("pagination_token"),
      "The `pagination_token` query parameter value is not valid")
  end
  return page(request, list, first, size)
end)

return {}
