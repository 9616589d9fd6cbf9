-- From Lua values to what travels: query strings, forms, paths. Pure: tables
-- in, text out; what cannot be sent is refused with a message.

local core = require "twitter.core"
local lists = require "twitter.lists"

local encode = {}

local LARGEST = 2 ^ 53  -- above it a float stands for several integers


--- The text of a single value.
---@param value any string, number or boolean
---@return string? text
---@return string? message
function encode.scalar(value)
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "boolean" then return tostring(value) end
  if kind ~= "number" then return nil, "cannot be a " .. kind end
  if value ~= value or value == math.huge or value == -math.huge then
    return nil, "is not a finite number"
  end
  if value % 1 ~= 0 then
    return (("%.14g"):format(value):gsub(",", "."))  -- some locales' point
  end
  if value > LARGEST or value < -LARGEST then
    return nil, "is too large for a Lua number to be exact: use a string"
  end
  return ("%.0f"):format(value)
end


local function add(pairs_list, name, value)
  if type(name) ~= "string" then
    return nil, "names must be strings, got a " .. type(name)
  end
  local text, message = encode.scalar(value)
  if not text then return nil, ("'%s' %s"):format(name, message) end
  pairs_list[#pairs_list + 1] = { name, text }
  return true
end


local function add_all(pairs_list, name, value)
  if type(value) ~= "table" then return add(pairs_list, name, value) end
  local is_list, wrong = lists.check(value)
  if not is_list then return nil, ("'%s': %s"):format(name, wrong) end
  for _, item in ipairs(value) do
    local ok, message = add(pairs_list, name, item)
    if not ok then return nil, message end
  end
  return true
end


local function sorted_names(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end


local function from_list(fields)
  local is_list, wrong = lists.check(fields)
  if not is_list then return nil, wrong end
  local list = {}
  for i, pair in ipairs(fields) do
    if type(pair) ~= "table" then
      return nil, ("item %d is no { name, value } pair"):format(i)
    end
    local ok, message = add_all(list, pair[1], pair[2])
    if not ok then return nil, message end
  end
  return list
end


--- A table of names and values, or a list of pairs, as a list of pairs of
--- strings. A value that is a list stands for one pair for each item. Names
--- of a table come sorted, so that equal input gives equal output.
---@param fields table
---@return string[][]? pairs `{ { name, value }, ... }`
---@return string? message
function encode.pairs(fields)
  if fields[1] ~= nil then return from_list(fields) end
  local list = {}
  for _, name in ipairs(sorted_names(fields)) do
    local ok, message = add_all(list, name, fields[name])
    if not ok then return nil, message end
  end
  return list
end


--- Joins pairs by RFC 3986's rules: a space is %20, never "+".
---@param list string[][]
---@return string
function encode.join(list)
  local parts = {}
  for i, pair in ipairs(list) do
    parts[i] = core.escape(pair[1]) .. "=" .. core.escape(pair[2])
  end
  return table.concat(parts, "&")
end


--- Appends a query to a URL that may have one already.
---@param url string
---@param query string
---@return string
function encode.with_query(url, query)
  if query == "" then return url end
  return url .. (url:find("?", 1, true) and "&" or "?") .. query
end


--- One segment of a path. Nothing that would change the path gets through.
---@param value any
---@return string? segment
---@return string? message
function encode.segment(value)
  local text, message = encode.scalar(value)
  if not text then return nil, message end
  if text == "" then return nil, "is empty" end
  if text == "." or text == ".." or text:find("[/\\]") then
    return nil, "is no path segment"
  end
  return core.escape(text)
end


--- Reads a query string or a form.
---@param text string
---@return table<string, string|string[]>? fields a name that comes again makes its value a list
---@return string? message
function encode.read_query(text)
  local fields = {}
  for piece in text:gmatch("[^&]+") do
    local name, value = piece:match("^([^=]*)=?(.*)$")
    name, value = core.unescape(name, true), core.unescape(value, true)
    if not name or not value then return nil, "it is badly encoded" end
    local before = fields[name]
    if before == nil then
      fields[name] = value
    elseif type(before) == "table" then
      before[#before + 1] = value
    else
      fields[name] = { before, value }
    end
  end
  return fields
end

return encode
