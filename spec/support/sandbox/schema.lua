-- Checks a JSON body against a description of it, and words what is wrong the
-- way X's own schema check does.
--
-- A description is { type =, ... }: "string" (pattern, least, most, one_of),
-- "integer" (least, most), "boolean", "array" (items, least, most), "object"
-- (members; required = list; nothing else is allowed).

local json = require "support.sandbox.json"

local schema = {}

-- Characters of UTF-8 text.
local function length(text)
  local _, count = text:gsub("[^\128-\191]", "")
  return count
end

local function is_array(value)
  local count = 0
  for _ in pairs(value) do
    count = count + 1
  end
  return count == #value
end

local function kind_of(value)
  if value == json.null then
    return "null"
  elseif type(value) == "number" then
    return value % 1 == 0 and "integer" or "number"
  elseif type(value) == "table" then
    return next(value) ~= nil and is_array(value) and "array" or "object"
  end
  return type(value)
end

-- Empty lists and empty objects look alike once decoded.
local function of_kind(value, wanted)
  if type(value) == "table" and next(value) == nil then
    return wanted == "array" or wanted == "object"
  end
  return kind_of(value) == wanted
end

local checks = {}

function checks.string(value, wanted, path)
  local size = length(value)
  if wanted.least and size < wanted.least then
    return path .. ": must be at least " .. wanted.least .. " characters long"
  elseif wanted.most and size > wanted.most then
    return path .. ": may only be " .. wanted.most .. " characters long"
  elseif wanted.pattern and not value:find(wanted.pattern) then
    return path .. ": does not match the regex pattern " .. wanted.regex
  end
  for _, candidate in ipairs(wanted.one_of or {}) do
    if candidate == value then
      return nil
    end
  end
  if wanted.one_of then
    return ("%s: does not have a value in the enumeration [%s]"):format(path,
      table.concat(wanted.one_of, ", "))
  end
end

function checks.integer(value, wanted, path)
  if value < (wanted.least or value) then
    return path .. ": must have a minimum value of " .. wanted.least
  elseif value > (wanted.most or value) then
    return path .. ": must have a maximum value of " .. wanted.most
  end
end

function checks.boolean()
end

function checks.array(value, wanted, path)
  if #value < (wanted.least or 0) then
    return ("%s: there must be a minimum of %d items in the array"):format(path,
      wanted.least)
  elseif #value > (wanted.most or #value) then
    return ("%s: there must be a maximum of %d items in the array"):format(path,
      wanted.most)
  end
  for i, item in ipairs(value) do
    local wrong = schema.check(item, wanted.items, ("%s[%d]"):format(path, i - 1))
    if wrong then
      return wrong
    end
  end
end

function checks.object(value, wanted, path)
  for name, member in pairs(value) do
    local description = wanted.members[name]
    if not description then
      return ("%s.%s: is not defined in the schema and the schema does not "
        .. "allow additional properties"):format(path, name)
    end
    local wrong = schema.check(member, description, path .. "." .. name)
    if wrong then
      return wrong
    end
  end
  for _, name in ipairs(wanted.required or {}) do
    if value[name] == nil then
      return ("%s.%s: is missing but it is required"):format(path, name)
    end
  end
end

---@param value any decoded JSON
---@param wanted table description
---@param path string? "$" for the root
---@return string? # what is wrong, or nil
function schema.check(value, wanted, path)
  path = path or "$"
  if not of_kind(value, wanted.type) then
    return ("%s: %s found, %s expected"):format(path, kind_of(value), wanted.type)
  end
  return checks[wanted.type](value, wanted, path)
end

return schema
