-- Many calls in one thread: tasks run as coroutines, a call inside one yields
-- to its siblings, and the scheduler resumes it when its transfer is done.
-- Transfers go to an engine that the scheduler steps itself, or, for other
-- event loops, to the I/O thread, which tells by a descriptor.
--
-- A task may only wait through its scheduler. One that yields by itself is
-- taken to let its siblings go first.

local yieldable = require "twitter.transport.yieldable"

local scheduler = {}

-- The task that a coroutine runs. Weak both ways: without its scheduler a task
-- is garbage, calls under way and all.
local tasks = setmetatable({}, { __mode = "kv" })


---@class twitter.scheduler
---@field alive integer tasks that have not ended
---@field closed any what it was closed with
local methods = {}
local scheduler_mt = { __name = "twitter.scheduler", __index = methods }


--- The scheduler that runs the calling code, if one does and the code is where
--- it can yield. Elsewhere a call waits as it would without one.
---@return twitter.scheduler?
function scheduler.current()
  local running = coroutine.running()
  local task = running and tasks[running]
  if task and yieldable.here() then return task.scheduler end
end


--- A scheduler over a source (see `transport.sources`).
---@param source table
---@return twitter.scheduler
function scheduler.new(source)
  return setmetatable({
    source = source, alive = 0,
    members = {},                     -- set of the tasks that have not ended
    waiting = {},                     -- tasks by the key their source answers
    ready = {}, first = 1, last = 0,  -- queue of tasks to be resumed
  }, scheduler_mt)
end


local function make_ready(self, task)
  task.waits = false
  self.last = self.last + 1
  self.ready[self.last] = task
end


local function finish(self, task, ...)
  self.members[task] = nil
  self.alive = self.alive - 1
  task.on_end(...)
end


-- An error in a task is that task's result. One that yielded by itself goes on
-- in the next step.
local function after_resume(self, task, ...)
  if coroutine.status(task.coroutine) == "dead" then
    finish(self, task, ...)
  elseif self.closed then
    finish(self, task, false, self.closed)
  elseif not task.waits then
    yieldable.forget(task.coroutine)
    make_ready(self, task)
    self.source.hurry()
  end
end


local function advance(self, task)
  after_resume(self, task, coroutine.resume(task.coroutine))
end


--- Starts a task; it runs up to its first wait before this returns.
---@param body function
---@param on_end fun(ok: boolean, ...) called with its results, or its error
function methods:start(body, on_end)
  local task = { scheduler = self, on_end = on_end }
  task.coroutine = coroutine.create(function()
    yieldable.note()
    return body()
  end)
  tasks[task.coroutine] = task
  self.members[task] = true
  self.alive = self.alive + 1
  advance(self, task)
end


-- ---- inside a task ----

-- Yields until the task is made ready. In a closed scheduler that is never.
local function suspend(task)
  task.waits = true
  coroutine.yield()
  yieldable.note()
end


local function running_task()
  return tasks[coroutine.running()]
end


local function await(self, task, key)
  self.waiting[key] = task
  suspend(task)
end


--- Starts a transfer and yields until it is done.
---@param transfer userdata
---@return true? ok
---@return string? message
---@return string? kind "canceled": the scheduler was closed meanwhile
function methods:wait(transfer)
  local task = running_task()
  if self.closed then suspend(task) end
  local key, message = self.source.start(transfer)
  if not key then return nil, message end
  task.transfer = transfer
  await(self, task, key)
  task.transfer = nil
  if not self.closed then return true end
  transfer:close()
  return nil, "the call was canceled", "canceled"
end


--- Yields for a time.
---@param seconds number
function methods:sleep(seconds)
  local task = running_task()
  if self.closed then suspend(task) end
  await(self, task, self.source.alarm(seconds))
end


--- Yields until the function that it hands to `expect` is called.
---@param expect fun(wake: function)
function methods:pause(expect)
  local task = running_task()
  if self.closed then suspend(task) end
  expect(function()
    if not task.waits then return end
    make_ready(self, task)
    if not self.closed then self.source.hurry() end
  end)
  suspend(task)
end


-- ---- outside ----

-- Resumes those that are ready; those that get ready meanwhile have to wait
-- for the next time. What `on_end` raises must not keep the others from going
-- on: it is handed to `note`.
local function advance_ready(self, note)
  for i = self.first, self.last do
    local task = self.ready[i]
    self.ready[i] = nil
    self.first = i + 1
    if self.members[task] then  -- it may have been given up meanwhile
      local ok, problem = pcall(advance, self, task)
      if not ok then note(problem) end
    end
  end
end


-- Runs `work`, which is given a function to note errors, and raises the first.
local function raise_at_end(work)
  local failed, first = false, nil
  work(function(problem)
    if not failed then failed, first = true, problem end
  end)
  if failed then error(first, 0) end
end


--- Moves everything on, waiting up to `limit` seconds for something to happen.
---@param limit number
function methods:step(limit)
  if self.closed then return end
  if self.first <= self.last then limit = 0 end
  for _, key in ipairs(self.source.poll(limit)) do
    local task = self.waiting[key]
    self.waiting[key] = nil
    if task then make_ready(self, task) end
  end
  raise_at_end(function(note) advance_ready(self, note) end)
end


-- A task that is running itself ends in its own time.
local function make_all_ready(self)
  for task in pairs(self.members) do
    if coroutine.status(task.coroutine) == "suspended" then
      make_ready(self, task)
    end
  end
end


--- Gives up what is under way: calls answer `nil, "canceled"` to their tasks,
--- and a task that waits once more is ended there.
---@param problem any the error that these tasks end with
function methods:close(problem)
  if self.closed then return end
  self.closed = problem
  for _, task in pairs(self.waiting) do make_ready(self, task) end
  self.waiting = {}
  raise_at_end(function(note)
    repeat
      while self.first <= self.last do advance_ready(self, note) end
      make_all_ready(self)
    until self.first > self.last
  end)
end


--- Cancels the calls under way. Their tasks never go on.
function methods:drop()
  self.closed = "dropped"
  for task in pairs(self.members) do
    if task.transfer then task.transfer:close() end
  end
  self.members, self.waiting, self.alive = {}, {}, 0
end

return scheduler
