-- Uploads and finished media: the bytes on disk, the state of each upload, and
-- what may be attached to a post. Knows nothing of requests and replies.
--
-- Settings: `media` = { unknown_attempts, legacy_attachable, request_limit,
-- sizes, probe, keep } and `processing` = { polls, check_after_secs, fail }.

local clock = require "support.sandbox.clock"
local json = require "support.sandbox.json"
local mp4 = require "support.sandbox.mp4"
local sniff = require "support.sandbox.sniff"
local source = require "support.sandbox.source"
local state = require "support.sandbox.state"

local store = {}

local MEBIBYTE = 1024 * 1024
local UPLOAD_LIFE, FINISHED_LIFE = 1295999, 86400
local TIMER_SLACK = 0.005 -- clients' timers may fire a little early

local DEFAULTS = {
  unknown_attempts = 0, -- attach attempts that fail after an upload
  legacy_attachable = false, -- may posts carry media of the v1.1 upload?
  request_limit = 5 * MEBIBYTE, -- of a whole upload request
  probe = true, -- look into videos and animations
  keep = true, -- false: bytes are counted and forgotten, for benchmarks
}

local IMAGES = {
  ["image/jpeg"] = true, ["image/pjpeg"] = true, ["image/png"] = true,
  ["image/gif"] = true, ["image/webp"] = true,
}
local ANIMATIONS = { ["image/gif"] = true }
local VIDEOS = {
  ["video/mp4"] = true, ["video/quicktime"] = true, ["video/webm"] = true,
  ["video/mp2t"] = true,
}
local TEXTS = { ["text/srt"] = true, ["text/vtt"] = true }

local function kind(name, prefix, limit, types, asynchronous)
  return {
    type = name, prefix = prefix, limit = limit, types = types,
    asynchronous = asynchronous,
  }
end

local PHOTO = kind("photo", "3", 5 * MEBIBYTE, IMAGES, false)
local ANIMATION = kind("animated_gif", "16", 15 * MEBIBYTE, ANIMATIONS, true)
local VIDEO = kind("video", "7", 512 * MEBIBYTE, VIDEOS, true)

--- What each category takes.
store.categories = {
  tweet_image = PHOTO, dm_image = PHOTO,
  tweet_gif = ANIMATION, dm_gif = ANIMATION,
  tweet_video = VIDEO, dm_video = VIDEO,
  amplify_video = kind("video", "13", 512 * MEBIBYTE, VIDEOS, true),
  subtitles = kind("subtitles", nil, 5 * MEBIBYTE, TEXTS, false),
}

local counter = 0
local files = {}


--- A setting of this module.
---@param name string
function store.setting(name)
  local given = state.settings.media
  local value
  if type(given) == "table" then value = given[name] end
  if value == nil then return DEFAULTS[name] end
  return value
end


local function setting_processing()
  local given = state.settings.processing or {}
  local fail = given.fail
  return {
    polls = given.polls or 1,
    check_after_secs = given.check_after_secs or 1,
    fail = fail ~= json.null and fail or nil,
  }
end


--- The largest size of a category, in bytes.
function store.size_limit(category)
  local sizes = store.setting("sizes")
  return type(sizes) == "table" and sizes[category]
    or store.categories[category].limit
end


-- Ids just below 2^63, so close together that doubles cannot tell them apart.
local function new_id()
  counter = counter + 1
  return ("92233720%011d"):format(36800000000 + counter)
end


local function path_of(id)
  return state.directory .. "/media-" .. id
end


--- Begins an upload.
---@param options table owner, category, media_type, total_bytes, owners, legacy
---@return table record
function store.new(options)
  local traits = store.categories[options.category]
  local id = new_id()
  local record = {
    id = id, media_key = traits.prefix and traits.prefix .. "_" .. id,
    owner = options.owner, owners = options.owners or {},
    category = options.category, type = traits.type, traits = traits,
    media_type = options.media_type, total_bytes = options.total_bytes,
    legacy = options.legacy, shared = options.shared,
    phase = "open", ready = false, path = path_of(id),
    segments = {}, spooled = 0, attempts = 0, created_at = clock.iso(),
    expires = clock.now() + UPLOAD_LIFE,
  }
  files[record.path] = true
  assert(io.open(record.path, "wb")):close()
  state.add_media(record)
  return record
end


--- An upload or finished media by its id; expired ones are gone.
---@param id string
---@return table?
function store.find(id)
  local record = state.media[id]
  if record and clock.now() < record.expires then return record end
end


--- May this account use the media?
---@param record table
---@param user string the account's id
function store.is_owner(record, user)
  if record.owner == user then return true end
  for _, owner in ipairs(record.owners) do
    if owner == user then return true end
  end
  return false
end


-- Where a segment's bytes go: over an earlier copy of the same size, or at
-- the end of the spool, which is the final file if all come in their order.
local function open_spool(record, index, size)
  local earlier = record.segments[index]
  local handle = assert(io.open(record.path, "r+b"))
  handle:setvbuf("no")
  local offset = earlier and earlier.size == size and earlier.offset
    or record.spooled
  handle:seek("set", offset)
  return handle, offset
end


--- Stores a segment. Sending one again replaces it.
---@param record table
---@param index integer
---@param bytes table a source
---@param from integer
---@param size integer
function store.append(record, index, bytes, from, size)
  if not store.setting "keep" then
    record.hollow, record.segments[index] = true, { offset = 0, size = size }
    return
  end
  local handle, offset = open_spool(record, index, size)
  assert(bytes:copy(from, size, handle))
  handle:close()
  record.segments[index] = { offset = offset, size = size }
  record.spooled = math.max(record.spooled, offset + size)
end


-- Total size of the segments; nil when an index is missing.
local function count_segments(record)
  local total, count, contiguous = 0, 0, true
  for index, segment in pairs(record.segments) do
    total, count = total + segment.size, count + 1
    if index > 0 and not record.segments[index - 1] then contiguous = false end
  end
  if count == 0 then return nil, "no segment was appended" end
  if not contiguous or not record.segments[0] then
    return nil, "segments are not contiguous from 0"
  end
  return total, count
end


local function is_in_order(record, count, total)
  local offset = 0
  for index = 0, count - 1 do
    local segment = record.segments[index]
    if segment.offset ~= offset then return false end
    offset = offset + segment.size
  end
  return record.spooled == total
end


-- Rewrites the spool in the order of the segments.
local function reorder(record, count)
  local spool = assert(source.path(record.path))
  local temporary = record.path .. ".new"
  local output = assert(io.open(temporary, "wb"))
  for index = 0, count - 1 do
    local segment = record.segments[index]
    assert(spool:copy(segment.offset + 1, segment.size, output))
  end
  output:close()
  spool:close()
  assert(os.rename(temporary, record.path))
end


--- Puts the segments together.
---@return true? # nil and a message when they do not make the declared size
function store.assemble(record)
  local total, count = count_segments(record)
  if not total then return nil, count end
  if record.total_bytes and total ~= record.total_bytes then
    return nil, ("segments add up to %d bytes, not the declared %d")
      :format(total, record.total_bytes)
  end
  if not record.hollow and not is_in_order(record, count, total) then
    reorder(record, count)
  end
  record.size = total
  return true
end


local function read_file(path, size)
  local handle = assert(io.open(path, "rb"))
  local text = handle:read(size or "*a") or ""
  handle:close()
  return text
end


-- What an animated GIF may be.
local function animation_problem(facts)
  if facts.width > 1280 or facts.height > 1080 then
    return "the GIF is larger than 1280x1080"
  end
  if facts.frames > 350 then return "the GIF has more than 350 frames" end
  if facts.width * facts.height * facts.frames > 300e6 then
    return "the GIF has too many pixels in all its frames"
  end
end


local function video_problem(facts)
  local seconds = (facts.duration_ms or 0) / 1000
  if seconds < 0.5 then return "the video is shorter than allowed" end
  if seconds > 140 then return "the video is longer than allowed" end
  local width, height = facts.width, facts.height
  if not width then return "the video has no picture" end
  if width < 32 or height < 32
    or math.max(width, height) > 1280 or math.min(width, height) > 1024 then
    return "the video's picture is too small or too large"
  end
  if width > 3 * height or height > 3 * width then
    return "the video's aspect is beyond 1:3 or 3:1"
  end
end


-- Fills in the facts of the picture. Stills that are no pictures are refused
-- at once; videos and animations fail later, in their processing.
local function inspect(record, found)
  local facts, message
  if record.type == "video" then
    if found ~= "video/mp4" and found ~= "video/quicktime" then return end
    facts, message = mp4.probe(record.path)
    message = message or video_problem(facts)
  else
    facts, message = sniff.image(read_file(record.path), found)
    if facts and record.type == "animated_gif" then
      message = message or animation_problem(facts)
    elseif facts and (facts.frames or 1) > 1 then
      message = "an animation is not a still image"
    end
  end
  for name, value in pairs(facts or {}) do record[name] = value end
  return message
end


local function check_content(record)
  if record.hollow then return true end
  local head = read_file(record.path, 4096)
  local found = sniff.type(head)
  if not sniff.fits(record.media_type or found or "?", found) then
    return nil, ("declared as %s but the bytes are %s")
      :format(record.media_type or "media", found or "of an unknown type")
  end
  if not record.traits.types[found] then
    return nil, ("%s is not a type of %s"):format(found, record.category)
  end
  record.media_type = record.media_type or found
  if record.type == "subtitles" then return true end
  local message = store.setting "probe" and inspect(record, found)
  if message and not record.traits.asynchronous then return nil, message end
  record.fault = message or nil
  return true
end


local function begin_processing(record)
  local plan = setting_processing()
  record.phase, record.polls_left = "processing", plan.polls
  record.polls, record.check_after_secs = plan.polls, plan.check_after_secs
  record.failure = plan.fail or record.fault and {
    code = 1, name = "InvalidMedia", message = record.fault,
  }
  record.told = clock.now()
  record.processing_info = {
    state = "pending", check_after_secs = plan.check_after_secs,
  }
end


--- Ends an upload whose bytes are all there: checks them, then makes the media
--- ready or begins its processing.
---@return true? # nil and a message when the bytes are not what was declared
function store.finish(record)
  local limit = store.size_limit(record.category)
  if record.size > limit then
    return nil, ("the file exceeds %d bytes"):format(limit)
  end
  local ok, message = check_content(record)
  if not ok then return nil, message end
  record.expires = clock.now() + FINISHED_LIFE
  if record.traits.asynchronous then
    begin_processing(record)
  else
    record.phase, record.ready = "done", true
  end
  return true
end


local function end_processing(record)
  record.phase = "done"
  if record.failure then
    record.processing_info = { state = "failed", error = record.failure }
  else
    record.ready = true
    record.processing_info = { state = "succeeded", progress_percent = 100 }
  end
end


--- One look at the processing; each brings it forward.
---@return boolean early # asked before check_after_secs were over
function store.poll(record)
  if record.phase ~= "processing" then return false end
  local now = clock.now()
  local early = now + TIMER_SLACK < record.told + record.check_after_secs
  record.told = now
  if record.polls_left <= 0 then
    end_processing(record)
    return early
  end
  record.polls_left = record.polls_left - 1
  local done = record.polls - record.polls_left
  record.processing_info = {
    state = "in_progress", check_after_secs = record.check_after_secs,
    progress_percent = math.floor(100 * done / (record.polls + 1)),
  }
  return early
end


--- The bytes of finished media.
---@param record table
---@param from integer counted from 0
---@param size integer
function store.read(record, from, size)
  local handle = assert(io.open(record.path, "rb"))
  handle:seek("set", from)
  local text = handle:read(size) or ""
  handle:close()
  return text
end


--- Forgets an upload that came to nothing.
function store.discard(record)
  os.remove(record.path)
  state.media[record.id] = nil
  if record.media_key then state.media_keys[record.media_key] = nil end
end


-- Why a post of this account cannot carry this media; nil when it can.
local function attach_problem(record, user)
  if not record then return "unknown or expired" end
  if not store.is_owner(record, user) then return "of another account" end
  if record.category:find("^dm_") or record.type == "subtitles" then
    return "of category " .. record.category
  end
  if not record.ready then return "not ready, " .. record.phase end
  if record.legacy and not store.setting("legacy_attachable") then
    return "uploaded by v1.1"
  end
  record.attempts = record.attempts + 1
  if record.attempts <= store.setting("unknown_attempts") then
    return "not known yet, by setting"
  end
end


--- May a post carry these media? Up to four photos, or one video or GIF.
---@param ids string[]
---@param user table|string the account, or its id
---@return true? # nil, X's message and the true reason when it may not
function store.attachable(ids, user)
  local seen, moving = {}, false
  local invalid = "Your media IDs are invalid."
  user = type(user) == "table" and user.id or user
  for _, id in ipairs(ids) do
    local record = store.find(id)
    local reason = seen[id] and "repeated" or attach_problem(record, user)
    if reason then return nil, invalid, id .. ": " .. reason end
    seen[id] = true
    moving = moving or record.type ~= "photo"
  end
  if moving and #ids > 1 then
    return nil, invalid, "a video or GIF beside other media"
  elseif #ids > 4 then
    return nil, invalid, "more than four photos"
  end
  return true
end


--- Notes that media went out with a post.
function store.attach(ids, post_id)
  for _, id in ipairs(ids) do
    local record = state.media[id]
    if record then record.attached = post_id end
  end
end


state.on_reset(function()
  for path in pairs(files) do os.remove(path) end
  files = {}
end)


return store
