-- Creating and deleting posts.

local app = require "support.sandbox.app"
local clock = require "support.sandbox.clock"
local state = require "support.sandbox.state"

app.route("POST", "/2/tweets", {
  auth = { "oauth2_user", "oauth1" },
  scopes = { "tweet.read", "tweet.write", "users.read" },
}, function(request)
  local body, refusal = request:json()
  if not body then
    return refusal()
  end
  local post = {
    id = state.new_id(), text = body.text, created_at = clock.iso(),
    author = request.identity.user,
  }
  state.posts[post.id] = post
  state.timeline[#state.timeline + 1] = post
  return 201, { data = {
    id = post.id, text = post.text, edit_history_tweet_ids = { post.id },
  } }
end)

return {}
