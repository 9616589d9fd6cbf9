-- twitter.parallel: functions whose calls are in flight together.

local sandbox = require "support.sandbox"
local scheduler = require "twitter.transport.scheduler"
local sources = require "twitter.transport.sources"
local twitter = require "twitter"

local unpack = table.unpack or unpack

describe("twitter.parallel", function()
  local box, client

  setup(function()
    box = assert(sandbox.start { limits = false, processing = { polls = 2,
      check_after_secs = 0.02 } })
    client = assert(twitter.new(box:parameters("oauth2")))
  end)
  teardown(function() box:stop() end)
  before_each(function()
    assert(box:control("DELETE", "/faults"))
    assert(box:control("DELETE", "/requests"))
  end)

  local function fault(match, wish, times)
    assert(box:control("POST", "/faults",
      { match = match, fault = wish, times = times or 1 }))
  end

  local function me()
    return assert(client:request("GET", "/2/users/me"))
  end

  -- Told from the others by its query, for a fault of its own.
  local marked = { query = { ["user.fields"] = "name" } }
  local is_marked = { query = "user.fields=name" }

  local function logged()
    return assert(box:control("GET", "/requests")).requests
  end

  local number = 0

  local function post()
    number = number + 1
    return client:create_text_tweet("parallel " .. number)
  end

  -- Tasks that call and note when they are done.
  local function noting(list, name, work)
    return function()
      work()
      list[#list + 1] = name
    end
  end

  describe("answers", function()
    it("in the order of the tasks, whichever ends first", function()
      fault(is_marked, { kind = "delay", seconds = 0.1 })
      local done = {}
      local function task(name, options)
        return function()
          assert(client:request("GET", "/2/users/me", options))
          done[#done + 1] = name
          return name
        end
      end
      local results = assert(twitter.parallel { task("first", marked),
        task("second"), task("third") })
      assert.same({ { n = 1, "first" }, { n = 1, "second" },
        { n = 1, "third" } }, results)
      assert.equal("first", done[3])
    end)

    it("all that a task returns, holes included", function()
      local results = assert(twitter.parallel {
        function() return nil, nil, 3, nil end,
        function() end,
        function() me() return unpack({ 1, nil, false, nil }, 1, 4) end,
      })
      assert.same({ n = 4, [3] = 3 }, results[1])
      assert.same({ n = 0 }, results[2])
      assert.same({ n = 4, 1, nil, false }, results[3])
    end)

    it("what a call failed with", function()
      fault({ method = "POST" }, { kind = "status", status = 403 })
      local results = assert(twitter.parallel { post, function() return 1 end })
      assert.equal(2, results[1].n)
      assert.is_nil(results[1][1])
      assert.is_true(twitter.is_error(results[1][2]))
      assert.equal(403, results[1][2].status)
      assert.same({ n = 1, 1 }, results[2])
    end)

    it("what a task raised, while the others go on", function()
      local raised = setmetatable({}, { __tostring = function()
        return "an object"
      end })
      local results = assert(twitter.parallel {
        function() error("at once", 0) end,
        function() me() error("later", 0) end,
        function() me() error(raised) end,
        function() me() return "fine" end,
      })
      for i, message in ipairs { "at once", "later", "an object" } do
        local result = results[i]
        assert.equal(2, result.n)
        assert.is_nil(result[1])
        assert.is_true(twitter.is_error(result[2]))
        assert.equal(message, result[2].message)
        assert.equal("parallel", result[2].operation)
      end
      assert.same({ n = 1, "fine" }, results[4])
    end)

    it("an error object as it was raised", function()
      local problem
      local results = assert(twitter.parallel { function()
        local _, err = client:request("GET", "relative")
        problem = err
        error(err)
      end })
      assert.is_true(rawequal(problem, results[1][2]))
    end)

    it("an empty list for an empty list", function()
      assert.same({}, twitter.parallel {})
    end)

    it("for tasks that make no call, thousands of them", function()
      local tasks = {}
      for i = 1, 5000 do tasks[i] = function() return i end end
      local results = assert(twitter.parallel(tasks))
      assert.equal(5000, #results)
      assert.equal(4999, results[4999][1])
    end)
  end)

  describe("keeps in flight", function()
    local function most_at_once(count, options)
      local now, most, tasks = 0, 0, {}
      for i = 1, count do
        tasks[i] = function()
          now = now + 1
          most = math.max(most, now)
          me()
          now = now - 1
        end
      end
      for _, result in ipairs(assert(twitter.parallel(tasks, options))) do
        assert.equal(0, result.n, tostring(result[2]))
      end
      return most
    end

    it("as many as it is told", function()
      assert.equal(1, most_at_once(4, { concurrency = 1 }))
      assert.equal(3, most_at_once(10, { concurrency = 3 }))
      assert.equal(5, most_at_once(5, { concurrency = 64 }))
    end)

    it("16 unless it is told", function()
      assert.equal(16, most_at_once(40))
      assert.equal(16, most_at_once(20, {}))
    end)

    it("32 calls on one connection", function()
      most_at_once(32, { concurrency = 32 })
      local connections, count = {}, 0
      for _, entry in ipairs(logged()) do
        count = count + 1
        connections[tostring(entry.connection)] = true
      end
      assert.equal(32, count)
      assert.is_nil((next(connections, (next(connections)))))
    end)

    it("more calls than a connection has streams", function()
      assert.equal(150, most_at_once(150, { concurrency = 150 }))
    end)
  end)

  describe("lets a task", function()
    it("wait for its next attempt, while the others go on", function()
      fault(is_marked, { kind = "status", status = 503 }, 2)
      local done = {}
      local results = assert(twitter.parallel {
        noting(done, "tired", function()
          local _, facts = assert(client:request("GET", "/2/users/me",
            marked))
          assert(facts.attempts == 3)
        end),
        noting(done, "fresh", me), noting(done, "fresh", me),
      })
      for i = 1, 3 do assert.equal(0, results[i].n, results[i][2]) end
      assert.same({ "fresh", "fresh", "tired" }, done)
    end)

    it("upload and wait for the processing", function()
      local tasks = {}
      for i = 1, 3 do
        tasks[i] = function()
          return client:create_video_tweet("video " .. i,
            "spec/fixtures/video.mp4")
        end
        tasks[3 + i] = function()
          return client:upload_attachments_array("spec/fixtures/picture.jpg",
            "tweet_image")
        end
      end
      local results = assert(twitter.parallel(tasks))
      local seen = {}
      for i = 1, 3 do
        assert.is_string(assert(unpack(results[i], 1, 2)).data.id)
        local id = assert(unpack(results[3 + i], 1, 2))[1]
        assert.is_nil(seen[id])
        seen[id] = true
      end
    end)

    it("make many calls, one after another", function()
      local results = assert(twitter.parallel {
        function() for _ = 1, 5 do me() end return 5 end,
        function() for _ = 1, 3 do me() end return 3 end,
      })
      assert.equal(5, results[1][1])
      assert.equal(3, results[2][1])
      assert.equal(8, #logged())
    end)

    it("call from coroutines of its own", function()
      local function each()
        return coroutine.wrap(function()
          for _ = 1, 3 do coroutine.yield(me().data.username) end
        end)
      end
      local function work()
        local names = {}
        for name in each() do names[#names + 1] = name end
        return #names
      end
      local results = assert(twitter.parallel { work, work, post })
      assert.equal(3, results[1][1])
      assert.equal(3, results[2][1])
      assert.is_table(results[3][1])
    end)

    it("call from pcall, metamethods, iterators and sort functions", function()
      local lazy = setmetatable({}, { __index = function() return me() end })
      local work = {
        function() return select(2, pcall(me)) end,
        function() return select(2, pcall(pcall, me)) and me() end,
        function() return lazy.anything end,
        function()
          local found
          for value in function(_, last) return not last and me() or nil end do
            found = value
          end
          return found
        end,
        function()
          local list = { 2, 1 }
          table.sort(list, function(a, b) return me() and a < b end)
          return list[1] == 1 and me()
        end,
        function() return (("x"):gsub("x", function() me() return "y" end)) end,
      }
      local tasks = {}
      for i = 1, 12 do tasks[i] = work[(i - 1) % #work + 1] end
      for i, result in ipairs(assert(twitter.parallel(tasks))) do
        assert.truthy(result[1], i .. ": " .. tostring(result[2]))
      end
    end)

    it("raise across pcall after a call", function()
      local results = assert(twitter.parallel { function()
        return pcall(function() me() error("inside", 0) end)
      end, post })
      assert.same({ n = 2, false, "inside" }, results[1])
    end)

    it("yield by itself, to let the others go first", function()
      local order = {}
      local results = assert(twitter.parallel {
        function()
          order[#order + 1] = "a"
          coroutine.yield("ignored")
          order[#order + 1] = "c"
          me()
          coroutine.yield()
          return "end"
        end,
        function() order[#order + 1] = "b" end,
      })
      assert.equal("abc", table.concat(order))
      assert.same({ n = 1, "end" }, results[1])
    end)
  end)

  describe("inside parallel", function()
    it("moves on with the outer tasks", function()
      fault(is_marked, { kind = "delay", seconds = 0.6 })
      local done = {}
      local results = assert(twitter.parallel {
        function()
          return twitter.parallel {
            noting(done, "slow", function()
              assert(client:request("GET", "/2/users/me", marked))
            end),
            noting(done, "inner", me),
          }
        end,
        noting(done, "outer", function() for _ = 1, 3 do me() end end),
      })
      assert.equal(2, #results[1][1])
      assert.equal("slow", done[3])
    end)

    it("nests, and bounds each level by itself", function()
      local now, most = 0, 0
      local function leaf()
        now = now + 1
        most = math.max(most, now)
        me()
        now = now - 1
        return 1
      end
      local function branch()
        local total = 0
        for _, result in ipairs(assert(twitter.parallel({ leaf, leaf, leaf },
          { concurrency = 2 }))) do
          total = total + result[1]
        end
        return total
      end
      local results = assert(twitter.parallel { branch, branch,
        function() return assert(twitter.parallel { branch })[1][1] end })
      assert.same({ { n = 1, 3 }, { n = 1, 3 }, { n = 1, 3 } }, results)
      assert.equal(6, most)
    end)

    it("hands errors upwards", function()
      local results = assert(twitter.parallel { function()
        local inner = assert(twitter.parallel {
          function() me() error("deep", 0) end })
        error(inner[1][2])
      end })
      assert.equal("deep", results[1][2].message)
    end)

    it("also where the task cannot yield", function()
      local results = assert(twitter.parallel { function()
        return select(2, pcall(twitter.parallel, { me, me }))
      end, me })
      assert.equal(2, #results[1][1])
    end)
  end)

  describe("refuses", function()
    -- The message, and whether it names the line of the call.
    local function raised(...)
      local arguments = { n = select("#", ...), ... }
      local ok, message = pcall(function()
        twitter.parallel(unpack(arguments, 1, arguments.n))
      end)
      assert.is_false(ok)
      assert.matches("^[^:]*parallel_spec%.lua:%d+: ", message)
      return (message:gsub("^[^:]*:%d+: ", ""))
    end

    it("what is no list, at the caller's line and in Lua's words", function()
      assert.equal(
        "bad argument #1 to 'parallel' (table expected, got nil)", raised())
      assert.equal(
        "bad argument #1 to 'parallel' (table expected, got function)",
        raised(print))
      assert.equal(
        "bad argument #2 to 'parallel' (table expected, got number)",
        raised({}, 3))
      assert.matches("calling 'parallel' with ':'", raised(twitter, {}))
    end)

    it("lists of anything but functions, before any of them runs", function()
      local function never() error("ran") end
      for _, tasks in ipairs { { never, 2 }, { never, "x" }, { {} },
        { never, nil, never }, { [2] = never }, { never, extra = never } } do
        local results, err = twitter.parallel(tasks)
        assert.is_nil(results)
        assert.equal("invalid", err.kind)
        assert.equal("not_sent", err.outcome)
      end
    end)

    it("options that mean nothing", function()
      for _, bad in ipairs { 0, -1, 1.5, 0 / 0, math.huge, "4", {}, true } do
        local results, err = twitter.parallel({}, { concurrency = bad })
        assert.is_nil(results)
        assert.equal("invalid", err.kind)
      end
      local results, err = twitter.parallel({}, { concurency = 2 })
      assert.is_nil(results)
      assert.matches("concurency", err.message)
    end)
  end)

  describe("leaves nothing behind:", function()
    local function round()
      local tasks = {}
      for i = 1, 20 do
        tasks[i] = i % 5 == 0 and function() me() error("x") end or me
      end
      assert(twitter.parallel(tasks))
    end

    it("memory stays flat over many rounds", function()
      local function used()
        for _ = 1, 3 do collectgarbage() end
        return collectgarbage("count")
      end
      for _ = 1, 5 do round() end
      local before = used()
      for _ = 1, 20 do round() end
      assert.is_true(used() - before < 64, used() - before)
    end)

    it("a scheduler that nobody holds is collected, calls and all", function()
      fault({ path = "/2/users/me" }, { kind = "stall_before" }, 3)
      local weak = setmetatable({}, { __mode = "v" })
      do
        local loop = scheduler.new(sources.engine())
        for _ = 1, 3 do loop:start(me, function() end) end
        loop:step(0.01)
        weak[1] = loop
      end
      for _ = 1, 4 do collectgarbage() end
      assert.is_nil(weak[1])
      assert(box:control("DELETE", "/faults"))
      me()
    end)

    it("a dropped scheduler's calls are canceled, its tasks stand", function()
      fault({ path = "/2/users/me" }, { kind = "stall_before" }, 3)
      local engine = require("twitter.transport.blocking").engine()
      local before, ended = engine:finished(), 0
      local loop = scheduler.new(sources.engine())
      for _ = 1, 3 do
        loop:start(me, function() ended = ended + 1 end)
      end
      loop:step(0.01)
      assert.equal(before, engine:finished())
      loop:drop()
      assert.equal(before + 3, engine:finished())
      loop:step(0)
      assert.equal(0, ended)
      assert.equal(0, loop.alive)
    end)
  end)

  it("notices a call that ended while another waited alone", function()
    -- the second task's call is made where it cannot yield
    local results = assert(twitter.parallel {
      me,
      function()
        local list = { 2, 1 }
        table.sort(list, function(a, b) return me() and a < b end)
        return true
      end,
    })
    assert.is_table(results[1][1])
    assert.is_true(results[2][1])
  end)
end)
