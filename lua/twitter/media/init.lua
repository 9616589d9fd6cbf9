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
local POLL_LEAST = 0.02

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
  if type(info) ~= "table" or not info.state or info.state == "succeeded" then
    return true
  end
  if info.state == "failed" then
    return nil, processing_error(context, {
      kind = "http", outcome = "refused", problem = "media-processing-failed",
      message = "X could not process the media: " .. reason(info),
      detail = reason(info),
    })
  end
  local seconds = tonumber(info.check_after_secs)
  if seconds and seconds > 0 then
    return false, math.max(seconds, POLL_LEAST)
  end
  return false, POLL_DEFAULT  -- 0 would be a flood, and NaN for ever
end


local function give_up(context, limit)
  return processing_error(context, {
    kind = "timeout", outcome = "unknown",
    message = ("X was still processing the media after %g seconds")
      :format(limit),
  })
end


-- The last look is at the deadline, however long X would have us wait.
local function wait_until_ready(context, protocol, id, info)
  local limit = context.parameters.processing_timeout
  local deadline = transport.now() + limit
  while true do
    local ready, seconds = judge(context, info)
    if ready then return true end
    if ready == nil then return nil, seconds end
    local left = deadline - transport.now()
    if left <= 0 then return nil, give_up(context, limit) end
    transport.sleep(math.min(seconds, left))
    local status, err = protocol.status(context, id)
    if not status then return nil, err end
    info = status.processing_info
  end
end


local function transfer(context, protocol, file)
  local id, err = protocol.initialize(context, file.type, file.category,
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


-- ---- before anything is sent ----

local function check(context, file, category)
  local media_type = types.sniff(file.head)
  category = category or (media_type and types.category_of(media_type))
  local ok, message = types.check(category or "tweet_image", media_type,
    file.size)
  if not ok then
    return context:invalid(("%s: %s"):format(file.name, message))
  end
  file.type, file.category = media_type, category
end


local function close_all(files)
  for _, file in ipairs(files) do file:close() end
end


-- Opens and checks every file, so that the last one's fault is known before
-- the first one has been uploaded.
local function open_all(context, items, category)
  local files = {}
  for i, item in ipairs(items) do
    local file, err = source.open(context, item)
    files[i] = file
    err = err or check(context, file, category)
    if err then
      close_all(files)
      err.media_ids, err.file_index = {}, i
      return nil, err
    end
  end
  return files
end


-- A post takes pictures, or one GIF, or one video.
local function check_mixture(context, files, count)
  if count < 2 then return end
  for _, file in ipairs(files) do
    if file.category ~= "tweet_image" then
      return context:invalid(("%s: a post has one GIF or one video, and "
        .. "nothing beside it"):format(file.name))
    end
  end
end


local function check_category(context, category)
  if category and not types.is_category(category) then
    return context:invalid(("unknown media category '%s': it is one of %s")
      :format(category, table.concat(types.categories(), ", ")))
  end
end


-- ---- sending ----

local function send_all(context, files)
  local protocol = require(protocols[context.parameters.media_api])
  local ids = {}
  for i, file in ipairs(files) do
    local id, err = transfer(context, protocol, file)
    if not id then
      err.media_ids, err.file_index = ids, i
      return nil, err
    end
    ids[i] = id
  end
  return ids
end


--- Uploads files one after another.
---@param context twitter.context
---@param items (string|table)[]
---@param category? string nil: chosen by each file's type
---@param together? integer how many media one post is going to have, these included; nil: they are not for one post
---@return string[]? ids
---@return twitter.error? err with `media_ids`, the ids of the files before the one that failed, and `file_index`, its position
function media.upload(context, items, category, together)
  local err = check_category(context, category)
  if err then return nil, err end
  local files
  files, err = open_all(context, items, category)
  if not files then return nil, err end
  err = together and check_mixture(context, files, together)
  local ids
  if not err then ids, err = send_all(context, files) end
  close_all(files)
  return ids, err
end

return media
