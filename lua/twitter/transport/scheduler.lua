-- Many calls in one thread: tasks run as coroutines, a call inside one yields
-- to its siblings, and the scheduler resumes it when its transfer is done.
-- Transfers go to an engine that the scheduler steps itself, or, for other
-- event loops, to the I/O thread, which tells by a descriptor.

local scheduler = {}

-- Which scheduler a running coroutine belongs to.
local owners = setmetatable({}, { __mode = "k" })


---@class twitter.scheduler
---@field alive integer tasks that have not ended
local methods = {}
local scheduler_mt = { __name = "twitter.scheduler", __index = methods }


--- The scheduler that runs the calling code, if one does.
---@return twitter.scheduler?
function scheduler.current()
  local running = coroutine.running()
  return running and owners[running]
end


--- A scheduler over a source (see `transport.sources`).
---@param source table
---@return twitter.scheduler
function scheduler.new(source)
  return setmetatable({ source = source, alive = 0, waiting = {} },
    scheduler_mt)
end


-- An error in a task is that task's result.
local function ended(self, task, ok, ...)
  if coroutine.status(task.coroutine) ~= "dead" then return end
  self.alive = self.alive - 1
  task.on_end(ok, ...)
end


local function advance(self, task)
  self.task = task
  ended(self, task, coroutine.resume(task.coroutine))
end


--- Starts a task; it runs up to its first wait before this returns.
---@param body function
---@param on_end fun(ok: boolean, ...) called with its results, or its error
function methods:start(body, on_end)
  local task = { coroutine = coroutine.create(body), on_end = on_end }
  owners[task.coroutine] = self
  self.alive = self.alive + 1
  advance(self, task)
end


-- Yields until the source answers `key`.
local function await(self, key)
  self.waiting[key] = self.task
  coroutine.yield()
end


--- Starts a transfer and yields until it is done.
---@param transfer userdata
---@return true
function methods:wait(transfer)
  await(self, self.source.start(transfer))
  return true
end


--- Yields for a time.
---@param seconds number
function methods:sleep(seconds)
  await(self, self.source.alarm(seconds))
end


--- Moves everything on, waiting up to `limit` seconds for something to happen.
---@param limit number
function methods:step(limit)
  for _, key in ipairs(self.source.poll(limit)) do
    local task = self.waiting[key]
    self.waiting[key] = nil
    if task then advance(self, task) end
  end
end

return scheduler
