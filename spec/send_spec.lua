-- Calls that a script does not wait for, until it flushes.

local failure = require "support.failure"
local sandbox = require "support.sandbox"
local twitter = require "twitter"

describe("twitter.send in a script", function()
  local box, parameters, client

  setup(function() box = assert(sandbox.start { limits = false }) end)
  teardown(function() box:stop() end)

  before_each(function()
    assert(box:control("POST", "/reset"))
    parameters = box:parameters("oauth2")
    parameters.max_retries = 0
    client = assert(twitter.new(parameters))
  end)

  local function fault(fields, times)
    assert(box:control("POST", "/faults", {
      match = { path = "/2/tweets" }, times = times, fault = fields }))
  end

  local function posts()
    local list = {}
    for _, post in ipairs(assert(box:control("GET", "/state")).posts) do
      list[post.text] = true
    end
    return list
  end

  -- What a function adds to the counters.
  local function difference(work)
    local before = twitter.send_stats()
    work()
    local after = twitter.send_stats()
    assert.same({ 0, 0 }, { after.queued, after.running })
    return { after.sent - before.sent, after.failed - before.failed,
      after.dropped - before.dropped }
  end

  -- Runs `work` with the standard error going to a file.
  local function said(work)
    local path, stderr = os.tmpname(), io.stderr
    local file = assert(io.open(path, "w"))
    rawset(io, "stderr", file)
    local ok, message = pcall(work)
    rawset(io, "stderr", stderr)
    file:close()
    file = assert(io.open(path))
    local text = file:read("*a")
    file:close()
    os.remove(path)
    assert(ok, message)
    return text
  end

  it("makes them all by the time flush returns", function()
    assert.same({ 40, 0, 0 }, difference(function()
      for i = 1, 40 do
        assert.is_true(client:send("create_text_tweet", "text " .. i))
      end
      assert.is_true(twitter.flush(20))
    end))
    local made = posts()
    for i = 1, 40 do assert.is_true(made["text " .. i]) end
  end)

  it("refuses what would make the queue too long", function()
    fault({ kind = "delay", seconds = 0.5 }, 16)
    local narrow = assert(client:with { send_queue = 2 })
    assert.same({ 18, 0, 1 }, difference(function()
      for i = 1, 18 do
        assert.is_true(narrow:send("create_text_tweet", "text " .. i))
      end
      local stats = twitter.send_stats()
      assert.same({ 2, 16 }, { stats.queued, stats.running })
      local ok, err = narrow:send("create_text_tweet", "text 19")
      failure.expect(parameters, { kind = "invalid", outcome = "not_sent",
        problem = "queue-full", operation = "create_text_tweet",
        message = "^2 calls are waiting" }, ok, err)
      assert.is_true(twitter.flush(20))
    end))
  end)

  it("counts and reports failures, without a secret", function()
    fault({ kind = "status", status = 503 }, 2)
    local text
    assert.same({ 1, 2, 0 }, difference(function()
      text = said(function()
        for i = 1, 3 do
          assert(client:send("create_text_tweet", "text " .. i))
        end
        assert.is_true(twitter.flush(20))
      end)
    end))
    local _, count = text:gsub("twitter: send: create_text_tweet: HTTP 503[^\n]*\n",
      "")
    assert.equal(2, count)
    assert.is_nil(failure.leak(text, failure.spellings(parameters)))
  end)

  it("says by flush what is not done in time", function()
    fault({ kind = "delay", seconds = 1 }, 1)
    assert(client:send("create_text_tweet", "late"))
    local ok, err = twitter.flush(0.05)
    assert.is_nil(ok)
    assert.same({ "timeout", "flush", "1 calls are under way and 0 wait" },
      { err.kind, err.operation, err.message })
    assert.is_true(twitter.flush())
  end)

  it("can be used by a call's own callback, which cannot flush", function()
    local flushed
    assert.same({ 2, 0, 0 }, difference(function()
      assert(client:send("create_image_tweet", "picture",
        "spec/fixtures/picture.png", { progress = function()
          if flushed then return end
          flushed = select(2, twitter.flush(1))
          assert(client:send("create_text_tweet", "about the picture"))
        end }))
      assert.is_true(twitter.flush(20))
    end))
    assert.equal("flush: a call that was sent cannot wait for itself "
      .. "(not sent)", tostring(flushed))
    local made = posts()
    assert.is_true(made["picture"] and made["about the picture"])
  end)

  it("goes on beside blocking and parallel calls", function()
    fault({ kind = "delay", seconds = 0.2 }, 3)
    assert.same({ 3, 0, 0 }, difference(function()
      for i = 1, 2 do assert(client:send("create_text_tweet", "text " .. i)) end
      assert(client:create_text_tweet("between"))
      local results = assert(twitter.parallel {
        function() return client:send("create_text_tweet", "text 3") end,
        function() return client:create_text_tweet("beside") end,
      })
      assert.is_true(results[1][1])
      assert.truthy(results[2][1])
      assert.is_true(twitter.flush(20))
    end))
  end)

  it("has nothing to wait for when nothing was sent", function()
    assert.is_true(twitter.flush(0))
  end)

  it("raises misuse at the caller", function()
    local function refused(pattern, work, ...)
      local ok, message = pcall(work, ...)
      assert.is_false(ok)
      assert.matches(pattern, message)
    end
    refused("name of a function expected, got nil", twitter.send)
    refused("got string", twitter.send, "AAAA%2Fsecret")
    refused("'create_text_tweet' %(string expected", twitter.send,
      "create_text_tweet", 1)
    refused("calling 'send' on bad self", client.send, "create_text_tweet")
    refused("calling 'send' with ':'", twitter.send, twitter, "x")
    refused("'flush' %(number expected", twitter.flush, "soon")
  end)
end)
