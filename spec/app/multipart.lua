-- Reads a form that brings a file (multipart/form-data, RFC 7578). nginx has
-- checked the size (client_max_body_size), so it may be in memory as a whole.

local multipart = {}

local MAX_FIELDS = 20


-- nginx writes a body larger than its buffer to a file.
local function read_body()
  ngx.req.read_body()
  local path = ngx.req.get_body_file()
  if not path then return ngx.req.get_body_data() or "" end
  local file = assert(io.open(path, "rb"))
  local body = file:read("*a")
  file:close()
  return body
end


local function boundary_of(content_type)
  if not content_type:lower():find("^multipart/form%-data") then return nil end
  return content_type:match('boundary="([^"]+)"')
    or content_type:match("boundary=([^;%s]+)")
end


-- Of a part's header lines only the name matters, and whether it is a file:
-- what else they say about it, the browser made up from the file's name.
local function read_part(head, data)
  local line = ("\r\n" .. head .. "\r\n"):lower()
    :match("\r\ncontent%-disposition:%s*form%-data(;.-)\r\n")
  local name = line and line:match(';%s*name="([^"]*)"')
  local is_file = line and line:find(';%s*filename="')
  return name, is_file and { data = data } or data
end


local function parse(body, boundary)
  local fields, mark = {}, "--" .. boundary
  local place = #mark + 1
  if body:sub(1, #mark) ~= mark then return nil end
  for _ = 1, MAX_FIELDS do
    if body:sub(place, place + 1) == "--" then return fields end
    local blank, data = body:find("\r\n\r\n", place, true)
    local stop, past = body:find("\r\n" .. mark, (data or #body) + 1, true)
    if not stop then return nil end
    local name, value = read_part(body:sub(place + 2, blank - 1),
      body:sub(data + 1, stop - 1))
    if not name or fields[name] then return nil end
    fields[name], place = value, past + 1
  end
end


--- Reads the form of the running request.
---@return table? fields strings, and `{ data = bytes }` for a file
function multipart.read()
  local boundary = boundary_of(ngx.var.http_content_type or "")
  return boundary and parse(read_body(), boundary)
end

return multipart
