local retry = require "twitter.retry"

local function failed(kind, outcome, status)
  return { kind = kind, outcome = outcome, status = status }
end

describe("twitter.retry", function()
  it("repeats what never left, whatever it is", function()
    assert.is_number(retry.delay(failed("network", "not_sent"), 1, false, 2))
    assert.is_number(retry.delay(failed("timeout", "not_sent"), 1, false, 2))
  end)

  it("never repeats what may have taken effect", function()
    assert.is_nil(retry.delay(failed("network", "unknown"), 1, false, 2))
    assert.is_nil(retry.delay(failed("timeout", "unknown"), 1, false, 2))
    assert.is_nil(retry.delay(failed("http", "unknown", 503), 1, false, 2))
  end)

  it("repeats what is harmless to repeat", function()
    assert.is_number(retry.delay(failed("network", "unknown"), 1, true, 2))
    assert.is_number(retry.delay(failed("http", "unknown", 502), 1, true, 2))
  end)

  it("does not repeat what the server refused", function()
    for _, status in ipairs { 400, 401, 402, 403, 404, 409, 413 } do
      assert.is_nil(retry.delay(failed("http", "refused", status), 1, true, 2))
    end
    assert.is_nil(retry.delay(failed("rate_limit", "refused", 429), 1, true, 2))
    assert.is_nil(retry.delay(failed("tls", "not_sent"), 1, true, 2))
  end)

  it("stops after max_retries", function()
    local err = failed("network", "not_sent")
    assert.is_number(retry.delay(err, 2, false, 2))
    assert.is_nil(retry.delay(err, 3, false, 2))
    assert.is_nil(retry.delay(err, 1, false, 0))
  end)

  it("waits longer each time, within bounds", function()
    local err = failed("network", "not_sent")
    for attempt, most in ipairs { 0.25, 0.5, 1, 2, 4, 8, 8 } do
      for _ = 1, 20 do
        local seconds = retry.delay(err, attempt, false, 100)
        assert.is_true(seconds >= most / 2 and seconds <= most)
      end
    end
  end)

  it("honours the server's word, unless it asks for too much", function()
    local err = failed("http", "unknown", 503)
    err.retry_after = 5
    assert.equal(5, retry.delay(err, 1, true, 2))
    err.retry_after = 3600
    assert.is_nil(retry.delay(err, 1, true, 2))
  end)
end)
