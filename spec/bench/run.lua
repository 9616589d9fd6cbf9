-- `make bench`: every row, ours against the limit measured beside it, in turns
-- because machines are noisy. Prints the ratios and writes build/bench.tsv
-- (row, ours, limit, unit, ratio, goal). The programs in C were built before.
--
--   lua5.4 spec/bench/run.lua [row]...

local compare = require "bench.compare"
local server = require "bench.server"

local BUILD = "build/bench/"
local TEXT = "Hello from the bench"
local TOKEN = "MTpibGFuZGJlbmNobWFya3Rva2Vub2ZzaXh0eWJ5dGVzb3Jzb2luYWxs"
local MIB = 1024 * 1024

local LUA54 = { "lua5.4" }
local LUAJIT = { "env", "LUA_CPATH=./build/luajit/?.so;;", "luajit" }

local host  -- the running server

local function join(...)
  local all = {}
  for _, list in ipairs { ... } do
    for _, word in ipairs(list) do all[#all + 1] = word end
  end
  return all
end


-- ---- sign ----

local function sign()
  local text = compare.shell("lua5.4 spec/bench/sign.lua build/bench/sign")
  local ours, limit, unit, goal =
    text:match("^sign\t(%S+)\t(%S+)\t(%S+)\t%S+\t([^\n]+)")
  compare.row("sign", tonumber(ours), tonumber(limit), unit, goal)
end


-- ---- post ----

local POSTS, POST_ROUNDS = 800, 15
local FEW, MANY = 100, 300  -- under callgrind; their difference counts

local posters = {
  bare = { BUILD .. "post" },
  lua = join(LUA54, { "spec/bench/post.lua" }),
  luajit = join(LUAJIT, { "spec/bench/post.lua" }),
  oauth1 = join(LUA54, { "spec/bench/post.lua" }),
}

local function post_command(name, url, count)
  local words = join(posters[name],
    { url, host.ca_file, TOKEN, TEXT, tostring(count) })
  if name == "oauth1" then words[#words + 1] = "oauth1" end
  return words
end


local function post_time()
  local sides = {}
  for name in pairs(posters) do
    local command = compare.command(post_command(name, host.url, POSTS))
    sides[name] = function() return tonumber(compare.shell(command)) end
  end
  local values = compare.take_turns(POST_ROUNDS, sides)
  compare.say("post, microseconds of CPU: bare libcurl %s",
    compare.spread(values.bare, "%.1f"))
  local limit = compare.median(values.bare)
  for _, name in ipairs { "lua", "luajit", "oauth1" } do
    compare.say("  %-8s %s, ratio %.3f", name,
      compare.spread(values[name], "%.1f"),
      compare.median(values[name]) / limit)
  end
  compare.row("post", compare.median(values.lua), limit, "us CPU", "<= 1.10")
end


local callgrind = { "valgrind", "--tool=callgrind", "--trace-children=yes",
  "--callgrind-out-file=/dev/null" }

local function instructions(name, count)
  local text = compare.shell(compare.command(join(callgrind,
    post_command(name, host.calm_url, count))) .. " 2>&1")
  return tonumber(text:match("Collected : (%d+)"))
end


local function post_instructions()
  local counts = {}
  for name in pairs(posters) do
    counts[name] = (instructions(name, MANY) - instructions(name, FEW))
      / (MANY - FEW)
  end
  compare.say("post, instructions: bare libcurl %.0f", counts.bare)
  for _, name in ipairs { "lua", "luajit", "oauth1" } do
    compare.say("  %-8s %.0f, ratio %.3f", name, counts[name],
      counts[name] / counts.bare)
  end
  compare.row("post_instructions", counts.lua, counts.bare, "instructions",
    "<= 1.08")
end


local function post()
  post_time()
  post_instructions()
end


-- ---- parallel ----

local PARALLEL_POSTS, PARALLEL_ROUNDS, IN_FLIGHT = 8000, 9, 32

local parallels = {
  bare = { BUILD .. "parallel" },
  lua = join(LUA54, { "spec/bench/parallel.lua" }),
  luajit = join(LUAJIT, { "spec/bench/parallel.lua" }),
  again = join(LUA54, { "spec/bench/parallel.lua" }),
}

-- Its rate; what else is worth knowing goes to the lists of `also`.
local function parallel_side(name, also)
  local words = join(parallels[name], { host.url, host.ca_file, TOKEN, TEXT,
    tostring(PARALLEL_POSTS), tostring(IN_FLIGHT) })
  if name == "again" then words[#words + 1] = "again" end
  local command = compare.command(words)
  return function()
    local accepted, served = host:connections(), host:cpu()
    local rate, cpu = compare.shell(command):match("(%S+) (%S+)")
    also.cpu[#also.cpu + 1] = tonumber(cpu)
    also.connections = host:connections() - accepted
    also.served = (host:cpu() - served) * rate / PARALLEL_POSTS
    return tonumber(rate)
  end
end


local function parallel()
  local sides, also = {}, {}
  for name in pairs(parallels) do
    also[name] = { cpu = {} }
    sides[name] = parallel_side(name, also[name])
  end
  compare.say("parallel, %d posts in flight (load average %s): posts/s, "
    .. "us of CPU per post,", IN_FLIGHT, compare.load_average())
  compare.say("  connections, how busy the server was ('again': 32 tasks of "
    .. "Lua 5.4 that go on posting)")
  local values = compare.take_turns(PARALLEL_ROUNDS, sides)
  for _, name in ipairs { "bare", "lua", "luajit", "again" } do
    table.sort(also[name].cpu)
    compare.say("  %-8s %s  %s  %d  %.0f %%, ratio %.3f", name,
      compare.spread(values[name], "%.0f"),
      compare.spread(also[name].cpu, "%.1f"), also[name].connections,
      100 * also[name].served,
      compare.median(values[name]) / compare.median(values.bare))
  end
  compare.row("parallel", compare.median(values.lua),
    compare.median(values.bare), "posts/s", ">= 0.90")
end


-- ---- upload ----

local CHUNK = 4 * MIB
local UPLOAD_ROUNDS = 7
local PEAK = 16 * 1024  -- KiB that the process may take

-- A file that begins as an MP4; the rest is no text and differs by block.
local function make_file(name, mebibytes)
  local random = assert(io.open("/dev/urandom", "rb"))
  local block = random:read(MIB - 8)
  random:close()
  local path = host.directory .. "/" .. name
  local file = assert(io.open(path, "wb"))
  file:write("\0\0\0\24ftypisom", block:sub(5))
  for i = 2, mebibytes do assert(file:write(("%08d"):format(i), block)) end
  assert(file:close())
  return path
end


-- Runs it under measure.c: what it printed and what the system counted.
local function measured(words)
  local text = compare.shell(compare.command(
    join({ BUILD .. "measure" }, words)))
  local said, wall, user, system, peak =
    text:match("^(.-)(%S+) (%S+) (%S+) (%d+)\n$")
  return { said = tonumber(said), wall = tonumber(wall),
    cpu = user + system, peak = tonumber(peak) }
end


local function upload_command(program, path)
  return join(program, { host.url, host.ca_file, TOKEN, path,
    ("%d"):format(CHUNK) })
end


local function upload()
  local path, small = make_file("256.mp4", 256), make_file("64.mp4", 64)
  local ours = join(LUA54, { "spec/bench/upload.lua" })
  local bare = { BUILD .. "upload" }
  local peaks, served = { bare = 0, lua = 0 }, { bare = 0, lua = 0 }
  local function side(name, program)
    return function()
      local before = host:cpu()
      local run = measured(upload_command(program, path))
      served[name] = math.max(served[name], (host:cpu() - before) / run.wall)
      peaks[name] = math.max(peaks[name], run.peak)
      return 256 / run.said
    end
  end
  local values = compare.take_turns(UPLOAD_ROUNDS, {
    bare = side("bare", bare), lua = side("lua", ours),
  })
  compare.say("upload of 256 MiB, MiB/s: lua %s, bare libcurl %s",
    compare.spread(values.lua, "%.0f"), compare.spread(values.bare, "%.0f"))
  compare.say("  the server was busy up to %.0f %% (lua), %.0f %% (bare) of "
    .. "the time", 100 * served.lua, 100 * served.bare)
  compare.row("upload", compare.median(values.lua),
    compare.median(values.bare), "MiB/s", ">= 0.95")
  compare.say("  peak memory, KiB: lua %d (64 MiB: %d), bare libcurl %d "
    .. "(64 MiB: %d), lua5.4 with cjson alone %d", peaks.lua,
    measured(upload_command(ours, small)).peak, peaks.bare,
    measured(upload_command(bare, small)).peak,
    measured(join(LUA54, { "-e", 'require "cjson"' })).peak)
  compare.row("upload_memory", peaks.lua, PEAK, "KiB", "<= 1.00")
end


-- ---- start ----

local START_ROUNDS = 31

local function start()
  local commands = {
    lua = join(LUA54, { "spec/bench/start.lua", host.url, host.ca_path,
      TOKEN }),
    bare = { BUILD .. "start", host.url, host.ca_file, TOKEN },
  }
  local sides, cpu = {}, { lua = {}, bare = {} }
  for name, words in pairs(commands) do
    sides[name] = function()
      local run = measured(words)
      cpu[name][#cpu[name] + 1] = run.cpu * 1e3
      return run.wall * 1e3
    end
  end
  local wall = compare.take_turns(START_ROUNDS, sides)
  compare.say("start, ms: lua %s, bare libcurl %s (the system's certificates "
    .. "as a", compare.spread(wall.lua, "%.1f"),
    compare.spread(wall.bare, "%.1f"))
  compare.say("  hashed directory given as ca_path, which is also what is "
    .. "done without it)")
  compare.row("start", compare.median(wall.lua), compare.median(wall.bare),
    "ms", "<= 1.30")
  for _, name in ipairs { "lua", "bare" } do table.sort(cpu[name]) end
  compare.say("start, ms of CPU: lua %s, bare libcurl %s",
    compare.spread(cpu.lua, "%.1f"), compare.spread(cpu.bare, "%.1f"))
  compare.row("start_cpu", compare.median(cpu.lua), compare.median(cpu.bare),
    "ms CPU", "<= 1.30")
end


-- ---- nginx ----

local function nginx()
  compare.say("nginx (load average %s)", compare.load_average())
  require("bench.gateway").measure(host, TOKEN, TEXT)
end


-- ---- all of them ----

local all = {
  { "sign", sign }, { "post", post }, { "parallel", parallel },
  { "upload", upload }, { "start", start }, { "nginx", nginx },
}

local function wanted(name)
  if #arg == 0 then return true end
  for _, given in ipairs(arg) do
    if given == name then return true end
  end
  return false
end

local function run()
  for _, row in ipairs(all) do
    if wanted(row[1]) then row[2]() end
  end
end

host = server.start(TEXT)
local ok, message = xpcall(run, debug.traceback)
host:stop()
if not ok then error(message, 0) end
compare.finish("build/bench.tsv")
