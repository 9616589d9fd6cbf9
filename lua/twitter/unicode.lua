-- UTF-8 at the border: text that goes out must be valid, text that came in
-- may have to be shortened without cutting a character in two.

local core = require "twitter.core"

local byte, sub = string.byte, string.sub

local unicode = {}


local function continues(value)
  return value ~= nil and value >= 0x80 and value <= 0xBF
end


--- Finds the first byte that is not valid UTF-8.
---@param text string
---@param from? integer where to begin (1), which is a character's beginning
---@return integer? position nil when all of it is valid
function unicode.invalid(text, from)
  from = from or 1
  if from > 1 then text = sub(text, from) end
  local _, position = core.utf8_length(text)
  return position and position + from - 1
end


--- Makes text valid: every byte that is not UTF-8 becomes a question mark.
---@param text string
---@return string
function unicode.repair(text)
  local at = unicode.invalid(text)
  if not at then return text end
  local parts, from = {}, 1
  while at do
    parts[#parts + 1] = sub(text, from, at - 1)
    from = at + 1
    at = unicode.invalid(text, from)
  end
  parts[#parts + 1] = sub(text, from)
  return table.concat(parts, "?")
end


--- Shortens valid UTF-8 to at most `limit` bytes, "..." included, without
--- cutting a character in two.
---@param text string
---@param limit integer at least 3
---@return string
function unicode.cut(text, limit)
  if #text <= limit then return text end
  local last = limit - 3
  while last > 0 do
    local following = byte(text, last + 1)
    if not continues(following) then break end
    last = last - 1
  end
  return sub(text, 1, last) .. "..."
end


--- Counts characters (code points).
---@param text string
---@return integer? length nil when the text is not valid UTF-8
function unicode.length(text)
  return (core.utf8_length(text))
end

return unicode
