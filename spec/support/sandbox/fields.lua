-- The `*.fields` and `expansions` parameters, in both vocabularies: the one of
-- "tweets" and the one of "posts". The answer speaks that of the question.

local fields = {}

local function set(text)
  local names = {}
  for name in text:gmatch("%S+") do
    names[name] = true
  end
  return names
end

local known = {
  ["tweet.fields"] = set [[article attachments author_id card_uri community_id
    context_annotations conversation_id created_at display_text_range
    edit_controls edit_history_tweet_ids entities geo id in_reply_to_user_id lang
    matched_media_notes media_metadata non_public_metrics note_request_suggestions
    note_tweet organic_metrics paid_partnership possibly_sensitive
    promoted_metrics public_metrics referenced_tweets reply_settings scopes source
    suggested_source_links suggested_source_links_with_counts text withheld]],
  ["post.fields"] = set [[article article_title attachments card_uri community_id
    context_annotations conversation_id created_at display_text_range
    edit_controls entities geo id lang matched_media_notes media_metadata
    non_public_metrics note_post note_request_suggestions organic_metrics
    paid_partnership possibly_sensitive promoted_metrics public_metrics
    reply_settings scopes source suggested_source_links
    suggested_source_links_with_counts text withheld]],
  ["user.fields"] = set [[affiliation confirmed_email connection_status created_at
    description entities id is_identity_verified location most_recent_post_id
    most_recent_tweet_id name parody pinned_post_id pinned_tweet_id
    profile_banner_url profile_image_url protected public_metrics
    receives_your_dm subscribes_to_you subscription subscription_type url username
    verified verified_followers_count verified_type withheld]],
  ["media.fields"] = set [[alt_text duration_ms height media_key
    non_public_metrics organic_metrics preview_image_url promoted_metrics
    public_metrics type url variants width]],
  ["poll.fields"] = set [[duration_minutes end_datetime id options voting_status]],
  ["place.fields"] = set [[contained_within country country_code full_name geo id
    name place_type]],
  posts = set [[article.cover_media article.media_entities attachments.media_keys
    attachments.media_source_tweet attachments.poll_ids author_id
    edit_history_post_ids entities.mentions.username geo.place_id
    in_reply_to_user_id referenced_posts username]],
  tweets = set [[article.cover_media article.media_entities
    attachments.media_keys attachments.media_source_tweet attachments.poll_ids
    author_id edit_history_tweet_ids entities.mentions.username
    entities.note.mentions.username geo.place_id in_reply_to_user_id
    referenced_tweets.id referenced_tweets.id.author_id
    referenced_tweets.id.attachments.media_keys]],
  users = set [[affiliation affiliation.user_id most_recent_post_id
    most_recent_tweet_id pinned_post_id pinned_tweet_id]],
}

---Query parameters that every look-up of posts takes.
fields.post_query = {
  "expansions", "tweet.fields", "post.fields", "user.fields", "media.fields",
  "poll.fields", "place.fields",
}

---Query parameters that every look-up of users takes.
fields.user_query = { "expansions", "tweet.fields", "post.fields", "user.fields" }

-- The known names in a comma list; the others are dropped, and noted.
local function chosen(request, parameter, names)
  local list = {}
  for name in (request:argument(parameter) or ""):gmatch("[^,]+") do
    if names[name] then
      list[name] = true
    else
      request:record(("%s: unknown value %s"):format(parameter, name))
    end
  end
  return list
end

-- Which words to answer with: "posts" or "tweets".
local function dialect(request)
  local new, old = request.query["post.fields"], request.query["tweet.fields"]
  if new and old then
    request:record("both post.fields and tweet.fields")
  end
  local expansions = request:argument("expansions") or ""
  if new or not old and (expansions:find("referenced_posts", 1, true)
    or expansions:find("_post_id", 1, true)) then
    return "posts"
  end
  return "tweets"
end

---What a request asks to see.
---@param request table
---@param kind string? "users" where users are looked up
---@return table # dialect, post, user, media, poll, expansions: sets of names
function fields.wanted(request, kind)
  local words = dialect(request)
  local parameter = words == "posts" and "post.fields" or "tweet.fields"
  return {
    dialect = words,
    post = chosen(request, parameter, known[parameter]),
    user = chosen(request, "user.fields", known["user.fields"]),
    media = chosen(request, "media.fields", known["media.fields"]),
    poll = chosen(request, "poll.fields", known["poll.fields"]),
    place = chosen(request, "place.fields", known["place.fields"]),
    expansions = chosen(request, "expansions", known[kind or words]),
  }
end

return fields
