-- Who a call acts for: users are never mixed, whatever layer their credentials
-- are in, and a token answer is looked at before it is kept.

local sandbox = require "support.sandbox"
local twitter = require "twitter"

describe("a call", function()
  local box

  setup(function() box = assert(sandbox.start()) end)
  teardown(function() box:stop() end)
  after_each(function()
    twitter.configure()
    assert(box:control("POST", "/reset"))
  end)

  local function parameters(kind, user)
    return box:parameters(kind, { user = user })
  end

  local function whoami(client)
    return assert(client:request("GET", "/2/users/me")).data.username
  end

  it("with one user's OAuth 1.0a keys is not made as another's OAuth 2.0",
    function()
      assert(twitter.configure(parameters("oauth2", "sandbox")))
      local neighbour = parameters("oauth1", "neighbour")
      assert.equal("neighbour", whoami(assert(twitter.new(neighbour))))
      local me = assert(twitter.request("GET", "/2/users/me", nil, neighbour))
      assert.equal("neighbour", me.data.username)
    end)

  it("refreshes no other user's token", function()
    assert(twitter.configure(parameters("oauth2", "sandbox")))
    local user = parameters("oauth2", "neighbour")
    user.refresh_token = nil
    local token, err = assert(twitter.new(user)):refresh_token()
    assert.is_nil(token)
    assert.matches("refresh_token", err.message)
    assert.equal("sandbox", assert(twitter.request("GET", "/2/users/me"))
      .data.username)
  end)

  it("keeps the app's keys beside a user's", function()
    local app = parameters("oauth2", "sandbox")
    local user = { access_token = app.access_token,
      refresh_token = app.refresh_token }
    app.access_token, app.refresh_token = nil, nil
    local client = assert(assert(twitter.new(app)):with(user))
    assert(client:refresh_token())
    assert.equal("sandbox", whoami(client))
  end)

  it("that was to have parameters is not made without them", function()
    assert(twitter.configure(parameters("oauth2", "sandbox")))
    local value, err = twitter.create_custom_tweet("x", nil,
      parameters("oauth1", "neighbour"))
    assert.is_nil(value)
    assert.equal("invalid", err.kind)
    assert.equal("not_sent", err.outcome)
  end)

  describe("with a list that is none", function()
    it("is refused, not half made", function()
      local client = assert(twitter.new(parameters("oauth2")))
      for _, files in ipairs {
        { nil, "spec/fixtures/picture.png" },
        { file = "spec/fixtures/picture.png" },
        { "spec/fixtures/picture.png", name = "x" },
      } do
        local value, err = client:create_image_tweet("x", files)
        assert.is_nil(value)
        assert.equal("invalid", err.kind)
      end
      local value, err = client:create_custom_tweet("x", nil,
        { "a", nil, "c" }, 5)
      assert.is_nil(value)
      assert.equal("invalid", err.kind)
    end)

    it("mixes no GIF or video with anything", function()
      local client = assert(twitter.new(parameters("oauth2")))
      assert(box:control("DELETE", "/requests"))
      for _, files in ipairs {
        { "spec/fixtures/picture.png", "spec/fixtures/animation.gif" },
        { "spec/fixtures/video.mp4", "spec/fixtures/video.mp4" },
        { "123", "spec/fixtures/video.mp4" },
      } do
        local value, err = client:create_custom_tweet("x", files)
        assert.is_nil(value)
        assert.equal("invalid", err.kind)
        assert.matches("one GIF or one video", err.message)
      end
      assert.equal(0, assert(box:control("GET", "/requests")).count)
    end)
  end)

  describe("for a token", function()
    local function answered(body, status)
      assert(box:control("POST", "/faults", {
        match = { path = "/2/oauth2/token" },
        fault = { kind = "status", status = status or 200, body = body,
          content_type = "application/json" },
      }))
    end

    local function refresh(body, status)
      local values = parameters("oauth2")
      local client = assert(twitter.new(values))
      answered(body, status)
      local token, err = client:refresh_token()
      return token, err, client, values
    end

    it("keeps the old refresh token where no new one came", function()
      local token, _, _, values = refresh(
        '{"access_token":"new-access-token","token_type":"bearer"}')
      assert.equal(values.refresh_token, token.refresh_token)
      assert.equal("new-access-token", token.access_token)
    end)

    it("takes nothing for a token that is none", function()
      for _, body in ipairs { '{"access_token":""}', '{"access_token":5}',
        '{"access_token":"a\\r\\nb"}', '{}', '"text"', '[]',
        '{"access_token":null}' } do
        local token, err, client = refresh(body)
        assert.is_nil(token)
        assert.equal("json", err.kind)
        assert.equal("unknown", err.outcome)
        assert.equal("sandbox", whoami(client))  -- with the old pair
      end
    end)

    it("understands odd fields without losing the pair", function()
      for _, odd in ipairs { '"expires_in":"7200"', '"expires_in":-5',
        '"expires_in":null', '"expires_in":1e999', '"scope":["a"]',
        '"refresh_token":null', '"refresh_token":{}', '"errors":[]',
        '"errors":null', '"something_new":{"a":1}' } do
        local token = refresh('{"access_token":"new-access-token",' .. odd
          .. '}')
        assert.equal("new-access-token", token.access_token)
        assert.is_string(token.refresh_token)
        assert(twitter.new(token))
      end
    end)

    it("shows on_token a client that has the pair already", function()
      local values, client, seen = parameters("oauth2"), nil, nil
      values.on_token = function() seen = whoami(client) end
      client = assert(twitter.new(values))
      assert(client:refresh_token())
      assert.equal("sandbox", seen)
    end)

    it("does not repeat tokens in what on_token raised", function()
      local values = parameters("oauth2")
      values.on_token = function(token) error(token.refresh_token) end
      local _, facts = assert(twitter.new(values)):refresh_token()
      assert.matches("[redacted]", facts.on_token_error, 1, true)
    end)
  end)

  it("whose post came back without an id may have posted", function()
    local client = assert(twitter.new(parameters("oauth2")))
    for _, body in ipairs { "{}", '{"data":{}}', '{"data":null}', '"ok"',
      '{"errors":[]}', '{"errors":null,"meta":{}}' } do
      assert(box:control("POST", "/faults", { match = { method = "POST" },
        fault = { kind = "status", status = 201, body = body,
          content_type = "application/json" } }))
      local post, err = client:create_text_tweet("odd " .. body)
      assert.is_nil(post)
      assert.equal("json", err.kind)
      assert.equal("unknown", err.outcome)
    end
  end)

  it("whose upload failed was not posted", function()
    local client = assert(twitter.new(parameters("oauth2")))
    assert(box:control("POST", "/faults", { times = -1,
      match = { path = "/2/media/upload/%d+/append" },
      fault = { kind = "status", status = 503 } }))
    local post, err = client:create_image_tweet("x",
      "spec/fixtures/picture.png", { max_retries = 0 })
    assert.is_nil(post)
    assert.equal("not_sent", err.outcome)
  end)
end)

describe("twitter.assert", function()
  it("passes values on and raises errors as text on every Lua", function()
    local a, b, c = twitter.assert(1, 2, 3)
    assert.same({ 1, 2, 3 }, { a, b, c })
    local ok, message = pcall(twitter.assert, twitter.create_poll_tweet("x",
      { "a" }, 5))
    assert.is_false(ok)
    assert.is_string(message)
    assert.matches("2 to 4 options", message)
  end)
end)

describe("a function called in the other's way", function()
  it("says so", function()
    for _, call in ipairs {
      function() twitter:create_text_tweet("x") end,
      function() twitter:refresh_token() end,
      function() twitter:new {} end,
      function() twitter.new(twitter.new {}) end,
      function() twitter.create_text_tweet(assert(twitter.new {}), "x") end,
    } do
      local ok, message = pcall(call)
      assert.is_false(ok)
      assert.matches("users_spec.lua:%d+: calling '", message)
    end
  end)
end)
