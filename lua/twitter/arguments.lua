-- Checks of a public function's arguments: misuse raises at the caller's
-- line, in Lua's own words.

local arguments = {}

arguments.MOST = 5  -- arguments a public function has

-- From the public function, through `check` and `one`, to `error`.
local CALLER = 4


--- What an argument may be.
---@param types string names of types joined by "|"; a "?" in front lets it be nil
---@return table specification
function arguments.specify(types)
  local specification = {
    expected = types:gsub("^%?", ""):gsub("|", " or "), accepts = {},
  }
  for name in types:gmatch("%a+") do specification.accepts[name] = true end
  if types:sub(1, 1) == "?" then specification.accepts["nil"] = true end
  return specification
end


local function one(name, position, specification, value)
  local got = type(value)
  if not specification or specification.accepts[got] then return end
  error(("bad argument #%d to '%s' (%s expected, got %s)")
    :format(position, name, specification.expected, got), CALLER)
end


--- Checks a call.
---@param name string of the public function
---@param list table[] specifications
function arguments.check(name, list, a, b, c, d, e)
  one(name, 1, list[1], a)
  one(name, 2, list[2], b)
  one(name, 3, list[3], c)
  one(name, 4, list[4], d)
  one(name, 5, list[5], e)
end

return arguments
