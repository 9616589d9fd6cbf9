-- Look-up of media by key, and the subtitles of videos.

local app = require "support.sandbox.app"
local problem = require "support.sandbox.problem"
local state = require "support.sandbox.state"
local store = require "support.sandbox.media_store"

local media_read = {}

local KEYS_LIMIT = 100
local PASCAL = { TweetVideo = "tweet_video", AmplifyVideo = "amplify_video" }
local EXTENSIONS = {
  ["image/jpeg"] = "jpg", ["image/pjpeg"] = "jpg", ["image/png"] = "png",
  ["image/webp"] = "webp", ["image/gif"] = "gif", ["video/mp4"] = "mp4",
  ["video/quicktime"] = "mov", ["video/webm"] = "webm", ["video/mp2t"] = "ts",
}


local function picture_url(record, extension)
  return ("https://pbs.twimg.com/media/%s.%s"):format(record.id,
    extension or EXTENSIONS[record.media_type] or "bin")
end


-- Each field's value, nil where media of this type has none.
local FIELDS = {
  width = function(record) return record.width end,
  height = function(record) return record.height end,
  alt_text = function(record) return record.alt_text end,
  duration_ms = function(record)
    return record.type == "video" and record.duration_ms or nil
  end,
  url = function(record)
    return record.type == "photo" and picture_url(record) or nil
  end,
  preview_image_url = function(record)
    return record.type ~= "photo" and picture_url(record, "jpg") or nil
  end,
  public_metrics = function(record)
    return record.type == "video" and { view_count = 0 } or nil
  end,
  variants = function(record)
    if record.type == "photo" then return nil end
    return { {
      content_type = "video/mp4", bit_rate = 0,
      url = ("https://video.twimg.com/%s.mp4"):format(record.id),
    } }
  end,
}


--- A Media object of v2: key and type, and what `media.fields` asks for.
---@param record table
---@param wanted table<string, boolean>?
---@return table
function media_read.object(record, wanted)
  local object = { media_key = record.media_key, type = record.type }
  for name in pairs(wanted or {}) do
    local field = FIELDS[name]
    if field then object[name] = field(record) end
  end
  return object
end


local function split(text)
  local list = {}
  for item in (text or ""):gmatch("[^,]+") do list[#list + 1] = item end
  return list
end


local function wanted_fields(request)
  local wanted = {}
  for _, name in ipairs(split(request:argument "media.fields")) do
    wanted[name] = true
  end
  return wanted
end


local function find_key(key)
  local record = state.media_keys[key]
  return record and record.ready and store.find(record.id) or nil
end


local function is_key(key)
  return key:find("^%d+_%d+$")
end


local function by_key(request)
  local key = request.path.media_key
  if not is_key(key) then
    return problem.parameter("media_key", key, "The `media_key` query "
      .. "parameter value is not valid")
  end
  local record = find_key(key)
  if not record then
    return 200, { errors = { problem.missing("media", "media_key", key) } }
  end
  return 200, { data = media_read.object(record, wanted_fields(request)) }
end


-- What is wrong with a list of keys.
local function keys_problem(keys)
  if #keys < 1 or #keys > KEYS_LIMIT then
    return ("The number of values in the `media_keys` query parameter list "
      .. "[%d] is not between 1 and 100"):format(#keys)
  end
  for _, key in ipairs(keys) do
    if not is_key(key) then
      return ("The `media_keys` query parameter value [%s] is not valid")
        :format(key)
    end
  end
end


local function by_keys(request)
  local given = request.query.media_keys or {}
  local keys = split(given[1])
  local message = #given > 1 and "`media_keys` is given more than once"
    or keys_problem(keys)
  if message then
    return problem.parameter("media_keys", given[1] or "", message)
  end
  local found, missing, wanted = {}, {}, wanted_fields(request)
  for _, key in ipairs(keys) do
    local record = find_key(key)
    if record then
      found[#found + 1] = media_read.object(record, wanted)
    else
      missing[#missing + 1] = problem.missing("media", "media_keys", key)
    end
  end
  return 200, {
    data = #found > 0 and found or nil,
    errors = #missing > 0 and missing or nil,
  }
end


-- The caller's video that a subtitles body means; nil and a refusal's values.
local function own_video(request, body)
  local category = PASCAL[body.media_category]
  local record = type(body.id) == "string" and store.find(body.id)
  if not category then
    return nil, "media_category", "is not one of [AmplifyVideo,TweetVideo]"
  elseif not record or record.category ~= category
    or not store.is_owner(record, request.identity.user.id) then
    return nil, "id", "is not a video of this account and category"
  end
  return record
end


local function track_problem(track, user)
  if type(track) ~= "table" then return "subtitles", "must be an object" end
  local text = type(track.id) == "string" and store.find(track.id)
  if not text or text.type ~= "subtitles" or not store.is_owner(text, user) then
    return "subtitles.id", "is not a subtitle upload of this account"
  elseif type(track.language_code) ~= "string"
    or not track.language_code:find("^[A-Z][A-Z]$") then
    return "subtitles.language_code", "does not match ^[A-Z]{2}$"
  end
end


local function add_subtitles(request)
  local body, refusal = request:json()
  if not body then return refusal() end
  local record, name, message = own_video(request, body)
  if record then
    name, message = track_problem(body.subtitles, request.identity.user.id)
  end
  if name then
    return problem.parameter(name, "", "$." .. name .. " " .. message)
  end
  record.subtitles = record.subtitles or {}
  record.subtitles[body.subtitles.language_code] = body.subtitles
  return 200, { data = {
    id = record.id, media_category = body.media_category,
    associated_subtitles = body.subtitles,
  } }
end


local function remove_subtitles(request)
  local body, refusal = request:json()
  if not body then return refusal() end
  local record, name, message = own_video(request, body)
  if not record then
    return problem.parameter(name, "", "$." .. name .. " " .. message)
  end
  local tracks, code = record.subtitles or {}, tostring(body.language_code)
  local deleted = tracks[code] ~= nil
  tracks[code] = nil
  return 200, { data = { deleted = deleted } }
end


local reading = {
  auth = { "oauth2_user", "oauth1", "app" }, scopes = { "tweet.read" },
  query = { "media.fields" },
}
app.route("GET", "/2/media/{media_key}", reading, by_key)
app.route("GET", "/2/media", {
  auth = reading.auth, scopes = reading.scopes,
  query = { "media_keys", "media.fields" },
}, by_keys)

local writing = {
  auth = { "oauth2_user", "oauth1" }, scopes = { "media.write" }, query = {},
  limit = { user = 100, app_day = 10000 },
}
app.route("POST", "/2/media/subtitles", writing, add_subtitles)
app.route("DELETE", "/2/media/subtitles", writing, remove_subtitles)


return media_read
