-- What the timeline page shows, as plain data: each post with its author, its
-- media and its poll. The page draws it; /timeline.json is it.

local clock = require "support.sandbox.clock"
local json = require "support.sandbox.json"
local state = require "support.sandbox.state"

local timeline = {}

timeline.limit = 200 -- posts shown


local function describe_author(user)
  return {
    id = user.id, name = user.name, username = user.username,
    verified = user.verified,
  }
end


local function describe_medium(record)
  return {
    id = record.id, type = record.type, content_type = record.media_type,
    url = "/media/" .. record.id, alt_text = record.alt_text,
    width = record.width, height = record.height, size = record.size,
    duration_ms = record.duration_ms,
  }
end


-- Media whose record is gone is left out.
local function media_of(post)
  local list = {}
  for _, id in ipairs(post.media_ids) do
    local record = state.media[id]
    if record then list[#list + 1] = describe_medium(record) end
  end
  return #list > 0 and list or nil
end


-- Nobody votes in the sandbox, so that every option has none.
local function poll_of(poll)
  if not poll then return nil end
  local options = {}
  for index, label in ipairs(poll.options) do
    options[index] = { label = label, votes = 0 }
  end
  return {
    options = options, votes = 0, duration_minutes = poll.duration_minutes,
    end_datetime = clock.iso(poll.ends), closed = clock.now() >= poll.ends,
  }
end


-- The text is shown as it was sent, not with the links shortened.
local function describe(post)
  local target = state.posts[post.reply_to or ""]
  return {
    id = post.id, text = post.sent_text, created_at = post.created_at,
    author = describe_author(post.author), media = media_of(post),
    poll = poll_of(post.poll), reply_to = target and target.author.username,
  }
end


local function count_media(counts, post)
  for _, item in ipairs(post.media or {}) do
    counts[item.type] = (counts[item.type] or 0) + 1
  end
  if post.poll then counts.poll = counts.poll + 1 end
end


--- The posts, newest first, and how many there are of what.
---@return table # { posts, counts }
function timeline.describe()
  local posts = {}
  local counts = { post = 0, photo = 0, animated_gif = 0, video = 0, poll = 0 }
  for index = #state.timeline, 1, -1 do
    local post = describe(state.timeline[index])
    counts.post = counts.post + 1
    count_media(counts, post)
    if #posts < timeline.limit then posts[#posts + 1] = post end
  end
  return { posts = posts, counts = counts }
end


--- The same for JSON, where an empty list must be one.
function timeline.json()
  local content = timeline.describe()
  if #content.posts == 0 then content.posts = json.empty_array end
  return content
end


return timeline
