-- Starts a peer that misbehaves below TLS and HTTP (badpeer.c), building it
-- when needed.
--
--   local badpeer = require "support.badpeer"
--   local peer = assert(badpeer.start("reset"))
--   ... "https://127.0.0.1:" .. peer.port ...
--   peer:stop()

local badpeer = {}

local Peer = {}
Peer.__index = Peer

local modes = {
  reset = true, close = true, silent = true, garbage = true, refuse = true,
  full = true,
}

local function folder()
  local source = debug.getinfo(1, "S").source:gsub("^@", "")
  return source:match("^(.*)/spec/support/[^/]*$") or "."
end

-- Built aside and moved into place, so that two may build at once.
local command = [[
unset LD_PRELOAD
cd '%s' && mkdir -p build &&
if [ ! -x build/badpeer ] || [ spec/support/badpeer.c -nt build/badpeer ]; then
  ${CC:-cc} -std=c99 -O1 -Wall -Wextra -o "build/badpeer.$$" \
    spec/support/badpeer.c && mv "build/badpeer.$$" build/badpeer
fi && exec build/badpeer %s "$PPID"
]]

---@param mode string "reset", "close", "silent", "garbage", "refuse", "full"
---@return table? peer with port, http_url, https_url and `stop`; or nil and a message
function badpeer.start(mode)
  if not modes[mode] then
    error("no such mode: " .. tostring(mode), 2)
  end
  local pipe = assert(io.popen(command:format(folder(), mode), "r"))
  local said = pipe:read("*a")
  pipe:close()
  local port, pid = said:match("^(%d+) (%d+)")
  if not port then
    return nil, "badpeer does not start: " .. said
  end
  return setmetatable({
    port = tonumber(port), pid = tonumber(pid),
    http_url = "http://127.0.0.1:" .. port,
    https_url = "https://127.0.0.1:" .. port,
  }, Peer)
end

function Peer:stop()
  os.execute(("kill %d 2>/dev/null"):format(self.pid))
end

return badpeer
