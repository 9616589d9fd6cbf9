-- For programs with an event loop of their own (cqueues, luv, copas, ...): one
-- descriptor to watch and one function to call when it is readable. Tasks are
-- coroutines of ours; their transfers are made by the I/O thread.
--
--   local loop = twitter.loop()
--   loop:run(function() return twitter.create_text_tweet("hi") end, print)
--   -- whenever loop:descriptor() is readable: loop:step()

local scheduler = require "twitter.transport.scheduler"
local sources = require "twitter.transport.sources"

local loop = {}


---@class twitter.loop
local methods = {}
local loop_mt = {
  __name = "twitter.loop", __index = methods,
  __tostring = function() return "twitter.loop" end,
}


--- The descriptor to watch for reading. It belongs to the loop object.
---@return integer? descriptor
---@return string? message
function methods:descriptor()
  return self.source.mailbox:descriptor()
end


--- Starts a task; it runs up to its first call before this returns.
---@param task function
---@param on_end? fun(...) called with what the task returns; with `nil, message` when it raises
function methods:run(task, on_end)
  self.scheduler:start(task, function(ok, ...)
    if not on_end then return end
    if ok then on_end(...) else on_end(nil, (...)) end
  end)
end


--- Goes on with every task that can. Never waits.
function methods:step()
  self.scheduler:step(0)
end


--- How many tasks have not ended.
---@return integer
function methods:pending()
  return self.scheduler.alive
end


--- Lets go of the I/O thread; calls under way are canceled.
function methods:close()
  self.source.mailbox:close()
end


--- A new loop object.
---@return twitter.loop
function loop.new()
  local source = sources.thread()
  return setmetatable({
    source = source, scheduler = scheduler.new(source),
  }, loop_mt)
end

return loop
