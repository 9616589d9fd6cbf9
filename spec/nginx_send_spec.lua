-- Calls that nobody waits for, inside nginx: how many at once, what happens
-- when too many wait, what is logged, and that a reload loses none.

local failure = require "support.failure"
local host = require "support.host.nginx"
local sandbox = require "support.sandbox"

local init =
  [[ assert(require("twitter").configure(os.getenv "PARAMETERS")) ]]

-- GET /send?n sends so many.
local send = [[
  local twitter = require "twitter"
  local counters = ngx.shared.counters
  local full = 0
  for _ = 1, tonumber(ngx.var.args) do
    local ok, err = twitter.send("create_text_tweet",
      ("text %d"):format(counters:incr("texts", 1, 0)))
    if not ok then
      assert(err.problem == "queue-full", tostring(err))
      full = full + 1
    end
  end
  ngx.print(full)
]]

local stats = [[
  local stats = require("twitter").send_stats()
  ngx.print(("%d queued, %d running, %d sent, %d failed, %d dropped"):format(
    stats.queued, stats.running, stats.sent, stats.failed, stats.dropped))
]]

local locations = {
  ["/send"] = send, ["/stats"] = stats,
  ["/flush"] = [[
    local ok, err = require("twitter").flush(tonumber(ngx.var.args))
    ngx.print(tostring(ok), " ", tostring(err))
  ]],
}


host.describe("twitter.send in nginx", function()
  local box, nginx, parameters

  setup(function() box = assert(sandbox.start { limits = false }) end)
  teardown(function() box:stop() end)

  local function start(options)
    parameters = box:parameters("oauth2")
    for name, value in pairs(options.changes or {}) do
      parameters[name] = value
    end
    options.parameters, options.init = parameters, init
    options.locations = options.locations or locations
    nginx = assert(host.start(options))
  end

  after_each(function()
    assert(box:control("POST", "/reset"))
    if nginx then nginx:stop() end
    nginx = nil
  end)

  local function fault(fields, times)
    assert(box:control("POST", "/faults", {
      match = { path = "/2/tweets" }, times = times, fault = fields }))
  end

  local function posts()
    return #assert(box:control("GET", "/state")).posts
  end

  it("counts what became of the calls", function()
    start {}
    assert.equal("0", nginx:get("/send?50").body)
    assert.equal("true nil", nginx:get("/flush?10").body)
    assert.equal("0 queued, 0 running, 50 sent, 0 failed, 0 dropped",
      nginx:get("/stats").body)
    assert.equal(50, posts())
    assert.equal("", nginx:faults())
  end)

  it("has at most 16 under way, and refuses when too many wait", function()
    start { changes = { send_queue = 20 } }
    fault({ kind = "delay", seconds = 1 }, 16)
    assert.equal("0", nginx:get("/send?16").body)
    assert.truthy(host.step_until(function()
      return nginx:get("/stats").body:find("^0 queued, 16 running")
    end))
    assert.equal("5", nginx:get("/send?25").body)
    assert.equal("20 queued, 16 running, 0 sent, 0 failed, 5 dropped",
      nginx:get("/stats").body)
    assert.equal("true nil", nginx:get("/flush?20").body)
    assert.equal("0 queued, 0 running, 36 sent, 0 failed, 5 dropped",
      nginx:get("/stats").body)
  end)

  it("says by flush what has not been done in time", function()
    start {}
    fault({ kind = "delay", seconds = 2 }, 2)
    nginx:get("/send?2")
    assert.matches("^nil flush: 2 calls are under way and 0 wait %(unknown%)$",
      nginx:get("/flush?0.1").body)
    assert.equal("true nil", nginx:get("/flush").body)
  end)

  it("logs each failure once, without a secret", function()
    start { changes = { max_retries = 0 } }
    fault({ kind = "status", status = 503 }, 3)
    fault({ kind = "not_json" }, 1)
    nginx:get("/send?5")
    nginx:get("/flush?10")
    assert.equal("0 queued, 0 running, 1 sent, 4 failed, 0 dropped",
      nginx:get("/stats").body)
    local _, count = nginx:log():gsub(
      "%[error%][^\n]*twitter: send: create_text_tweet: ", "")
    assert.equal(4, count)
    assert.is_nil(failure.leak(nginx:log(), failure.spellings(parameters)))
  end)

  it("logs what a callback raised, and goes on", function()
    start { locations = { ["/send"] = [[
      local twitter = require "twitter"
      local client = twitter.new(os.getenv "PARAMETERS")
      client:send("create_image_tweet", "one", "spec/fixtures/picture.png",
        { progress = function() error("a mistake of the user's") end })
      client:send("create_text_tweet", "two")
      twitter.flush(10)
    ]] .. stats } }
    local counted = nginx:get("/send").body
    assert.matches("^0 queued, 0 running, %d sent, %d failed, 0 dropped",
      counted)
    assert.truthy(posts() > 0)
  end)

  it("raises misuse at the caller", function()
    start { locations = { ["/"] = [[
      local twitter = require "twitter"
      local client = assert(twitter.new())
      for _, try in ipairs {
        function() twitter.send() end,
        function() twitter.send("create_tweet") end,
        function() twitter.send("create_text_tweet", 1) end,
        function() client:send("create_text_tweet", {}) end,
        function() client.send("create_text_tweet", "x") end,
        function() twitter:send("create_text_tweet", "x") end,
        function() twitter.flush("soon") end,
      } do
        local ok, message = pcall(try)
        ngx.say(tostring(ok), " ", (message:gsub("^[^ ]* ", "")))
      end
    ]] } }
    assert.equal(table.concat({
      "false bad argument #1 to 'send' (name of a function expected, got nil)",
      "false bad argument #1 to 'send' (name of a function expected, got "
        .. "'create_tweet')",
      "false bad argument #1 to 'create_text_tweet' (string expected, got "
        .. "number)",
      "false bad argument #1 to 'create_text_tweet' (string expected, got "
        .. "table)",
      "false calling 'send' on bad self (use client:send(...))",
      "false calling 'send' with ':' (use twitter.send(...), or "
        .. "client:send(...))",
      "false bad argument #1 to 'flush' (number expected, got string)", "",
    }, "\n"), (nginx:get("/").body:gsub("content_by_lua[^ ]* ", "")))
  end)

  it("says at once what is wrong with the parameters", function()
    start { locations = { ["/"] = [[
      local ok, err = require("twitter").send("create_text_tweet", "x",
        { tiemout = 1 })
      ngx.print(tostring(ok), " ", err.kind, " ", err.message)
    ]] } }
    assert.matches("^nil invalid unknown parameter 'tiemout'",
      nginx:get("/").body)
  end)

  it("loses none at a reload", function()
    start { workers = 2 }
    fault({ kind = "delay", seconds = 0.3 }, 200)
    for _ = 1, 10 do nginx:get("/send?20") end
    local old = nginx:workers()
    nginx:signal("HUP")
    assert.truthy(host.wait_for(function()
      local alive = {}
      for _, pid in ipairs(nginx:workers(true)) do alive[pid] = true end
      return not alive[old[1]] and not alive[old[2]]
    end, 20))
    assert.equal(200, posts())
    assert.equal("", nginx:faults())
  end)

  it("loses none when timers are short, and says so when there are none",
    function()
      start { http = "lua_max_running_timers 3;" }
      nginx:get("/send?30")
      assert.equal("true nil", nginx:get("/flush?20").body)
      assert.equal(30, posts())
      nginx:stop()
      start { http = "lua_max_pending_timers 1;", locations = { ["/"] = [[
        assert(ngx.timer.at(100, function() end))
        local twitter = require "twitter"
        local ok, err = twitter.send("create_text_tweet", "x")
        ngx.print(tostring(ok), " ", tostring(err), " ",
          twitter.send_stats().dropped)
      ]] } }
      assert.equal("nil create_text_tweet: no timer can be started: too many "
        .. "pending timers (not sent) 1", nginx:get("/").body)
    end)
end)
