-- How a call waits, wherever it is made: in a plain script by stepping an
-- engine, among parallel tasks by yielding to its siblings, inside nginx by
-- yielding to nginx. The callers write the same line everywhere.

local blocking = require "twitter.transport.blocking"
local core = require "twitter.core"

local transport = {}

local nginx = rawget(_G, "ngx") and require "twitter.transport.nginx"


--- The driver for nginx, where the code runs inside a worker of it.
---@return table?
function transport.nginx()
  return nginx and nginx.is_here() and nginx or nil
end


-- The way of waiting that fits where the code runs. Nobody is in a scheduler
-- whose module has not been loaded.
local function driver()
  if transport.nginx() then return nginx end
  local scheduler = package.loaded["twitter.transport.scheduler"]
  return scheduler and scheduler.current() or blocking
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
---@field head string for `core.headers`
---@field headers table<string, string|string[]> names in lower case; made of `head` when asked for
---@field body? string nil when it went to a sink
---@field http_version string
---@field elapsed number seconds

---@class twitter.transport.failure
---@field kind string "network", "timeout", "tls", "file", "too_large", "memory", "canceled", "invalid"
---@field message string
---@field left boolean can the server have received the whole request?
---@field status? integer of a response that broke off
---@field headers? table

--- How requests travel, made once from parameters and used for many calls.
---@param parameters table timeout, connect_timeout, stall_timeout, proxy,
---  no_proxy, ca_file, ca_path, user_agent, http_version, max_response
---@return userdata
function transport.settings(parameters)
  return core.settings(parameters)
end


local function failure(kind, message, left, status, head)
  return {
    kind = kind, message = message, left = left or false,
    status = status ~= 0 and status or nil,
    headers = head and core.headers(head),
  }
end


-- Most callers never look at the headers.
local response_mt = {
  __index = function(response, key)
    if key ~= "headers" then return nil end
    local headers = core.headers(response.head)
    response.headers = headers
    return headers
  end,
}


local function outcome_of(transfer)
  local status, head, body, version, elapsed, last = transfer:result()
  if not status then
    return nil, failure(head, body, version, elapsed, last)
  end
  return setmetatable({
    status = status, head = head, body = body,
    http_version = version, elapsed = elapsed,
  }, response_mt)
end


-- The three drivers are called alike; a scheduler is an object.
local function wait(transfer)
  local place = driver()
  if place == blocking or place == nginx then return place.wait(transfer) end
  return place:wait(transfer)
end


--- Sends one request once and waits for the whole response.
---@param request twitter.transport.request
---@return twitter.transport.response? response
---@return twitter.transport.failure? failure
function transport.exchange(request)
  local transfer, message = core.transfer(request.settings, request.method,
    request.url, request.headers, request.body, request.options)
  if not transfer then return nil, failure("invalid", message) end
  local ok, kind
  ok, message, kind = wait(transfer)
  if not ok then
    transfer:close()
    return nil, failure(kind or "invalid", message, kind == "canceled")
  end
  local response, failed = outcome_of(transfer)
  transfer:close()
  return response, failed
end


--- Waits.
---@param seconds number
function transport.sleep(seconds)
  local place = driver()
  if place == blocking or place == nginx then return place.sleep(seconds) end
  return place:sleep(seconds)
end


--- A clock for measuring how long something takes.
---@return number seconds since some moment
function transport.now()
  return core.now()
end


--- Is the program a server, which had better have everything loaded?
---@return boolean
function transport.is_server()
  return nginx and true or false
end


--- May a call be handed over here, to be made later?
---@return boolean
---@return string? message
function transport.may_send()
  if not nginx then return true end
  return nginx.may_send()
end


--- The query of the request that the host is answering right now.
---@return table? fields
---@return string? message
function transport.incoming_fields()
  if not transport.nginx() then
    return nil, "there is no running request: pass it as an argument"
  end
  return nginx.incoming_fields()
end

return transport
