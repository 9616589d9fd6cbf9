-- twitter.loop: calls beside the work of another event loop.

local child = require "support.child"
local core = require "twitter.core"
local sandbox = require "support.sandbox"
local twitter = require "twitter"

local load_text = loadstring or load
assert(load_text(child.module("process")))()
local process = require "process"

local has_cqueues, cqueues = pcall(require, "cqueues")
local has_luv, luv = pcall(require, "luv")

describe("twitter.loop", function()
  local box, client, loop

  setup(function()
    box = assert(sandbox.start { limits = false, processing = { polls = 2,
      check_after_secs = 0.02 } })
    client = assert(twitter.new(box:parameters("oauth2")))
  end)
  teardown(function() box:stop() end)
  before_each(function()
    assert(box:control("DELETE", "/faults"))
    loop = twitter.loop()
  end)
  after_each(function() loop:close() end)

  local function fault(wish, times)
    assert(box:control("POST", "/faults", { match = { path = "/2/users/me" },
      fault = wish, times = times or 1 }))
  end

  local function me()
    return client:request("GET", "/2/users/me")
  end

  -- Polls and steps until nothing is under way.
  local function finish()
    while loop:pending() > 0 do
      assert.is_true(process.poll(loop:descriptor(), 30))
      loop:step()
    end
  end

  local function is_readable()
    return process.poll(loop:descriptor(), 0)
  end

  describe("runs a task", function()
    it("and hands its results to the callback", function()
      local got
      loop:run(function() return me().data.username, nil, 3 end, function(...)
        got = { n = select("#", ...), ... }
      end)
      assert.is_nil(got)
      assert.equal(1, loop:pending())
      finish()
      assert.equal(3, got.n)
      assert.is_string(got[1])
      assert.equal(3, got[3])
    end)

    it("that makes no call within `run`", function()
      local got
      loop:run(function() return "at once" end, function(v) got = v end)
      assert.equal("at once", got)
      assert.equal(0, loop:pending())
    end)

    it("without a callback", function()
      loop:run(me)
      loop:run(function() error("nobody hears it") end)
      finish()
    end)

    it("that raises, and hands on what it raised", function()
      local value, problem = true, nil
      local object = {}
      loop:run(function() assert(me()) error(object) end, function(v, err)
        value, problem = v, err
      end)
      finish()
      assert.is_nil(value)
      assert.is_true(rawequal(object, problem))
    end)

    it("that starts others", function()
      local names = {}
      loop:run(function()
        me()
        loop:run(me, function() names[#names + 1] = "inner" end)
        me()
      end, function() names[#names + 1] = "outer" end)
      finish()
      assert.equal(2, #names)
    end)

    it("that sleeps between attempts, uploads and waits", function()
      fault({ kind = "status", status = 503 }, 1)
      local attempts, id
      loop:run(function() return select(2, me()) end, function(facts)
        attempts = facts.attempts
      end)
      loop:run(function()
        return client:create_video_tweet("video", "spec/fixtures/video.mp4")
      end, function(post, err) id = assert(post, err).data.id end)
      finish()
      assert.equal(2, attempts)
      assert.is_string(id)
    end)

    it("that runs others in parallel, and is not kept by them", function()
      local results, single
      fault({ kind = "delay", seconds = 0.1 }, 2)
      loop:run(function() return twitter.parallel { me, me } end,
        function(list) results = list end)
      assert.is_nil(results)   -- `run` did not wait for them
      loop:run(me, function(value) single = value end)
      finish()
      assert.is_table(results[1][1])
      assert.is_table(results[2][1])
      assert.is_table(single)
    end)

    it("that yields by itself", function()
      local got
      loop:run(function() coroutine.yield() return me() end, function(v)
        got = v
      end)
      assert.is_true(is_readable())
      finish()
      assert.is_table(got)
    end)

    it("that cannot yield, alone", function()
      local got
      loop:run(function()
        local list = { 2, 1 }
        table.sort(list, function(a, b) return me() and a < b end)
        return list[1]
      end, function(v) got = v end)
      assert.equal(1, got)
    end)
  end)

  it("lets the others go on when a callback raises", function()
    local ended = 0
    for i = 1, 5 do
      loop:run(me, function()
        ended = ended + 1
        if i % 2 == 1 then error("callback " .. i, 0) end
      end)
    end
    local raised = 0
    while loop:pending() > 0 do
      assert.is_true(process.poll(loop:descriptor(), 30))
      local ok, message = pcall(loop.step, loop)
      if not ok then
        raised = raised + 1
        assert.matches("^callback %d$", message)
      end
    end
    assert.equal(5, ended)
    assert.is_true(raised >= 1 and raised <= 3)
  end)

  describe("has a descriptor that is readable", function()
    it("exactly when there is something to do", function()
      assert.is_false(is_readable())
      loop:step()
      assert.is_false(is_readable())
      fault({ kind = "delay", seconds = 0.2 }, 2)
      loop:run(me)
      loop:run(me)
      assert.is_false(is_readable())
      loop:step()
      assert.is_false(is_readable())
      while loop:pending() > 0 do
        assert.is_true(process.poll(loop:descriptor(), 30))
        local before = loop:pending()
        loop:step()
        assert.is_true(loop:pending() < before)
        assert.is_false(loop:pending() > 0 and is_readable()
          and loop:pending() == before)
      end
      assert.is_false(is_readable())
    end)

    it("as well when it is asked for after the calls ended", function()
      loop:run(me)
      local mailbox = loop.source.mailbox
      while loop:pending() > 0 and not loop.number do
        process.sleep(0.05)
        loop.number = loop:descriptor()
      end
      assert.is_true(process.poll(loop.number, 30))
      assert.equal(loop.number, mailbox:descriptor())
      finish()
    end)

    it("and keeps its number", function()
      local number = loop:descriptor()
      loop:run(me)
      finish()
      assert.equal(number, loop:descriptor())
    end)
  end)

  it("serves a host that only steps, again and again", function()
    local got = 0
    for _ = 1, 20 do loop:run(me, function(v) assert(v) got = got + 1 end) end
    while loop:pending() > 0 do loop:step() end
    assert.equal(20, got)
  end)

  it("shares one connection among its calls", function()
    assert(box:control("DELETE", "/requests"))
    for _ = 1, 32 do loop:run(me) end
    finish()
    local connections = {}
    for _, entry in ipairs(assert(box:control("GET", "/requests")).requests) do
      connections[tostring(entry.connection)] = true
    end
    assert.is_nil((next(connections, (next(connections)))))
  end)

  describe("closes", function()
    before_each(function() fault({ kind = "stall_before" }, 10) end)

    it("with calls under way, which answer that they were canceled",
      function()
        local seen, ends = {}, {}
        for i = 1, 3 do
          loop:run(function()
            local value, err = me()
            seen[i] = err.kind
            return value, err, i
          end, function(value, err, number)
            ends[#ends + 1] = { value, err.kind, number }
          end)
        end
        loop:step()
        loop:close()
        assert.same({ "canceled", "canceled", "canceled" }, seen)
        assert.equal(3, #ends)
        for _, got in ipairs(ends) do
          assert.is_nil(got[1])
          assert.equal("canceled", got[2])
          assert.is_number(got[3])
        end
        assert.equal(0, loop:pending())
      end)

    it("with a task that will not take no for an answer", function()
      local attempts, problem = 0, nil
      loop:run(function()
        repeat attempts = attempts + 1 until me()
      end, function(_, err) problem = err end)
      loop:close()
      assert.equal(2, attempts)
      assert.equal("canceled", problem.kind)
      assert.equal("loop: the loop was closed (unknown)", tostring(problem))
    end)

    it("with parallel calls inside a task", function()
      local inner
      loop:run(function()
        inner = twitter.parallel({ me, me, me }, { concurrency = 2 })
        return "end"
      end, function(value) assert.equal("end", value) end)
      loop:close()
      assert.equal(3, #inner)
      for i = 1, 3 do assert.equal("canceled", inner[i][2].kind) end
    end)

    it("with a task between two attempts, and one that just yielded",
      function()
        assert(box:control("DELETE", "/faults"))
        fault({ kind = "status", status = 503 }, 9)
        local kinds = {}
        loop:run(me, function(_, err) kinds[#kinds + 1] = err.kind end)
        loop:run(function() coroutine.yield() coroutine.yield() end,
          function(_, err) kinds[#kinds + 1] = err.kind end)
        process.poll(loop:descriptor(), 1)
        loop:close()
        assert.same({ "canceled", "canceled" }, kinds)
      end)

    it("from within one of its tasks", function()
      local other, own = nil, "not called"
      loop:run(me, function(_, err) other = err.kind end)
      loop:run(function()
        loop:close()
        return "own end"
      end, function(value) own = value end)
      assert.equal("canceled", other)
      assert.equal("own end", own)
      assert.equal(0, loop:pending())
    end)

    it("though a callback raises", function()
      local calls = 0
      for _ = 1, 3 do
        loop:run(me, function() calls = calls + 1 error("oh", 0) end)
      end
      local ok, message = pcall(loop.close, loop)
      assert.is_false(ok)
      assert.equal("oh", message)
      assert.equal(3, calls)
      loop:close()
    end)

    it("for good", function()
      loop:close()
      loop:close()
      loop:step()
      local number, message = loop:descriptor()
      assert.is_nil(number)
      assert.equal("the loop is closed", message)
      assert.equal(0, loop:pending())
      assert.has_error(function() loop:run(me) end)
      assert.equal("twitter.loop (closed)", tostring(loop))
    end)

    it("when nobody holds it any more", function()
      local weak = setmetatable({}, { __mode = "v" })
      do
        local lost = twitter.loop()
        lost:run(me)
        lost:run(function() coroutine.yield() end)
        weak[1], weak[2] = lost, lost.source.mailbox
      end
      for _ = 1, 4 do collectgarbage() end
      assert.is_nil(weak[1])
      assert.is_nil(weak[2])
    end)
  end)

  describe("raises at the caller's line", function()
    local function raised(work, ...)
      local ok, message = pcall(work, ...)
      assert.is_false(ok)
      assert.matches("^[^:]*loop_spec%.lua:%d+: ", message)
      return message
    end

    it("for arguments that are none", function()
      assert.matches("bad argument #1 to 'run' %(function expected, got nil%)",
        raised(function() loop:run() end))
      assert.matches("bad argument #2 to 'run' %(function expected, got table",
        raised(function() loop:run(me, {}) end))
    end)

    it("for a dot in place of the colon", function()
      for _, name in ipairs { "run", "step", "pending", "descriptor",
        "close" } do
        assert.matches("calling '" .. name .. "' on bad self",
          raised(function() loop[name](me) end))
      end
    end)

    it("for a loop that is closed", function()
      loop:close()
      assert.matches("the loop is closed",
        raised(function() loop:run(me) end))
    end)
  end)

  -- 100 calls, eight at a time, beside a timer of the host's that goes on all
  -- the while: each is counted, and both must have moved together.
  local function start_calls(on_idle)
    local count, started = 0, 0
    local function start()
      if started == 100 then
        if count == 100 then on_idle() end
        return
      end
      started = started + 1
      loop:run(me, function(value, err)
        assert(value, err)
        count = count + 1
        start()
      end)
    end
    for _ = 1, 8 do start() end
    return function() return count end
  end

  it("works beside cqueues' timers", function()
    if not has_cqueues then return pending "cqueues is not here" end
    fault({ kind = "delay", seconds = 0.05 }, 1)
    local host, done, ticks, between = cqueues.new(), false, 0, 0
    local count = start_calls(function() done = true end)
    host:wrap(function()
      local readable = { pollfd = loop:descriptor(), events = "r" }
      while not done do
        cqueues.poll(readable)
        loop:step()
      end
    end)
    host:wrap(function()
      while not done do
        cqueues.sleep(0.001)
        ticks = ticks + 1
        if count() > 0 and count() < 100 then between = between + 1 end
      end
    end)
    assert(host:loop())
    assert.equal(100, count())
    assert.is_true(ticks > 0 and between > 0)
  end)

  it("works beside luv's timers", function()
    if not has_luv then return pending "luv is not here" end
    fault({ kind = "delay", seconds = 0.05 }, 1)
    local ticks, between = 0, 0
    local timer, poll = luv.new_timer(), luv.new_poll(loop:descriptor())
    local count = start_calls(function()
      poll:stop()
      timer:stop()
      poll:close()
      timer:close()
    end)
    poll:start("r", function() loop:step() end)
    timer:start(1, 1, function()
      ticks = ticks + 1
      if count() > 0 and count() < 100 then between = between + 1 end
    end)
    luv.run()
    assert.equal(100, count())
    assert.is_true(ticks > 0 and between > 0)
  end)

  it("works beside other loops", function()
    local other, got = twitter.loop(), 0
    for _ = 1, 10 do
      loop:run(me, function() got = got + 1 end)
      other:run(me, function() got = got + 1 end)
    end
    finish()
    while other:pending() > 0 do
      process.poll(other:descriptor(), 30)
      other:step()
    end
    other:close()
    assert.equal(20, got)
    assert.is_number(core.now())
  end)
end)
