-- Checks of a public function's arguments: misuse raises at the caller's
-- line, in Lua's own words.

local arguments = {}

-- From the public function, through `check`, to this file's `fail`.
local CALLER = 4


local function fail(position, name, expected, value)
  local got = value == nil and "nil" or type(value)
  error(("bad argument #%d to '%s' (%s expected, got %s)")
    :format(position, name, expected, got), CALLER)
end


-- A specification is a list of type names joined by "|", one an argument; a
-- "?" in front lets it be nil.
local function accepts(specification, value)
  if value == nil and specification:sub(1, 1) == "?" then return true end
  local got = type(value)
  for name in specification:gmatch("%a+") do
    if name == got then return true end
  end
  return false
end


local function readable(specification)
  return (specification:gsub("^%?", ""):gsub("|", " or "))
end


--- Checks a call.
---@param name string of the public function
---@param specification string[]
---@param count integer how many arguments came
---@param ... any
function arguments.check(name, specification, count, ...)
  for i = 1, #specification do
    local value
    if i <= count then value = (select(i, ...)) end
    if not accepts(specification[i], value) then
      fail(i, name, readable(specification[i]), value)
    end
  end
end

return arguments
