-- Where a scheduler's transfers are made and its alarms ring. A source has
-- `start(transfer)` and `alarm(seconds)`, which answer a key (or nil and a
-- message), `poll(seconds)`, which answers the keys of what has come to its
-- end, waiting up to that time for the first, and `hurry()`: there is work for
-- the scheduler without that.

local core = require "twitter.core"
local blocking = require "twitter.transport.blocking"

local sources = {}


-- The keys of `running` whose transfer is done, taken out of it.
local function take_done(running, done)
  for transfer in pairs(running) do
    if transfer:done() then
      running[transfer] = nil
      done[#done + 1] = transfer
    end
  end
  return done
end


-- The alarms that have rung, taken out of `alarms`.
local function take_due(alarms, done)
  local now = core.now()
  for alarm, due in pairs(alarms) do
    if due <= now then
      alarms[alarm] = nil
      done[#done + 1] = alarm
    end
  end
  return done
end


local function until_first(alarms, limit)
  local now = core.now()
  for _, due in pairs(alarms) do limit = math.min(limit, due - now) end
  return math.max(limit, 0)
end


--- The engine of this Lua state, stepped by whoever polls. Others step it too:
--- a call that waits alone ends transfers of ours meanwhile.
---@return table source
function sources.engine()
  local engine = blocking.engine()
  local running, alarms = {}, {}
  local seen = engine:finished()
  local source = {}

  function source.start(transfer)
    engine:add(transfer)
    running[transfer] = true
    return transfer
  end

  function source.alarm(seconds)
    local alarm = {}
    alarms[alarm] = core.now() + seconds
    return alarm
  end

  function source.poll(limit)
    if engine:finished() == seen then
      local pause = until_first(alarms, limit)
      if next(running) then engine:step(pause) else engine:rest(pause) end
    end
    local done, count = {}, engine:finished()
    if count ~= seen then take_done(running, done) end
    seen = count
    return take_due(alarms, done)
  end

  function source.hurry() end

  return source
end


--- The I/O thread of this process; `source.mailbox` has a descriptor that
--- tells when there is something to poll for.
---@return table source
function sources.thread()
  local mailbox = core.mailbox()
  local source = { mailbox = mailbox }

  function source.start(transfer)
    return mailbox:submit(transfer)
  end

  function source.alarm(seconds)
    return mailbox:alarm(seconds)
  end

  function source.hurry()
    mailbox:poke()
  end

  function source.poll()
    local done = {}
    mailbox:drain()
    local id = mailbox:collect()
    while id do
      done[#done + 1] = id
      id = mailbox:collect()
    end
    return done
  end

  return source
end

return sources
