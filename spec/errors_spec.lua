local errors = require "twitter.errors"
local json = require "twitter.json"

local DATE = "Mon, 23 Nov 2026 16:00:00 GMT"
local DATE_SECONDS = 1795449600
local PREFIX = "https://api.twitter.com/2/problems/"


-- The error of a response; `body` is a text, or a table to encode.
local function failure(status, body, headers, context)
  if type(body) == "table" then body = assert(json.encode(body)) end
  context = context or { operation = "create_text_tweet", method = "POST" }
  local err = errors.from_response(
    { status = status, headers = headers, body = body }, context)
  assert.is_true(errors.is(err))
  return err
end


-- Checks that no text in a value, at any depth, has any of the words.
local function assert_free_of(value, words)
  if type(value) == "table" then
    for name, item in pairs(value) do
      assert_free_of(name, words)
      assert_free_of(item, words)
    end
  elseif type(value) == "string" then
    for _, word in ipairs(words) do
      assert.is_nil(value:find(word, 1, true), value)
    end
  end
end


describe("an error object", function()
  it("reads as one line", function()
    local err = failure(403, { title = "Forbidden", type = "about:blank",
      status = 403, detail = "You are not permitted to do this." })
    assert.are.equal("create_text_tweet: HTTP 403 Forbidden: You are not "
      .. "permitted to do this. (refused)", tostring(err))
    assert.are.equal("create_text_tweet: timed out (unknown)", tostring(
      errors.from_transport { kind = "timeout", message = "timed out",
        operation = "create_text_tweet" }))
    assert.are.equal("not sent (not sent)", tostring(
      errors.invalid(nil, "not sent")))
  end)

  it("ends with the hint when there is one", function()
    local err = failure(403, { title = "Forbidden", type = "about:blank",
      detail = "You are not allowed to create a Tweet with duplicate "
        .. "content." })
    assert.are.equal("create_text_tweet: HTTP 403 Forbidden: You are not "
      .. "allowed to create a Tweet with duplicate content. (refused); "
      .. err.hint, tostring(err))
  end)

  it("can be raised and concatenated", function()
    local err = errors.invalid("op", "no text")
    local ok, raised = pcall(error, err, 0)
    assert.is_false(ok)
    assert.are.equal(err, raised)
    assert.are.equal("failed: op: no text (not sent)", "failed: " .. err)
    assert.are.equal("op: no text (not sent)!", err .. "!")
  end)

  it("is told from other values", function()
    assert.is_true(errors.is(errors.invalid("op", "x")))
    for _, value in ipairs { {}, "x", 1, setmetatable({}, {}) } do
      assert.is_false(errors.is(value))
    end
    assert.is_false(errors.is(nil))
    assert.are.equal("twitter.error",
      getmetatable(errors.invalid("op", "x")).__name)
  end)

  it("is a copy of the fields, the secrets left out", function()
    local fields = { kind = "network", message = "m", outcome = "not_sent",
      operation = "op", attempts = 2, secrets = { "longsecret" } }
    local err = errors.new(fields)
    assert.are.equal(2, err.attempts)
    assert.is_nil(err.secrets)
    assert.are.same({ "longsecret" }, fields.secrets)
    assert.is_nil(getmetatable(fields))
  end)

  it("has constructors for what went wrong here", function()
    local err = errors.invalid("create_poll_tweet", "too many options")
    assert.are.same({ "invalid", "not_sent", "create_poll_tweet",
      "too many options" },
      { err.kind, err.outcome, err.operation, err.message })
    err = errors.file("upload", "a.png: No such file or directory")
    assert.are.same({ "file", "not_sent" }, { err.kind, err.outcome })
    err = errors.from_transport { message = "reset" }
    assert.are.same({ "network", "unknown" }, { err.kind, err.outcome })
    err = errors.from_transport { kind = "tls", message = "x",
      outcome = "not_sent" }
    assert.are.same({ "tls", "not_sent" }, { err.kind, err.outcome })
  end)
end)


describe("errors.from_response reads", function()
  it("a problem", function()
    local err = failure(404, { title = "Not Found Error",
      detail = "Could not find user with id: [5].", resource_type = "user",
      parameter = "id", value = "5", status = 404,
      type = "https://api.x.com/2/problems/resource-not-found" })
    assert.are.equal("http", err.kind)
    assert.are.equal(404, err.status)
    assert.are.equal("Not Found Error", err.title)
    assert.are.equal("Could not find user with id: [5].", err.detail)
    assert.are.equal("https://api.x.com/2/problems/resource-not-found",
      err.type)
    assert.are.equal("resource-not-found", err.problem)
    assert.are.equal("user", err.body.resource_type)
    assert.are.same({}, err.errors)
    assert.are.equal("refused", err.outcome)
    assert.are.equal("POST", err.method)
  end)

  it("problem types under every prefix", function()
    for _, prefix in ipairs { PREFIX, "https://api.x.com/2/problems/",
        "https://developer.x.com/en/support/x-api/error-troubleshooting#" } do
      assert.are.equal("invalid-request",
        failure(400, { type = prefix .. "invalid-request" }).problem)
    end
    assert.is_nil(failure(403, { type = "about:blank" }).problem)
  end)

  it("a problem with errors inside", function()
    local err = failure(400, { title = "Invalid Request",
      detail = "One or more parameters to your request was invalid.",
      type = PREFIX .. "invalid-request", errors = { {
        parameters = { ["media.media_ids"] = { "1" } },
        message = "Your media IDs are invalid." } } })
    assert.are.equal("HTTP 400 Invalid Request: One or more parameters to "
      .. "your request was invalid. Your media IDs are invalid.", err.message)
    assert.are.same({ "1" }, err.errors[1].parameters["media.media_ids"])
    assert.are.equal("invalid-request", err.problem)
    assert.is_truthy(err.hint:find("media ids", 1, true))
  end)

  it("errors that are plain strings", function()
    local err = failure(400, { errors = { "first", "second" } })
    assert.are.same({ { message = "first" }, { message = "second" } },
      err.errors)
    assert.are.equal("HTTP 400 Bad Request: first", err.message)
  end)

  it("numbered errors", function()
    local err = failure(403, { errors = { { code = 187,
      message = "Status is a duplicate." } } })
    assert.are.equal("v1:187", err.problem)
    assert.are.equal("http", err.kind)
    assert.are.equal("Status is a duplicate.", err.detail)
    assert.are.equal("187", tostring(err.errors[1].code))
    assert.are.equal("v1:187", err.errors[1].problem)
    err = failure(404, { code = 34, message = "no such page" })
    assert.are.equal("v1:34", err.problem)
    assert.are.equal("HTTP 404 Not Found: no such page", err.message)
  end)

  it("OAuth errors", function()
    local err = failure(400, { error = "invalid_request", error_description =
      "Value passed for the authorization code was invalid." })
    assert.are.equal("auth", err.kind)
    assert.are.equal("oauth:invalid_request", err.problem)
    assert.are.equal("Value passed for the authorization code was invalid.",
      err.detail)
    assert.are.equal("HTTP 400 invalid_request: Value passed for the "
      .. "authorization code was invalid.", err.message)
    assert.are.equal("http", failure(503, { error = "server_error" }).kind)
  end)

  it("errors of the old media endpoints", function()
    local err = failure(400, { request = "/1.1/media/upload.json",
      error = "media type unrecognized." })
    assert.are.equal("http", err.kind)
    assert.is_nil(err.problem)
    assert.are.equal("media type unrecognized.", err.detail)
  end)

  it("errors in an `error` object, a list, and a string", function()
    local err = failure(400, { error = { code = 44, message = "bad" } })
    assert.are.equal("v1:44", err.problem)
    assert.are.equal("bad", err.errors[1].message)
    err = failure(404, { { title = "Gone", type = PREFIX .. "x" } })
    assert.are.equal("x", err.problem)
    assert.are.equal("Gone", err.title)
    assert.are.equal("no", failure(400, '"no"').detail)
    err = failure(400, { errors = { message = "single" } })
    assert.are.equal("single", err.errors[1].message)
    assert.are.equal("one", failure(400, { errors = "one" }).errors[1].message)
  end)

  it("XML", function()
    local err = failure(403, '<?xml version="1.0" encoding="UTF-8"?><errors>'
      .. '<error code="415">Callback URL not approved &amp; so on</error>'
      .. "</errors>")
    assert.are.equal("v1:415", err.problem)
    assert.are.equal("auth", err.kind)
    assert.are.equal("Callback URL not approved & so on", err.detail)
    assert.are.equal("HTTP 400 Bad Request: some text",
      failure(400, "<hash><note>some text</note></hash>").message)
  end)

  it("plain text", function()
    local err = failure(401, "Error processing your OAuth request: Invalid "
      .. "oauth_verifier parameter")
    assert.are.equal("auth", err.kind)
    assert.are.equal("HTTP 401 Unauthorized: Error processing your OAuth "
      .. "request: Invalid oauth_verifier parameter", err.message)
    assert.are.equal("oauth:token_rejected",
      failure(401, "oauth_problem=token_rejected&x=1").problem)
  end)

  it("no more of HTML than its title", function()
    local err = failure(502, "<!DOCTYPE html>\n<html><head><TITLE>x.com | 502:"
      .. " Bad\n gateway</TITLE></head><body>" .. ("<p>words</p>"):rep(9999)
      .. "</body></html>")
    assert.are.equal("HTTP 502 Bad Gateway: x.com | 502: Bad gateway",
      err.message)
    assert.are.equal("unknown", err.outcome)
    assert.are.equal("HTTP 403 Forbidden",
      failure(403, "<html><body>secret words</body></html>").message)
    assert.are.equal("HTTP 502 Bad Gateway",
      failure(502, "<html><title>502 Bad Gateway</title>").message)
  end)

  it("nothing at all", function()
    assert.are.equal("HTTP 413 Content Too Large", failure(413, "").message)
    assert.are.equal("HTTP 503 Service Unavailable", failure(503).message)
    assert.are.equal("HTTP 522", failure(522, " \n").message)
    assert.are.equal("HTTP 0", errors.from_response({}).message)
  end)

  it("broken and odd JSON without failing", function()
    for _, body in ipairs { "{", "[]", "{}", "null", "[1,2]", '{"errors":5}',
        '{"errors":[null,[],{}]}', '{"errors":{}}', '{"title":5,"type":{}}',
        '{"errors":[{"code":"x","message":7}]}', '{"error":{}}', '{"error":""}',
        '{"detail":null,"errors":null,"error":null}', "[[[[]]]]", "\0\1\2",
        ("["):rep(9999), '{"errors":[' .. ("{},"):rep(999) .. "{}]}",
        '{"code":1e300,"message":"x"}', "<error", "<", "<>", "<html" } do
      for _, status in ipairs { 200, 400, 401, 403, 429, 503 } do
        local err = failure(status, body)
        assert.is_truthy(err.message:find("^HTTP " .. status))
        assert.is_true(#err.errors <= 100)
      end
    end
  end)

  it("large numbers with all their digits", function()
    local err = failure(402, '{"account_id":1284554329119236097,'
      .. '"title":"CreditsDepleted","type":"' .. PREFIX .. 'credits"}')
    assert.are.equal("1284554329119236097", err.body.account_id)
    assert.are.equal("credits", err.problem)
  end)
end)


describe("the kind and outcome", function()
  it("follow the status", function()
    local cases = { { 400, "http", "refused" }, { 401, "auth", "refused" },
      { 404, "http", "refused" }, { 429, "rate_limit", "refused" },
      { 302, "http", "refused" }, { 500, "http", "unknown" },
      { 503, "http", "unknown" }, { 522, "http", "unknown" } }
    for _, case in ipairs(cases) do
      local err = failure(case[1], "")
      assert.are.same({ case[2], case[3] }, { err.kind, err.outcome })
    end
  end)

  it("know a 403 that is about credentials", function()
    for _, name in ipairs { "unsupported-authentication", "oauth1-permissions",
        "client-forbidden" } do
      assert.are.equal("auth", failure(403, { type = PREFIX .. name }).kind)
    end
    assert.are.equal("auth", failure(403, { errors = { { code = 99 } } }).kind)
    assert.are.equal("auth", failure(403, { errors = { { code = 453 } } }).kind)
    assert.are.equal("http", failure(403, { type = "about:blank" }).kind)
    assert.are.equal("http", failure(403, { title = "SpendCapReached" }).kind)
  end)

  it("tell an unreadable success from one with only errors", function()
    local err = failure(200, '{"data":{"id":"1"')
    assert.are.same({ "json", "unknown" }, { err.kind, err.outcome })
    assert.is_truthy(err.message:find("not valid JSON: Expected", 1, true))
    assert.is_nil(err.detail)
    assert.are.equal("HTTP 201 Created: the answer is empty",
      failure(201, "").message)
    assert.are.equal("HTTP 200 OK: the answer is not JSON",
      failure(200, "<html><title>Hi</title></html>").message)
    err = failure(200, { errors = { { title = "Not Found Error",
      detail = "Could not find tweet with ids: [456].",
      type = PREFIX .. "resource-not-found" } } })
    assert.are.same({ "http", "refused", "resource-not-found" },
      { err.kind, err.outcome, err.problem })
    assert.are.equal("HTTP 200 Not Found Error: Could not find tweet with "
      .. "ids: [456].", err.message)
  end)

  it("can be overridden by who knows better", function()
    local err = failure(503, "", nil, { outcome = "not_sent" })
    assert.are.equal("not_sent", err.outcome)
  end)

  it("do not keep the data of a partial answer", function()
    local err = failure(200, { data = { { id = "1" } }, errors = { "x" } })
    assert.is_nil(err.body.data)
  end)
end)


describe("errors.rate_limit", function()
  it("reads the current window", function()
    assert.are.same({ limit = 75, remaining = 74, reset = 1795450500,
      window = "15min" }, errors.rate_limit({ ["x-rate-limit-limit"] = "75",
      ["x-rate-limit-remaining"] = "74",
      ["x-rate-limit-reset"] = "1795450500" }, DATE_SECONDS))
  end)

  it("answers nil without such headers", function()
    assert.is_nil(errors.rate_limit({}, 0))
    assert.is_nil(errors.rate_limit(nil, 0))
    assert.is_nil(errors.rate_limit({ ["x-rate-limit-limit"] = "many" }, 0))
  end)

  local function budgets(app, user)
    return { ["x-rate-limit-limit"] = "100", ["x-rate-limit-remaining"] = "50",
      ["x-rate-limit-reset"] = tostring(DATE_SECONDS + 60), date = DATE,
      ["x-app-limit-24hour-limit"] = "500",
      ["x-app-limit-24hour-remaining"] = app,
      ["x-app-limit-24hour-reset"] = tostring(DATE_SECONDS + 7200),
      ["x-user-limit-24hour-limit"] = { "17", "x" },
      ["x-user-limit-24hour-remaining"] = user,
      ["x-user-limit-24hour-reset"] = tostring(DATE_SECONDS + 3600) }
  end

  it("reads the 24-hour budgets beside it", function()
    local limit = errors.rate_limit(budgets("400", "3"))
    assert.are.equal("15min", limit.window)
    assert.are.equal(50, limit.remaining)
    assert.are.same({ limit = 500, remaining = 400,
      reset = DATE_SECONDS + 7200 }, limit.app_24hour)
    assert.are.same({ limit = 17, remaining = 3,
      reset = DATE_SECONDS + 3600 }, limit.user_24hour)
  end)

  it("names the window that binds", function()
    local limit = errors.rate_limit(budgets("400", "0"))
    assert.are.same({ "user_24hour", 0, 17, DATE_SECONDS + 3600 },
      { limit.window, limit.remaining, limit.limit, limit.reset })
    assert.are.equal("app_24hour", errors.rate_limit(budgets("0", "2")).window)
    assert.are.equal("app_24hour", errors.rate_limit(budgets("0", "0")).window)
    local headers = budgets("400", "0")
    headers["x-user-limit-24hour-reset"] = tostring(DATE_SECONDS - 1)
    assert.are.equal("15min", errors.rate_limit(headers).window)
  end)

  it("does without the current window", function()
    assert.are.equal("user_24hour", errors.rate_limit({
      ["x-user-limit-24hour-remaining"] = "3",
      ["x-app-limit-24hour-remaining"] = "9" }, 0).window)
    assert.are.equal("app_24hour", errors.rate_limit({
      ["x-app-limit-24hour-limit"] = "9" }, 0).window)
  end)
end)


describe("retry_after", function()
  local function wait(status, headers, body, now)
    return failure(status, body or "", headers, { now = now }).retry_after
  end

  it("is what the server says", function()
    assert.are.equal(7, wait(429, { ["retry-after"] = "7" }))
    assert.are.equal(120, wait(503, { ["retry-after"] = "120" }))
    assert.are.equal(30, wait(503, { date = DATE,
      ["retry-after"] = "Mon, 23 Nov 2026 16:00:30 GMT" }))
    assert.are.equal(0, wait(503, { date = DATE,
      ["retry-after"] = "Sun, 22 Nov 2026 16:00:30 GMT" }))
  end)

  it("lasts to the reset, by the server's clock", function()
    local headers = { date = DATE,
      ["x-rate-limit-reset"] = tostring(DATE_SECONDS + 300) }
    assert.are.equal(300, wait(429, headers, nil, DATE_SECONDS + 5000))
    headers.date = nil
    assert.are.equal(290, wait(429, headers, nil, DATE_SECONDS + 10))
    assert.are.equal(1, wait(429, headers, nil, DATE_SECONDS + 9999))
    assert.are.equal(86400, wait(429, headers, nil, 0))
    assert.is_nil(wait(403, headers))
    assert.is_nil(wait(503, headers))
  end)

  it("lasts to the end of an exhausted 24-hour budget", function()
    assert.are.equal(36000, wait(429, { date = DATE,
      ["x-rate-limit-remaining"] = "3",
      ["x-rate-limit-reset"] = tostring(DATE_SECONDS + 300),
      ["x-user-limit-24hour-remaining"] = "0",
      ["x-user-limit-24hour-reset"] = tostring(DATE_SECONDS + 36000) }))
  end)

  it("is not known without headers", function()
    assert.is_nil(wait(429, {}))
    assert.is_nil(wait(429, { ["retry-after"] = "soon" }))
  end)

  it("is never given for usage caps", function()
    local headers = { date = DATE, ["retry-after"] = "5",
      ["x-rate-limit-reset"] = tostring(DATE_SECONDS + 300) }
    local err = failure(429, { title = "UsageCapExceeded", period = "Monthly",
      type = PREFIX .. "usage-capped" }, headers)
    assert.is_nil(err.retry_after)
    assert.are.equal("rate_limit", err.kind)
    assert.is_truthy(err.hint:find("cap", 1, true))
  end)
end)


describe("hints", function()
  local function hint(status, body, headers, context)
    return failure(status, body, headers, context).hint or ""
  end

  it("say what can be done", function()
    local cases = {
      { 403, { title = "Forbidden", detail = "Forbidden" }, "scope" },
      { 403, { errors = { { code = 187, message = "x" } } }, "recently" },
      { 402, { title = "CreditsDepleted", type = PREFIX .. "credits" },
        "credits" },
      { 403, { title = "SpendCapReached" }, "spending limit" },
      { 403, { type = PREFIX .. "client-forbidden",
        reason = "client-not-enrolled" }, "project" },
      { 403, { type = PREFIX .. "client-forbidden",
        reason = "official-client-forbidden" }, "refuses" },
      { 403, { errors = { { code = 453 } } }, "project" },
      { 403, { type = PREFIX .. "oauth1-permissions" }, "read and write" },
      { 403, { type = PREFIX .. "unsupported-authentication" }, "credential" },
      { 401, { title = "Unauthorized" }, "expired or revoked" },
      { 401, { errors = { { code = 89 } } }, "expired" },
      { 400, { error = "invalid_request", error_description =
        "Value passed for the token was invalid." }, "sign in again" },
      { 400, { error = "invalid_grant" }, "sign in again" },
      { 400, { error = "invalid_request", error_description = "Value passed "
        .. "for the authorization code was invalid." }, "30 seconds" },
      { 429, { connection_issue = "TooManyConnections",
        type = PREFIX .. "streaming-connection" }, "close the other" },
      { 409, { connection_issue = "RuleConfigurationIssue" }, "add a rule" },
      { 403, "<html><title>Attention</title>", "edge" },
      { 503, "", "may have taken effect" },
    }
    for _, case in ipairs(cases) do
      local text = hint(case[1], case[2])
      assert.is_truthy(text:find(case[3], 1, true), case[3] .. ": " .. text)
    end
  end)

  it("name a clock that is wrong", function()
    local body = { errors = { { code = 135, message = "Timestamp" } } }
    assert.is_truthy(hint(401, body, { date = DATE },
      { now = DATE_SECONDS + 900 }):find("900 seconds ahead of", 1, true))
    assert.is_truthy(hint(401, body, { date = DATE },
      { now = DATE_SECONDS - 400 }):find("400 seconds behind", 1, true))
    assert.is_nil(hint(401, body, { date = DATE },
      { now = DATE_SECONDS + 3 }):find("clock", 1, true))
  end)

  it("are silent when there is nothing to say", function()
    assert.are.equal("", hint(404, { title = "Not Found" }))
    assert.are.equal("", hint(503, "", nil, { method = "GET" }))
  end)
end)


describe("secrets", function()
  local secrets = { "s3cr3t/Tok+en=1:1", "s3cr3t/Tok+en=1:1:longer", "tiny" }
  local words = { "s3cr3t", "longer" }

  it("are replaced wherever they stand", function()
    assert.are.equal("a [redacted] b [redacted]",
      errors.redact("a s3cr3t/Tok+en=1:1 b s3cr3t/Tok+en=1:1", secrets))
    assert.are.equal("[redacted]",
      errors.redact("s3cr3t/Tok+en=1:1:longer", secrets))
    assert.are.equal("x=[redacted]&[redacted]", errors.redact(
      "x=s3cr3t%2FTok%2Ben%3D1%3A1&s3cr3t%2fTok%2ben%3d1%3a1", secrets))
    assert.are.equal("tiny %d+ (x", errors.redact("tiny %d+ (x", { "tiny" }))
    assert.are.equal("", errors.redact("", secrets))
    assert.are.equal("plain", errors.redact("plain", nil))
    assert.are.equal("[redacted].", errors.redact("%d+(%w)$.", { "%d+(%w)$" }))
  end)

  it("do not stay in any field of an error", function()
    local word = "s3cr3t/Tok+en=1:1"
    local encoded = "s3cr3t%2FTok%2Ben%3D1%3A1"
    local bodies = {
      { title = word, detail = "got " .. word, type = PREFIX .. encoded,
        errors = { word, { message = word, parameters = { x = { word } },
          [word] = encoded } }, [word] = word, deep = { { { word } } } },
      { error = "invalid_request", error_description = word },
      word .. " plain " .. encoded,
      "<html><title>" .. word .. "</title>",
      '<errors><error code="1">' .. word .. "</error></errors>",
      '"' .. word .. '"', '{"a":"' .. word,
    }
    for _, body in ipairs(bodies) do
      for _, status in ipairs { 200, 400, 401, 500 } do
        local err = failure(status, body, { location = "x?" .. encoded,
          ["x-list"] = { word }, ["x-transaction-id"] = word },
          { operation = "op", secrets = secrets })
        assert_free_of(err, words)
        assert_free_of(tostring(err), words)
      end
    end
    assert_free_of(errors.from_transport { message = "at " .. word,
      url = encoded, secrets = secrets }, words)
  end)

  it("do not survive by being cut in two", function()
    for length = 2000, 2060 do
      local body = ("a "):rep(length) .. "s3cr3t/Tok+en=1:1:longer"
      assert_free_of(failure(400, body, nil, { secrets = secrets }), words)
      assert_free_of(failure(400, "<x>" .. body, nil, { secrets = secrets }),
        words)
    end
    for length = 480, 1030 do
      local err = errors.new { kind = "network", secrets = secrets,
        message = ("a"):rep(length) .. secrets[1] }
      assert.is_nil(err.message:find("s3c", 1, true))
    end
  end)

  it("are known by their names, too", function()
    local bodies = {
      { access_token = "s3cr3tvalue", refresh_token = { "s3cr3tvalue" } },
      "oauth_token=s3cr3tvalue&oauth_token_secret=s3cr3tvalue&x=1",
      '{"access_token":"s3cr3tvalue', '{\\"access_token\\": \\"s3cr3tvalue',
      "see https://x.com/cb?code=s3cr3tvalue&state=s3cr3tvalue",
      "https://me:s3cr3tvalue@proxy.example:80 failed",
      "Authorization: Bearer s3cr3tvalueAAAAAAAAAAAAAAA%2FBB",
      "Authorization: Basic s3cr3tvalueAAAAAAAAAAAA==",
      'OAuth oauth_signature="s3cr3tvalue", oauth_token="s3cr3tvalue"',
    }
    for _, body in ipairs(bodies) do
      for _, status in ipairs { 200, 400, 500 } do
        assert_free_of(failure(status, body), { "s3cr3t" })
      end
    end
  end)

  it("are not seen in prose", function()
    for _, text in ipairs { "Missing required parameter [access_token].",
        "refresh_token: HTTP 400", "Bearer token was refused",
        "Basic authentication is off", "client_secret is missing" } do
      assert.are.equal(text, failure(400, text).detail)
    end
  end)
end)


describe("texts from outside", function()
  it("are made harmless", function()
    local err = failure(400, { title = "T\r\nX: y\27[31m\0",
      detail = "a\194\155b\226\128\174c\226\128\168d\127\tz  \n\n y",
      errors = { "x\nFAKE LOG LINE" } })
    assert.is_nil(tostring(err):find("%c"))
    assert.is_nil(err.title:find("%c"))
    assert.are.equal("a b c d z y", err.detail)
    assert.are.equal("x FAKE LOG LINE", err.errors[1].message)
    err = failure(400, "bad \255\254 bytes")
    assert.are.equal("bad ?? bytes", err.detail)
  end)

  it("are bounded, and not cut inside a character", function()
    for extra = 0, 4 do
      local err = failure(400, ("x"):rep(extra) .. ("é𝕏"):rep(9999))
      assert.is_true(#err.message <= 500)
      assert.is_true(#err.detail <= 1024)
      assert.is_nil(require "twitter.unicode".invalid(err.message))
      assert.are.equal("...", err.message:sub(-3))
    end
    local err = failure(400, { errors = { { message = ("y"):rep(99999) } } },
      { ["x-long"] = ("z"):rep(99999) })
    assert.is_true(#err.errors[1].message <= 1024)
    assert.is_true(#err.headers["x-long"] <= 1024)
  end)

  it("lose null, depth and length without a bound", function()
    local err = failure(400, '{"title":null,"a":[1,null,2],"b":{"c":null},"d":'
      .. ("["):rep(50) .. ("]"):rep(50) .. "}")
    assert.are.same({ 1, 2 }, err.body.a)
    assert.are.same({}, err.body.b)
    assert.is_nil(err.title)
  end)
end)


describe("headers", function()
  it("are kept, without cookies", function()
    local headers = { ["x-transaction-id"] = "abc", date = DATE,
      ["set-cookie"] = { "guest_id=1", "__cf_bm=2" }, via = { "a", "b" } }
    local err = failure(500, "", headers)
    assert.are.same({ ["x-transaction-id"] = "abc", date = DATE,
      via = { "a", "b" } }, err.headers)
    assert.are.equal("abc", err.request_id)
    assert.are.equal(2, #headers["set-cookie"])
  end)
end)
