-- The tweet functions: text, pictures, GIFs, videos, polls. What X limits is
-- checked here before anything is sent; files among the media are uploaded
-- first.

local call = require "twitter.call"
local core = require "twitter.core"
local lazy = require "twitter.lazy"
local lists = require "twitter.lists"
local transport = require "twitter.transport"

local errors = lazy.module "twitter.errors"
local media = lazy.module "twitter.media"

local tweets = {}

local MAX_MEDIA = 4
local MIN_OPTIONS, MAX_OPTIONS = 2, 4
local MAX_OPTION = 25                          -- characters
local MIN_DURATION, MAX_DURATION = 5, 10080    -- minutes: up to a week

-- Seconds to wait, one after the other, for a fresh upload to be known
-- everywhere: X takes about three.
local SETTLING = { 1, 2 }


-- `{ data = ... }` and its like are one file, not a list.
local function is_file(value)
  return value.data ~= nil or value.path ~= nil or value.url ~= nil
end


local function check_option(option, i)
  if type(option) ~= "string" then
    return ("poll option %d must be a string, got %s"):format(i, type(option))
  end
  local length = core.utf8_length(option)
  if not length then return ("poll option %d is not UTF-8"):format(i) end
  if length < 1 or length > MAX_OPTION then
    return ("poll option %d has %d characters: 1 to %d are allowed")
      :format(i, length, MAX_OPTION)
  end
end


local function check_duration(duration)
  if duration == nil then return "a poll needs a duration in minutes" end
  if duration % 1 ~= 0 or duration < MIN_DURATION
      or duration > MAX_DURATION then
    return ("the poll's duration is %s minutes: whole minutes from %d to %d "
      .. "are allowed"):format(duration, MIN_DURATION, MAX_DURATION)
  end
end


local function check_poll(options, duration)
  if #options == 0 and duration == nil then return end
  if #options == 0 then return "a poll needs options beside its duration" end
  if #options < MIN_OPTIONS or #options > MAX_OPTIONS then
    return ("a poll has %d to %d options, got %d")
      :format(MIN_OPTIONS, MAX_OPTIONS, #options)
  end
  for i, option in ipairs(options) do
    local message = check_option(option, i)
    if message then return message end
  end
  return check_duration(duration)
end


local function check_post(text, files, options, duration)
  if #files > MAX_MEDIA then
    return ("a post takes up to %d media, got %d"):format(MAX_MEDIA, #files)
  end
  if #files > 0 and #options > 0 then
    return "a post has media or a poll, not both"
  end
  if text == "" and #files == 0 and #options == 0 and duration == nil then
    return "a post needs text, media or a poll"
  end
  if not core.utf8_length(text) then return "the text is not UTF-8" end
  return check_poll(options, duration)
end


local function is_media_id(item)
  return type(item) == "string" and item:find("^%d+$") ~= nil
end


-- Which items are files, and where they stand.
local function split_files(items, category)
  local ids, files, positions = {}, {}, {}
  for i, item in ipairs(items) do
    if not category and is_media_id(item) then
      ids[i] = item
    else
      files[#files + 1], positions[#positions + 1] = item, i
    end
  end
  return ids, files, positions
end


-- Ids stay, files are uploaded; the order is kept. Whatever goes wrong here,
-- the post itself was never tried.
local function media_ids(context, items, category)
  local ids, files, positions = split_files(items, category)
  if #files == 0 then return ids, false end
  local uploaded, err = media.upload(context, files, category, #items)
  if not uploaded then
    err.outcome, err.hint = "not_sent", nil
    err.file_index = err.file_index and positions[err.file_index]
    return nil, err
  end
  for i, position in ipairs(positions) do ids[position] = uploaded[i] end
  return ids, true
end


-- X's machines learn of an upload one after another; the first may not know
-- it yet. It said no, so asking again posts nothing twice.
local function is_unsettled(err)
  if err.status ~= 400 then return false end
  for _, item in ipairs(err.errors or {}) do
    local names = type(item) == "table" and item.parameters
    if type(names) == "table" and names["media.media_ids"] then return true end
  end
  return false
end


local function post(context, body, fresh_media)
  local description = { json = body }
  local value, result = call.operation(context, "create_posts", description)
  if value or not fresh_media then return value, result end
  for _, seconds in ipairs(SETTLING) do
    if value or not is_unsettled(result) then break end
    transport.sleep(seconds)
    value, result = call.operation(context, "create_posts", description)
  end
  return value, result
end


-- A post without an id cannot be told from one that was not made.
local function check_posted(context, value, result)
  if type(value.data) == "table" and type(value.data.id) == "string" then
    return value, result
  end
  return nil, errors.new {
    kind = "json", outcome = "unknown", status = result.status,
    message = "the answer holds no post", operation = context.operation,
  }
end


local function publish(context, text, items, category, options, duration)
  text = text or ""
  local message
  items, message = lists.of(items, is_file)
  if message then return nil, context:invalid("media: " .. message) end
  options, message = lists.of(options)
  if message then return nil, context:invalid("poll options: " .. message) end
  message = check_post(text, items, options, duration)
  if message then return nil, context:invalid(message) end
  local ids, fresh = media_ids(context, items, category)
  if not ids then return nil, fresh end
  local body = { text = text }
  if #ids > 0 then body.media = { media_ids = ids } end
  if #options > 0 then
    body.poll = { options = options, duration_minutes = duration }
  end
  local value, result = post(context, body, fresh)
  if value then value, result = check_posted(context, value, result) end
  if not value and fresh then result.media_ids = ids end
  return value, result
end


--- A post of any make.
---@param context twitter.context
---@param text? string may be empty beside media or a poll
---@param items? string|table media ids, files, or both; up to 4
---@param options? string[] 2 to 4 of 1 to 25 characters
---@param duration? integer minutes, 5 to 10080
function tweets.create_custom_tweet(context, text, items, options, duration)
  return publish(context, text, items, nil, options, duration)
end


--- A post of text alone.
function tweets.create_text_tweet(context, text)
  return publish(context, text)
end


-- Posts whose media are all of one kind.
local function create_media_tweet(context, text, files, category, most)
  local items, message = lists.of(files, is_file)
  if not items then
    return nil, context:invalid("media: " .. message)
  elseif #items == 0 then
    return nil, context:invalid("there is no file to post")
  elseif #items > most then
    return nil, context:invalid(("a post takes up to %d of these files, got "
      .. "%d"):format(most, #items))
  end
  return publish(context, text, items, category)
end


--- A post with up to four pictures.
function tweets.create_image_tweet(context, text, pictures)
  return create_media_tweet(context, text, pictures, "tweet_image", MAX_MEDIA)
end


--- A post with one animated GIF.
function tweets.create_gif_tweet(context, text, gifs)
  return create_media_tweet(context, text, gifs, "tweet_gif", 1)
end


--- A post with one video.
function tweets.create_video_tweet(context, text, videos)
  return create_media_tweet(context, text, videos, "tweet_video", 1)
end


--- A post with a poll.
function tweets.create_poll_tweet(context, text, options, duration)
  local list, message = lists.of(options)
  if not list or #list == 0 then
    return nil, context:invalid(message and "poll options: " .. message
      or "a poll needs options")
  end
  return publish(context, text, nil, nil, list, duration)
end


--- Uploads files; the ids can be attached for a day.
---@return string[]? ids
---@return twitter.error? err with `media_ids`: what had been uploaded before
function tweets.upload_attachments_array(context, files, category)
  local items, message = lists.of(files, is_file)
  if not items then return nil, context:invalid("files: " .. message) end
  if #items == 0 then
    return nil, context:invalid("there is no file to upload")
  end
  return media.upload(context, items, category)
end

return tweets
