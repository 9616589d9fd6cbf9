-- Waiting in a plain script: stepping an engine in the calling thread, in
-- slices, so that a signal's handler gets its turn.

local core = require "twitter.core"

local blocking = {}

local SLICE = 0.5  -- seconds; how long C may keep Ctrl-C waiting

-- One engine for each Lua state, made when it is first needed: its
-- connections, DNS answers and TLS sessions serve every client.
local engine


--- The engine of this Lua state.
---@return userdata
function blocking.engine()
  if not engine then engine = core.engine() end
  return engine
end


--- Starts a transfer and waits until it is done.
---@param transfer userdata
---@return true
function blocking.wait(transfer)
  local steps = blocking.engine()
  steps:add(transfer)
  while not steps:wait(transfer, SLICE) do end
  return true
end


--- Lets time pass.
---@param seconds number
function blocking.sleep(seconds)
  local steps = blocking.engine()
  local finish = core.now() + seconds
  repeat
    local left = finish - core.now()
    if left > 0 then steps:rest(left < SLICE and left or SLICE) end
  until left <= 0
end

return blocking
