-- The four words of media upload in X's old API 1.1: one address, the word in
-- `command`, answers without a wrapper, OAuth 1.0a only. X keeps it for
-- those who ask for it (`media_api = "1.1"`).

local call = require "twitter.call"
local errors = require "twitter.errors"

local v1 = {}

local accepted = { "oauth1" }


local function command(context, description)
  description.url = context.parameters.upload_url .. "/1.1/media/upload.json"
  description.auth = accepted
  description.raw = true
  local value, result = call.perform(context, description)
  if value == nil then return nil, result end
  if type(value) == "table" then return value end
  return nil, errors.new {
    kind = "json", outcome = "unknown", status = result.status,
    message = "the answer is no JSON object", operation = context.operation,
  }
end


---@return string? id
---@return twitter.error? err
function v1.initialize(context, media_type, category, total)
  local value, err = command(context, { method = "POST", resend = true,
    form = {
      { "command", "INIT" }, { "total_bytes", ("%.0f"):format(total) },
      { "media_type", media_type }, { "media_category", category },
    } })
  if not value then return nil, err end
  if type(value.media_id_string) == "string" then
    return value.media_id_string
  end
  return nil, errors.new {
    kind = "json", outcome = "unknown", operation = context.operation,
    message = "the answer holds no media_id_string",
  }
end


---@return boolean? ok
---@return twitter.error? err
function v1.append(context, id, index, part)
  local value, err = command(context, { method = "POST", resend = true,
    body = { multipart = {
      { name = "command", data = "APPEND" },
      { name = "media_id", data = id },
      { name = "segment_index", data = ("%d"):format(index) }, part,
    } } })
  if not value then return nil, err end
  return true
end


---@return table? status
---@return twitter.error? err
function v1.finalize(context, id)
  return command(context, { method = "POST", resend = true,
    form = { { "command", "FINALIZE" }, { "media_id", id } } })
end


---@return table? status
---@return twitter.error? err
function v1.status(context, id)
  return command(context, { method = "GET",
    query = { { "command", "STATUS" }, { "media_id", id } } })
end

return v1
