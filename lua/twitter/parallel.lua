-- Several functions at once, their calls in flight together. In a plain script
-- they are coroutines over one engine, inside another task coroutines beside
-- it, inside nginx light threads.
--
-- Where a task cannot yield (Lua 5.1: within `pcall`, metamethods, iterators;
-- everywhere: within the function given to table.sort or string.gsub, or in a
-- coroutine of its own) its call waits alone, and its siblings with it.

local errors = require "twitter.errors"
local scheduler = require "twitter.transport.scheduler"
local sources = require "twitter.transport.sources"
local transport = require "twitter.transport"

local parallel = {}

local DEFAULT_CONCURRENCY = 16
local MOST = 1024
local SLICE = 0.5  -- seconds; how long C may keep Ctrl-C waiting


local function pack(...)
  return { n = select("#", ...), ... }
end


-- What one task came to. An error it raised is `nil, err` like any other.
local function result_of(ok, ...)
  if ok then return pack(...) end
  local problem = ...
  if errors.is(problem) then return pack(nil, problem) end
  return pack(nil, errors.new { kind = "invalid", operation = "parallel",
    outcome = "unknown", message = tostring(problem) })
end


-- ---- in a plain script ----

local function canceled()
  return errors.new { kind = "canceled", operation = "parallel",
    outcome = "unknown", message = "the call was canceled" }
end


-- Starts `tasks` in `loop`, and has `wait` called until all have ended. It is
-- given a function that says how the last ended ones are noticed.
local function run_in_loop(loop, tasks, concurrency, wait)
  local results, next_task, running = {}, 1, 0
  local count, on_change = #tasks, nil
  local function on_end(i, ...)
    running = running - 1
    results[i] = result_of(...)
    if on_change then on_change() end
  end
  while running > 0 or next_task <= count do
    while next_task <= count and running < concurrency do
      local i = next_task
      next_task, running = i + 1, running + 1
      loop:start(tasks[i], function(...) on_end(i, ...) end)
    end
    if running > 0 then wait(function(wake) on_change = wake end) end
    if loop.closed then break end
  end
  for i = 1, count do results[i] = results[i] or pack(nil, canceled()) end
  return results
end


-- What is under way must not go on unseen when Ctrl-C ends the waiting.
local function run_in_script(tasks, concurrency)
  local loop = scheduler.new(sources.engine())
  local ok, results = pcall(run_in_loop, loop, tasks, concurrency,
    function() loop:step(SLICE) end)
  if ok then return results end
  loop:drop()
  error(results, 0)
end


local function run_in_task(loop, tasks, concurrency)
  return run_in_loop(loop, tasks, concurrency,
    function(expect) loop:pause(expect) end)
end


-- ---- inside nginx ----

-- Light threads that take one task after another, as many as may be in
-- flight.
local function run_in_nginx(nginx, tasks, concurrency)
  local results, next_task = {}, 1
  local function work()
    while next_task <= #tasks do
      local i = next_task
      next_task = next_task + 1
      results[i] = result_of(pcall(tasks[i]))
    end
  end
  nginx.run_together(work, math.min(concurrency, #tasks))
  return results
end


local function check_options(options)
  for name in pairs(options) do
    if name ~= "concurrency" then
      return nil, ("there is no option %q: 'concurrency' is the only one")
        :format(tostring(name))
    end
  end
  local concurrency = options.concurrency or DEFAULT_CONCURRENCY
  if type(concurrency) ~= "number" or concurrency < 1
      or concurrency % 1 ~= 0 then
    return nil, "options.concurrency must be a whole number from 1"
  end
  return math.min(concurrency, MOST)
end


local function check_tasks(tasks)
  for i = 1, #tasks do
    if type(tasks[i]) ~= "function" then
      return nil, ("task %d must be a function, got %s")
        :format(i, type(tasks[i]))
    end
  end
  for key in pairs(tasks) do
    if type(key) ~= "number" or key < 1 or key > #tasks then
      return nil, ("tasks must be a list of functions, without holes: "
        .. "unexpected key %s"):format(tostring(key))
    end
  end
  return true
end


local function run(tasks, concurrency)
  local nginx = transport.nginx()
  if nginx then
    local ok, message = nginx.may_wait()
    if not ok then return nil, errors.invalid("parallel", message) end
    return run_in_nginx(nginx, tasks, concurrency)
  end
  local loop = scheduler.current()
  if loop then return run_in_task(loop, tasks, concurrency) end
  return run_in_script(tasks, concurrency)
end


--- Runs functions together.
---@param tasks function[]
---@param options? table `concurrency`: how many at once (16; at most 1024)
---@return table[]? results one for each task, in their order: a list of what it returned with its count in `n`; what raised is `{ n = 2, nil, err }`
---@return twitter.error? err kinds: invalid
function parallel.run(tasks, options)
  local concurrency, message = check_options(options or {})
  local ok
  if concurrency then ok, message = check_tasks(tasks) end
  if not ok then return nil, errors.invalid("parallel", message) end
  return run(tasks, concurrency)
end

return parallel
