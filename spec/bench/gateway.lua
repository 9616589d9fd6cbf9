-- The rows of the benchmark that are about nginx: a gateway of one worker that
-- makes one call for each request, by the library or by a minimal client on
-- nginx's own sockets, and a neighbour in the same worker who wants his answer.

local compare = require "bench.compare"
local host = require "support.host.nginx"

local gateway = {}

local LOAD, PROBE = "build/bench/load", "build/bench/probe"
local PROBES = 200  -- per second
local UNRESOLVED = "https://api.example.com"

-- The library as it comes, the library told to speak HTTP/1.1, and the other.
local SIDES = { "ours", "ours_1.1", "cosocket" }
local TITLES = {
  ours = "ours, HTTP/2", ["ours_1.1"] = "ours, HTTP/1.1",
  cosocket = "cosocket, HTTP/1.1",
}
local DELAYS = { fast = 0, slow = 0.1 }

local upstream, nginx, worker  -- the servers, and the gateway's process


-- ---- the gateway ----

local function client(url, more)
  local parameters = { api_url = url, ca_file = upstream.ca_file,
    access_token = upstream.token }
  for name, value in pairs(more or {}) do parameters[name] = value end
  return parameters
end


local function server(url)
  local port = url:match("%d+$")
  return { address = "127.0.0.1", port = tonumber(port), name = "localhost",
    pool = "pool " .. port, agent = "twitter-api-lua/0.1.0",
    token = upstream.token }
end


local function facts(text)
  local fast, slow = upstream.old_url, upstream.old_slow_url
  local old = { http_version = "1.1" }
  return {
    text = text,
    clients = {
      fast = client(upstream.url), ["fast_1.1"] = client(fast, old),
      slow = client(upstream.slow_url), ["slow_1.1"] = client(slow, old),
      unresolved = client(UNRESOLVED, { timeout = 0.5, max_retries = 0 }),
    },
    servers = { fast = server(fast), slow = server(slow) },
  }
end


local function locations()
  local list = {
    ["/ping"] = [[ require("bench.calls").ping() ]],
    ["/unresolved"] = [[ require("bench.calls").unresolved() ]],
  }
  for delay in pairs(DELAYS) do
    local call = [[ require("bench.calls").%s("%s") ]]
    list["/ours/" .. delay] = call:format("ours", delay)
    list["/ours_1.1/" .. delay] = call:format("ours", delay .. "_1.1")
    list["/cosocket/" .. delay] = call:format("cosocket", delay)
  end
  return list
end


local function start(text, environment)
  nginx = assert(host.start {
    parameters = facts(text), environment = environment,
    init = ([[ package.path = %q .. package.path
      require("bench.calls").prepare() ]]):format(
      compare.shell("printf %s \"$PWD\"") .. "/spec/?.lua;"),
    http = "lua_ssl_trusted_certificate " .. upstream.ca_file .. ";",
    locations = locations(),
  })
  worker = host.wait_for(function() return nginx:workers()[1] end)
end


-- ---- measuring ----

-- Seconds of CPU that the worker's main thread and its others have used.
local function cpu()
  local text = compare.shell(("cd /proc/%s/task && for task in *; do "
    .. "echo $task $(cat $task/schedstat); done 2> /dev/null"):format(worker))
  local main, others = 0, 0
  for task, nanoseconds in text:gmatch("(%d+) (%d+) %d+ %d+\n") do
    if task == worker then main = tonumber(nanoseconds) / 1e9
    else others = others + nanoseconds / 1e9 end
  end
  return main, others
end


local function load_command(side, delay, in_flight, seconds)
  return ("%s %d /%s/%s %d 0.2 %.2f %.2f"):format(LOAD, nginx.port, side,
    delay, in_flight, seconds, DELAYS[delay])
end


local function three_numbers(text)
  local p50, p99, max = text:match("(%S+) (%S+) (%S+)\n$")
  return { p50 = tonumber(p50), p99 = tonumber(p99), max = tonumber(max) }
end


-- Loads the gateway for a while: its rate, and microseconds of CPU per call.
local function loaded(side, delay, in_flight, seconds)
  local main, others = cpu()
  local accepted = upstream:connections()
  local text = compare.shell(load_command(side, delay, in_flight, seconds))
  local rate, calls = text:match("^(%S+) (%S+) ")
  local main_after, others_after = cpu()
  local times = three_numbers(text)
  return {
    rate = tonumber(rate), p50 = times.p50, p99 = times.p99,
    main = (main_after - main) * 1e6 / calls,
    others = (others_after - others) * 1e6 / calls,
    connections = upstream:connections() - accepted,
  }
end


-- The neighbour, beside a load or beside nothing.
local function probed(load, seconds)
  local pipe
  if load then
    pipe = io.popen(load .. " && echo finished")
    compare.shell("sleep 0.3")
  end
  local times = three_numbers(compare.shell(("%s %d /ping %d %.2f"):format(
    PROBE, nginx.port, PROBES, seconds)))
  if pipe then
    assert(pipe:read("*a"):find("finished"), "the load failed")
    pipe:close()
  end
  return times
end


-- Runs `measure(side)` in turns: lists of its figures, sorted, by side.
local function in_turns(rounds, names, measure)
  local figures, sides = {}, {}
  for _, name in ipairs(names) do
    figures[name] = {}
    sides[name] = function()
      for key, value in pairs(measure(name)) do
        local list = figures[name][key] or {}
        list[#list + 1], figures[name][key] = value, list
      end
      return 0
    end
  end
  compare.take_turns(rounds, sides)
  for _, name in ipairs(names) do
    for _, list in pairs(figures[name]) do table.sort(list) end
  end
  return figures
end


-- ---- the rows ----

local function say_load(figures)
  for _, side in ipairs(SIDES) do
    local f, middle = figures[side], compare.median
    compare.say("  %-18s %s %5.1f + %4.1f %7.2f %7.2f %4d", TITLES[side],
      compare.spread(f.rate, "%.0f"), middle(f.main), middle(f.others),
      middle(f.p50), middle(f.p99),
      f.connections[#f.connections])
  end
end


local function compare_load(rounds, delay, in_flight, seconds)
  compare.say("%d in flight, %d ms upstream: calls/s, us of CPU per call "
    .. "(main + other threads), p50, p99 (ms), connections", in_flight,
    DELAYS[delay] * 1000)
  local figures = in_turns(rounds, SIDES, function(side)
    return loaded(side, delay, in_flight, seconds)
  end)
  say_load(figures)
  return figures
end


local function row(name, figures, key, unit, goal)
  compare.row(name, compare.median(figures.ours[key]),
    compare.median(figures.cosocket[key]), unit, goal)
end


local function throughput()
  compare.say("  (each call is a create_text_tweet, POST /2/tweets)")
  for _, in_flight in ipairs { 1, 16, 128 } do
    compare_load(3, "fast", in_flight, 0.5)
  end
  compare_load(1, "slow", 1, 0.7)
  compare_load(1, "slow", 16, 0.7)
  local figures = compare_load(5, "slow", 128, 1)
  row("nginx", figures, "rate", "calls/s", ">= 0.98")
  row("nginx_cpu", figures, "main", "us CPU", "<= 1.00")
end


local function say_neighbour(title, f)
  compare.say("  %-18s p50 %s, p99 %s, max %s", title,
    compare.spread(f.p50, "%.2f"), compare.spread(f.p99, "%.2f"),
    compare.spread(f.max, "%.2f"))
end


local function neighbour()
  local seconds = 1.4
  local figures = in_turns(5, { "idle", "ours", "cosocket" }, function(side)
    return probed(side ~= "idle"
      and load_command(side, "slow", 128, seconds + 0.2), seconds)
  end)
  compare.say("a neighbour asking %d times a second, 128 in flight at the "
    .. "100 ms upstream, ms", PROBES)
  say_neighbour("idle", figures.idle)
  for _, side in ipairs { "ours", "cosocket" } do
    say_neighbour("beside " .. TITLES[side], figures[side])
  end
  row("nginx_neighbour", figures, "p99", "ms p99", "<= 1.20")
end


-- libcurl looks names up in threads of its own; here each takes five seconds,
-- and the calls that wait for it are given half a second.
local function dead_name_server(text)
  local preload = upstream.directory .. "/slowdns.so"
  compare.shell(("cc -shared -fPIC -o %s spec/support/slowdns.c"):format(
    preload))
  start(text, { LD_PRELOAD = preload })
  probed(load_command("ours", "fast", 1, 0.1), 0.2)  -- connects
  local dead = io.popen(("%s %d /unresolved 16 0 3 0.5 && echo finished")
    :format(LOAD, nginx.port))
  local times = probed(nil, 1.2)
  local others = loaded("ours", "fast", 1, 1)
  assert(dead:read("*a"):find("finished"), "the load failed")
  dead:close()
  compare.say("the same while a name server never answers (16 calls that give "
    .. "up after 0.5 s)")
  compare.say("  p50 %.2f, p99 %.2f, max %.2f; other calls of ours: p50 %.2f, "
    .. "p99 %.2f", times.p50, times.p99, times.max, others.p50, others.p99)
end


local function stop(passed, ...)
  if nginx then nginx:stop() end
  nginx = nil
  if not passed then error(..., 0) end
end


--- Measures it all.
---@param running_server table of bench.server
---@param token string
---@param text string
function gateway.measure(running_server, token, text)
  upstream = running_server
  upstream.token = token
  stop(xpcall(function()
    start(text)
    throughput()
    neighbour()
  end, debug.traceback))
  stop(xpcall(dead_name_server, debug.traceback, text))
end

return gateway
