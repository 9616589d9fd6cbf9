-- Several functions at once, their calls in flight together. In a plain script
-- they are coroutines over one engine; inside nginx, light threads.

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

local function run_in_script(tasks, concurrency)
  local loop = scheduler.new(sources.engine())
  local results, next_task = {}, 1
  while next_task <= #tasks or loop.alive > 0 do
    while next_task <= #tasks and loop.alive < concurrency do
      local i = next_task
      next_task = next_task + 1
      loop:start(tasks[i], function(...) results[i] = result_of(...) end)
    end
    if loop.alive > 0 then loop:step(SLICE) end
  end
  return results
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


local function check_concurrency(options)
  local concurrency = (options or {}).concurrency or DEFAULT_CONCURRENCY
  if type(concurrency) ~= "number" or concurrency < 1
      or concurrency % 1 ~= 0 then
    return nil, errors.invalid("parallel", "options.concurrency must be a "
      .. "whole number from 1")
  end
  return math.min(concurrency, MOST)
end


local function check_tasks(tasks)
  for i, task in ipairs(tasks) do
    if type(task) ~= "function" then
      return errors.invalid("parallel", ("task %d must be a function, got %s")
        :format(i, type(task)))
    end
  end
end


--- Runs functions together.
---@param tasks function[]
---@param options? table `concurrency`: how many at once (16)
---@return table[]? results one for each task, in their order: a list of what it returned with its count in `n`; what raised is `{ n = 2, nil, err }`
---@return twitter.error? err kinds: invalid
function parallel.run(tasks, options)
  local concurrency, err = check_concurrency(options)
  err = err or check_tasks(tasks)
  if err then return nil, err end
  local nginx = transport.nginx()
  if not nginx then return run_in_script(tasks, concurrency) end
  local ok, message = nginx.may_wait()
  if not ok then return nil, errors.invalid("parallel", message) end
  return run_in_nginx(nginx, tasks, concurrency)
end

return parallel
