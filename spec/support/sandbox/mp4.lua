-- The facts of an MP4 or QuickTime file: how long it plays and how large its
-- picture is. Walks the boxes in the file without reading the media in them.

local mp4 = {}

local MOVIE_LIMIT = 64 * 1024 * 1024


local function big32(text, place)
  local a, b, c, d = text:byte(place, place + 3)
  return d and ((a * 256 + b) * 256 + c) * 256 + d
end


-- Calls `visit(kind, from, past)` for each box of a text.
local function each_box(text, from, past, visit)
  while from + 8 <= past do
    local size, kind = big32(text, from), text:sub(from + 4, from + 7)
    local head = 8
    if size == 1 then
      size, head = big32(text, from + 8) * 2 ^ 32 + big32(text, from + 12), 16
    elseif size == 0 then
      size = past - from
    end
    if size < head or from + size > past then return end
    visit(kind, from + head, from + size)
    from = from + size
  end
end


-- The movie header: time scale and duration, 32 or 64 bits wide.
local function read_movie_header(text, from, facts)
  local wide = text:byte(from) == 1
  local scale = big32(text, from + (wide and 20 or 12))
  local duration = wide
    and big32(text, from + 24) * 2 ^ 32 + big32(text, from + 28)
    or big32(text, from + 16)
  if scale and scale > 0 and duration then
    facts.duration_ms = math.floor(duration / scale * 1000 + 0.5)
  end
end


-- The track header ends in width and height, 16.16 fixed point.
local function read_track_header(text, past, facts)
  local width, height = big32(text, past - 8), big32(text, past - 4)
  if width and width > 0 and height > 0 then
    facts.width = math.floor(width / 65536)
    facts.height = math.floor(height / 65536)
  end
end


local function read_movie(text)
  local facts = {}
  each_box(text, 1, #text + 1, function(kind, from, past)
    if kind == "mvhd" then
      read_movie_header(text, from, facts)
    elseif kind == "trak" then
      each_box(text, from, past, function(inner, _, inner_past)
        if inner == "tkhd" then read_track_header(text, inner_past, facts) end
      end)
    end
  end)
  return facts
end


-- Size of the box at the file's place, and of its header.
local function read_box_head(handle)
  local head = handle:read(8)
  if not head or #head < 8 then return nil end
  local size = big32(head, 1)
  if size ~= 1 then return size, 8, head:sub(5, 8) end
  local wide = handle:read(8)
  if not wide or #wide < 8 then return nil end
  return big32(wide, 1) * 2 ^ 32 + big32(wide, 5), 16, head:sub(5, 8)
end


--- The facts of a file.
---@param path string
---@return table? # { duration_ms, width, height }; nil and a message if unsound
function mp4.probe(path)
  local handle = assert(io.open(path, "rb"))
  local place, facts = 0, nil
  while not facts do
    handle:seek("set", place)
    local size, head, kind = read_box_head(handle)
    if not size or size ~= 0 and size < head then break end
    if kind == "moov" and size <= MOVIE_LIMIT then
      facts = read_movie(handle:read(size == 0 and "*a" or size - head) or "")
    end
    if size == 0 then break end
    place = place + size
  end
  handle:close()
  if not facts or not facts.duration_ms then
    return nil, "video without a movie header"
  end
  return facts
end


return mp4
