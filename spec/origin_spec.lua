-- How many transfers a server is given at a time, and what those that have to
-- wait for their turn get to feel.

local core = require "twitter.core"
local sandbox = require "support.sandbox"

describe("an engine's server", function()
  local box, bearer, engine, settings, other

  setup(function()
    box = assert(sandbox.start { limits = false })
    bearer = "Bearer " .. box:parameters("oauth2").access_token
    settings = core.settings { ca_file = box.ca_file, timeout = 20 }
    other = core.settings { ca_file = box.ca_file, http_version = "1.1" }
  end)
  teardown(function() box:stop() end)
  before_each(function()
    engine = core.engine()
    assert(box:control("DELETE", "/faults"))
    assert(box:control("DELETE", "/requests"))
  end)
  after_each(function() engine:close() end)

  local function add(how, base)
    local one = assert(core.transfer(how or settings, "GET",
      (base or box.api_url) .. "/2/users/me", { "authorization", bearer }))
    engine:add(one)
    return one
  end

  local function finish(one)
    while not engine:wait(one, 0.5) do end
    return one:result()
  end

  local function crowd(count)
    finish(add())   -- the connection stands, HTTP/2 is known
    assert(box:control("POST", "/faults", { match = { path = "/2/users/me" },
      times = count, fault = { kind = "stall_before" } }))
    local list = {}
    for i = 1, count do list[i] = add() end
    engine:step(0)
    return list
  end

  local function connections()
    local seen, count = {}, 0
    for _, entry in ipairs(assert(box:control("GET", "/requests")).requests) do
      if not seen[entry.connection] then count = count + 1 end
      seen[entry.connection] = true
    end
    return count
  end

  it("stays bounded on HTTP/2, whatever travels over HTTP/1 by choice",
    function()
      crowd(100)
      assert.equal("1.1", (select(4, finish(add(other)))))
      local late = add()
      assert.is_false(engine:wait(late, 0.3))
    end)

  it("keeps no call from another server", function()
    local list = crowd(100)
    local late = add()
    assert.is_false(late:done())
    assert.equal(404, (finish(add(settings, box.upload_url))))
    assert.is_false(late:done())
    list[1]:close()                  -- makes room for one
    assert.equal(200, (finish(late)))
  end)

  it("serves those who wait in the order in which they came", function()
    local list = crowd(100)
    local waiting = {}
    for i = 1, 6 do waiting[i] = add() end
    assert(box:control("POST", "/faults", { match = { path = "/2/users/me" },
      times = 6, fault = { kind = "stall_before" } }))
    for i = 1, 5 do
      list[i]:close()
      engine:step(0)
    end
    waiting[6]:close()               -- out of the middle of nothing
    assert.is_false(waiting[1]:done())
    engine:cancel(waiting[3])
    assert.equal("canceled", (select(2, waiting[3]:result())))
  end)

  it("is waited for no longer than the call's time-out", function()
    local list = crowd(100)
    local late = add(core.settings { ca_file = box.ca_file, timeout = 0.3,
      stall_timeout = 0 })
    local status, kind, _, left = finish(late)
    assert.is_nil(status)
    assert.equal("timeout", kind)
    assert.is_false(left)
    assert.is_false(list[100]:done())
  end)

  it("takes the time it let wait off the call's time-out", function()
    local list = crowd(100)
    local late = add(core.settings { ca_file = box.ca_file, timeout = 0.8,
      stall_timeout = 0 })
    assert(box:control("POST", "/faults", { match = { path = "/2/users/me" },
      fault = { kind = "stall_before" } }))
    local started = core.now()
    while core.now() - started < 0.5 do engine:step(0.05) end
    list[1]:close()
    local status, kind = finish(late)
    assert.is_nil(status)
    assert.equal("timeout", kind)
    assert.is_true(core.now() - started < 1.25)   -- 0.5 + 0.8 without it
  end)

  it("may be one of hundreds", function()
    local list = {}
    for port = 1, 300 do
      list[port] = add(settings, "https://127.0.0.1:" .. port)
    end
    for _, one in ipairs(list) do assert.is_nil((finish(one))) end
    list = {}
    for i = 1, 150 do list[i] = add() end
    for i = 1, 150 do assert.equal(200, (finish(list[i]))) end
    assert.equal(1, connections())
  end)

  it("may be left with calls under way and others waiting", function()
    local list = crowd(100)
    local late = add()
    engine:close()
    assert.equal("canceled", (select(2, late:result())))
    assert.equal("canceled", (select(2, list[1]:result())))
    engine = core.engine()
  end)
end)
