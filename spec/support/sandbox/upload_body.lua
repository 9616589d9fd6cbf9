-- The body of an upload request as fields: multipart, with the file's bytes
-- left where they are, or JSON with base64.

local json = require "support.sandbox.json"
local multipart = require "support.sandbox.multipart"
local source = require "support.sandbox.source"
local store = require "support.sandbox.media_store"

local upload_body = {}


--- Decodes base64 of the standard alphabet, padding and all.
---@param text any
---@return string? # nil when it is not that
function upload_body.base64(text)
  if type(text) ~= "string" or #text % 4 ~= 0
    or not text:find("^[A-Za-z0-9+/]*=?=?$") then
    return nil
  end
  return ngx.decode_base64(text)
end


--- Bytes as the store wants them.
---@param bytes string
function upload_body.whole(bytes)
  return { bytes = source.text(bytes), from = 1, size = #bytes }
end


-- The file of a multipart body: a range of the body, or decoded base64.
local function read_file(body, part)
  if not part.filename or part.filename == "" then
    return nil, "part `media` has no filename"
  end
  local encoding = (part.encoding or "binary"):lower()
  if encoding == "base64" then
    local text = body:read(part.from, part.size):gsub("\r\n", "")
    local bytes = upload_body.base64(text)
    return bytes and upload_body.whole(bytes), "part `media` is no base64"
  elseif encoding ~= "binary" and encoding ~= "8bit" and encoding ~= "7bit" then
    return nil, "part `media` has an unknown content-transfer-encoding"
  end
  return { bytes = body, from = part.from, size = part.size }
end


--- The fields of a multipart body: plain ones as text, and `media`, if it is
--- there, as { bytes, from, size }.
---@return table? fields # nil and a message when the body is malformed
---@return string? message
function upload_body.multipart(body, content_type)
  local parts, message = multipart.parse(body, content_type)
  if not parts then return nil, message end
  local fields
  fields, message = multipart.fields(body, parts)
  if not fields then return nil, message end
  local values = {}
  for name, part in pairs(fields) do values[name] = part.value or "" end
  if fields.media then
    values.media, message = read_file(body, fields.media)
    if not values.media then return nil, message end
  end
  return values
end


local function read_json(request)
  local values = json.decode(request:body())
  if type(values) ~= "table" then return nil, "Could not parse JSON body." end
  local bytes = upload_body.base64(values.media)
  if not bytes then return nil, "$.media: must be a string in base64" end
  values.media = upload_body.whole(bytes)
  return values
end


local function read_multipart(request, body)
  local values, message =
    upload_body.multipart(body, request.headers["content-type"])
  if not values then return nil, message end
  local index = values.segment_index
  if index and index:find("^%d+$") then values.segment_index = tonumber(index) end
  return values
end


local function read(request, body)
  local kind = request:content_type()
  local fields, message
  if kind == "application/json" then
    fields, message = read_json(request)
  elseif kind == "multipart/form-data" then
    fields, message = read_multipart(request, body)
  else
    return nil, "content-type must be multipart/form-data or application/json"
  end
  if not fields then return nil, message end
  if not fields.media then return nil, "no part named `media`" end
  if fields.media.size == 0 then return nil, "`media` is empty" end
  return fields
end


--- Reads the body of a v2 upload.
---@param request table
---@return table? fields # nil when it is malformed or "too large"
---@return string? message
---@return fun() close # call it when the bytes are no longer needed
function upload_body.open(request)
  local body = source.of(request)
  local function close() body:close() end
  if body.size > store.setting "request_limit" then
    return nil, "too large", close
  end
  local fields, message = read(request, body)
  return fields, message, close
end


return upload_body
