-- Where media come from: a path, a URL to download from, or bytes in memory.
-- Each becomes a source with a size, a name for people, its first bytes, and
-- slices that a request can send. Files are never loaded whole.

local core = require "twitter.core"
local errors = require "twitter.errors"
local transport = require "twitter.transport"
local types = require "twitter.media.types"

local source = {}

local MAX_REDIRECTS = 5


---@class twitter.media.source
---@field name string for messages and progress: a path, a URL without its query, or "data"
---@field size integer bytes
---@field head string the first bytes
---@field data? string
---@field file? userdata open; closed by `close`
local methods = {}
local source_mt = { __name = "twitter.media.source", __index = methods }


--- The part of a multipart body that sends a slice.
---@param offset integer
---@param length integer
---@return table part
function methods:slice(offset, length)
  local part = { name = "media", filename = "media",
    type = "application/octet-stream" }
  if self.data then
    part.data = self.data:sub(offset + 1, offset + length)
  else
    part.file, part.offset, part.length = self.file, offset, length
  end
  return part
end


function methods:close()
  if self.file then self.file:close() end
end


local function file_error(context, name, message)
  return errors.file(context.operation, ("%s: %s"):format(name, message))
end


local function from_file(context, file, name)
  local size = file:size()
  local head, message = file:read(0, types.HEAD)
  if not head or size == 0 then
    file:close()
    return nil, file_error(context, name, message or "the file is empty")
  end
  return setmetatable({ name = name, size = size, head = head, file = file },
    source_mt)
end


local function from_path(context, path)
  local file, message = core.open(path)
  if not file then return nil, file_error(context, path, message) end
  return from_file(context, file, path)
end


local function from_data(context, data, name)
  if data == "" then
    return nil, file_error(context, name or "data", "it is empty")
  end
  return setmetatable({ name = name or "data", size = #data, data = data,
    head = data:sub(1, types.HEAD) }, source_mt)
end


-- A query may hold a signature that grants access.
local function shown(url)
  return (url:gsub("[?#].*$", ""):gsub("//[^/@]*@", "//"))
end


local function download_error(context, name, failure)
  if failure.kind == "invalid" then
    return errors.invalid(context.operation, name .. ": not a usable URL")
  end
  local kind = failure.kind == "too_large" and "file" or failure.kind
  local message = failure.kind == "too_large"
    and ("the file is larger than max_download (%.0f bytes)")
      :format(context.parameters.max_download) or failure.message
  return errors.from_transport {
    kind = kind, outcome = "not_sent", operation = context.operation,
    message = ("cannot download %s: %s"):format(name, message),
    secrets = context:secrets(),
  }
end


-- No credential goes along: the host is not X.
local function fetch(context, url, sink)
  return transport.exchange {
    method = "GET", url = url, headers = { "accept", "*/*" },
    settings = context.settings,
    options = {
      sink = sink, redirects = MAX_REDIRECTS, resend = true,
      max_response = context.parameters.max_download,
    },
  }
end


local function from_url(context, url)
  local name = shown(url)
  local sink, message = core.scratch()
  if not sink then
    return nil, file_error(context, "temporary file", message)
  end
  local response, failure = fetch(context, url, sink)
  if not response then
    sink:close()
    return nil, download_error(context, name, failure)
  elseif response.status ~= 200 then
    sink:close()
    return nil, file_error(context, name, ("cannot be downloaded: HTTP %d")
      :format(response.status))
  end
  return from_file(context, sink, name)
end


local function is_url(text)
  return text:find("^%a[%w+.-]*://") ~= nil
end


-- Bytes given as a plain string are known by their signature; no path looks
-- like one.
local function from_string(context, text)
  if is_url(text) then
    if not text:lower():find("^https?://") then
      return nil, errors.invalid(context.operation, ("%s: only http and "
        .. "https URLs are downloaded"):format(shown(text)))
    end
    return from_url(context, text)
  end
  if #text > types.HEAD and text:find("[%z\1-\31\127-\255]")
      and types.sniff(text) then
    return from_data(context, text)
  end
  return from_path(context, text)
end


--- Opens one file for upload.
---@param context twitter.context
---@param item string|table a path, a URL, bytes, or a table with `data` (and
---  perhaps `name`), `path` or `url`
---@return twitter.media.source? source to be closed by the caller
---@return twitter.error? err kinds: file, invalid, network, timeout, tls
function source.open(context, item)
  if type(item) == "string" then return from_string(context, item) end
  if type(item) == "table" then
    if type(item.data) == "string" then
      local name = type(item.name) == "string" and item.name or nil
      return from_data(context, item.data, name)
    elseif type(item.path) == "string" then
      return from_path(context, item.path)
    elseif type(item.url) == "string" and is_url(item.url) then
      return from_string(context, item.url)
    end
  end
  return nil, errors.invalid(context.operation, "a file is a path, a URL or "
    .. "{ data = bytes }, got a " .. type(item))
end

return source
