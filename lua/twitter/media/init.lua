-- Media upload: initialize, append in chunks, finalize, and where X goes on
-- working on a video or a GIF, waiting until it is done. Two protocols speak
-- the same four words; what differs between them lies in the modules v2 and
-- v1.

local errors = require "twitter.errors"
local source = require "twitter.media.source"
local transport = require "twitter.transport"
local types = require "twitter.media.types"

local media = {}

local KIB, MIB = 1024, 1024 * 1024
local MAX_SEGMENTS = 1000
local MAX_CHUNK = 4 * MIB
local POLL_DEFAULT = 1    -- seconds, where X does not say how long to wait

local protocols = {
  ["2"] = "twitter.media.v2",
  ["1.1"] = "twitter.media.v1",
}


-- Large files need larger chunks: an upload has at most 1,000 segments.
local function chunk_size(context, total)
  local needed = math.ceil(total / MAX_SEGMENTS / KIB) * KIB
  return math.max(context.parameters.chunk_size, math.min(needed, MAX_CHUNK))
end


local function report(context, sent, file)
  local progress = context.parameters.progress
  if progress then progress(sent, file.size, file.name) end
end


local function send_segments(context, protocol, id, file)
  local size = chunk_size(context, file.size)
  local offset, index = 0, 0
  report(context, 0, file)
  while offset < file.size do
    local length = math.min(size, file.size - offset)
    local ok, err = protocol.append(context, id, index,
      file:slice(offset, length))
    if not ok then return nil, err end
    offset, index = offset + length, index + 1
    report(context, offset, file)
  end
  return true
end


local function reason(info)
  local problem = type(info.error) == "table" and info.error or {}
  local parts = {}
  for _, key in ipairs { "name", "message" } do
    if type(problem[key]) == "string" then parts[#parts + 1] = problem[key] end
  end
  return #parts > 0 and table.concat(parts, ": ") or "no reason given"
end


local function processing_error(context, fields)
  fields.operation = context.operation
  fields.secrets = context:secrets()
  return errors.new(fields)
end


-- One look at how far the work is: true when done, nil and an error when it
-- failed, false and the seconds to wait when it goes on.
local function judge(context, info)
  if not info or info.state == "succeeded" then return true end
  if info.state == "failed" then
    return nil, processing_error(context, {
      kind = "http", outcome = "refused", problem = "media-processing-failed",
      message = "X could not process the media: " .. reason(info),
      detail = reason(info),
    })
  end
  local seconds = tonumber(info.check_after_secs) or POLL_DEFAULT
  return false, math.max(seconds, 0)
end


local function give_up(context, limit)
  return processing_error(context, {
    kind = "timeout", outcome = "unknown",
    message = ("X was still processing the media after %g seconds")
      :format(limit),
  })
end


local function wait_until_ready(context, protocol, id, info)
  local limit = context.parameters.processing_timeout
  local deadline = transport.now() + limit
  while true do
    local ready, seconds = judge(context, info)
    if ready then return true end
    if ready == nil then return nil, seconds end
    if transport.now() + seconds > deadline then
      return nil, give_up(context, limit)
    end
    transport.sleep(seconds)
    local status, err = protocol.status(context, id)
    if not status then return nil, err end
    info = status.processing_info
  end
end


local function transfer(context, protocol, file, media_type, category)
  local id, err = protocol.initialize(context, media_type, category,
    file.size)
  if not id then return nil, err end
  local ok
  ok, err = send_segments(context, protocol, id, file)
  if not ok then return nil, err end
  local finished
  finished, err = protocol.finalize(context, id)
  if not finished then return nil, err end
  ok, err = wait_until_ready(context, protocol, id, finished.processing_info)
  if not ok then return nil, err end
  return id
end


local function check(context, file, category)
  local media_type = types.sniff(file.head)
  category = category or (media_type and types.category_of(media_type))
  local ok, message = types.check(category or "tweet_image", media_type,
    file.size)
  if ok then return media_type, category end
  return nil, context:invalid(("%s: %s"):format(file.name, message))
end


local function upload_one(context, protocol, item, category)
  local file, err = source.open(context, item)
  if not file then return nil, err end
  local media_type, kind = check(context, file, category)
  if not media_type then
    file:close()
    return nil, kind
  end
  local id
  id, err = transfer(context, protocol, file, media_type, kind)
  file:close()
  return id, err
end


--- Uploads files one after another.
---@param context twitter.context
---@param files (string|table)[]
---@param category? string nil: chosen by each file's type
---@return string[]? ids
---@return twitter.error? err with `media_ids`: the ids of the files before the one that failed
function media.upload(context, files, category)
  if category and not types.is_category(category) then
    return nil, context:invalid(("unknown media category '%s': it is one of "
      .. "%s"):format(category, table.concat(types.categories(), ", ")))
  end
  local protocol = require(protocols[context.parameters.media_api])
  local ids = {}
  for i, item in ipairs(files) do
    local id, err = upload_one(context, protocol, item, category)
    if not id then
      err.media_ids, err.file_index = ids, i
      return nil, err
    end
    ids[i] = id
  end
  return ids
end

return media
