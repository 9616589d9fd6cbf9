-- What a media file really is: its type by its first bytes, and the size of
-- the picture inside. The declared type of an upload is checked against this.

local sniff = {}

local byte, sub = string.byte, string.sub


local function big16(text, place)
  local high, low = byte(text, place, place + 1)
  return low and high * 256 + low
end


local function little16(text, place)
  local low, high = byte(text, place, place + 1)
  return high and high * 256 + low
end


local function big32(text, place)
  local high, low = big16(text, place), big16(text, place + 2)
  return low and high * 65536 + low
end


-- Magic bytes: place, bytes, type. The first that fits wins.
local SIGNATURES = {
  { 1, "\255\216\255", "image/jpeg" },
  { 1, "\137PNG\r\n\26\n", "image/png" },
  { 1, "GIF87a", "image/gif" },
  { 1, "GIF89a", "image/gif" },
  { 9, "WEBP", "image/webp", "RIFF" },
  { 1, "II*\0", "image/tiff" },
  { 1, "MM\0*", "image/tiff" },
  { 5, "ftypqt  ", "video/quicktime" },
  { 5, "ftyp", "video/mp4" },
  { 5, "moov", "video/quicktime" },
  { 5, "mdat", "video/quicktime" },
  { 1, "\26\69\223\163", "video/webm" },
  { 1, "glTF", "model/gltf-binary" },
  { 1, "PK\3\4", "model/vnd.usdz+zip" },
  { 1, "WEBVTT", "text/vtt" },
  { 1, "\239\187\191WEBVTT", "text/vtt" },
  { 1, "BM", "image/bmp" },
}


--- The media type that the first bytes of a file tell.
---@param head string its first kilobyte or more
---@return string? # nil when they tell none
function sniff.type(head)
  for _, row in ipairs(SIGNATURES) do
    if sub(head, row[1], row[1] + #row[2] - 1) == row[2]
      and (not row[4] or sub(head, 1, #row[4]) == row[4]) then
      return row[3]
    end
  end
  if byte(head) == 0x47 and byte(head, 189) == 0x47 then return "video/mp2t" end
  if head:find("^[\239\187\191]*%s*%d+\r?\n%d+:%d%d:%d%d,%d+ %-%->") then
    return "text/srt"
  end
end


local ALIASES = {
  ["image/pjpeg"] = "image/jpeg",
  ["image/jpg"] = "image/jpeg",
}


--- Does a declared type fit the one found? QuickTime and MP4 share a format.
---@param declared string
---@param found string?
function sniff.fits(declared, found)
  declared = ALIASES[declared] or declared
  if declared == found then return true end
  return (declared == "video/mp4" or declared == "video/quicktime")
    and (found == "video/mp4" or found == "video/quicktime")
end


local probes = {}


-- The frame header of a JPEG: C0 to CF but for tables and restarts.
local function is_frame(marker)
  return marker >= 0xC0 and marker <= 0xCF
    and marker ~= 0xC4 and marker ~= 0xC8 and marker ~= 0xCC
end


probes["image/jpeg"] = function(text)
  local place = 3
  while true do
    local mark, marker = byte(text, place, place + 1)
    if mark ~= 0xFF then return nil, "not a sound JPEG" end
    if marker == 0xFF then
      place = place + 1
    elseif is_frame(marker) then
      local height, width = big16(text, place + 5), big16(text, place + 7)
      return width and { width = width, height = height, frames = 1 }
    else
      local size = big16(text, place + 2)
      if not size or size < 2 or marker == 0xD9 or marker == 0xDA then
        return nil, "JPEG without a frame"
      end
      place = place + 2 + size
    end
  end
end


probes["image/png"] = function(text)
  if sub(text, 13, 16) ~= "IHDR" or #text < 45 then
    return nil, "PNG without a header"
  end
  return { width = big32(text, 17), height = big32(text, 21), frames = 1 }
end


-- The place after a chain of GIF data blocks.
local function skip_blocks(text, place)
  while true do
    local size = byte(text, place)
    if not size then return nil end
    place = place + 1 + size
    if size == 0 then return place end
  end
end


local function colour_table_size(flags)
  return flags >= 128 and 3 * 2 ^ (flags % 8 + 1) or 0
end


-- Counts the pictures of a GIF, block after block up to its trailer.
local function count_frames(text, place)
  local frames = 0
  while place do
    local kind = byte(text, place)
    if kind == 0x3B then return frames end
    if kind == 0x21 then
      place = skip_blocks(text, place + 2)
    elseif kind == 0x2C and byte(text, place + 9) then
      frames = frames + 1
      place = skip_blocks(text,
        place + 11 + colour_table_size(byte(text, place + 9)))
    else
      return nil
    end
  end
end


probes["image/gif"] = function(text)
  local flags = byte(text, 11)
  local frames = flags and count_frames(text, 14 + colour_table_size(flags))
  if not frames or frames == 0 then return nil, "not a sound GIF" end
  return {
    width = little16(text, 7), height = little16(text, 9), frames = frames,
  }
end


local function little24(text, place)
  return little16(text, place) + byte(text, place + 2) * 65536
end


-- WebP: lossy, lossless, and extended keep their size in three places.
probes["image/webp"] = function(text)
  local kind = sub(text, 13, 16)
  if #text < 30 then return nil, "not a sound WebP" end
  if kind == "VP8X" then
    return {
      width = little24(text, 25) + 1, height = little24(text, 28) + 1,
      frames = text:find("ANMF", 31, true) and 2 or 1,
    }
  elseif kind == "VP8 " then
    return {
      width = little16(text, 27) % 16384, height = little16(text, 29) % 16384,
      frames = 1,
    }
  elseif kind == "VP8L" then
    local low, high = little16(text, 22), little16(text, 24)
    return {
      width = low % 16384 + 1,
      height = math.floor(low / 16384) + high % 4096 * 4 + 1, frames = 1,
    }
  end
  return nil, "unknown kind of WebP"
end


--- The facts of a still or animated picture.
---@param text string the whole file
---@param kind string its type, as `sniff.type` tells it
---@return table? # { width, height, frames }; nil and a message when unsound
function sniff.image(text, kind)
  local probe = probes[kind]
  if not probe then return {} end
  local facts, message = probe(text)
  return facts, message or not facts and "truncated picture" or nil
end


return sniff
