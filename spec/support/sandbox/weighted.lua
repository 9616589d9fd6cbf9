-- The weighted length of a post's text as X counts it: most scripts of Europe
-- weigh one per character, the rest two, every link 23, every emoji two.

local emoji = require "support.sandbox.emoji"
local links = require "support.sandbox.links"
local nfc = require "support.sandbox.nfc"

local weighted = {}

weighted.maximum = 280

local SCALE, DEFAULT_WEIGHT, LIGHT_WEIGHT = 100, 200, 100
local LINK_LENGTH = 23
local INVALID = { [0xFFFE] = true, [0xFEFF] = true, [0xFFFF] = true }


local function weight_of(point)
  local light = point <= 0x10FF
    or point >= 0x2000 and point <= 0x200D
    or point >= 0x2010 and point <= 0x201F
    or point >= 0x2032 and point <= 0x2037
  return light and LIGHT_WEIGHT or DEFAULT_WEIGHT
end


-- Size of the UTF-8 sequence that a byte starts, and the bits it holds.
local function lead(byte)
  if byte < 0x80 then return 1, byte end
  if byte >= 0xC2 and byte < 0xE0 then return 2, byte - 0xC0 end
  if byte >= 0xE0 and byte < 0xF0 then return 3, byte - 0xE0 end
  if byte >= 0xF0 and byte < 0xF5 then return 4, byte - 0xF0 end
end


local function overlong_or_surrogate(point, size)
  return size == 3 and point < 0x800 or size == 4 and point < 0x10000
    or point >= 0xD800 and point <= 0xDFFF or point > 0x10FFFF
end


-- One code point and the place after it; nil on bytes that are not UTF-8.
local function decode(text, place)
  local size, point = lead(text:byte(place))
  if not size then return nil end
  for index = place + 1, place + size - 1 do
    local byte = text:byte(index)
    if not byte or byte < 0x80 or byte > 0xBF then return nil end
    point = point * 64 + byte - 0x80
  end
  if overlong_or_surrogate(point, size) then return nil end
  return point, place + size
end


--- Decodes UTF-8.
---@param text string
---@return integer[]? # code points; nil when the text is not UTF-8
function weighted.code_points(text)
  local points, place = {}, 1
  while place <= #text do
    local point
    point, place = decode(text, place)
    if not point then return nil end
    points[#points + 1] = point
  end
  return points
end


-- Weight of a stretch without links, and whether a forbidden one occurs.
local function weigh(points)
  local total, index, sound = 0, 1, true
  while index <= #points do
    local taken = emoji.sequence(points, index)
    if taken > 0 then
      total = total + DEFAULT_WEIGHT
    else
      taken = 1
      total = total + weight_of(points[index])
      sound = sound and not INVALID[points[index]]
    end
    index = index + taken
  end
  return total, sound
end


-- The stretches of a text between its links.
local function stretches(text, found)
  local list, place = {}, 1
  for _, link in ipairs(found) do
    list[#list + 1] = text:sub(place, link.first - 1)
    place = link.last + 1
  end
  list[#list + 1] = text:sub(place)
  return list
end


--- The weighted length of a text.
---@param text string UTF-8
---@param maximum integer? 280 unless told (25,000 for premium accounts)
---@return integer length
---@return boolean valid # within 1 and the maximum, UTF-8, no forbidden character
function weighted.length(text, maximum)
  local found = links.find(text)
  local total, sound = #found * LINK_LENGTH * SCALE, true
  for _, stretch in ipairs(stretches(text, found)) do
    local points = weighted.code_points(stretch)
    if not points then return math.floor(#text), false end
    local weight, good = weigh(nfc.compose(points))
    total, sound = total + weight, sound and good
  end
  local length = math.floor(total / SCALE)
  return length, sound and length >= 1
    and length <= (maximum or weighted.maximum)
end


--- The links of a text, see `links.find`.
weighted.links = links.find


return weighted
