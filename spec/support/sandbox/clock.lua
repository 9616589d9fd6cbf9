-- The sandbox's time: the machine's, moved by an offset that a test sets.
-- Everything that expires, and the Date header, follows it.

local clock = { offset = 0 }

---@return number # seconds since 1970, with a fraction
function clock.now()
  return ngx.now() + clock.offset
end

---@return integer # whole seconds since 1970
function clock.time()
  return math.floor(clock.now())
end

---@param seconds number? default: now
---@return string # as v2 writes dates: 2026-01-31T12:00:00.000Z
function clock.iso(seconds)
  seconds = seconds or clock.now()
  local whole = math.floor(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%S", whole)
    .. (".%03dZ"):format(math.floor((seconds - whole) * 1000))
end

return clock
