-- Creating and deleting posts, with every rule X has for them.

local app = require "support.sandbox.app"
local clock = require "support.sandbox.clock"
local crypto = require "support.sandbox.crypto"
local media_store = require "support.sandbox.media_store"
local post_schema = require "support.sandbox.post_schema"
local problem = require "support.sandbox.problem"
local state = require "support.sandbox.state"
local uri = require "support.sandbox.uri"
local weighted = require "support.sandbox.weighted"

local edit_window, edits_at_most = 3600, 5

local reply_refused = "Reply to this conversation is not allowed because you "
  .. "have not been mentioned or otherwise engaged by the author of the post "
  .. "you are replying to."

local function refuse(request, reason, status, body, headers)
  request:record("post: " .. reason)
  return status, body, headers
end

local function invalid(request, message)
  return refuse(request, message, problem.invalid {
    { parameters = {}, message = message },
  })
end

local function not_permitted(request, reason)
  return refuse(request, reason, problem.not_permitted())
end

-- One cashtag is allowed.
local function cashtags(text)
  local _, count = (" " .. text):gsub("%s%$%a%w*", "")
  return count
end

local function text_problem(request, body)
  local text, user = body.text, request.identity.user
  local longest = user.premium and 25000 or 280
  if not weighted.code_points(text) then
    return invalid(request, "$.text: is not valid UTF-8")
  elseif text:find("^%s*$") and not body.media then
    return invalid(request, "$.text: must not be empty unless media is given")
  end
  local length, valid = weighted.length(text, longest)
  if length > longest then
    return not_permitted(request, ("text too long: %d"):format(length))
  elseif not valid and length > 0 then
    return invalid(request, "$.text: has an invalid character")
  elseif cashtags(text) > 1 then
    return not_permitted(request, "more than one cashtag")
  end
end

local function media_problem(request, media)
  if not media then
    return nil
  end
  local ok, message, reason = media_store.attachable(media.media_ids,
    request.identity.user)
  if not ok then
    return refuse(request, reason, problem.invalid { {
      parameters = { ["media.media_ids"] = media.media_ids }, message = message,
    } })
  end
end

-- Was the account mentioned or quoted by the author it replies to?
local function summoned(user, target)
  return target.author == user
    or target.sent_text:lower():find("@" .. user.username:lower(), 1, true)
end

local function reply_problem(request, reply)
  if not reply then
    return nil
  end
  local target = state.posts[reply.in_reply_to_tweet_id]
  if not target then
    return refuse(request, "reply to an unknown post", problem.forbidden(
      "You attempted to reply to a Tweet that is deleted or not visible to you."))
  elseif state.settings.summoned_replies
    and not summoned(request.identity.user, target) then
    return refuse(request, "not summoned", problem.forbidden(reply_refused))
  end
end

local function quote_problem(request, quoted)
  if quoted and not state.settings.enterprise then
    return not_permitted(request, "quoting is for Enterprise apps")
  elseif quoted and not state.posts[quoted] then
    return refuse(request, "quote of an unknown post", problem.forbidden(
      "You attempted to quote a Tweet that is deleted or not visible to you."))
  end
end

local function edit_problem(request, options)
  if not options then
    return nil
  end
  local user = request.identity.user
  local previous = state.posts[options.previous_post_id]
  if not user.premium or not previous or previous.author ~= user then
    return not_permitted(request, "edit of a post that is not one's own")
  elseif previous.poll or #previous.history > edits_at_most
    or clock.now() > previous.first_created + edit_window then
    return not_permitted(request, "the post can no longer be edited")
  end
end

-- What two posts must share to be duplicates of each other.
local function fingerprint(body)
  return table.concat({
    body.text:gsub("^%s+", ""):gsub("%s+$", ""),
    body.media and table.concat(body.media.media_ids, ",") or "",
    body.reply and body.reply.in_reply_to_tweet_id or "",
  }, "\0")
end

local function duplicate_problem(request, body)
  if not state.settings.duplicates then
    return nil
  end
  local mark, since = fingerprint(body), clock.now() - state.settings.duplicate_window
  for place = #state.timeline, 1, -1 do
    local post = state.timeline[place]
    if post.created < since then
      return nil
    elseif post.author == request.identity.user and post.fingerprint == mark then
      return refuse(request, "duplicate", problem.duplicate())
    end
  end
end

-- In this order: the first rule broken is the one reported.
local rules = {
  text_problem,
  function(request, body) return reply_problem(request, body.reply) end,
  function(request, body) return quote_problem(request, body.quote_tweet_id) end,
  function(request, body) return edit_problem(request, body.edit_options) end,
  duplicate_problem,
  function(request, body) return media_problem(request, body.media) end,
}

local function first_problem(request, body)
  local wrong = post_schema.check(body)
  if wrong then
    return invalid(request, wrong)
  end
  for _, rule in ipairs(rules) do
    local status, answer, headers = rule(request, body)
    if status then
      return status, answer, headers
    end
  end
end

-- The text as it is returned: links as 23 characters of t.co, then escaped.
local function published(text)
  local pieces, urls, place = {}, {}, 1
  for _, link in ipairs(weighted.links(text)) do
    local short = "https://t.co/" .. crypto.word(10)
    pieces[#pieces + 1] = text:sub(place, link.first - 1) .. short
    urls[#urls + 1] = { short = short, url = link.url }
    place = link.last + 1
  end
  local whole = table.concat(pieces) .. text:sub(place)
  return (whole:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" })),
    urls
end

local function poll_of(poll, now)
  return poll and {
    id = state.new_id(), options = poll.options,
    duration_minutes = poll.duration_minutes,
    ends = now + poll.duration_minutes * 60,
  }
end

local function history_of(post, body)
  local previous = body.edit_options
    and state.posts[body.edit_options.previous_post_id]
  local history = previous and previous.history or {}
  history[#history + 1] = post.id
  return history, previous and previous.first_created or post.created
end

local function new_post(request, body)
  local now = clock.now()
  local post = {
    id = state.new_id(), sent_text = body.text, author = request.identity.user,
    app = request.identity.app, created = now, created_at = clock.iso(now),
    media_ids = body.media and body.media.media_ids or {},
    poll = poll_of(body.poll, now), quote = body.quote_tweet_id,
    reply_to = body.reply and body.reply.in_reply_to_tweet_id,
    reply_settings = body.reply_settings or "everyone",
    community_id = body.community_id, paid_partnership = body.paid_partnership,
    made_with_ai = body.made_with_ai, card_uri = body.card_uri,
    fingerprint = fingerprint(body), body = body,
  }
  post.text, post.urls = published(body.text)
  post.history, post.first_created = history_of(post, body)
  return post
end

app.route("POST", "/2/tweets", {
  auth = { "oauth1", "oauth2_user" },
  scopes = { "tweet.read", "tweet.write", "users.read" },
  limit = { user = 100, app_day = 10000, user_day = 9600 },
}, function(request)
  local body, refusal = request:json()
  if not body then
    return refusal()
  end
  local status, answer, headers = first_problem(request, body)
  if status then
    return status, answer, headers
  end
  local post = new_post(request, body)
  state.add_post(post)
  media_store.attach(post.media_ids, post.id)
  return 201, { data = {
    id = post.id, text = post.text, edit_history_tweet_ids = post.history,
  } }
end)

app.route("DELETE", "/2/tweets/{id}", {
  auth = { "oauth1", "oauth2_user" },
  scopes = { "tweet.read", "tweet.write", "users.read" }, limit = { user = 50 },
}, function(request)
  local id = request.path.id
  if not id or #id > 19 or not id:find("^%d+$") then
    return problem.parameter("id", id, "The `id` query parameter value ["
      .. uri.html(tostring(id)) .. "] is not valid")
  end
  local post = state.posts[id]
  if not post then
    return refuse(request, "unknown", 200, { data = { deleted = true } })
  elseif post.author ~= request.identity.user then
    return refuse(request, "of another account", problem.forbidden(
      "You are not allowed to delete this Tweet."))
  end
  for _, version in ipairs(post.history) do
    if state.posts[version] then
      state.remove_post(state.posts[version])
    end
  end
  return 200, { data = { deleted = true } }
end)

return {}
