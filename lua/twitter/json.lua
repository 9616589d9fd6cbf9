-- JSON, and the only module that knows lua-cjson. It works on an instance of
-- its own, so the host program's settings stay as they are and ours do not
-- depend on them.
--
-- cjson decodes. Encoding is done here, because the builds of cjson in use
-- differ: some have no way to write an empty list, and some keep only 14
-- digits.
--
-- What to expect of decoded values:
--   null                     json.null, which counts as true
--   integers up to 2^53      numbers (Lua integers where Lua has them)
--   integers above 2^53      strings with exactly the digits that came
--   [] and {}                empty tables

local cjson = require "cjson"
local core = require "twitter.core"

local concat, find, floor = table.concat, string.find, math.floor
local format, gsub, type, next = string.format, string.gsub, type, next
local math_type = rawget(math, "type")  -- nil before Lua 5.3

local MAX_DEPTH = 128    -- tables inside tables, in both directions
local LARGEST = 2 ^ 53   -- above it, a float stands for several integers

local instance = cjson.new()
instance.decode_max_depth(MAX_DEPTH)
instance.decode_invalid_numbers(false)

local decode_text = instance.decode
local json_string = core.json_string

-- Some builds of cjson make integers themselves, others only floats.
local floats_only = math_type
  and math_type(decode_text("[1]")[1]) == "float"

local json = {}

--- The value of a field that is null. It counts as true in a condition.
json.null = cjson.null

local list_mt = { __name = "twitter.list" }

--- Encodes as `[]`, wherever it stands.
json.empty_array = setmetatable({}, {
  __name = "twitter.list",
  __newindex = function() error("json.empty_array stays empty", 2) end,
  __tostring = function() return "[]" end,
})

-- What marks a table as a list, in this module and in cjson's dialects.
local list_metatables = {
  [list_mt] = true,
  [getmetatable(json.empty_array)] = true,
}
for _, name in ipairs { "array_mt", "empty_array_mt" } do
  if type(cjson[name]) == "table" then list_metatables[cjson[name]] = true end
end

-- The other spellings of an empty list are light userdata.
local function is_empty_array(value)
  return value ~= nil and value == cjson.empty_array
end


--- Decodes a JSON text. Never raises.
---@param text string
---@return any value `json.null` for null; nil when it failed
---@return string? message what is wrong and where, without quoting the text
function json.decode(text)
  if type(text) ~= "string" then
    return nil, "string expected, got " .. type(text)
  end
  local exact = core.exact_integers(text)
  local ok, value = pcall(decode_text, exact)
  if not ok then
    cjson.new()  -- learns the locale's decimal point, which may have changed
    ok, value = pcall(decode_text, exact)
  end
  if not ok then return nil, tostring(value) end
  if floats_only then value = core.to_integers(value) end
  return value
end


--- Marks a table as a list, so that it encodes as one even when it is empty.
---@param list? table a new one is made when there is none
---@return table list the same table
function json.array(list)
  if list == nil then list = {} end
  if type(list) ~= "table" then
    error(format("bad argument #1 to 'array' (table expected, got %s)",
      type(list)), 2)
  end
  local mt = getmetatable(list)
  if list_metatables[mt] then return list end
  if mt ~= nil then
    error("bad argument #1 to 'array' (it has a metatable of its own)", 2)
  end
  return setmetatable(list, list_mt)
end


-- The writers below append to `out` and answer nil; when a value cannot be
-- written they answer the reason, and the path to the value.

local function write_string(out, value)
  local text, position = json_string(value)
  if not text then
    return format("invalid UTF-8 at byte %d", position), ""
  end
  out[#out + 1] = text
end


-- The shortest form that reads back as the same number. The decimal point
-- depends on the host's locale; JSON's does not.
local function fraction(value)
  local text
  for digits = 14, 17 do
    text = format("%." .. digits .. "g", value)
    if tonumber(text) == value then break end
  end
  return (gsub(text, "[^%d+e-]", "."))
end


local function write_number(out, value)
  if math_type and math_type(value) == "integer" then
    out[#out + 1] = format("%d", value)
  elseif value ~= value or value == math.huge or value == -math.huge then
    return "NaN and infinity have no form in JSON", ""
  elseif value ~= floor(value) then
    out[#out + 1] = fraction(value)
  elseif value > LARGEST or value < -LARGEST then
    return "number above 2^53 is not exact: give it as a string", ""
  else
    out[#out + 1] = format("%.0f", value)
  end
end


local write  -- defined below


-- Keys stand in messages only when they are plain names.
local function key_path(key)
  if find(key, "^[%w_.-]+$") and #key <= 64 then return "." .. key end
  return ".?"
end


local function write_member(out, key, value, depth)
  if type(key) ~= "string" then
    return format("table with keys of type %s", type(key)), ""
  end
  local reason = write_string(out, key)
  if reason then return reason .. " of a key", "" end
  out[#out + 1] = ":"
  local path
  reason, path = write(out, value, depth)
  if reason then return reason, key_path(key) .. path end
end


local function write_object(out, object, depth)
  local separator = "{"
  for key, value in next, object do
    out[#out + 1] = separator
    local reason, path = write_member(out, key, value, depth)
    if reason then return reason, path end
    separator = ","
  end
  out[#out + 1] = separator == "{" and "{}" or "}"
end


-- How many items a list has; nil and the reason when it is no proper list.
local function list_length(list)
  local count, highest = 0, 0
  for key in next, list do
    if type(key) ~= "number" or key < 1 or key ~= floor(key) then
      return nil, "list with keys that are no positions"
    end
    count = count + 1
    if key > highest then highest = key end
  end
  if count ~= highest then return nil, "list with holes" end
  return count
end


local function write_list(out, list, depth)
  local length, problem = list_length(list)
  if not length then return problem, "" end
  out[#out + 1] = "["
  for position = 1, length do
    if position > 1 then out[#out + 1] = "," end
    local reason, path = write(out, rawget(list, position), depth)
    if reason then return reason, format("[%d]%s", position, path) end
  end
  out[#out + 1] = "]"
end


-- A table is a list when it is marked as one or its keys are numbers.
local function write_table(out, value, depth)
  if depth >= MAX_DEPTH then
    return format("tables nested more than %d deep", MAX_DEPTH), ""
  end
  if list_metatables[getmetatable(value)] or type(next(value)) == "number" then
    return write_list(out, value, depth + 1)
  end
  return write_object(out, value, depth + 1)
end


function write(out, value, depth)
  local kind = type(value)
  if kind == "string" then return write_string(out, value) end
  if kind == "number" then return write_number(out, value) end
  if kind == "table" then return write_table(out, value, depth) end
  if kind == "boolean" then
    out[#out + 1] = value and "true" or "false"
  elseif value == json.null then
    out[#out + 1] = "null"
  elseif is_empty_array(value) then
    out[#out + 1] = "[]"
  else
    return "no JSON form for a " .. kind, ""
  end
end


--- Encodes a value. Tables with string keys are objects, tables with the keys
--- 1..n are lists, an empty table is an object unless it is marked by
--- `json.array`. Metamethods are not called. Never raises.
---@param value any
---@return string? text
---@return string? message why not, and where; no value is quoted
function json.encode(value)
  local out = {}
  local reason, path = write(out, value, 0)
  if not reason then return concat(out) end
  if path == "" then return nil, reason end
  return nil, format("%s (at %s)", reason, (gsub(path, "^%.", "")))
end


return json
