-- The body of `POST /2/tweets`, as the API describes it, and the members that
-- exclude each other.

local schema = require "support.sandbox.schema"

local post_schema = {}

local text = { type = "string" }
local flag = { type = "boolean" }
local id = { type = "string", pattern = "^%d+$", most = 19, regex = "^[0-9]{1,19}$" }
local https = { type = "string", pattern = "^https://%S+$", regex = "^https://" }
local audience = {
  type = "string",
  one_of = { "following", "mentionedUsers", "subscribers", "verified" },
}

local function object(members, required)
  return { type = "object", members = members, required = required }
end

local function list(items, least, most)
  return { type = "array", items = items, least = least, most = most }
end

local actions = object {
  visit_site = object({ url = https }, { "url" }),
  watch_now = object({ url = https }, { "url" }),
  app_install = object {
    app_store_id = text, ipad_app_store_id = text, play_store_id = text,
  },
}

local body = object({
  text = text,
  media = object({
    media_ids = list(id, 1, 4), tagged_user_ids = list(id, 0, 10),
    preview_media_id = id, title = text, description = text, embeddable = flag,
    call_to_actions = actions,
  }, { "media_ids" }),
  poll = object({
    options = list({ type = "string", least = 1, most = 25 }, 2, 4),
    duration_minutes = { type = "integer", least = 5, most = 10080 },
    reply_settings = audience,
  }, { "options", "duration_minutes" }),
  reply = object({
    in_reply_to_tweet_id = id, exclude_reply_user_ids = list(id),
    auto_populate_reply_metadata = flag,
  }, { "in_reply_to_tweet_id" }),
  quote_tweet_id = id, reply_settings = audience, community_id = id,
  for_super_followers_only = flag, nullcast = flag, share_with_followers = flag,
  card_uri = text, direct_message_deep_link = text,
  geo = object { place_id = text },
  edit_options = object({ previous_post_id = id }, { "previous_post_id" }),
  made_with_ai = flag, paid_partnership = flag,
}, { "text" })

local exclusions = {
  { "card_uri", "quote_tweet_id" }, { "card_uri", "poll" },
  { "card_uri", "media" }, { "card_uri", "direct_message_deep_link" },
  { "media", "quote_tweet_id" }, { "media", "poll" },
  { "poll", "quote_tweet_id" },
}

local function count(value)
  local members = 0
  for _ in pairs(value or {}) do
    members = members + 1
  end
  return members
end

local function action_problem(given)
  if given and count(given) ~= 1 then
    return "$.media.call_to_actions: exactly one action is allowed"
  elseif given and given.app_install and count(given.app_install) == 0 then
    return "$.media.call_to_actions.app_install: at least one id is required"
  end
end

---@param given table decoded body
---@return string? # what is wrong, or nil
function post_schema.check(given)
  local wrong = schema.check(given, body)
  if wrong then
    return wrong
  end
  for _, pair in ipairs(exclusions) do
    if given[pair[1]] ~= nil and given[pair[2]] ~= nil then
      return ("$.%s: may not be used together with $.%s"):format(pair[1], pair[2])
    end
  end
  return action_problem(given.media and given.media.call_to_actions)
end

return post_schema
