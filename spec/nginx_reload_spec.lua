-- Worker processes come and go: reloads, kills, an upstream that vanishes,
-- a Lua state for each request. No answer is lost that can be given, and no
-- process, thread or descriptor stays behind. spec/chaos/nginx.lua does the
-- same for longer.

local host = require "support.host.nginx"
local sandbox = require "support.sandbox"

local init =
  [[ assert(require("twitter").configure(os.getenv "PARAMETERS")) ]]

local prelude = [[
  local twitter = require "twitter"
  local function post()
    local value, err = twitter.create_text_tweet(("text %d of %d"):format(
      ngx.shared.counters:incr("texts", 1, 0), ngx.worker.pid()))
    return value and "posted" or tostring(err)
  end
]]

local locations = {
  ["/post"] = prelude .. [[ ngx.print(post()) ]],
  ["/collect"] = [[ collectgarbage() collectgarbage() ngx.print("done") ]],
  ["/ping"] = [[ ngx.print("pong") ]],
}


host.describe("nginx's workers", function()
  local box, nginx

  setup(function() box = assert(sandbox.start { limits = false }) end)
  teardown(function() box:stop() end)
  after_each(function()
    assert(box:control("DELETE", "/faults"))
    if nginx then nginx:stop() end
    nginx = nil
  end)

  local function start(options)
    options.parameters = options.parameters or box:parameters("oauth2")
    options.locations = options.locations or locations
    options.init = options.init or init
    nginx = assert(host.start(options))
    return nginx:workers()[1]
  end

  local function fault(fields, times)
    assert(box:control("POST", "/faults", { match = { path = "/2/tweets" },
      times = times or 100000, fault = fields }))
  end

  -- Calls under way, on connections that are there already: `count` of them,
  -- which X answers as ordered.
  local function begin(count, order)
    assert.equal("posted", nginx:get("/post").body)
    assert.same({ ["200 posted"] = count }, nginx:load("/post", count))
    fault(order, count)
    local transfers = {}
    for i = 1, count do transfers[i] = nginx:start("/post") end
    host.step(0.15)
    return transfers
  end

  local function only_workers_left(count)
    return host.step_until(function()
      return #nginx:workers(true) == count
    end, 20)
  end

  -- A keep-alive connection that the old worker closes as the next request
  -- is on its way is nginx's own and has nothing to do with calls.
  local function all_posted(tally, count)
    local posted, closed = 0, 0
    for answer, times in pairs(tally) do
      if answer == "200 posted" then posted = posted + times
      else
        assert.matches("^0 network", answer)
        closed = closed + times
      end
    end
    assert.equal(count, posted + closed)
    assert.truthy(closed <= count / 50, closed .. " closed")
  end

  it("are replaced under load and lose no answer", function()
    start { workers = 2 }
    fault { kind = "delay", seconds = 0.02 }
    all_posted(nginx:load("/post", 1000, 20, function(done)
      if done % 100 == 0 then nginx:signal("HUP") end
    end), 1000)
    assert.truthy(only_workers_left(2))
    assert.equal(1, (select(2, host.figures(nginx:pid()))))
    assert.equal("", nginx:faults())
  end)

  it("finish what they have begun when they are told to quit", function()
    local pid = start {}
    local transfers = begin(20, { kind = "delay", seconds = 0.5 })
    nginx:signal("QUIT")
    for i = 1, 20 do
      assert.same({ status = 200, body = "posted" },
        host.finish(transfers[i]))
    end
    assert.truthy(host.wait_for(function()
      return not io.open("/proc/" .. pid .. "/status")
    end))
    assert.equal("", nginx:faults())
  end)

  it("end at once, in order, when they are told to, whatever is under way",
    function()
      for _ = 1, 5 do
        local pid = start { workers = 1 }
        local transfers = begin(20, { kind = "stall_before" })
        nginx:signal("TERM")
        assert.truthy(host.step_until(function()
          return not io.open("/proc/" .. pid .. "/status")
        end))
        for i = 1, 20 do transfers[i]:close() end
        assert.equal("", nginx:faults())
        nginx:stop()
        assert(box:control("DELETE", "/faults"))
      end
    end)

  it("are killed: the next one makes calls", function()
    local pid = start {}
    local transfers = begin(10, { kind = "stall_before" })
    nginx:signal("KILL", pid)
    for i = 1, 10 do assert.equal(0, host.finish(transfers[i]).status) end
    assert.truthy(host.step_until(function()
      local now = nginx:workers()[1]
      return now and now ~= pid and nginx:get("/ping").body == "pong"
    end))
    assert(box:control("DELETE", "/faults"))
    assert.same({ ["200 posted"] = 20 }, nginx:load("/post", 20))
    assert.equal("", nginx:faults { "exited on signal 9" })
  end)

  it("outlive an X that goes away and comes back", function()
    local other = assert(sandbox.start { limits = false })
    local parameters = other:parameters("oauth2")
    parameters.max_retries, parameters.timeout = 0, 5
    start { parameters = parameters }
    assert.same({ ["200 posted"] = 20 }, nginx:load("/post", 20))
    local pid = assert(io.open(other.directory .. "/nginx.pid")):read("*n")
    os.execute("kill -STOP " .. pid)
    local transfers = {}
    for i = 1, 20 do transfers[i] = nginx:start("/post") end
    host.step(0.1)
    for _ = 1, 5 do assert.equal("pong", nginx:get("/ping").body) end
    os.execute("kill -CONT " .. pid)
    for i = 1, 20 do
      assert.equal("posted", host.finish(transfers[i]).body)
    end
    other:stop()
    for answer in pairs(nginx:load("/post", 20)) do
      assert.matches("^200 create_text_tweet: .*%(not sent%)", answer)
    end
    assert.equal("", nginx:faults())
  end)

  it("keep neither memory nor descriptors", function()
    local pid = start {}
    assert.equal("posted", nginx:get("/post").body)
    assert.same({ ["200 posted"] = 2000 }, nginx:load("/post", 2000, 32))
    nginx:get("/collect")
    local descriptors, threads, memory = host.figures(pid)
    for _ = 1, 3 do
      assert.same({ ["200 posted"] = 1000 }, nginx:load("/post", 1000, 32))
    end
    nginx:get("/collect")
    local now_descriptors, now_threads, now_memory = host.figures(pid)
    assert.truthy(now_descriptors <= descriptors + 1)
    assert.equal(threads, now_threads)
    assert.truthy(host.is_sanitized() or now_memory < memory + 3000,
      ("%d KiB, then %d"):format(memory, now_memory))
  end)

  it("can have a Lua state for each request", function()
    local pid = start {
      init = [[ ]], http = "lua_code_cache off;",
      locations = {
        ["/post"] = init .. prelude .. [[ ngx.print(post()) ]],
        ["/send"] = init .. [[
          local ok, err = require("twitter").send("create_text_tweet",
            "sent " .. ngx.shared.counters:incr("texts", 1, 0))
          ngx.print(ok and "sent" or tostring(err))
        ]],
        ["/ping"] = locations["/ping"],
      },
    }
    assert.same({ ["200 posted"] = 60 }, nginx:load("/post", 60, 10))
    local state = assert(box:control("GET", "/state")).counts.posts
    assert.same({ ["200 sent"] = 20 }, nginx:load("/send", 20, 5))
    assert.truthy(host.step_until(function()
      return assert(box:control("GET", "/state")).counts.posts == state + 20
    end))
    -- with the last Lua state that used it, the thread ends as well
    assert.truthy(host.step_until(function()
      return select(2, host.figures(pid)) == 1
    end))
    assert.same({ ["200 posted"] = 10 }, nginx:load("/post", 10, 5))
    assert.equal("", nginx:faults { "lua_code_cache is off" })
  end)

  it("are no workers at all: a single process", function()
    start { single = true }
    assert.same({ ["200 posted"] = 40 }, nginx:load("/post", 40, 10))
    nginx:signal("QUIT")
    assert.truthy(host.wait_for(function() return not nginx:pid() end))
    assert.equal("", nginx:faults())
  end)
end)
