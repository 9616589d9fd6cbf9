-- Media upload of API v2: in one shot or in chunks, status and metadata. The
-- uploads themselves live in media_store.lua, look-up in media_read.lua.

local app = require "support.sandbox.app"
local clock = require "support.sandbox.clock"
local problem = require "support.sandbox.problem"
local store = require "support.sandbox.media_store"
local upload_body = require "support.sandbox.upload_body"

local media = {
  find = store.find, attachable = store.attachable, attach = store.attach,
}

local KINDS = { "oauth2_user", "oauth1", "app" }
local TYPES = {
  ["video/mp4"] = true, ["video/webm"] = true, ["video/mp2t"] = true,
  ["video/quicktime"] = true, ["text/srt"] = true, ["text/vtt"] = true,
  ["image/jpeg"] = true, ["image/gif"] = true, ["image/bmp"] = true,
  ["image/png"] = true, ["image/webp"] = true, ["image/pjpeg"] = true,
  ["image/tiff"] = true, ["model/gltf-binary"] = true,
  ["model/vnd.usdz+zip"] = true,
}
local TOTAL_LIMIT, LAST_SEGMENT, ALT_TEXT_LIMIT = 17179869184, 999, 1000
local UNDEFINED = "$.%s: is not defined in the schema and the schema does not "
  .. "allow additional properties"


-- Routes of this file. App-only tokens come in far enough to be told 403.
local function route(method, pattern, limit, handler, query)
  app.route(method, pattern, {
    auth = KINDS, scopes = { "media.write" }, query = query or {},
    limit = limit, style = "v2",
  }, function(request)
    if request.identity.kind == "app" then return problem.forbidden() end
    return handler(request, request.identity.user.id)
  end)
end


-- A refusal for a body's or query's parameter, and why in the log.
local function refuse(request, name, value, message)
  request:record("media: " .. message)
  return problem.parameter(name, value == nil and "" or value, message)
end


local function bad_request(request, message)
  request:record("media: " .. message)
  return problem.invalid {
    { parameters = {}, message = "BadRequest: " .. message },
  }
end


-- The first key that a table should not have.
local function unknown_key(body, known)
  for name in pairs(body) do
    if not known[name] then return tostring(name) end
  end
end


local function is_id(value)
  return type(value) == "string" and #value <= 19 and value:find("^%d+$")
end


local function is_id_list(value)
  if type(value) ~= "table" then return false end
  for index, id in pairs(value) do
    if type(index) ~= "number" or not is_id(id) then return false end
  end
  return true
end


local function is_integer(value, maximum)
  return type(value) == "number" and value % 1 == 0
    and value >= 0 and value <= maximum
end


local function unknown_upload(request, name, id)
  request:record("media: unknown id")
  if request.method ~= "GET" then
    return problem.parameter(name, id, ("Could not find media with %s: [%s].")
      :format(name, id))
  end
  return problem.v2(404, "Not Found Error",
    ("Could not find media with %s: [%s]."):format(name, id),
    "resource-not-found",
    { resource_type = "media", resource_id = id, parameter = name, value = id })
end


-- The caller's upload that a parameter names. Otherwise nil, and the refusal
-- to call.
local function own_upload(request, name, id)
  if not is_id(id) then
    return nil, function()
      return refuse(request, name, id, ("The `%s` parameter value is not valid,"
        .. " it must match ^[0-9]{1,19}$"):format(name))
    end
  end
  local record = store.find(id)
  if not record then
    return nil, function() return unknown_upload(request, name, id) end
  end
  if not store.is_owner(record, request.identity.user.id) then
    return nil, function()
      request:record("media: of another account")
      return problem.forbidden "You are not permitted to perform this action."
    end
  end
  return record
end


--- What the upload endpoints tell of media: v2's MediaResult.
---@param record table
function media.result(record)
  local result = {
    id = record.id, media_key = record.media_key, size = record.size,
    expires_after_secs = math.floor(record.expires - clock.now()),
    processing_info = record.processing_info,
  }
  if record.type == "video" then
    result.video = { video_type = record.media_type }
  elseif record.width then
    result.image = {
      w = record.width, h = record.height, image_type = record.media_type,
    }
  end
  return result
end


local INITIALIZE = {
  media_type = true, total_bytes = true, media_category = true,
  additional_owners = true, shared = true,
}


-- What is wrong with an initialize body: parameter and message.
local function initialize_problem(body)
  local unknown = unknown_key(body, INITIALIZE)
  if unknown then return unknown, UNDEFINED:format(unknown) end
  local traits = store.categories[body.media_category]
  if not traits then
    return "media_category", "$.media_category: does not have a value in the "
      .. "enumeration"
  elseif not TYPES[body.media_type] then
    return "media_type", "$.media_type: does not have a value in the enumeration"
  elseif not is_integer(body.total_bytes, TOTAL_LIMIT) then
    return "total_bytes", "$.total_bytes: must be an integer from 0 to "
      .. "17179869184"
  elseif body.additional_owners ~= nil
    and not is_id_list(body.additional_owners) then
    return "additional_owners", "$.additional_owners: must be an array of ids"
  elseif body.shared ~= nil and type(body.shared) ~= "boolean" then
    return "shared", "$.shared: must be a boolean"
  elseif not traits.types[body.media_type] then
    return "media_type", body.media_type .. " is not a type of "
      .. body.media_category
  elseif body.total_bytes == 0
    or body.total_bytes > store.size_limit(body.media_category) then
    return "total_bytes", ("the file size must be from 1 to %d bytes")
      :format(store.size_limit(body.media_category))
  end
end


local function initialize(request, user)
  local body, refusal = request:json()
  if not body then return refusal() end
  local name, message = initialize_problem(body)
  if name then return refuse(request, name, body[name], message) end
  local record = store.new {
    owner = user, owners = body.additional_owners, shared = body.shared,
    category = body.media_category, media_type = body.media_type,
    total_bytes = body.total_bytes,
  }
  return 200, { data = {
    id = record.id, media_key = record.media_key,
    expires_after_secs = math.floor(record.expires - clock.now() + 0.5),
  } }
end


-- Runs `use(fields)` over an upload body; the edge refuses large ones.
local function with_fields(request, known, use)
  local fields, message, close = upload_body.open(request)
  local function closing(...)
    close()
    return ...
  end
  if not fields then
    if message == "too large" then
      request:record("media: request larger than the edge allows")
      return closing(413, "")
    end
    return closing(bad_request(request, message))
  end
  local unknown = unknown_key(fields, known)
  if unknown then
    return closing(refuse(request, unknown, "", UNDEFINED:format(unknown)))
  end
  return closing(use(fields))
end


local function append(request)
  local record, refusal = own_upload(request, "id", request.path.id)
  if not record then return refusal() end
  local known = { media = true, segment_index = true }
  return with_fields(request, known, function(fields)
    local index = fields.segment_index
    if not is_integer(index, LAST_SEGMENT) then
      return refuse(request, "segment_index", index,
        "$.segment_index: must be an integer from 0 to 999")
    elseif record.phase ~= "open" then
      return bad_request(request, "the upload is finalized already")
    end
    store.append(record, index, fields.media.bytes, fields.media.from,
      fields.media.size)
    return 200, { data = { expires_at = math.floor(record.expires) } }
  end)
end


-- Safe to repeat: a finished upload answers as before.
local function finalize(request)
  local record, refusal = own_upload(request, "id", request.path.id)
  if not record then return refusal() end
  if request:body() ~= "" then
    request:record("media: finalize with a body")
  end
  if record.phase == "open" then
    local ok, message = store.assemble(record)
    if ok then ok, message = store.finish(record) end
    if not ok then return bad_request(request, message) end
  end
  return 200, { data = media.result(record) }
end


local SINGLE = { media = true, media_category = true, additional_owners = true }


-- The ids of a comma-joined list; nil when one is malformed.
local function split_ids(text)
  local ids = {}
  for id in ((text or "") .. ","):gmatch("([^,]*),") do
    if id ~= "" or text then
      if not is_id(id) then return nil end
      ids[#ids + 1] = id
    end
  end
  return ids
end


local function is_category(name)
  return store.categories[name] and name ~= "amplify_video"
end


--- Stores a whole file as one upload.
---@param options table as for `media_store.new`
---@param file table { bytes, from, size }
---@return table? record # nil and a message when it is refused
function media.store_whole(options, file)
  local record = store.new(options)
  store.append(record, 0, file.bytes, file.from, file.size)
  local ok, message = store.assemble(record)
  if ok then ok, message = store.finish(record) end
  if ok then return record end
  store.discard(record)
  return nil, message
end


local function upload_whole(request, user)
  return with_fields(request, SINGLE, function(fields)
    local owners = fields.additional_owners
    if not is_category(fields.media_category) then
      return refuse(request, "media_category", fields.media_category,
        "$.media_category: does not have a value in the enumeration")
    elseif owners and (type(owners) ~= "string" or not split_ids(owners)) then
      return refuse(request, "additional_owners", "",
        "$.additional_owners: must be ids joined by commas")
    end
    local record, message = media.store_whole({
      owner = user, owners = split_ids(owners),
      category = fields.media_category,
    }, fields.media)
    if not record then return bad_request(request, message) end
    return 200, { data = media.result(record) }
  end)
end


-- STATUS knows only media that is processed, not stills and open uploads.
local function status(request)
  local id, command = request:argument "media_id", request:argument "command"
  if command and command ~= "STATUS" then
    return refuse(request, "command", command,
      "The `command` query parameter value is not one of [STATUS]")
  end
  if not id then
    return refuse(request, "media_id", "",
      "The `media_id` query parameter can not be empty")
  end
  local record, refusal = own_upload(request, "media_id", id)
  if not record then return refusal() end
  if not record.processing_info then
    return bad_request(request, "Not found")
  end
  if store.poll(record) then
    request:record("media: status polled before check_after_secs")
  end
  return 200, { data = media.result(record) }
end


local function alt_text_problem(metadata)
  if type(metadata) ~= "table" then return "$.metadata: must be an object" end
  local alt_text = metadata.alt_text
  if alt_text == nil then return nil end
  if type(alt_text) ~= "table" or type(alt_text.text) ~= "string" then
    return "$.metadata.alt_text.text: must be a string"
  end
  local _, characters = alt_text.text:gsub("[^\128-\191]", "")
  if characters > ALT_TEXT_LIMIT then
    return "$.metadata.alt_text.text: may only be 1000 characters long"
  end
end


--- Keeps what is said about media: its alt text and the rest.
---@return string? message # when it is refused
function media.describe(record, metadata)
  local message = alt_text_problem(metadata)
  if message then return message end
  if record.attached then return "the media is attached already" end
  record.metadata = metadata
  record.alt_text = metadata.alt_text and metadata.alt_text.text
    or record.alt_text
end


local function metadata(request)
  local body, refusal = request:json()
  if not body then return refusal() end
  local unknown = unknown_key(body, { id = true, metadata = true })
  if unknown then
    return refuse(request, unknown, "", UNDEFINED:format(unknown))
  end
  local record
  record, refusal = own_upload(request, "id", body.id)
  if not record then return refusal() end
  local message = media.describe(record, body.metadata or {})
  if message then return refuse(request, "metadata", "", message) end
  local kept = next(body.metadata or {}) and body.metadata or {}
  return 200, { data = { id = record.id, associated_metadata = kept } }
end


-- Requests in 15 minutes for each user, in a day for each app.
local limits = {
  whole = { user = 500, app_day = 50000 },
  chunk = { user = 1875, app_day = 180000 },
  status = { user = 1000, app_day = 100000 },
}

route("POST", "/2/media/upload", limits.whole, upload_whole)
route("GET", "/2/media/upload", limits.status, status,
  { "media_id", "command" })
route("POST", "/2/media/upload/initialize", limits.chunk, initialize)
route("POST", "/2/media/upload/{id}/append", limits.chunk, append)
route("POST", "/2/media/upload/{id}/finalize", limits.chunk, finalize)
route("POST", "/2/media/metadata", limits.whole, metadata)

require "support.sandbox.media_read"


return media
