-- Does at random, for a while, what programs do to mailboxes, loops and the
-- I/O thread behind them: submit, cancel, abandon, close, collect, fork, run
-- tasks in parallel, with a sandbox that delays, breaks off and stalls. What
-- is checked: each job comes back once and to its own mailbox, every task
-- ends, children of a fork get along, and nothing is left at the end.
--
--   lua spec/chaos/threads.lua [SECONDS [SEED]]
--
-- FORKS=no leaves the forks out, for tools that cannot follow them.

local child = require "support.child"
local core = require "twitter.core"
local sandbox = require "support.sandbox"
local twitter = require "twitter"

local load_text = loadstring or load
assert(load_text(child.module("process")))()
local process = require "process"

local seconds = tonumber(arg[1]) or 30
local seed = tonumber(arg[2]) or os.time()
local forks = os.getenv("FORKS") ~= "no"
math.randomseed(seed)
local random = math.random

local box = assert(sandbox.start { limits = false })
local parameters = box:parameters("oauth2")
local client = assert(twitter.new(parameters))
local bearer = "Bearer " .. parameters.access_token
local settings = {
  core.settings { ca_file = box.ca_file, timeout = 5 },
  core.settings { ca_file = box.ca_file, timeout = 5, http_version = "1.1" },
  core.settings { ca_file = box.ca_file, timeout = 0.05 },
  core.settings { ca_file = box.ca_file, timeout = 5, stall_timeout = 0.3 },
}

local count = setmetatable({}, { __index = function() return 0 end })
local function note(what)
  count[what] = count[what] + 1
end


-- ---- mailboxes ----

local mailboxes = {}   -- { mailbox =, waiting = { id = transfer or true } }

local function pick(list)
  return #list > 0 and list[random(#list)] or nil
end

local function get()
  return assert(core.transfer(settings[random(#settings)], "GET", box.api_url
    .. "/2/users/me", { "authorization", bearer }))
end

local actions = {}

function actions.open()
  if #mailboxes > 8 then return end
  local one = { mailbox = core.mailbox(), waiting = {}, abandoned = {} }
  if random(2) == 1 then one.mailbox:descriptor() end
  mailboxes[#mailboxes + 1] = one
end

function actions.submit()
  local one = pick(mailboxes)
  if not one then return end
  for _ = 1, random(20) do
    local transfer = get()
    one.waiting[one.mailbox:submit(transfer)] = transfer
  end
end

function actions.alarm()
  local one = pick(mailboxes)
  if one then one.waiting[one.mailbox:alarm(random() / 20)] = true end
end

-- Lets go of a call: at once, or by the collector's grace.
function actions.abandon()
  local one = pick(mailboxes)
  if not one then return end
  for id, transfer in pairs(one.waiting) do
    if transfer ~= true and random(3) == 1 then
      one.waiting[id] = nil
      one.abandoned[id] = true
      if random(2) == 1 then transfer:close() end
    end
  end
end

local function check_result(transfer)
  local status, kind = transfer:result()
  assert(status or kind == "network" or kind == "timeout"
    or kind == "canceled", kind)
  transfer:close()
end

local function collect(one)
  one.mailbox:drain()
  local id = one.mailbox:collect()
  while id do
    local transfer = one.waiting[id]
    assert(transfer or one.abandoned[id], "a job came that was not sent")
    one.waiting[id], one.abandoned[id] = nil, nil
    if transfer and transfer ~= true then check_result(transfer) end
    note(transfer and "collected" or "collected though let go")
    id = one.mailbox:collect()
  end
end

function actions.collect()
  local one = pick(mailboxes)
  if one then collect(one) end
end

function actions.close()
  if random(4) > 1 or #mailboxes == 0 then return end
  local one = table.remove(mailboxes, random(#mailboxes))
  one.mailbox:close()
  if random(2) == 1 then collectgarbage() end
end

function actions.lose()
  if random(4) > 1 or #mailboxes == 0 then return end
  table.remove(mailboxes, random(#mailboxes))
end


-- ---- loops and parallel tasks ----

local loops = {}

local function me()
  return client:request("GET", "/2/users/me", nil,
    { timeout = random(5) == 1 and 0.05 or 0.5 })
end

local function task()
  for _ = 1, random(3) do
    local value, err = me()
    assert(value or twitter.is_error(err))
    if random(8) == 1 then error("on purpose") end
    if random(8) == 1 then coroutine.yield() end
    if random(8) == 1 then
      local results = twitter.parallel { me, me }
      assert(#results == 2)
    end
  end
  return true
end

function actions.open_loop()
  if #loops > 4 then return end
  loops[#loops + 1] = { loop = twitter.loop(), started = 0, ended = 0 }
end

function actions.run()
  local one = pick(loops)
  if not one then return end
  for _ = 1, random(10) do
    one.started = one.started + 1
    one.loop:run(task, function() one.ended = one.ended + 1 end)
  end
end

function actions.step()
  local one = pick(loops)
  if one then one.loop:step() end
end

function actions.close_loop()
  if random(4) > 1 or #loops == 0 then return end
  local one = table.remove(loops, random(#loops))
  one.loop:close()
  assert(one.started == one.ended, ("%d tasks, %d ends"):format(one.started,
    one.ended))
  note("loops closed")
end

function actions.parallel()
  local tasks = {}
  for i = 1, random(12) do tasks[i] = task end
  local results = assert(twitter.parallel(tasks,
    { concurrency = random(6) }))
  assert(#results == #tasks)
  note("parallel rounds")
end


-- ---- the world ----

function actions.trouble()
  if random(3) > 1 then return end
  local kinds = { "stall_before", "delay", "reset_before", "stall_middle",
    "status", "cut", "reset_after" }
  assert(box:control("POST", "/faults", { match = { path = "/2/users/me" },
    times = random(4),
    fault = { kind = pick(kinds), seconds = 0.05 } }))
end

function actions.peace()
  assert(box:control("DELETE", "/faults"))
end

function actions.garbage()
  collectgarbage()
end

local function in_child()
  for _ = 1, random(3) do
    local loop, ended = twitter.loop(), 0
    for _ = 1, 5 do loop:run(me, function() ended = ended + 1 end) end
    local finish = core.now() + 20
    while loop:pending() > 0 do
      process.poll(loop:descriptor(), 1)
      loop:step()
      if core.now() > finish then process.leave(1) end
    end
    if ended ~= 5 then process.leave(2) end
    if random(2) == 1 then loop:close() end
  end
  collectgarbage()
  if random(2) == 1 then process.leave(0) end
  os.exit(0)
end

function actions.fork()
  if not forks or random(8) > 1 then return end
  io.stdout:flush()
  local id = process.fork()
  if id == 0 then
    process.alarm(60)   -- a child that hangs is killed, and so noticed
    local ok, message = pcall(in_child)
    io.stderr:write("in a child: ", ok and "went on" or tostring(message),
      "\n")
    process.leave(3)
  end
  local status = process.wait(id)
  assert(status == 0, "a child ended with " .. status)
  note("children")
end


-- ---- the end ----

-- How many I/O threads there are.
local function threads()
  local pipe = io.popen("cat /proc/" .. process.id() .. "/task/*/comm")
  local _, n = pipe:read("*a"):gsub("twitter\n", "")
  pipe:close()
  return n
end

local function settle()
  assert(box:control("DELETE", "/faults"))
  for _, one in ipairs(mailboxes) do
    local finish = core.now() + 30
    while one.mailbox:pending() > 0 do
      process.poll(one.mailbox:descriptor(), 0.05)
      collect(one)
      assert(core.now() < finish, "a job never came back")
    end
    assert(next(one.waiting) == nil, "a job was lost")
    one.mailbox:close()
  end
  for _, one in ipairs(loops) do
    local finish = core.now() + 60
    while one.loop:pending() > 0 do
      process.poll(one.loop:descriptor(), 1)
      one.loop:step()
      assert(core.now() < finish, "a task hangs")
    end
    assert(one.started == one.ended)
    one.loop:close()
  end
  mailboxes, loops = {}, {}
  for _ = 1, 3 do collectgarbage() end
end

local function run()
  local names = {}
  for name in pairs(actions) do names[#names + 1] = name end
  table.sort(names)
  local finish, turns = core.now() + seconds, 0
  while core.now() < finish do
    turns = turns + 1
    local name = names[random(#names)]
    actions[name]()
    note("action " .. name)
  end
  settle()
  for _ = 1, 500 do
    if threads() == 0 then return turns end
    process.sleep(0.01)
  end
  error("the thread is still there")
end

print(("chaos of threads: %d seconds, seed %d"):format(seconds, seed))
local ok, result = xpcall(run, debug.traceback)
box:stop()
local names = {}
for name in pairs(count) do names[#names + 1] = name end
table.sort(names)
for _, name in ipairs(names) do print(("%8d  %s"):format(count[name], name)) end
if not ok then
  io.stderr:write("FAILED with seed ", seed, ": ", tostring(result), "\n")
  os.exit(1)
end
print(result .. " turns, nothing left behind")
