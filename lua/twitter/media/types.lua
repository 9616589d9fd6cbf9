-- What X takes as media: the type of a file by its first bytes, and what each
-- category takes and how large. A name or a server's word about the type may
-- be wrong, the bytes are not.

local types = {}

local MIB = 1024 * 1024

--- Bytes at a file's beginning that are enough to know its type.
types.HEAD = 256

local PACKET = 188  -- bytes of an MPEG transport stream's packets

-- Sizes from X's documentation of media upload.
local pictures = {
  ["image/jpeg"] = true, ["image/png"] = true, ["image/gif"] = true,
  ["image/webp"] = true,
}
local gifs = { ["image/gif"] = true }
local videos = {
  ["video/mp4"] = true, ["video/quicktime"] = true, ["video/webm"] = true,
  ["video/mp2t"] = true,
}
local subtitles = { ["text/srt"] = true, ["text/vtt"] = true }

local categories = {
  tweet_image = { takes = pictures, limit = 5 * MIB },
  tweet_gif = { takes = gifs, limit = 15 * MIB },
  tweet_video = { takes = videos, limit = 512 * MIB },
  amplify_video = { takes = videos, limit = 512 * MIB },
  dm_image = { takes = pictures, limit = 5 * MIB },
  dm_gif = { takes = gifs, limit = 15 * MIB },
  dm_video = { takes = videos, limit = 512 * MIB },
  subtitles = { takes = subtitles, limit = MIB },
}


local function begins(head, bytes, at)
  return head:sub(at or 1, (at or 1) + #bytes - 1) == bytes
end


-- The box "ftyp" of MPEG-4 names the brand: QuickTime has one of its own.
local function mpeg4(head)
  if not begins(head, "ftyp", 5) then return nil end
  return begins(head, "qt  ", 9) and "video/quicktime" or "video/mp4"
end


local function text_type(head)
  head = head:gsub("^\239\187\191", "")
  if begins(head, "WEBVTT") then return "text/vtt" end
  if head:find("^%d+%s*\r?\n%d%d:%d%d:%d%d,%d%d%d %-%->") then
    return "text/srt"
  end
end


--- The type of media by its first bytes.
---@param head string at least `types.HEAD` bytes, or all there are
---@return string? type nil when it is none that X takes
function types.sniff(head)
  if begins(head, "\255\216\255") then return "image/jpeg" end
  if begins(head, "\137PNG\r\n\26\n") then return "image/png" end
  if begins(head, "GIF87a") or begins(head, "GIF89a") then
    return "image/gif"
  end
  if begins(head, "RIFF") and begins(head, "WEBP", 9) then
    return "image/webp"
  end
  if begins(head, "\26\69\223\163") then return "video/webm" end
  if begins(head, "G") and begins(head, "G", 1 + PACKET) then
    return "video/mp2t"
  end
  return mpeg4(head) or text_type(head)
end


--- The category a post uses for a type.
---@param media_type string
---@return string? category
function types.category_of(media_type)
  if gifs[media_type] then return "tweet_gif" end
  if pictures[media_type] then return "tweet_image" end
  if videos[media_type] then return "tweet_video" end
  if subtitles[media_type] then return "subtitles" end
end


--- The names of all categories, for messages.
---@return string[] sorted
function types.categories()
  local names = {}
  for name in pairs(categories) do names[#names + 1] = name end
  table.sort(names)
  return names
end


local function sorted_keys(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ", ")
end


--- Does the category take a file of this type and size?
---@param category string
---@param media_type? string
---@param size integer bytes
---@return boolean ok
---@return string? message why not
function types.check(category, media_type, size)
  local rule = categories[category]
  if not media_type then
    return false, "its first bytes are of no type that X takes"
  elseif not rule.takes[media_type] then
    return false, ("it is %s, and %s takes %s"):format(media_type, category,
      sorted_keys(rule.takes))
  elseif size > rule.limit then
    return false, ("it has %.0f bytes, and %s takes up to %.0f")
      :format(size, category, rule.limit)
  end
  return true
end


--- Is there such a category?
function types.is_category(name)
  return categories[name] ~= nil
end

return types
