-- The tweet functions against the sandbox, which checks every rule of X's.

local sandbox = require "support.sandbox"
local twitter = require "twitter"

local FIXTURES = "spec/fixtures/"

describe("tweets", function()
  local box, client

  setup(function()
    box = assert(sandbox.start { processing = { polls = 1,
      check_after_secs = 0.02 } })
    client = assert(twitter.new(box:parameters("oauth2")))
  end)
  teardown(function() box:stop() end)

  local function post_by_id(id)
    for _, post in ipairs(assert(box:control("GET", "/state")).posts) do
      if post.id == id then return post end
    end
  end

  it("post a text with an OAuth 2.0 user token", function()
    local post, facts = assert(client:create_text_tweet("Snow ☃ & more"))
    assert.equal("Snow ☃ &amp; more", post.data.text)
    assert.matches("^%d+$", post.data.id)
    assert.equal(201, facts.status)
    assert.equal(1, facts.attempts)
    assert.equal("2", facts.http_version)
    assert.is_number(facts.elapsed)
    assert.is_number(facts.rate_limit.remaining)
    assert.is_string(facts.request_id)
  end)

  it("post a text, signed with OAuth 1.0a", function()
    local signed = assert(twitter.new(box:parameters("oauth1")))
    local text = "symbols !*'() and + and % and ünïcödé 😀"
    assert.equal(text, assert(signed:create_text_tweet(text)).data.text)
  end)

  it("post from the module with configured parameters", function()
    assert(twitter.configure(box:parameters("oauth2")))
    local post = twitter.create_text_tweet("configured")
    assert(twitter.configure())
    assert(post)
  end)

  it("post with parameters given to the call alone", function()
    assert(twitter.create_text_tweet("for this call",
      box:parameters("oauth1")))
  end)

  it("post pictures, one or several", function()
    assert(client:create_image_tweet("one", FIXTURES .. "picture.jpg"))
    local post = assert(client:create_image_tweet("three", {
      FIXTURES .. "picture.jpg", FIXTURES .. "picture.png",
      FIXTURES .. "picture.webp" }))
    assert.equal(3, #post_by_id(post.data.id).media_ids)
  end)

  it("post a GIF and a video", function()
    assert(client:create_gif_tweet("moves", FIXTURES .. "animation.gif"))
    assert(client:create_video_tweet("sounds", FIXTURES .. "video.mp4"))
  end)

  it("post media without a text", function()
    assert(client:create_image_tweet("", FIXTURES .. "picture.jpg"))
    assert(client:create_image_tweet(nil, FIXTURES .. "picture.jpg"))
  end)

  it("post a poll", function()
    local post = assert(client:create_poll_tweet("Which?", { "5.1", "5.4" },
      5))
    local poll = post_by_id(post.data.id).poll
    assert.equal(5, poll.duration_minutes)
    assert.equal(2, #poll.options)
  end)

  it("post ids and files together, in their order", function()
    local ids = assert(client:upload_attachments_array(
      FIXTURES .. "picture.jpg", "tweet_image"))
    local post = assert(client:create_custom_tweet("both",
      { FIXTURES .. "picture.png", ids[1] }))
    assert.equal(ids[1], post_by_id(post.data.id).media_ids[2])
  end)

  it("do not write to the tables they are given", function()
    local files = { FIXTURES .. "picture.png" }
    local options = { "a", "b" }
    assert(client:create_image_tweet("kept", files))
    assert(client:create_poll_tweet("kept too", options, 60))
    assert.same({ FIXTURES .. "picture.png" }, files)
    assert.same({ "a", "b" }, options)
  end)

  it("wait for fresh media to be known, once, without posting twice",
    function()
      assert(box:control("DELETE", "/requests"))
      assert(box:control("POST", "/settings", { media = {
        unknown_attempts = 1 } }))
      local post, err = client:create_image_tweet("settles",
        FIXTURES .. "picture.jpg")
      assert(box:control("POST", "/settings", { media = {
        unknown_attempts = 0 } }))
      assert(post, err)
      local answers = {}
      for _, entry in ipairs(assert(box:control("GET", "/requests")).requests) do
        if entry.path == "/2/tweets" then
          answers[#answers + 1] = entry.status
        end
      end
      assert.same({ 400, 201 }, answers)
    end)

  describe("are refused before anything is sent:", function()
    local function refused(pattern, value, err)
      assert.is_nil(value)
      assert.equal("invalid", err.kind)
      assert.equal("not_sent", err.outcome)
      assert.matches(pattern, err.message)
      assert.equal(0, assert(box:control("GET", "/requests")).count)
    end

    before_each(function() assert(box:control("DELETE", "/requests")) end)

    it("nothing at all", function()
      refused("text, media or a poll", client:create_text_tweet(""))
      refused("text, media or a poll", client:create_custom_tweet())
    end)

    it("a text that is not UTF-8", function()
      refused("UTF%-8", client:create_text_tweet("\255\254"))
    end)

    it("polls with 1 or 5 options", function()
      refused("got 1", client:create_poll_tweet("?", { "a" }, 5))
      refused("got 1", client:create_poll_tweet("?", "a", 5))
      refused("got 5", client:create_poll_tweet("?",
        { "a", "b", "c", "d", "e" }, 5))
    end)

    it("poll options that are empty or over 25 characters", function()
      refused("option 2 has 26 characters", client:create_poll_tweet("?",
        { "a", ("b"):rep(26) }, 5))
      refused("option 1 has 0 characters", client:create_poll_tweet("?",
        { "", "b" }, 5))
      assert(client:create_poll_tweet("25 wide ones",
        { ("ü"):rep(25), "b" }, 5))
      assert(box:control("DELETE", "/requests"))
      refused("option 1 must be a string", client:create_poll_tweet("?",
        { 5, "b" }, 5))
    end)

    it("durations of 4, 10081, a half, none", function()
      refused("4 minutes", client:create_poll_tweet("?", { "a", "b" }, 4))
      refused("10081 minutes", client:create_poll_tweet("?", { "a", "b" },
        10081))
      refused("whole minutes", client:create_poll_tweet("?", { "a", "b" },
        5.5))
      refused("needs a duration", client:create_custom_tweet("?", nil,
        { "a", "b" }))
      refused("needs options", client:create_custom_tweet("?", nil, nil, 5))
    end)

    it("5 pictures, 2 videos", function()
      local picture = FIXTURES .. "picture.jpg"
      refused("up to 4", client:create_image_tweet("?",
        { picture, picture, picture, picture, picture }))
      refused("up to 1", client:create_video_tweet("?",
        { FIXTURES .. "video.mp4", FIXTURES .. "video.mp4" }))
      refused("no file", client:create_image_tweet("?", {}))
    end)

    it("media and a poll in one post", function()
      refused("not both", client:create_custom_tweet("?", { "123" },
        { "a", "b" }, 5))
    end)
  end)

  describe("raise on misuse:", function()
    local function message_of(name, ...)
      local ok, message = pcall(function(...)
        client[name](client, ...)
        return nil
      end, ...)
      assert.is_false(ok)
      return message
    end

    it("a wrong type, in Lua's words and at the caller's line", function()
      local message = message_of("create_text_tweet", nil)
      assert.matches("tweets_spec.lua:%d+: bad argument #1 to "
        .. "'create_text_tweet' %(string expected, got nil%)", message)
      assert.matches("#2 to 'create_image_tweet' %(string or table expected, "
        .. "got nil%)", message_of("create_image_tweet", "x"))
      assert.matches("#2 to 'create_text_tweet' %(table or string expected, "
        .. "got number%)", message_of("create_text_tweet", "x", 5))
      assert.matches("#3 to 'create_poll_tweet' %(number expected, got "
        .. "string%)", message_of("create_poll_tweet", "x", { "a" }, "5"))
    end)

    it("a method called without its client", function()
      assert.has_error(function() client.create_text_tweet("hi") end)
    end)
  end)
end)
