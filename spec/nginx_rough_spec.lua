-- Calls inside nginx whose caller disappears, and workers where the library
-- cannot have what it would like: every other call is unharmed, and nothing
-- is left behind.

local host = require "support.host.nginx"
local sandbox = require "support.sandbox"

local init =
  [[ assert(require("twitter").configure(os.getenv "PARAMETERS")) ]]

local prelude = [[
  local twitter = require "twitter"
  local counters = ngx.shared.counters
  local function post()
    counters:incr("begun", 1, 0)
    local value, err = twitter.create_text_tweet(("text %d of %d"):format(
      counters:incr("texts", 1, 0), ngx.worker.pid()))
    counters:incr("ended", 1, 0)
    return value and "posted" or tostring(err)
  end
]]

local locations = {
  ["/post"] = prelude .. [[ ngx.print(post()) ]],
  ["/counts"] = [[
    local counters = ngx.shared.counters
    ngx.print(counters:get("begun") or 0, " ", counters:get("ended") or 0)
  ]],
  ["/collect"] = [[ collectgarbage() collectgarbage() ngx.print("done") ]],
  ["/kill"] = prelude .. [[
    local threads = {}
    for i = 1, 4 do threads[i] = ngx.thread.spawn(post) end
    ngx.sleep(0.005)
    for i = 1, 4 do ngx.thread.kill(threads[i]) end
    ngx.print("killed")
  ]],
  ["/race"] = prelude .. [[
    local slow = ngx.thread.spawn(post)
    local fast = ngx.thread.spawn(function() ngx.sleep(0.005) return "fast" end)
    local _, winner = ngx.thread.wait(slow, fast)
    ngx.print(winner)
    ngx.exit(200)
  ]],
  ["/exit"] = prelude .. [[
    for i = 1, 4 do ngx.thread.spawn(post) end
    ngx.sleep(0.005)
    ngx.exit(204)
  ]],
  ["/abort"] = prelude .. [[
    ngx.on_abort(function() ngx.exit(499) end)
    ngx.print(post())
  ]],
  ["/error"] = prelude .. [[
    ngx.thread.spawn(post)
    ngx.sleep(0.005)
    error("on purpose")
  ]],
}

host.describe("in nginx, when things are rough,", function()
  local box, nginx

  setup(function() box = assert(sandbox.start { limits = false }) end)
  teardown(function() box:stop() end)
  after_each(function()
    assert(box:control("DELETE", "/faults"))
    if nginx then nginx:stop() end
    nginx = nil
  end)

  local function start(options)
    options.parameters, options.locations = box:parameters("oauth2"), {}
    for _, list in ipairs { locations, options.more or {} } do
      for path, code in pairs(list) do options.locations[path] = code end
    end
    options.init = options.init or init
    nginx = assert(host.start(options))
    return nginx:workers()[1]
  end

  local function delay(seconds)
    assert(box:control("POST", "/faults", { match = { path = "/2/tweets" },
      times = 100000, fault = { kind = "delay", seconds = seconds } }))
  end

  -- The first request tells our client that nginx speaks HTTP/1: the others
  -- have a connection each.
  local function posts_well(count)
    assert.equal("posted", nginx:get("/post").body)
    assert.same({ ["200 posted"] = count or 40 },
      nginx:load("/post", count or 40))
  end

  -- Does something many times; the worker must be the same as before.
  local function abuse(path, count, status)
    local pid = nginx:workers()[1]
    posts_well()
    local before = host.figures(pid)
    delay(0.1)
    for answer in pairs(nginx:load(path, count, 20)) do
      assert.equal(status, answer:sub(1, 3))
    end
    posts_well()
    nginx:get("/collect")
    assert.same({ pid }, nginx:workers())
    assert.truthy(host.step_until(function()
      return host.figures(pid) <= before + 3  -- not one for each
    end), "descriptors: " .. before .. ", now " .. host.figures(pid))
  end

  it("threads are killed", function()
    start {}
    abuse("/kill", 100, "200")
    assert.equal("", nginx:faults())
  end)

  it("a call loses a race", function()
    start {}
    abuse("/race", 100, "200")
    assert.equal("", nginx:faults())
  end)

  it("requests end before their calls", function()
    start {}
    abuse("/exit", 100, "204")
    assert.equal("", nginx:faults())
  end)

  it("a request raises while its calls are under way", function()
    start {}
    abuse("/error", 50, "500")
    assert.equal("", nginx:faults { "on purpose" })
  end)

  -- Clients that go away once their calls are under way.
  local function leave(path, count)
    local begun = tonumber((nginx:get("/counts").body:match("^%d+")))
    local transfers = {}
    for i = 1, count do transfers[i] = nginx:start(path) end
    assert(host.step_until(function()
      return tonumber((nginx:get("/counts").body:match("^%d+")))
        == begun + count
    end))
    for i = 1, count do transfers[i]:close() end
  end

  for _, case in ipairs { { "on", "/abort" }, { "on", "/post" },
      { "off", "/post" } } do
    it(("clients leave: %s, lua_check_client_abort %s"):format(case[2],
        case[1]), function()
      local pid = start {
        server = ("lua_check_client_abort %s;"):format(case[1]) }
      posts_well()
      local before = host.figures(pid)
      delay(0.1)
      for _ = 1, 3 do leave(case[2], 40) end
      assert(box:control("DELETE", "/faults"))
      posts_well()
      nginx:get("/collect")
      assert.truthy(host.step_until(function()
        return host.figures(pid) <= before + 3  -- not one for each
      end))
      if case[1] == "off" then  -- the calls go on to their ends
        assert.truthy(host.step_until(function()
          local begun, ended = nginx:get("/counts").body:match("(%d+) (%d+)")
          return begun == ended
        end))
      end
      assert.equal("", nginx:faults())
    end)
  end

  -- ---- where the dispatcher cannot run ----

  -- Makes the mailbox's method `name` do something else.
  local function with_method(name, code)
    return init .. ([[
      require("twitter.core").mailbox():close()
      debug.getregistry()["twitter.mailbox"].__index.%s = function() %s end
    ]]):format(name, code)
  end

  for name, case in pairs {
    ["no timer may run"] = { "does not start", {
      http = "lua_max_running_timers 1;",
      init_worker = [[ ngx.timer.at(0, function() ngx.sleep(60) end) ]] } },
    ["no timer may wait"] = { "cannot start: too many pending timers", {
      http = "lua_max_pending_timers 1;",
      init_worker = [[ ngx.timer.at(60, function() end) ]] } },
    ["no socket can be made"] = { "ended: there is no room", {
      init = with_method("listen", [[ return nil, "there is no room" ]]) } },
    ["nobody accepts the connection"] = { "ended: it is full", {
      init = with_method("accept", [[ return nil, "it is full" ]]) } },
    ["the dispatcher hears nothing"] = { nil, {
      init = with_method("accept", [[ return true ]]) } },
  } do
    it("calls find their answers: " .. name, function()
      start(case[2])
      delay(0.6)
      posts_well(10)
      assert(box:control("DELETE", "/faults"))
      posts_well()
      if case[1] then
        assert.truthy(nginx:log():find("twitter: the dispatcher " .. case[1],
          1, true), nginx:log())
      end
      assert.equal("", nginx:faults { "lua_max_running_timers",
        "read timed out, context: ngx.timer" })
    end)
  end

  -- ---- what the process is like ----

  it("a name server that never answers stops nobody", function()
    if host.is_sanitized() then return pending "two libraries to preload" end
    local build = (os.getenv("BUILD") or "build") .. "/luajit"
    local preload = build .. "/slowdns.nginx.so"
    assert(os.execute(("unset LD_PRELOAD; ${CC:-cc} -std=gnu99 -O1 -fPIC "
      .. "-shared -o %s spec/support/slowdns.c"):format(preload)))
    local mark = os.tmpname()
    os.remove(mark)
    start { main = "env SLOWDNS;",
      environment = { LD_PRELOAD = preload, SLOWDNS = mark },
      more = { ["/nowhere"] = [[
        local value, err = require("twitter").request("GET", "/2/users/me", nil,
          { api_url = "https://api.example.com", timeout = 0.5,
            max_retries = 0 })
        ngx.print(tostring(value), " ", err.kind, " ", err.outcome)
      ]] } }
    posts_well()
    local transfers = {}
    for i = 1, 20 do transfers[i] = nginx:start("/nowhere") end
    posts_well(10)
    for i = 1, 20 do
      assert.equal("nil timeout not_sent", host.finish(transfers[i]).body)
    end
    posts_well(10)
    assert.is_nil((io.open(mark)))
    assert.equal("", nginx:faults())
  end)

  it("a program that the worker starts inherits nothing of ours", function()
    start { more = {
      ["/children"] = [[
        local pipe = io.popen("ls /proc/self/fd | wc -l")
        ngx.print((pipe:read("*a"):gsub("%s", "")))
        pipe:close()
      ]],
      ["/timers"] = [[ ngx.print(ngx.timer.running_count()) ]],
    } }
    local before = nginx:get("/children").body
    assert.equal("posted", nginx:get("/post").body)
    assert.truthy(host.step_until(function()
      return nginx:get("/timers").body == "0"
    end))
    assert.equal(before, nginx:get("/children").body)
  end)

  it("the dispatcher's socket has no name any more once it is connected",
    function()
      start {}
      delay(0.3)
      local transfer = nginx:start("/post")
      host.step(0.1)
      assert.equal(0, nginx:sockets())
      assert.equal("posted", host.finish(transfer).body)
    end)
end)
