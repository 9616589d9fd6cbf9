-- The media upload of API v1.1, on the upload host: OAuth 1.0a, commands in a
-- parameter, ids as numbers beyond 2^53 with their string twin.

local app = require "support.sandbox.app"
local clock = require "support.sandbox.clock"
local json = require "support.sandbox.json"
local media = require "support.sandbox.media"
local problem = require "support.sandbox.problem"
local source = require "support.sandbox.source"
local store = require "support.sandbox.media_store"
local upload_body = require "support.sandbox.upload_body"

local legacy = {}

local PATH = "/1.1/media/upload.json"

-- Pascal names of the categories, beside those of v2.
local CATEGORIES = {
  TweetImage = "tweet_image", TweetGif = "tweet_gif", TweetVideo = "tweet_video",
  DmImage = "dm_image", DmGif = "dm_gif", DmVideo = "dm_video",
  AmplifyVideo = "amplify_video", Subtitles = "subtitles",
}


-- The media endpoint's own shape of a refusal.
local function refuse(request, message, status)
  request:record("media: " .. message)
  return status or 400, { request = PATH, error = message }
end


local function missing(request, name)
  request:record("media: " .. name .. " is missing")
  return problem.v1(400, 38, name .. " parameter is missing.")
end


local function result(record)
  local told = media.result(record)
  told.media_id, told.media_id_string = json.number(told.id), told.id
  told.id = nil
  return told
end


local function split_owners(text)
  local owners = {}
  for id in (text or ""):gmatch("%d+") do owners[#owners + 1] = id end
  return owners
end


-- Parameters of query, form or multipart, and the multipart file if any.
local function read_parameters(request, body)
  local values = {}
  for name, list in pairs(request.query) do values[name] = list[1] end
  for name, list in pairs(request.form or {}) do values[name] = list[1] end
  if request:content_type() == "multipart/form-data" then
    local fields, message =
      upload_body.multipart(body, request.headers["content-type"])
    if not fields then return nil, message end
    for name, value in pairs(fields) do values[name] = value end
  end
  if values.media_data then
    local bytes = upload_body.base64(values.media_data)
    if not bytes then return nil, "media_data is no base64" end
    values.media = upload_body.whole(bytes)
  end
  return values
end


-- The caller's upload that `media_id` names; otherwise nil and the refusal.
local function own_upload(request, values)
  local id = values.media_id
  if not id then
    return nil, function() return missing(request, "media_id") end
  end
  local record = store.find(id)
  if not record or not store.is_owner(record, request.identity.user.id) then
    return nil, function() return refuse(request, "Invalid MediaId") end
  end
  return record
end


-- What is wrong with the values of INIT.
local function init_problem(values, category)
  local traits = store.categories[category]
  local size = tonumber(values.total_bytes)
  if not traits then return "media_category is not valid" end
  if not traits.types[values.media_type] then
    return "media type unrecognized for this category"
  elseif not values.total_bytes:find("^%d+$") or size < 1 then
    return "total_bytes is not valid"
  elseif size > store.size_limit(category) then
    return ("File size exceeds %d bytes."):format(store.size_limit(category))
  end
end


-- Without a category an upload is an image.
local function category_of(values)
  local name = values.media_category or "tweet_image"
  return CATEGORIES[name] or name
end


local commands = {}


function commands.INIT(request, values)
  for _, name in ipairs { "total_bytes", "media_type" } do
    if not values[name] then return missing(request, name) end
  end
  local category = category_of(values)
  local message = init_problem(values, category)
  if message then return refuse(request, message) end
  local record = store.new {
    owner = request.identity.user.id, legacy = true, category = category,
    owners = split_owners(values.additional_owners),
    media_type = values.media_type, total_bytes = tonumber(values.total_bytes),
  }
  return 202, {
    media_id = json.number(record.id), media_id_string = record.id,
    media_key = record.media_key,
    expires_after_secs = math.floor(record.expires - clock.now() + 0.5),
  }
end


function commands.APPEND(request, values)
  local record, refusal = own_upload(request, values)
  if not record then return refusal() end
  local index = values.segment_index
  if not index then return missing(request, "segment_index") end
  if not index:find("^%d%d?%d?$") then
    return refuse(request, "segment_index is not between 0 and 999")
  elseif type(values.media) ~= "table" then
    return missing(request, "media")
  elseif values.media.size == 0 then
    return refuse(request, "media is empty")
  elseif record.phase ~= "open" then
    return refuse(request, "the upload is finalized already")
  end
  store.append(record, tonumber(index), values.media.bytes, values.media.from,
    values.media.size)
  return 204
end


function commands.FINALIZE(request, values)
  local record, refusal = own_upload(request, values)
  if not record then return refusal() end
  if record.phase == "open" then
    local ok, message = store.assemble(record)
    if ok then ok, message = store.finish(record) end
    if not ok then return refuse(request, "Invalid Request: " .. message) end
  end
  return 201, result(record)
end


local function upload_whole(request, values)
  local file = values.media
  if type(file) ~= "table" or file.size == 0 then
    return missing(request, "media")
  end
  local category = category_of(values)
  if not store.categories[category] then
    return refuse(request, "media_category is not valid")
  end
  local record, message = media.store_whole({
    owner = request.identity.user.id, legacy = true, category = category,
    owners = split_owners(values.additional_owners),
  }, file)
  if not record then return refuse(request, message) end
  return 200, result(record)
end


-- A body too large is cut off by the edge, with an empty answer.
local function post(request)
  local body = source.of(request)
  local function close(...)
    body:close()
    return ...
  end
  if body.size > store.setting "request_limit" then
    request:record("media: request larger than the edge allows")
    return close(413, "")
  end
  local values, message = read_parameters(request, body)
  if not values then return close(refuse(request, message)) end
  local command = values.command
  if not command then return close(upload_whole(request, values)) end
  if not commands[command] then
    return close(refuse(request, "command is not valid"))
  end
  return close(commands[command](request, values))
end


-- Still images are not processed, so that their status is no page at all.
local function status(request)
  local values = {
    media_id = request:argument "media_id", command = request:argument "command",
  }
  if values.command ~= "STATUS" then return missing(request, "command") end
  local record, refusal = own_upload(request, values)
  if not record then return refusal() end
  if not record.processing_info then
    request:record("media: no status for this media")
    return problem.v1(404, 34, "Sorry, that page does not exist.")
  end
  if store.poll(record) then
    request:record("media: status polled before check_after_secs")
  end
  return 200, result(record)
end


-- 200 with an empty body, unlike v2.
local function metadata(request)
  local body, refusal = request:json()
  if not body then return refusal() end
  local record
  record, refusal = own_upload(request, body)
  if not record then return refusal() end
  local message = media.describe(record, { alt_text = body.alt_text })
  if message then return refuse(request, message) end
  return 200, ""
end


local options = { auth = { "oauth1" }, style = "v1", host = "upload" }
app.route("POST", PATH, options, post)
app.route("GET", PATH, options, status)
app.route("POST", "/1.1/media/metadata/create.json", options, metadata)


return legacy
