-- The tweet functions against the sandbox, which checks every rule of X's.

local sandbox = require "support.sandbox"
local twitter = require "twitter"

describe("twitter tweets", function()
  local box

  setup(function() box = assert(sandbox.start()) end)
  teardown(function() box:stop() end)

  it("post a text, signed with OAuth 1.0a", function()
    local client = assert(twitter.new(box:parameters("oauth1")))
    local post, facts = assert(client:create_text_tweet("Hello from Lua"))
    assert.equal("Hello from Lua", post.data.text)
    assert.matches("^%d+$", post.data.id)
    assert.equal(201, facts.status)
    assert.equal(1, facts.attempts)
  end)

  it("post a text with an OAuth 2.0 user token", function()
    local client = assert(twitter.new(box:parameters("oauth2")))
    local post = assert(client:create_text_tweet("Snow ☃ & more"))
    assert.equal("Snow ☃ &amp; more", post.data.text)
  end)
end)
