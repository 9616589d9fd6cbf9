-- What nginx workers that use the library go through in a bad year, in three
-- minutes: 100,000 calls, 50 reloads, killed workers, an X that stands still
-- or is gone, clients that leave. Prints figures; ends with 1 if an answer was
-- lost, a process crashed or something stayed behind. `make chaos`; arguments
-- name single parts.

local core = require "twitter.core"
local host = require "support.host.nginx"
local sandbox = require "support.sandbox"

local CALLS = tonumber(os.getenv("CALLS") or 100000)
local RELOADS = 50
local KILLS = 20
local ABORTS = tonumber(os.getenv("ABORTS") or 1000)

local failures = 0

local function say(...)
  print(string.format(...))
  io.flush()
end

local function check(ok, ...)
  if ok then return end
  failures = failures + 1
  say("FAILED: " .. (...), select(2, ...))
end

local init =
  [[ assert(require("twitter").configure(os.getenv "PARAMETERS")) ]]

local locations = {
  ["/call"] = [[
    local counters = ngx.shared.counters
    counters:incr("begun", 1, 0)
    local value, err = require("twitter").request("GET", "/2/users/me")
    counters:incr("ended", 1, 0)
    if not value then ngx.shared.counters:set("last", tostring(err)) end
    ngx.print(value and "answered" or err.kind .. " " .. err.outcome)
  ]],
  ["/post"] = [[
    local counters = ngx.shared.counters
    local value, err = require("twitter").create_text_tweet(
      ("text %d"):format(counters:incr("texts", 1, 0)))
    ngx.print(value and "answered" or err.kind .. " " .. err.outcome)
  ]],
  ["/send"] = [[
    local ok, err = require("twitter").send("request", "GET", "/2/users/me")
    ngx.print(ok and "answered" or tostring(err))
  ]],
  ["/sent"] = [[
    assert(require("twitter").flush(30))
    local stats = require("twitter").send_stats()
    ngx.print(stats.sent, " ", stats.failed)
  ]],
  ["/begun"] = [[ ngx.print(ngx.shared.counters:get("begun") or 0) ]],
  ["/collect"] = [[ collectgarbage() collectgarbage() ngx.print("done") ]],
  ["/ping"] = [[ ngx.print("pong") ]],
}

local box = assert(sandbox.start { limits = false })
local parameters = box:parameters("oauth2")
parameters.max_retries = 0

local function with(changes)
  local copy = {}
  for name, value in pairs(parameters) do copy[name] = value end
  for name, value in pairs(changes) do copy[name] = value end
  return copy
end

local function start(options)
  options.init, options.locations = init, locations
  options.parameters = options.parameters or parameters
  local nginx = assert(host.start(options))
  -- from then on our client opens a connection for each request under way
  nginx:get("/ping")
  return nginx
end

-- What went wrong while `tally` was gathered; connections that nginx closed
-- under a client are counted apart.
local function review(what, tally, allowed)
  local closed = 0
  for answer, count in pairs(tally) do
    if answer:find("^0 network") then
      closed = closed + count
    elseif answer ~= "200 answered" and not (allowed and allowed(answer)) then
      check(false, "%s: %d times: %s", what, count, answer)
    end
  end
  return tally["200 answered"] or 0, closed
end

local function show(what, pid)
  local descriptors, threads, memory = host.figures(pid)
  say("  %-28s %3d descriptors, %d threads, %d KiB", what, descriptors, threads,
    memory)
  return descriptors, threads, memory
end

local function finish(nginx, what, allowed)
  local faults = nginx:faults(allowed)
  check(faults == "", "%s: the log has faults:\n%s", what, faults)
  nginx:signal("QUIT")
  local gone = host.wait_for(function() return not nginx:pid() end, 20)
  check(gone, "%s: nginx does not end", what)
  nginx:stop()
end


local function many_calls()
  local nginx = start {}
  local pid = nginx:workers()[1]
  nginx:load("/call", 5000, 64)
  nginx:get("/collect")
  say("%d calls, 64 at a time, one worker", CALLS)
  local descriptors, threads, memory = show("after 5000 calls", pid)
  local started = core.now()
  local answered = review("many calls", nginx:load("/call", CALLS, 64))
  local seconds = core.now() - started
  nginx:get("/collect")
  local descriptors_after, threads_after, memory_after =
    show(("after %d more"):format(CALLS), pid)
  say("  %.0f calls a second (client and X on the same cores)",
    answered / seconds)
  check(answered == CALLS, "%d of %d answered", answered, CALLS)
  check(descriptors_after <= descriptors + 2, "descriptors grow")
  check(threads_after <= threads, "threads grow")
  check(memory_after < memory + 4096, "memory grows by %d KiB",
    memory_after - memory)
  finish(nginx, "many calls")
end


-- The seconds that old workers take to end, under load all the time.
local function one_reload(nginx, tally)
  local old = {}
  for _, pid in ipairs(nginx:workers(true)) do old[pid] = true end
  local started = core.now()
  local ended
  nginx:signal("HUP")
  repeat
    for answer, count in pairs(nginx:load("/post", 40, 20)) do
      tally[answer] = (tally[answer] or 0) + count
    end
    ended = true
    for _, pid in ipairs(nginx:workers(true)) do
      if old[pid] then ended = false end
    end
  until ended or core.now() - started > 15
  check(ended, "an old worker is still there after 15 seconds")
  return core.now() - started
end

local function reloads()
  local nginx = start { workers = 2 }
  box:control("POST", "/faults", { match = { path = "/2/tweets" },
    times = 1000000, fault = { kind = "delay", seconds = 0.02 } })
  local tally, times = {}, {}
  nginx:load("/post", 100, 20)
  for i = 1, RELOADS do times[i] = one_reload(nginx, tally) end
  table.sort(times)
  local answered, closed = review("reloads", tally)
  say("%d reloads under load, two workers", RELOADS)
  say("  %d answered, %d connections closed by nginx", answered, closed)
  say("  old workers ended after %.2f s (median), %.2f s (longest)",
    times[math.ceil(#times / 2)], times[#times])
  check(closed <= answered / 50, "too many closed connections")
  host.step_until(function() return #nginx:workers(true) == 2 end)
  check(#nginx:workers(true) == 2, "workers stay behind")
  local _, threads = show("master", nginx:pid())
  check(threads == 1, "the master has threads")
  for _, pid in ipairs(nginx:workers()) do show("worker", pid) end
  box:control("DELETE", "/faults")
  finish(nginx, "reloads")
end


local function kills()
  local nginx = start { workers = 2 }
  nginx:load("/call", 100, 20)
  local answered, lost = 0, 0
  for _ = 1, KILLS do
    local pid = nginx:workers()[1]
    local killed = false
    local good, closed = review("kills", nginx:load("/call", 200, 20,
      function(done)
        if done < 50 or killed then return end
        killed = true
        nginx:signal("KILL", pid)
      end))
    answered, lost = answered + good, lost + closed
  end
  local last = review("after the kills", nginx:load("/call", 200, 20))
  check(last == 200, "after the kills %d of 200 answered", last)
  say("%d workers killed under load", KILLS)
  say("  %d answered, %d lost with their worker", answered, lost)
  say("  %d sockets of theirs left", nginx:sockets())
  finish(nginx, "kills", { "exited on signal 9" })
end


local function is_failure(answer)
  return answer:find("^200 network") or answer:find("^200 timeout")
end

-- An X that stops, that is gone, and that comes back at the same address.
local function upstream()
  local function x(port)
    return host.start { port = port, locations = { ["/2/users/me"] = [[
      ngx.header.content_type = "application/json"
      ngx.print('{"data":{"id":"1"}}')
    ]] } }
  end
  local other = assert(x())
  local nginx = start { parameters = { api_url = other.url, timeout = 2,
    access_token = "a", max_retries = 0 } }
  nginx:load("/call", 120, 60)
  local pid = nginx:workers()[1]
  show("before", pid)
  local failed, pings = 0, 0
  for round = 1, 5 do
    local worker = other:workers()[1]
    if round % 2 == 1 then
      os.execute("kill -STOP " .. worker)
    else
      other:stop()
    end
    for answer, count in pairs(nginx:load("/call", 60, 60, function()
      if nginx:get("/ping").body == "pong" then pings = pings + 1 end
    end)) do
      check(is_failure(answer), "without X: %s", answer)
      failed = failed + count
    end
    if round % 2 == 1 then
      os.execute("kill -CONT " .. worker)
    else
      other = assert(x(other.port))
    end
    local answered = review("X is back", nginx:load("/call", 60, 20))
    check(answered == 60, "X is back: %d of 60 answered", answered)
  end
  say("X stopped three times and was gone twice")
  say("  %d calls failed as they should, %d neighbours were answered", failed,
    pings)
  show("after", pid)
  other:stop()
  finish(nginx, "upstream")
end


local function aborts()
  local nginx = start { http = "lua_check_client_abort on;" }
  nginx:load("/call", 200, 100)
  local pid = nginx:workers()[1]
  local descriptors, _, memory = host.figures(pid)
  box:control("POST", "/faults", { match = { path = "/2/users/me" },
    times = 1000000, fault = { kind = "delay", seconds = 0.2 } })
  for _ = 1, ABORTS / 100 do
    local before = tonumber(nginx:get("/begun").body)
    local transfers = {}
    for i = 1, 100 do transfers[i] = nginx:start("/call") end
    host.step_until(function()
      return tonumber(nginx:get("/begun").body) == before + 100
    end)
    for i = 1, 100 do transfers[i]:close() end
    -- to X, a call that was given up goes on: more than its 128 streams it
    -- refuses, and each of those would have a connection of its own
    host.step(0.25)
  end
  box:control("DELETE", "/faults")
  local answered = review("aborts", nginx:load("/call", 200, 100))
  check(answered == 200, "after the aborts %d of 200 answered", answered)
  nginx:get("/collect")
  host.step_until(function() return host.figures(pid) <= descriptors end)
  say("%d clients left with a call under way", ABORTS)
  say("  before: %d descriptors, %d KiB", descriptors, memory)
  local descriptors_after, _, memory_after = show("after", pid)
  check(descriptors_after <= descriptors + 2, "descriptors grow")
  check(memory_after < memory + 8192, "memory grows by %d KiB",
    memory_after - memory)
  finish(nginx, "aborts")
end


-- Everything together: reloads, kills, departing clients, an X that resets
-- connections, delays and stays silent, calls that nobody waits for.
local function storm()
  local nginx = start { workers = 2, http = "lua_check_client_abort on;",
    parameters = with { timeout = 3 } }
  nginx:load("/call", 100, 50)
  local kinds = { "delay", "reset_before", "stall_before", "cut" }
  local total = {}
  for round = 1, 15 do
    box:control("POST", "/faults", { match = { path = "/2/users/me" },
      times = 20, fault = { kind = kinds[round % #kinds + 1],
        seconds = 0.1 } })
    local leavers = {}
    for i = 1, 20 do leavers[i] = nginx:start("/call") end
    if round % 3 == 0 then nginx:signal("HUP") end
    if round % 5 == 0 then nginx:signal("KILL", nginx:workers()[1]) end
    for answer, count in pairs(nginx:load(round % 2 == 0 and "/send"
        or "/call", 300, 50)) do
      total[answer] = (total[answer] or 0) + count
    end
    for i = 1, 20 do leavers[i]:close() end
  end
  box:control("DELETE", "/faults")
  local answered, closed = review("storm", total, is_failure)
  say("A storm of all that: %d answered, %d connections lost", answered, closed)
  local last = 0
  host.step_until(function()
    last = review("after the storm", nginx:load("/call", 100, 20))
    return last == 100
  end, 10)
  check(last == 100, "after the storm %d of 100 answered", last)
  host.step_until(function() return #nginx:workers(true) == 2 end, 15)
  check(#nginx:workers(true) == 2, "workers stay behind")
  for _, pid in ipairs(nginx:workers()) do show("worker", pid) end
  finish(nginx, "storm", { "exited on signal 9", "twitter: send: " })
end


local function sends()
  local count = 5000
  local nginx = start { parameters = with { send_queue = count } }
  local started = core.now()
  local answered = review("sends", nginx:load("/send", count, 64))
  local counted = nginx:get("/sent").body
  say("%d calls sent without waiting: %s (sent, failed), %.0f a second",
    count, counted, count / (core.now() - started))
  check(answered == count and counted == count .. " 0", "sends are missing")
  finish(nginx, "sends")
end


local started = core.now()
local ok, message = xpcall(function()
  local parts = { many_calls = many_calls, reloads = reloads, kills = kills,
    upstream = upstream, aborts = aborts, sends = sends, storm = storm }
  local wanted = #arg > 0 and arg or { "many_calls", "reloads", "kills",
    "upstream", "aborts", "sends", "storm" }
  for _, name in ipairs(wanted) do parts[name]() end
end, debug.traceback)
box:stop()
if not ok then check(false, "%s", message) end
say("%d failures, %.0f seconds", failures, core.now() - started)
os.exit(failures == 0 and 0 or 1)
