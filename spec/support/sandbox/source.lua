-- The bytes of a request's body, wherever nginx put them: in memory or in a
-- temporary file. Both kinds are searched and copied without being loaded
-- whole a second time. Places count from 1, as in Lua's strings.

local ffi = require "ffi"

pcall(ffi.cdef, [[
size_t fwrite(const void *ptr, size_t size, size_t n, void *stream);
]])

local source = {}

local WINDOW = 64 * 1024

local memory, file = {}, {}
memory.__index, file.__index = memory, file


--- The place of plain bytes at or after `from`.
---@return integer? # nil when they do not occur
function memory:find(needle, from)
  return (self.text:find(needle, from, true))
end


function memory:read(from, size)
  return self.text:sub(from, from + size - 1)
end


--- Writes a range to an open file, without making a string of it.
---@return true? # nil and a message when the disk refuses
function memory:copy(from, size, output)
  local bytes = ffi.cast("const char *", self.text) + (from - 1)
  if tonumber(ffi.C.fwrite(bytes, 1, size, output)) == size then return true end
  return nil, "cannot write"
end


function memory.close() end


function file:read(from, size)
  self.handle:seek("set", from - 1)
  return self.handle:read(size) or ""
end


-- Windows overlap by the needle's length, less one byte.
function file:find(needle, from)
  while from + #needle - 1 <= self.size do
    local block = self:read(from, WINDOW + #needle - 1)
    local place = block:find(needle, 1, true)
    if place then return from + place - 1 end
    from = from + WINDOW
  end
end


function file:copy(from, size, output)
  while size > 0 do
    local block = self:read(from, math.min(size, WINDOW))
    if block == "" then return nil, "unexpected end of file" end
    local ok, message = output:write(block)
    if not ok then return nil, message end
    from, size = from + #block, size - #block
  end
  return true
end


function file:close()
  self.handle:close()
end


---@param text string
function source.text(text)
  return setmetatable({ text = text, size = #text }, memory)
end


---@param path string
---@return table? # nil and a message when it cannot be read
function source.path(path)
  local handle, message = io.open(path, "rb")
  if not handle then return nil, message end
  return setmetatable({ handle = handle, size = handle:seek("end") }, file)
end


--- The body of a request; to be closed after use.
---@param request table
function source.of(request)
  local path = request.body_file()
  if path then return assert(source.path(path)) end
  return source.text(request.body() or "")
end


return source
