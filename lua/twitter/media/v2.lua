-- The four words of media upload in X's API v2: a path for each, answers in
-- `data`.

local call = require "twitter.call"
local errors = require "twitter.errors"

local v2 = {}


-- `data`, which every answer here must have.
local function data_of(context, value, result)
  if not value then return nil, result end
  if type(value.data) == "table" then return value.data end
  return nil, errors.new {
    kind = "json", outcome = "unknown", status = result.status,
    message = "the answer holds no 'data'", operation = context.operation,
  }
end


---@return string? id
---@return twitter.error? err
function v2.initialize(context, media_type, category, total)
  local data, err = data_of(context, call.operation(context,
    "initialize_media_upload", { json = {
      media_type = media_type, media_category = category, total_bytes = total,
    } }))
  if not data then return nil, err end
  if type(data.id) == "string" then return data.id end
  return data_of(context, {}, { status = 200 })
end


---@return boolean? ok
---@return twitter.error? err
function v2.append(context, id, index, part)
  local value, err = call.operation(context, "append_media_upload", {
    raw = true,  -- nothing in the answer is needed
    body = { multipart = {
      part, { name = "segment_index", data = ("%d"):format(index) },
    } },
  }, { id = id })
  if value == nil then return nil, err end
  return true
end


---@return table? data with `processing_info` when there is work left
---@return twitter.error? err
function v2.finalize(context, id)
  return data_of(context, call.operation(context, "finalize_media_upload",
    nil, { id = id }))
end


---@return table? data
---@return twitter.error? err
function v2.status(context, id)
  return data_of(context, call.operation(context, "get_media_upload_status",
    { query = { { "command", "STATUS" }, { "media_id", id } } }))
end

return v2
