-- A strict reader of multipart/form-data. It only finds out where the parts
-- are; their bytes stay in the body's source and are copied by whoever wants
-- them, so that a chunk of a video is never taken apart in memory.

local multipart = {}

local HEAD_LIMIT, PART_LIMIT, VALUE_LIMIT = 8192, 64, 65536


--- The boundary that a Content-Type names.
---@param content_type string?
---@return string? boundary # nil and a message when it is absent or malformed
---@return string? message
function multipart.boundary(content_type)
  local rest = (content_type or ""):match("^[%w/-]+()")
  if not rest or content_type:sub(1, rest - 1):lower()
    ~= "multipart/form-data" then
    return nil, "not multipart/form-data"
  end
  local parameters = ";" .. content_type:sub(rest) .. ";"
  local boundary = parameters:match(";%s*[Bb][Oo][Uu][Nn][Dd][Aa][Rr][Yy]="
    .. '"([^"\r\n]+)"%s*;')
    or parameters:match(";%s*[Bb][Oo][Uu][Nn][Dd][Aa][Rr][Yy]="
      .. "([%w'+_,./:=?-]+)%s*;")
  if not boundary or #boundary > 70 or boundary:sub(-1) == " " then
    return nil, "boundary missing or malformed"
  end
  return boundary
end


-- Header lines to a table with lower-case names.
local function parse_head(text)
  local headers = {}
  for line in text:gmatch("(.-)\r\n") do
    local name, value = line:match("^([%w!#$%%&'*+.^_`|~-]+):[ \t]*(.-)[ \t]*$")
    if not name or value:find("[%z\r\n]") then
      return nil, "malformed part header"
    end
    name = name:lower()
    if headers[name] then return nil, "part header repeated: " .. name end
    headers[name] = value
  end
  return headers
end


-- A parameter's value, quoted or bare, and the place after it.
local function parse_value(text, place)
  if text:sub(place, place) ~= '"' then
    return text:match('^([^";%s]+)()', place)
  end
  local stop = place + 1
  while stop <= #text do
    local character = text:sub(stop, stop)
    if character == '"' then
      return (text:sub(place + 1, stop - 1):gsub('\\(["\\])', "%1")), stop + 1
    end
    stop = stop + (character == "\\" and 2 or 1)
  end
end


-- The parameters of a Content-Disposition.
local function parse_disposition(text)
  local place = (text or ""):match("^[Ff][Oo][Rr][Mm]%-[Dd][Aa][Tt][Aa]()")
  if not place then return nil, "part is not form-data" end
  local parameters = {}
  while place <= #text do
    local name, after = text:match("^%s*;%s*([%w*-]+)=()", place)
    local value
    if name then value, place = parse_value(text, after) end
    if not value or parameters[name:lower()] then
      return nil, "malformed content-disposition"
    end
    parameters[name:lower()] = value
  end
  if not parameters.name then return nil, "part without a name" end
  return parameters
end


-- Reads one part's head. The part's bytes begin at `from`.
local function read_head(source, place)
  local text = source:read(place, HEAD_LIMIT)
  local stop = text:find("\r\n\r\n", 1, true)
  if not stop then return nil, "part without an end of its header" end
  local headers, message = parse_head(text:sub(1, stop + 1))
  if not headers then return nil, message end
  local parameters
  parameters, message = parse_disposition(headers["content-disposition"])
  if not parameters then return nil, message end
  return {
    name = parameters.name, filename = parameters.filename,
    type = headers["content-type"], headers = headers,
    encoding = headers["content-transfer-encoding"],
    from = place + stop + 3,
  }
end


-- The place of the line break before the next delimiter, and what follows
-- the delimiter: "\r\n" or "--". Anything else there is data.
local function find_delimiter(source, delimiter, from)
  while true do
    local place = source:find(delimiter, from)
    if not place then return nil end
    local after = source:read(place + #delimiter, 2)
    if after == "\r\n" or after == "--" then return place, after end
    from = place + 1
  end
end


local function ends_well(source, place)
  local rest = source:read(place, 3)
  return rest == "" or rest == "\r\n"
end


-- Parts from `place` on, which is the first byte after a delimiter's line.
local function read_parts(source, delimiter, place)
  local parts = {}
  repeat
    local part, message = read_head(source, place)
    if not part then return nil, message end
    local stop, after = find_delimiter(source, delimiter, part.from)
    if not stop then return nil, "body without closing boundary" end
    part.size = stop - part.from
    parts[#parts + 1] = part
    if #parts > PART_LIMIT then return nil, "too many parts" end
    place = stop + #delimiter + 2
  until after == "--"
  if not ends_well(source, place) then
    return nil, "bytes after the closing boundary"
  end
  return parts
end


--- Finds the parts of a body.
---@param source table see source.lua
---@param content_type string?
---@return table[]? parts # name, filename, type, encoding, headers, from, size
---@return string? message
function multipart.parse(source, content_type)
  local boundary, message = multipart.boundary(content_type)
  if not boundary then return nil, message end
  local opening = "--" .. boundary .. "\r\n"
  if source:read(1, #opening) ~= opening then
    return nil, "body does not begin with the boundary"
  end
  return read_parts(source, "\r\n--" .. boundary, #opening + 1)
end


--- The parts by name, with the bytes of those that are no files.
---@param source table
---@param parts table[]
---@return table? fields # name -> part; plain ones have `value`
---@return string? message # when a name occurs twice, or a value is too long
function multipart.fields(source, parts)
  local fields = {}
  for _, part in ipairs(parts) do
    if fields[part.name] then return nil, "part repeated: " .. part.name end
    fields[part.name] = part
    if not part.filename and part.name ~= "media" then
      if part.size > VALUE_LIMIT then
        return nil, "value too long: " .. part.name
      end
      part.value = source:read(part.from, part.size)
    end
  end
  return fields
end


return multipart
