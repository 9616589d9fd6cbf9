-- Calls that nobody waits for: a queue with a ceiling, counters, and whoever
-- works it off. Inside nginx that is a few timers of the worker process, which
-- end with the queue; in a plain script it is coroutines over the script's
-- engine, which move on with every later `send` and in `flush`. Each failure
-- is logged once, by the error's own text, which holds no secret.

local core = require "twitter.core"
local errors = require "twitter.errors"
local transport = require "twitter.transport"

local background = {}

local CONCURRENCY = 16  -- calls under way at once
local HELLO = 1         -- seconds a timer may take to begin
local SLICE = 0.5       -- seconds; how long C may keep Ctrl-C waiting
local LOOK = 0.02       -- seconds between two looks of `flush` inside nginx
local PATIENCE = 60     -- seconds `flush` waits unless told otherwise

-- Jobs from `first` to `last`: { name =, work = }.
local queue, first, last = {}, 1, 0
local sent, failed, dropped, running = 0, 0, 0, 0


local function queued()
  return last - first + 1
end


local function push(job)
  last = last + 1
  queue[last] = job
end


local function take()
  if first > last then return nil end
  local job = queue[first]
  queue[first] = nil
  first = first + 1
  return job
end


-- ---- what became of a call ----

local function log(text)
  local nginx = transport.nginx()
  if nginx then
    nginx.log_error(text)
  else
    io.stderr:write(text, "\n")
  end
end


-- Given what `pcall` or a scheduler answers for the call.
local function settle(job, ok, value, err)
  running = running - 1
  if ok and value ~= nil then
    sent = sent + 1
    return
  end
  failed = failed + 1
  local text = tostring(ok and err or value)
  if not errors.is(err) then text = job.name .. ": " .. text end
  log("twitter: send: " .. text)
end


-- ---- inside nginx ----

-- Timers that work the queue off, those included that have not begun.
local runners, runner_count = {}, 0


local function forget(runner)
  if not runners[runner] then return end
  runners[runner] = nil
  runner_count = runner_count - 1
end


-- Runs in a timer. One that was given up and comes late finds its work done.
local function work_off(runner)
  runner.begun = true
  local job = take()
  while job do
    running = running + 1
    settle(job, pcall(job.work))
    job = take()
  end
  forget(runner)
end


-- nginx drops a timer silently when too many run.
local function forget_lost_ones()
  local now = core.now()
  for runner in pairs(runners) do
    if not runner.begun and now - runner.since > HELLO then forget(runner) end
  end
end


-- One more for each call that has none, up to the limit.
local function ensure_runners(nginx)
  forget_lost_ones()
  while runner_count < CONCURRENCY and runner_count - running < queued() do
    local runner = { since = core.now() }
    local ok, message = nginx.run_later(work_off, runner)
    if not ok then return runner_count > 0, message end
    runners[runner] = true
    runner_count = runner_count + 1
  end
  return true
end


-- ---- in a plain script ----

local loop
local ours = setmetatable({}, { __mode = "k" })  -- coroutines of calls


-- Is the code running in a call that was sent?
local function is_inside()
  local current = coroutine.running()
  return current ~= nil and ours[current] == true
end


local function start_in_script()
  if not loop then
    local sources = require "twitter.transport.sources"
    loop = require("twitter.transport.scheduler").new(sources.engine())
  end
  while running < CONCURRENCY do
    local job = take()
    if not job then return end
    running = running + 1
    loop:start(function()
      ours[coroutine.running()] = true
      return job.work()
    end, function(...) settle(job, ...) end)
  end
end


-- A call's own callback may send another one: that waits for the next step.
local function advance(seconds)
  start_in_script()
  if running == 0 then return end
  loop:step(seconds)
  start_in_script()
end


-- ---- the public functions ----

-- Refuses a call for want of room.
local function refuse(name, fields)
  dropped = dropped + 1
  fields.kind, fields.outcome, fields.operation = "invalid", "not_sent", name
  return nil, errors.new(fields)
end


--- Queues a call and does not wait.
---@param name string of the public function
---@param limit integer how many calls may wait
---@param work function makes the call: value, or nil and an error
---@return true? ok
---@return twitter.error? err
function background.send(name, limit, work)
  local ok, message = transport.may_send()
  if not ok then return nil, errors.invalid(name, message) end
  if queued() >= limit then
    return refuse(name, { problem = "queue-full",
      message = ("%d calls are waiting to be sent"):format(queued()),
      hint = "send less, or raise the parameter send_queue" })
  end
  push { name = name, work = work }
  local nginx = transport.nginx()
  if not nginx then
    if not is_inside() then advance(0) end
    return true
  end
  ok, message = ensure_runners(nginx)
  if ok then return true end
  queue[last] = nil
  last = last - 1
  return refuse(name, { message = "no timer can be started: " .. message })
end


--- How many calls wait and are under way, and what became of the others.
---@return table stats queued, running, sent, failed, dropped
function background.stats()
  return {
    queued = queued(), running = running, sent = sent, failed = failed,
    dropped = dropped,
  }
end


local function is_idle()
  return queued() == 0 and running == 0
end


local function wait_in_nginx(nginx, finish)
  while not is_idle() and core.now() < finish do
    ensure_runners(nginx)
    nginx.sleep(LOOK)
  end
end


local function wait_in_script(finish)
  while not is_idle() do
    local left = finish - core.now()
    if left <= 0 then return end
    advance(math.min(left, SLICE))
  end
end


--- Waits until no call waits or is under way.
---@param seconds? number at most (60)
---@return true? ok
---@return twitter.error? err kinds: timeout, invalid
function background.flush(seconds)
  local finish = core.now() + (seconds or PATIENCE)
  local nginx = transport.nginx()
  if nginx then
    local ok, message = nginx.may_wait()
    if not ok then return nil, errors.invalid("flush", message) end
    wait_in_nginx(nginx, finish)
  elseif is_inside() then
    return nil, errors.invalid("flush", "a call that was sent cannot wait for "
      .. "itself")
  else
    wait_in_script(finish)
  end
  if is_idle() then return true end
  return nil, errors.new { kind = "timeout", outcome = "unknown",
    operation = "flush", message = ("%d calls are under way and %d wait")
      :format(running, queued()) }
end

return background
