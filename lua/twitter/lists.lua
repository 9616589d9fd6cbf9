-- Lists as users write them: a single value stands for a list of one, and a
-- table that only looks like a list (holes, names among the positions) is
-- refused, because half of it would be lost without a word.

local lists = {}


--- Is the table a list, from 1 to its length without holes?
---@param value table
---@return boolean ok
---@return string? message
function lists.check(value)
  local count = 0
  for key in next, value do
    if type(key) ~= "number" then
      return false, ("it is a list, but has the name '%s' in it")
        :format(tostring(key):sub(1, 40))
    end
    count = count + 1
  end
  for i = 1, count do
    if rawget(value, i) == nil then
      return false, ("the list has no item %d"):format(i)
    end
  end
  return true
end


local EMPTY = {}  -- shared: nobody writes to a list that came from here


--- The value as a list; nil is an empty one. Not to be written to.
---@param value any
---@param is_item? fun(table): boolean is this table a single item?
---@return any[]? list the caller's own table if it is one
---@return string? message
function lists.of(value, is_item)
  if value == nil then return EMPTY end
  if type(value) ~= "table" or is_item and is_item(value) then
    return { value }
  end
  local ok, message = lists.check(value)
  if not ok then return nil, message end
  return value
end

return lists
