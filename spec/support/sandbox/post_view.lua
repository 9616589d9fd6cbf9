-- Post objects as the API shows them: defaults, the fields asked for, and the
-- objects that expansions bring along.

local clock = require "support.sandbox.clock"
local media_read = require "support.sandbox.media_read"
local state = require "support.sandbox.state"
local users = require "support.sandbox.users"

local post_view = {}

local function media_keys(post)
  local keys = {}
  for _, id in ipairs(post.media_ids) do
    local media = state.media[id]
    keys[#keys + 1] = media and media.media_key
  end
  return keys
end

local function attachments(post)
  local keys = media_keys(post)
  if #keys == 0 and not post.poll then
    return nil
  end
  return {
    media_keys = #keys > 0 and keys or nil,
    poll_ids = post.poll and { post.poll.id } or nil,
  }
end

local function replied_author(post)
  local target = state.posts[post.reply_to or ""]
  return target and target.author
end

local function references(post)
  local list = {}
  if post.reply_to then
    list[#list + 1] = { type = "replied_to", id = post.reply_to }
  end
  if post.quote then
    list[#list + 1] = { type = "quoted", id = post.quote }
  end
  return #list > 0 and list or nil
end

-- Places count code points and the end is exclusive.
local function code_points(text)
  local _, count = text:gsub("[^\128-\191]", "")
  return count
end

local function entities(post)
  local list = {}
  for _, link in ipairs(post.urls) do
    local first = post.text:find(link.short, 1, true)
    local start = code_points(post.text:sub(1, first - 1))
    list[#list + 1] = {
      start = start, ["end"] = start + #link.short, url = link.short,
      expanded_url = link.url, display_url = (link.url:gsub("^https?://", "")),
    }
  end
  return #list > 0 and { urls = list } or nil
end

local function conversation(post)
  local target = state.posts[post.reply_to or ""]
  return target and conversation(target) or post.id
end

local function edit_controls(post)
  return {
    edits_remaining = 6 - #post.history, is_edit_eligible = not post.poll,
    editable_until = clock.iso(post.first_created + 3600),
  }
end

local function public_metrics(_, dialect)
  return {
    [dialect == "posts" and "repost_count" or "retweet_count"] = 0,
    reply_count = 0, like_count = 0, quote_count = 0, bookmark_count = 0,
    impression_count = 0,
  }
end

local function plain(name)
  return function(post) return post[name] end
end

-- Each field's value; nil where a post has none.
local values = {
  attachments = attachments, entities = entities, public_metrics = public_metrics,
  conversation_id = conversation, edit_controls = edit_controls,
  author_id = function(post) return post.author.id end,
  in_reply_to_user_id = function(post)
    local author = replied_author(post)
    return author and author.id
  end,
  referenced_tweets = references, created_at = plain "created_at",
  reply_settings = plain "reply_settings", community_id = plain "community_id",
  card_uri = plain "card_uri", paid_partnership = plain "paid_partnership",
  lang = function() return "und" end,
  possibly_sensitive = function() return false end,
}

-- The field that links an object to what an expansion includes.
local links = {
  ["attachments.media_keys"] = "attachments",
  ["attachments.poll_ids"] = "attachments",
  author_id = "author_id", in_reply_to_user_id = "in_reply_to_user_id",
  ["referenced_tweets.id"] = "referenced_tweets",
  referenced_posts = "referenced_tweets",
}

-- Names that differ in the vocabulary of posts.
local renamed = { referenced_tweets = "referenced_posts" }

---@param post table
---@param wanted table from `fields.wanted`
---@return table
function post_view.object(post, wanted)
  local new = wanted.dialect == "posts"
  local object = { id = post.id, text = post.text }
  object[new and "edit_history_post_ids" or "edit_history_tweet_ids"] = post.history
  local names = {}
  for name in pairs(wanted.post) do
    names[name] = true
  end
  for expansion in pairs(wanted.expansions) do
    names[links[expansion] or ""] = true
  end
  for name in pairs(names) do
    if values[name] then
      object[new and renamed[name] or name] = values[name](post, wanted.dialect)
    end
  end
  return object
end

local function poll_object(poll, wanted)
  local object = { id = poll.id, options = {} }
  for i, label in ipairs(poll.options) do
    object.options[i] = { position = i, label = label, votes = 0 }
  end
  if wanted.poll.duration_minutes then
    object.duration_minutes = poll.duration_minutes
  end
  if wanted.poll.end_datetime then
    object.end_datetime = clock.iso(poll.ends)
  end
  if wanted.poll.voting_status then
    object.voting_status = clock.now() < poll.ends and "open" or "closed"
  end
  return object
end

-- Collects included objects, each once.
local function collector()
  local includes, seen = {}, {}
  return includes, function(kind, id, make)
    if seen[kind .. id] then
      return
    end
    seen[kind .. id] = true
    includes[kind] = includes[kind] or {}
    table.insert(includes[kind], make())
  end
end

local function include_attachments(post, wanted, add)
  if wanted.expansions["attachments.media_keys"] then
    for _, id in ipairs(post.media_ids) do
      local media = state.media[id]
      if media then
        add("media", media.media_key, function()
          return media_read.object(media, wanted.media)
        end)
      end
    end
  end
  if wanted.expansions["attachments.poll_ids"] and post.poll then
    add("polls", post.poll.id, function()
      return poll_object(post.poll, wanted)
    end)
  end
end

local function include_people(post, wanted, add)
  local people = {
    author_id = post.author, in_reply_to_user_id = replied_author(post),
  }
  for expansion, user in pairs(people) do
    if wanted.expansions[expansion] then
      add("users", user.id, function() return users.object(user, wanted) end)
    end
  end
end

local function include_references(post, wanted, add)
  if not wanted.expansions["referenced_tweets.id"]
    and not wanted.expansions.referenced_posts then
    return
  end
  for _, reference in ipairs(references(post) or {}) do
    local target = state.posts[reference.id]
    if target then
      add(wanted.dialect, target.id, function()
        return post_view.object(target, wanted)
      end)
    end
  end
end

---What the expansions of these posts include; nil when nothing.
---@param posts table[]
---@param wanted table
function post_view.includes(posts, wanted)
  local includes, add = collector()
  for _, post in ipairs(posts) do
    include_attachments(post, wanted, add)
    include_people(post, wanted, add)
    include_references(post, wanted, add)
  end
  return next(includes) and includes or nil
end

return post_view
