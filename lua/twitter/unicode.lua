-- UTF-8 at the border: text that goes out must be valid, text that came in
-- may have to be shortened without cutting a character in two.

local byte, find, sub = string.byte, string.find, string.sub

local unicode = {}


-- The length of the character whose first byte is `first`, and the bounds of
-- its second byte (which rule out overlong forms, surrogates and what lies
-- above U+10FFFF); nil when no character begins so.
local function expected(first)
  if first < 0xC2 then return nil end
  if first < 0xE0 then return 2, 0x80, 0xBF end
  if first == 0xE0 then return 3, 0xA0, 0xBF end
  if first == 0xED then return 3, 0x80, 0x9F end
  if first < 0xF0 then return 3, 0x80, 0xBF end
  if first == 0xF0 then return 4, 0x90, 0xBF end
  if first < 0xF4 then return 4, 0x80, 0xBF end
  if first == 0xF4 then return 4, 0x80, 0x8F end
  return nil
end


local function continues(value)
  return value ~= nil and value >= 0x80 and value <= 0xBF
end


-- The length of the character at `at`, which is not ASCII; nil if it is bad.
local function character_length(text, at)
  local first, second, third, fourth = byte(text, at, at + 3)
  local length, low, high = expected(first)
  if not length or not second or second < low or second > high then
    return nil
  end
  if length > 2 and not continues(third) then return nil end
  if length > 3 and not continues(fourth) then return nil end
  return length
end


--- Finds the first byte that is not valid UTF-8.
---@param text string
---@param from? integer where to begin (1)
---@return integer? position nil when all of it is valid
function unicode.invalid(text, from)
  local at = find(text, "[\128-\255]", from)
  while at do
    local length = character_length(text, at)
    if not length then return at end
    at = find(text, "[\128-\255]", at + length)
  end
  return nil
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
  if unicode.invalid(text) then return nil end
  local _, continuations = text:gsub("[\128-\191]", "")
  return #text - continuations
end

return unicode
