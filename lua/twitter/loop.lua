-- For programs with an event loop of their own (cqueues, luv, copas, ...): one
-- descriptor to watch and one function to call when it is readable. Tasks are
-- coroutines of ours; their transfers are made by the I/O thread.
--
--   local loop = twitter.loop()
--   loop:run(function() return twitter.create_text_tweet("hi") end, print)
--   -- whenever loop:descriptor() is readable: loop:step()

local arguments = require "twitter.arguments"
local errors = require "twitter.errors"
local scheduler = require "twitter.transport.scheduler"
local sources = require "twitter.transport.sources"

local loop = {}

local RUN = {
  arguments.specify "function", arguments.specify "?function",
}


---@class twitter.loop
local methods = {}
local loop_mt = { __name = "twitter.loop", __index = methods }


function loop_mt.__tostring(self)
  if self.scheduler.closed then return "twitter.loop (closed)" end
  return ("twitter.loop (%d under way)"):format(self.count)
end


-- From the public method to `error`: its caller's line.
local function check_self(self, name)
  if getmetatable(self) ~= loop_mt then
    error(("calling '%s' on bad self (use loop:%s(...))"):format(name, name),
      3)
  end
end


--- The descriptor to watch for reading, the same one for the life of the
--- object, to which it belongs. It is readable while there is something to do.
---@return integer? descriptor
---@return string? message
function methods:descriptor()
  check_self(self, "descriptor")
  if self.scheduler.closed then return nil, "the loop is closed" end
  return self.source.mailbox:descriptor()
end


--- Starts a task; it runs up to its first call before this returns. It must
--- not wait by the means of the host's loop, only by calls of this library.
---@param task function
---@param on_end? fun(...) called with what the task returns; with `nil, err` when it raises or is given up
function methods:run(task, on_end)
  check_self(self, "run")
  arguments.check("run", RUN, task, on_end)
  if self.scheduler.closed then error("the loop is closed", 2) end
  self.count = self.count + 1
  self.scheduler:start(task, function(ok, ...)
    self.count = self.count - 1
    if not on_end then return end
    if ok then on_end(...) else on_end(nil, (...)) end
  end)
end


--- Goes on with every task that can. Never waits. What an `on_end` raises is
--- raised here, after all had their turn.
function methods:step()
  check_self(self, "step")
  self.scheduler:step(0)
end


--- How many tasks have not ended.
---@return integer
function methods:pending()
  check_self(self, "pending")
  return self.count
end


--- Lets go of the I/O thread. Calls under way answer `nil, err` of kind
--- "canceled" to their tasks; one that makes another call after that ends
--- there, with such an error. All `on_end` have been called on return, except
--- that of a task that closes its own loop.
function methods:close()
  check_self(self, "close")
  if self.scheduler.closed then return end
  local ok, problem = pcall(self.scheduler.close, self.scheduler,
    errors.new { kind = "canceled", operation = "loop", outcome = "unknown",
      message = "the loop was closed" })
  self.source.mailbox:close()
  if not ok then error(problem, 0) end
end


--- A new loop object.
---@return twitter.loop
function loop.new()
  local source = sources.thread()
  return setmetatable({
    source = source, scheduler = scheduler.new(source), count = 0,
  }, loop_mt)
end

return loop
