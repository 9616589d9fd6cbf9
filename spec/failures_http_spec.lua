-- Answers that are no success, in every shape that X, its edge and what
-- stands between have for them; and calls that lack a credential.

local failure = require "support.failure"
local sandbox = require "support.sandbox"
local twitter = require "twitter"

describe("an answer that is no success:", function()
  local box, parameters, texts

  setup(function()
    box = assert(sandbox.start())
    parameters, texts = box:parameters("oauth2"), 0
    parameters.max_retries = 0
  end)
  teardown(function() box:stop() end)
  after_each(function() assert(box:control("DELETE", "/faults")) end)

  local function fault(fields)
    assert(box:control("POST", "/faults",
      { match = { path = "/2/tweets" }, fault = fields }))
  end

  local function expect_post(given, wanted)
    texts = texts + 1
    wanted.operation, wanted.attempts = "create_text_tweet", 1
    return failure.expect(given, wanted,
      twitter.create_text_tweet("text " .. texts, given))
  end

  -- A post that is answered as ordered.
  local function fails(fault_fields, wanted)
    fault(fault_fields)
    return expect_post(parameters, wanted)
  end

  describe("a body that is no JSON:", function()
    it("a page of X's edge", function()
      local err = fails({ kind = "html", status = 502 }, { kind = "http",
        status = 502, outcome = "unknown", message = "^HTTP 502 Bad Gateway",
        hint = "may have taken effect" })
      assert.is_nil(err.message:find("[<>]"))
    end)

    it("a page of X's edge that refuses", function()
      fails({ kind = "html", status = 403 }, { kind = "http", status = 403,
        outcome = "refused", message = "^HTTP 403", hint = "edge" })
    end)

    it("a page of somebody's proxy, with status 200", function()
      fails({ kind = "html", status = 200 }, { kind = "json", status = 200,
        outcome = "unknown", message = "the answer is not JSON" })
    end)

    it("a success that breaks off", function()
      fails({ kind = "corrupt" }, { kind = "json", status = 201,
        outcome = "unknown", message = "not valid JSON",
        hint = "may have taken effect" })
    end)

    it("a success in words", function()
      fails({ kind = "not_json" }, { kind = "json", status = 200,
        outcome = "unknown", message = "the answer is not JSON" })
    end)

    it("a success that is empty", function()
      fails({ kind = "empty", status = 200 }, { kind = "json", status = 200,
        outcome = "unknown", message = "the answer is empty" })
    end)

    it("nothing but the status", function()
      fails({ kind = "empty", status = 500 }, { kind = "http", status = 500,
        outcome = "unknown", message = "^HTTP 500 Internal Server Error$" })
    end)

    it("a status that nobody knows", function()
      fails({ kind = "empty", status = 599 }, { kind = "http", status = 599,
        outcome = "unknown", message = "^HTTP 599$" })
    end)
  end)

  describe("X's refusals:", function()
    it("only errors, with status 200", function()
      local err = fails({ kind = "errors_only" }, { kind = "http",
        status = 200, outcome = "refused", problem = "resource-not-found",
        message = "Could not find tweet" })
      assert.equal(1, #err.errors)
    end)

    it("errors that are plain strings", function()
      local err = fails({ kind = "string_errors" }, { kind = "http",
        status = 400, outcome = "refused", message = "Something went wrong" })
      assert.equal("Something went wrong", err.errors[1].message)
    end)

    it("a credential that is not accepted", function()
      fails({ kind = "unauthorized" }, { kind = "auth", status = 401,
        outcome = "refused", message = "Unauthorized",
        hint = "expired or revoked" })
    end)

    it("a text that was posted before", function()
      fails({ kind = "duplicate" }, { kind = "http", status = 403,
        outcome = "refused", message = "duplicate content",
        hint = "earlier attempt" })
    end)

    it("an action that is not permitted", function()
      fails({ kind = "not_permitted" }, { kind = "http", status = 403,
        outcome = "refused", message = "not permitted" })
    end)

    it("an account without credits", function()
      fails({ kind = "credits" }, { kind = "http", status = 402,
        outcome = "refused", problem = "credits", hint = "no credits" })
    end)

    it("a spending limit that is reached", function()
      fails({ kind = "spend_cap" }, { kind = "http", status = 403,
        outcome = "refused", title = "SpendCapReached",
        hint = "spending limit" })
    end)

    it("numbered errors of the old API", function()
      fails({ kind = "status", status = 403, body = { errors = {
        { code = 261, message = "Application cannot perform write actions." },
      } } }, { kind = "auth", status = 403, outcome = "refused",
        problem = "v1:261", hint = "permission" })
    end)

    it("the sandbox's own for a text that is too long", function()
      local given = parameters
      failure.expect(given, { kind = "http", status = 403,
        outcome = "refused" },
        twitter.create_text_tweet(("x"):rep(281), given))
    end)
  end)

  describe("rate limits:", function()
    local function limited(headers, seconds, shape, wanted)
      wanted = wanted or {}
      wanted.kind, wanted.status = "rate_limit", 429
      wanted.outcome = "refused"
      return fails({ kind = "rate_limited", headers = headers,
        seconds = seconds, shape = shape }, wanted)
    end

    -- The reset is some seconds away from the answer's own date.
    local function about(seconds, value)
      assert.is_true(value >= seconds and value <= seconds + 1,
        "got " .. tostring(value))
    end

    for headers, window in pairs { window = "15min", app24 = "app_24hour",
        user24 = "user_24hour" } do
      it("the headers of " .. window, function()
        local err = limited(headers, 300)
        assert.equal(window, err.rate_limit.window)
        assert.equal(100, err.rate_limit.limit)
        assert.equal(0, err.rate_limit.remaining)
        assert.is_number(err.rate_limit.reset)
        about(300, err.retry_after)
      end)
    end

    it("the budget of a day beside an open window", function()
      local err = limited("app24", 300)
      assert.equal(0, err.rate_limit.app_24hour.remaining)
      assert.is_nil(err.rate_limit.user_24hour)
    end)

    it("Retry-After alone", function()
      local err = limited("retry_after", 120)
      assert.equal(120, err.retry_after)
      assert.is_nil(err.rate_limit)
    end)

    it("no header at all", function()
      local err = limited("none")
      assert.is_nil(err.retry_after)
      assert.is_nil(err.rate_limit)
    end)

    it("the shape of v2", function()
      limited("window", 300, "v2", { message = "Too Many Requests" })
    end)

    it("the shape of v1.1", function()
      limited("window", 300, "v1", { problem = "v1:88",
        message = "Rate limit exceeded" })
    end)

    it("the shape with a problem type", function()
      limited("window", 300, "type", { problem = "rate-limit-exceeded" })
    end)

    it("a usage cap, for which no waiting helps", function()
      local err = limited("window", 300, "usage_cap",
        { problem = "usage-capped", hint = "does not help" })
      assert.is_nil(err.retry_after)
    end)

    it("the sandbox's own, when the window is used up", function()
      assert(box:control("POST", "/settings", { limit_overrides = {
        ["POST /2/tweets"] = { user = 0 } } }))
      local err = expect_post(parameters, { kind = "rate_limit" })
      assert(box:control("POST", "/reset"))
      parameters = box:parameters("oauth2")
      parameters.max_retries = 0
      assert.equal("15min", err.rate_limit.window)
    end)
  end)

  describe("a redirect", function()
    for _, status in ipairs { 301, 302, 303, 307, 308 } do
      it(("with status %d is not followed"):format(status), function()
        assert(box:control("DELETE", "/requests"))
        fails({ kind = "redirect", status = status,
          location = box.plain_url .. "/missing" },
          { kind = "http", status = status, outcome = "refused" })
        local requests = assert(box:control("GET", "/requests"))
        assert.equal(1, requests.count)
        assert.equal("api", requests.requests[1].host)
      end)
    end
  end)

  describe("credentials:", function()
    local function without_any()
      return { api_url = box.api_url, ca_file = box.ca_file }
    end

    local function nothing_sent(given, wanted)
      assert(box:control("DELETE", "/requests"))
      wanted.kind, wanted.outcome = "auth", "not_sent"
      wanted.problem = "no-credentials"
      failure.expect(given, wanted, twitter.create_text_tweet("hi", given))
      assert.equal(0, assert(box:control("GET", "/requests")).count)
    end

    it("none at all", function()
      nothing_sent(without_any(), { message = "access_token" })
    end)

    it("a half of those of OAuth 1.0a", function()
      local given = box:parameters("oauth1")
      given.oauth_token_secret = nil
      nothing_sent(given, { message = "oauth_token_secret not given" })
    end)

    it("empty ones", function()
      local given = without_any()
      given.access_token, given.oauth_token = "", ""
      nothing_sent(given, { message = "no credentials" })
    end)

    it("only an app's, for a user's operation", function()
      nothing_sent(box:parameters("app"), { message = "access_token" })
    end)

    it("of a kind that was not given", function()
      local given = box:parameters("oauth2")
      given.auth = "oauth1"
      nothing_sent(given, { message = "oauth_consumer_key" })
    end)

    it("a token that has expired", function()
      local given = box:parameters("oauth2")
      assert(box:control("POST", "/clock", { advance = 7201 }))
      expect_post(given, { kind = "auth", status = 401, outcome = "refused" })
      assert(box:control("POST", "/clock", { offset = 0 }))
    end)

    it("a token that was revoked", function()
      local given = box:parameters("oauth1")
      assert(box:control("POST", "/revoke", { token = given.oauth_token }))
      expect_post(given, { kind = "auth", status = 401, outcome = "refused" })
    end)

    it("a clock that is wrong, with advice", function()
      local given = box:parameters("oauth1")
      assert(box:control("POST", "/settings", { oauth1_codes = true }))
      assert(box:control("POST", "/clock", { offset = 3600 }))
      expect_post(given, { kind = "auth", status = 401, problem = "v1:135",
        hint = "clock is 3%d%d%d seconds behind" })
      assert(box:control("POST", "/reset"))
      parameters = box:parameters("oauth2")
      parameters.max_retries = 0
    end)

    it("a scope that is missing", function()
      local given = box:parameters("oauth2", { scope = "tweet.read" })
      expect_post(given, { kind = "http", status = 403, outcome = "refused",
        hint = "scope" })
    end)

    it("an app that may only read", function()
      assert(box:control("POST", "/apps", { permission = "read" }))
      local given = box:parameters("oauth1")
      assert(box:control("POST", "/apps", { permission = "read-write" }))
      expect_post(given, { kind = "auth", status = 403, outcome = "refused",
        problem = "oauth1-permissions", hint = "permission" })
    end)
  end)

  describe("a server that repeats our secrets", function()
    local function repeated(given, content_type, template)
      local echo = {}
      for spelling in pairs(failure.spellings(given)) do
        echo[#echo + 1] = spelling
      end
      local text = table.concat(echo, " , ")
      local body = template:gsub("SECRETS", (text:gsub("%%", "%%%%")))
      fault { kind = "status", status = 400, content_type = content_type,
        body = body, headers = { ["x-echo"] = text } }
      failure.expect(given, { status = 400, kind = "http" },
        twitter.create_text_tweet("echo", given))
    end

    for _, kind in ipairs { "oauth1", "oauth2" } do
      it("is not passed on: JSON, " .. kind, function()
        repeated(box:parameters(kind), "application/json",
          '{"title":"Bad","detail":"you sent SECRETS","errors":[{"message":"SECRETS"}]}')
      end)

      it("is not passed on: text, " .. kind, function()
        repeated(box:parameters(kind), "text/plain", "you sent SECRETS")
      end)

      it("is not passed on: a page, " .. kind, function()
        repeated(box:parameters(kind), "text/html",
          "<!DOCTYPE html><title>you sent SECRETS</title>")
      end)
    end
  end)
end)
