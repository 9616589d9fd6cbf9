-- The one place that knows where the program runs and how a call waits there.
-- A plain script waits by stepping an engine in its own thread, in slices, so
-- that a signal's handler gets its turn.

local core = require "twitter.core"

local transport = {}

local SLICE = 0.5  -- seconds; how long C may keep Ctrl-C waiting

-- One engine for each Lua state, made when it is first needed: its
-- connections, DNS answers and TLS sessions serve every client.
local engine

local function running_engine()
  if not engine then engine = core.engine() end
  return engine
end


---@class twitter.transport.request
---@field method string
---@field url string
---@field headers string[] name, value, name, value, ...
---@field body? string|table bytes, `{ file =, offset =, length = }` or `{ multipart = ... }`
---@field settings userdata from `transport.settings`
---@field options? table max_response (bytes), secret, resend, redirects, sink, timeout (seconds)

---@class twitter.transport.response
---@field status integer
---@field headers table<string, string|string[]> names in lower case
---@field body? string nil when it went to a sink
---@field http_version string
---@field elapsed number seconds

---@class twitter.transport.failure
---@field kind string "network", "timeout", "tls", "file", "too_large", "canceled", "invalid"
---@field message string
---@field left boolean can the server have received the whole request?
---@field status? integer of a response that broke off
---@field headers? table

--- How requests travel, made once from parameters and used for many calls.
---@param parameters table timeout, connect_timeout, stall_timeout, proxy,
---  no_proxy, ca_file, ca_path, user_agent, http_version
---@return userdata
function transport.settings(parameters)
  return core.settings(parameters)
end


local function failure(kind, message, left, status, headers)
  return {
    kind = kind, message = message, left = left or false,
    status = status ~= 0 and status or nil, headers = headers,
  }
end


local function outcome_of(transfer)
  local status, headers, body, version, elapsed, last = transfer:result()
  if not status then
    return nil, failure(headers, body, version, elapsed, last)
  end
  return {
    status = status, headers = headers, body = body,
    http_version = version, elapsed = elapsed,
  }
end


--- Sends one request once and waits for the whole response.
---@param request twitter.transport.request
---@return twitter.transport.response? response
---@return twitter.transport.failure? failure
function transport.exchange(request)
  local transfer, message = core.transfer(request.settings, request.method,
    request.url, request.headers, request.body, request.options)
  if not transfer then return nil, failure("invalid", message) end
  local steps = running_engine()
  steps:add(transfer)
  while not steps:wait(transfer, SLICE) do end
  local response, failed = outcome_of(transfer)
  transfer:close()
  return response, failed
end


--- Waits.
---@param seconds number
function transport.sleep(seconds)
  local steps = running_engine()
  local finish = core.now() + seconds
  repeat
    local left = finish - core.now()
    if left > 0 then steps:rest(left < SLICE and left or SLICE) end
  until left <= 0
end


--- A clock for measuring how long something takes.
---@return number seconds since some moment
function transport.now()
  return core.now()
end


--- The query of the request that the host is answering right now.
---@return table? fields
---@return string? message
function transport.incoming_fields()
  local host = rawget(_G, "ngx")
  if not host or host.get_phase() == "init" then
    return nil, "there is no running request: pass it as an argument"
  end
  return host.req.get_uri_args()
end

return transport
