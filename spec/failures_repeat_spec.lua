-- What is sent again after a failure and what is not: a post never happens
-- twice, and what is safe to repeat is repeated, but not for ever.

local badpeer = require "support.badpeer"
local failure = require "support.failure"
local sandbox = require "support.sandbox"
local twitter = require "twitter"

local PICTURE = "spec/fixtures/picture.jpg"

describe("after a failure", function()
  local box, texts

  setup(function()
    box, texts = assert(sandbox.start()), 0
  end)
  teardown(function() box:stop() end)
  before_each(function()
    assert(box:control("DELETE", "/faults"))
    assert(box:control("DELETE", "/requests"))
  end)

  local function new_text()
    texts = texts + 1
    return "text " .. texts
  end

  local function fault(path, fields, times)
    assert(box:control("POST", "/faults", { match = { path = path },
      fault = fields, times = times }))
  end

  local function times_posted(text)
    local count = 0
    for _, post in ipairs(assert(box:control("GET", "/state")).posts) do
      if post.text == text then count = count + 1 end
    end
    return count
  end

  local function client_of(kind, changes)
    local parameters = box:parameters(kind)
    for name, value in pairs(changes or {}) do parameters[name] = value end
    return assert(twitter.new(parameters)), parameters
  end

  describe("a post is not sent again:", function()
    -- Everything that can go wrong once a request has left, and whether the
    -- post was made.
    local cases = {
      { "a reset before it is carried out", { kind = "reset_before" }, 0 },
      { "a reset after it was carried out", { kind = "reset_after" }, 1 },
      { "an answer that is cut off", { kind = "cut" }, 1 },
      { "an answer that never comes", { kind = "stall_after" }, 1 },
      { "an answer that never ends", { kind = "stall_middle" }, 1 },
      { "a broken answer", { kind = "corrupt" }, 1 },
      { "an answer in words", { kind = "not_json", executed = true }, 1 },
      { "a 500", { kind = "empty", status = 500, executed = true }, 1 },
      { "a 502 that was carried out",
        { kind = "html", status = 502, executed = true }, 1 },
      { "a 503 that was not", { kind = "status", status = 503 }, 0 },
      { "a 503 with Retry-After", { kind = "status", status = 503,
        headers = { ["Retry-After"] = "0" } }, 0 },
      { "a 504", { kind = "html", status = 504, executed = true }, 1 },
      { "a 429", { kind = "rate_limited", seconds = 1 }, 0 },
      { "a header that is too large", { kind = "huge_header" }, 1 },
    }

    for _, version in ipairs { "2", "1.1" } do
      for _, case in ipairs(cases) do
        it(case[1] .. ", HTTP/" .. version, function()
          local kind = version == "2" and "oauth2" or "oauth1"
          local client = client_of(kind, { http_version = version,
            max_retries = 5 })
          assert(client:request("GET", "/2/users/2244994945"))
          fault("/2/tweets", case[2])
          local text = new_text()
          local post, err = client:create_text_tweet(text,
            case[2].kind:find("stall") and { timeout = 0.3 } or nil)
          assert.is_nil(post)
          assert.equal(1, err.attempts)
          assert.equal(case[3], times_posted(text))
          assert.equal(1, failure.count(box, "POST", "^/2/tweets$"))
        end)
      end
    end
  end)

  -- libcurl by itself sends a request again when a connection that was kept
  -- open dies without an answer.
  for _, version in ipairs { "2", "1.1" } do
    describe("on a kept connection of HTTP/" .. version, function()
      for _, how in ipairs { "reset", "close" } do
        it("that ends by a " .. how .. ", a post happens once", function()
          local client = client_of("oauth2", { http_version = version,
            max_retries = 5 })
          assert(client:create_text_tweet(new_text()))
          fault("/2/tweets", { kind = "reset_after", how = how })
          local text = new_text()
          local post, err = client:create_text_tweet(text)
          assert.is_nil(post)
          assert.equal("network", err.kind)
          assert.equal("unknown", err.outcome)
          assert.equal(1, times_posted(text))
          assert.equal(2, failure.count(box, "POST", "^/2/tweets$"))
        end)

        it("that ends by a " .. how .. ", a GET succeeds", function()
          local client = client_of("oauth2", { http_version = version })
          assert(client:request("GET", "/2/users/me"))
          fault("/2/users/me", { kind = "reset_after", how = how })
          local user = assert(client:request("GET", "/2/users/me"))
          assert.equal("sandbox", user.data.username)
          assert.equal(3, failure.count(box, "GET", "^/2/users/me$"))
        end)
      end

      it("that the server closed long ago, a post is made", function()
        local client = client_of("oauth2", { http_version = version })
        assert(client:create_text_tweet(new_text()))
        fault("/2/users/me", { kind = "reset_before", how = "close" })
        assert(client:request("GET", "/2/users/me"))
        local text = new_text()
        assert(client:create_text_tweet(text))
        assert.equal(1, times_posted(text))
      end)
    end)
  end

  describe("what never left is sent again:", function()
    for retries = 0, 2 do
      it(("a post, %d times"):format(retries), function()
        local peer = assert(badpeer.start("refuse"))
        local parameters = box:parameters("oauth2")
        parameters.api_url, parameters.max_retries = peer.https_url, retries
        local err = failure.expect(parameters, { kind = "network",
          outcome = "not_sent", attempts = retries + 1 },
          twitter.create_text_tweet("again", parameters))
        peer:stop()
        assert.is_string(err.message)
      end)
    end

    it("a request of which the server cannot have got all", function()
      local client, parameters = client_of("oauth2", { max_retries = 1 })
      local text = new_text()
      local body = '{"text":"' .. text .. '"}' .. (" "):rep(4 * 1024 * 1024)
      fault("/2/tweets", { kind = "reset_before", early = true }, 10)
      failure.expect(parameters, { kind = "network", outcome = "not_sent",
        attempts = 2 }, client:request("POST", "/2/tweets", { body = body,
          headers = { ["content-type"] = "application/json" } }))
      assert(box:control("DELETE", "/faults"))
      fault("/2/tweets", { kind = "reset_before", early = true })
      assert(client:request("POST", "/2/tweets", { body = body,
        headers = { ["content-type"] = "application/json" } }))
      assert.equal(1, times_posted(text))
    end)

    it("not after a certificate was refused", function()
      local parameters = box:parameters("oauth2")
      parameters.ca_file, parameters.max_retries = nil, 5
      failure.expect(parameters, { kind = "tls", attempts = 1 },
        twitter.create_text_tweet("no trust", parameters))
    end)

    it("not beyond the time allowed for the call", function()
      local peer = assert(badpeer.start("refuse"))
      local parameters = box:parameters("oauth2")
      parameters.api_url, parameters.max_retries = peer.https_url, 100
      parameters.timeout = 0.5
      local err = failure.expect(parameters, { outcome = "not_sent" },
        twitter.create_text_tweet("no time", parameters))
      peer:stop()
      assert.is_true(err.attempts >= 2 and err.attempts < 100)
    end)
  end)

  describe("what is harmless to repeat is repeated:", function()
    local passing = {
      { kind = "reset_before" }, { kind = "reset_after" }, { kind = "cut" },
      { kind = "html", status = 502 }, { kind = "empty", status = 500 },
      { kind = "status", status = 503 },
      { kind = "status", status = 503, headers = { ["Retry-After"] = "0" } },
    }

    for i, fields in ipairs(passing) do
      it(("a GET (%d: %s)"):format(i, fields.kind), function()
        local client = client_of("oauth1")
        fault("/2/users/me", fields)
        local user, facts = assert(client:request("GET", "/2/users/me"))
        assert.equal("sandbox", user.data.username)
        assert.is_true(facts.attempts <= 2)
        assert.equal(2, failure.count(box, "GET", "^/2/users/me$"))
      end)
    end

    it("a GET, until max_retries", function()
      local client, parameters = client_of("oauth2", { max_retries = 1 })
      fault("/2/users/me", { kind = "html", status = 502 }, 10)
      failure.expect(parameters, { kind = "http", status = 502,
        attempts = 2 }, client:request("GET", "/2/users/me"))
      assert.equal(2, failure.count(box, "GET", "^/2/users/me$"))
    end)

    it("a DELETE", function()
      local client = client_of("oauth2")
      local post = assert(client:create_text_tweet(new_text()))
      local path = "/2/tweets/" .. post.data.id
      fault(path, { kind = "reset_after" })
      assert.is_true(assert(client:request("DELETE", path)).data.deleted)
      assert.equal(2, failure.count(box, "DELETE", "^" .. path .. "$"))
    end)

    for _, step in ipairs { "initialize", "%d+/append", "%d+/finalize" } do
      local path = "/2/media/upload/" .. step

      it("the upload's " .. step, function()
        local client = client_of("oauth2")
        fault(path, { kind = "html", status = 502, executed = true })
        assert(client:upload_attachments_array(PICTURE))
        assert.equal(2, failure.count(box, "POST", "^" .. path .. "$"))
      end)

      it("the upload's " .. step .. ", until max_retries", function()
        local client, parameters = client_of("oauth1", { max_retries = 1 })
        fault(path, { kind = "html", status = 503 }, 10)
        local err = failure.expect(parameters, { kind = "http",
          status = 503, attempts = 2,
          operation = "upload_attachments_array" },
          client:upload_attachments_array(PICTURE))
        assert.same({}, err.media_ids)
        assert.equal(2, failure.count(box, "POST", "^" .. path .. "$"))
      end)
    end

    it("signed anew each time, since a nonce works once", function()
      local client = client_of("oauth1")
      fault("/2/users/me", { kind = "reset_after" })
      assert(client:request("GET", "/2/users/me"))
      for _, entry in ipairs(assert(box:control("GET", "/requests"))
          .requests) do
        assert.same({}, next(entry.problems) and entry.problems or {})
      end
    end)
  end)

  describe("a GET is not repeated", function()
    local function once(fields, wanted, changes)
      local client, parameters = client_of("oauth2", changes)
      fault("/2/users/me", fields, 10)
      wanted.attempts = 1
      failure.expect(parameters, wanted, client:request("GET", "/2/users/me"))
      assert.equal(1, failure.count(box, "GET", "^/2/users/me$"))
    end

    it("when it is refused", function()
      once({ kind = "unauthorized" }, { kind = "auth" })
    end)

    it("when the rate limit is reached", function()
      once({ kind = "rate_limited", seconds = 1 }, { kind = "rate_limit" })
    end)

    it("when the answer would come again", function()
      once({ kind = "not_json" }, { kind = "json" })
    end)

    it("when the answer is too long", function()
      once({ kind = "endless" }, { kind = "network",
        problem = "response-too-large" }, { max_response = 1000 })
    end)

    it("when the server wants more patience than is reasonable", function()
      once({ kind = "status", status = 503,
        headers = { ["Retry-After"] = "1000" } },
        { kind = "http", retry_after = 1000 })
    end)

    it("when its credential is missing", function()
      local value, err = twitter.request("GET", "/2/users/me", nil,
        { api_url = box.api_url })
      assert.is_nil(value)
      assert.equal("not_sent", err.outcome)
      assert.equal(0, assert(box:control("GET", "/requests")).count)
    end)
  end)

  it("a refresh is not sent again, whatever happens", function()
    for _, kind in ipairs { "reset_after", "cut", "corrupt" } do
      local client = client_of("oauth2", { max_retries = 5 })
      assert(box:control("DELETE", "/requests"))
      fault("/2/oauth2/token", { kind = kind })
      local token, err = client:refresh_token()
      assert.is_nil(token)
      assert.equal("unknown", err.outcome)
      assert.equal(1, err.attempts)
      assert.equal(1, failure.count(box, "POST", "token$"))
    end
  end)
end)
