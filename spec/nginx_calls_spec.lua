-- Calls from nginx: the worker goes on while they wait, wherever the library
-- was loaded first and in how many workers.

local host = require "support.host.nginx"
local sandbox = require "support.sandbox"

-- The functions that the cases' Lua code uses; `texts` never repeat.
local prelude = [[
  local twitter = require "twitter"
  local counters = ngx.shared.counters
  local function text()
    return ("text %d of %d"):format(counters:incr("texts", 1, 0),
      ngx.worker.pid())
  end
]]

local post = prelude .. [[
  counters:incr("begun", 1, 0)
  local value, err = twitter.create_text_tweet(text())
  ngx.print(value and "posted" or tostring(err))
]]

local configure =
  [[ assert(require("twitter").configure(os.getenv "PARAMETERS")) ]]

host.describe("in nginx", function()
  local box, nginx

  setup(function() box = assert(sandbox.start { limits = false }) end)
  teardown(function() box:stop() end)
  after_each(function()
    if nginx then
      local faults = nginx:faults()
      nginx:stop()
      nginx = nil
      assert.equal("", faults)
    end
    assert(box:control("DELETE", "/faults"))
  end)

  local function start(options)
    options.parameters = options.parameters or box:parameters("oauth2")
    nginx = assert(host.start(options))
  end

  local function delay(times, seconds)
    assert(box:control("POST", "/faults", {
      match = { path = "/2/tweets" }, times = times,
      fault = { kind = "delay", seconds = seconds },
    }))
  end

  local locations = {
    ["/post"] = post,
    ["/begun"] = [[ ngx.print(ngx.shared.counters:get("begun") or 0) ]],
    ["/ping"] = [[ ngx.print("pong") ]],
  }

  it("a call answers as it does in a script", function()
    start {
      init = configure,
      locations = { ["/facts"] = prelude .. [[
        local value, facts = twitter.create_text_tweet("the one")
        ngx.print(value.data.text, " ", facts.status, " ",
          type(facts.headers["content-type"]), " ", facts.http_version)
      ]], ["/refused"] = prelude .. [[
        local value, err = twitter.create_text_tweet("the one")
        ngx.print(tostring(value), " ", err.kind, " ", err.outcome, " ",
          err.status, " ", err.operation)
      ]], ["/raises"] = prelude .. [[
        local ok, message = pcall(twitter.create_text_tweet, 1)
        ngx.print(tostring(ok), " ", message)
      ]] },
    }
    assert.same({ status = 200, body = "the one 201 string 2" },
      nginx:get("/facts"))
    assert.same({ status = 200, body = "nil http refused 403 create_text_tweet" },
      nginx:get("/refused"))
    assert.matches("^false bad argument #1 to 'create_text_tweet'",
      nginx:get("/raises").body)
  end)

  it("64 waiting calls keep nobody else from being answered", function()
    start { init = configure, locations = locations }
    assert.equal("posted", nginx:get("/post").body)
    delay(64, 3)
    local transfers = {}
    for i = 1, 64 do transfers[i] = nginx:start("/post") end
    assert(host.step_until(function()
      return nginx:get("/begun").body == "65"
    end))
    for _ = 1, 20 do assert.equal("pong", nginx:get("/ping").body) end
    for i = 1, 64 do assert.is_false(transfers[i]:done()) end
    for i = 1, 64 do
      assert.same({ status = 200, body = "posted" }, host.finish(transfers[i]))
    end
  end)

  it("calls that X never answers keep nobody from being answered", function()
    local parameters = box:parameters("oauth2")
    parameters.timeout, parameters.max_retries = 1, 0
    start { init = configure, locations = locations, parameters = parameters }
    assert.equal("posted", nginx:get("/post").body)
    assert(box:control("POST", "/faults", { match = { path = "/2/tweets" },
      times = 32, fault = { kind = "stall_before" } }))
    local transfers = {}
    for i = 1, 32 do transfers[i] = nginx:start("/post") end
    for _ = 1, 10 do assert.equal("pong", nginx:get("/ping").body) end
    for i = 1, 32 do
      assert.matches("^create_text_tweet: .*%(unknown%)",
        host.finish(transfers[i]).body)
    end
    assert.equal("posted", nginx:get("/post").body)
  end)

  for name, options in pairs {
    ["in init, at the level of a module"] = { init = configure },
    ["in init_worker"] = { init_worker = configure },
    ["by the first request"] = { locations = {
      ["/post"] = configure .. post } },
    ["in a timer"] = { init_worker = ("ngx.timer.at(0, function() %s "
      .. "ngx.shared.counters:set('ready', 1) end)"):format(configure),
      locations = { ["/post"] = "while not ngx.shared.counters:get('ready') "
        .. "do ngx.sleep(0.01) end " .. post } },
  } do
    it("it works when it is loaded " .. name, function()
      options.locations = options.locations or { ["/post"] = post }
      start(options)
      assert.same({ ["200 posted"] = 40 }, nginx:load("/post", 40, 10))
    end)
  end

  it("four workers have a thread each, and none before the first call",
    function()
      start { workers = 4, init = configure, locations = { ["/post"] = post
        .. [[ ngx.sleep(0.05) ]], ["/ping"] = [[ ngx.print("pong") ]] } }
      nginx:get("/ping")
      for _, pid in ipairs(nginx:workers()) do
        assert.equal(1, (select(2, host.figures(pid))))
      end
      assert.same({ ["200 posted"] = 400 }, nginx:load("/post", 400, 100))
      local used = 0
      for _, pid in ipairs(nginx:workers()) do
        local _, threads = host.figures(pid)
        assert.truthy(threads <= 3)  -- and one that looks a name up
        if threads > 1 then used = used + 1 end
      end
      assert.truthy(used >= 2)
      assert.equal(1, (select(2, host.figures(nginx:pid()))))
    end)

  it("a call in init blocks and answers, and those of the workers work",
    function()
      start {
        workers = 2,
        init = configure .. [[
          local value, err = require("twitter").create_text_tweet("from init")
          at_start = value and "posted" or tostring(err)
        ]],
        locations = { ["/init"] = [[ ngx.print(at_start) ]],
          ["/post"] = post },
      }
      assert.equal("posted", nginx:get("/init").body)
      assert.same({ ["200 posted"] = 60 }, nginx:load("/post", 60, 20))
    end)

  it("parallel calls are in flight together", function()
    start { init = configure, locations = { ["/parallel"] = prelude .. [[
      local tasks = {}
      for i = 1, 12 do
        tasks[i] = function() return twitter.create_text_tweet(text()) end
      end
      tasks[13] = function() error("on purpose") end
      local results = assert(twitter.parallel(tasks))
      local posted = 0
      for i = 1, 12 do if results[i][1] then posted = posted + 1 end end
      ngx.print(posted, " ", results[13][2].message)
    ]] } }
    delay(12, 0.5)
    assert.matches("^12 .*on purpose$", nginx:get("/parallel").body)
  end)

  it("a coroutine of the program can make calls", function()
    start { init = configure, locations = { ["/co"] = prelude .. [[
      local one = coroutine.wrap(function()
        coroutine.yield(twitter.create_text_tweet(text()) and "first")
        return twitter.create_text_tweet(text()) and "second"
      end)
      ngx.print(one(), " ", one())
    ]] } }
    assert.equal("first second", nginx:get("/co").body)
  end)

  it("an upload is made while others are answered", function()
    start { init = configure, locations = { ["/ping"] = locations["/ping"],
      ["/upload"] = prelude .. ([[
        local value, err = twitter.create_image_tweet(text(), %q)
        ngx.print(value and "posted" or tostring(err))
      ]]):format("spec/fixtures/picture.png") } }
    local transfer = nginx:start("/upload")
    assert.equal("pong", nginx:get("/ping").body)
    assert.equal("posted", host.finish(transfer).body)
  end)

  it("an idle worker has neither timer nor socket left", function()
    start { init = configure, locations = { ["/post"] = post,
      ["/timers"] = [[
        ngx.print(ngx.timer.running_count(), " ", ngx.timer.pending_count())
      ]] } }
    assert.same({ ["200 posted"] = 20 }, nginx:load("/post", 20, 10))
    assert.truthy(host.step_until(function()
      return nginx:get("/timers").body == "0 0"
    end))
    assert.equal(0, nginx:sockets())
    assert.equal("posted", nginx:get("/post").body)
  end)
end)
