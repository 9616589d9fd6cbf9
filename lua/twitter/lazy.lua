-- A module that is loaded when it is first used: what only failures, uploads
-- or sign-ins need costs a short script nothing.

local lazy = {}

local names = {}


--- Stands for a module until it is used.
---@param name string as for `require`
---@return table
function lazy.module(name)
  names[#names + 1] = name
  return setmetatable({}, {
    __index = function(self, key)
      local value = require(name)[key]
      self[key] = value
      return value
    end,
  })
end


--- Loads all of them, and those that they name in turn: a server should not
--- read files while it serves.
function lazy.load_all()
  local i = 1
  while names[i] do
    require(names[i])
    i = i + 1
  end
end

return lazy
