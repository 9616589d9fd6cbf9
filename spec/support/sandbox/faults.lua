-- What can go wrong between a client and the API, on order of a test. Each
-- kind is a function of the fault, the request and `run`, which executes the
-- request as if nothing were wrong. It returns what to answer, and perhaps a
-- function that delivers the body; nothing, when there is no answer.

local clock = require "support.sandbox.clock"
local crypto = require "support.sandbox.crypto"
local json = require "support.sandbox.json"
local problem = require "support.sandbox.problem"
local state = require "support.sandbox.state"
local wire = require "support.sandbox.wire"

local faults = { list = {} }

local kinds = {}
local patience = 120 -- seconds after which silence ends by itself

function faults.clear()
  faults.list = {}
end

state.on_reset(faults.clear)

---@param order table match, times, skip, fault
function faults.add(order)
  local fault = assert(order.fault, "fault missing")
  assert(kinds[fault.kind or ""], "no such kind of fault: " .. tostring(fault.kind))
  faults.list[#faults.list + 1] = {
    match = order.match or {}, times = order.times or 1,
    skip = order.skip or 0, fault = fault,
  }
end

local function matches(match, request, body)
  local path = request.raw_path
  return (not match.method or match.method == request.method)
    and (not match.host or match.host == request.server)
    and (not match.path or match.path == path
      or path:find("^" .. match.path .. "$") ~= nil)
    and (not match.query or (request.raw_query or ""):find(match.query, 1, true))
    and (not match.body or body:find(match.body, 1, true))
end

---The fault ordered for a request, which is used up by that. Those with
---`early = true` strike before the body is read, all others after.
---@param request table
---@param early boolean
---@return table? fault
function faults.take(request, early)
  if #faults.list == 0 then
    return nil
  end
  local body = early and "" or request:body()
  for i, order in ipairs(faults.list) do
    local fits = (order.fault.early or false) == early
    if fits and matches(order.match, request, body) then
      if order.skip > 0 then
        order.skip = order.skip - 1
      else
        order.times = order.times - 1
        if order.times == 0 then
          table.remove(faults.list, i)
        end
        return order.fault
      end
    end
  end
end

---@param fault table
---@param request table
---@param run fun(): integer, any, table?
function faults.apply(fault, request, run)
  return kinds[fault.kind](fault, request, run)
end

-- Silence, until the client gives up.
local function stall()
  ngx.on_abort(function()
    ngx.exit(499)
  end)
  ngx.sleep(patience)
end

local function as_text(body)
  return type(body) == "table" and json.encode(body) or body or ""
end

local function json_headers(headers)
  local copy = { ["Content-Type"] = "application/json; charset=utf-8" }
  for name, value in pairs(headers or {}) do
    copy[name] = value
  end
  return copy
end

local function first_half(text)
  ngx.print(text:sub(1, math.ceil(#text / 2)))
  ngx.flush(true)
end

-- An answer in place of the request's own. With `executed` the request is
-- carried out all the same.
local function instead(fault, run)
  if fault.executed then
    run()
  end
end

function kinds.delay(fault, _, run)
  -- A client that gives up does not call its request back.
  pcall(ngx.on_abort, function() end)
  ngx.sleep(fault.seconds or 1)
  return run()
end

function kinds.status(fault, _, run)
  instead(fault, run)
  local headers = fault.headers or {}
  if fault.content_type then
    headers["Content-Type"] = fault.content_type
  end
  local body = fault.body
  if body == nil then
    local title = "Service Unavailable"
    local status, answer, own = problem.v2(fault.status or 503,
      fault.title or title, fault.detail or title)
    headers["Content-Type"] = headers["Content-Type"] or own["Content-Type"]
    return status, answer, headers
  end
  return fault.status or 503, body, headers
end

function kinds.empty(fault, _, run)
  instead(fault, run)
  return fault.status or 503, "", { ["Content-Type"] = "text/plain" }
end

local edge_page = [[
<!DOCTYPE html>
<html lang="en-US"><head><title>api.x.com | %d: Bad gateway</title></head>
<body><h1>Bad gateway <span>Error code %d</span></h1>
<p>The web server reported a bad gateway error.</p>
<p>Ray ID: %s</p></body></html>
]]

function kinds.html(fault, _, run)
  instead(fault, run)
  local status = fault.status or 502
  return status, edge_page:format(status, status, crypto.word(16):lower()), {
    ["Content-Type"] = "text/html; charset=UTF-8", Server = "cloudflare",
  }
end

function kinds.corrupt(_, _, run)
  local status, body, headers = run()
  local text = as_text(body)
  return status, text:sub(1, math.floor(#text / 2)), json_headers(headers)
end

function kinds.not_json(fault, _, run)
  instead(fault, run)
  return fault.status or 200, fault.body or "Everything is fine.", json_headers()
end

function kinds.errors_only(fault, _, run)
  instead(fault, run)
  return fault.status or 200, { errors = { problem.missing("tweet", "id", "1") } }
end

function kinds.string_errors(fault, _, run)
  instead(fault, run)
  return fault.status or 400, { errors = { "Something went wrong" } }
end

-- `how`: "close" ends the connection, "reset" resets it, "stream" ends the
-- HTTP/2 stream alone.
local function hang_up(how)
  if how == "reset" then
    wire.reset()
  elseif how ~= "stream" then
    wire.close()
  end
  ngx.exit(444)
end

function kinds.cut(fault, _, run)
  local status, body, headers = run()
  local text = as_text(body)
  headers = json_headers(headers)
  headers["Content-Length"] = fault.length and #text or nil
  return status, text, headers, function()
    first_half(text)
    hang_up(fault.how)
  end
end

function kinds.reset_before(fault)
  hang_up(fault.how or "reset")
end

function kinds.reset_after(fault, _, run)
  run()
  hang_up(fault.how or "reset")
end

function kinds.stall_before()
  stall()
end

function kinds.stall_after(_, _, run)
  run()
  stall()
end

function kinds.stall_middle(_, _, run)
  local status, body, headers = run()
  return status, as_text(body), json_headers(headers), function(text)
    first_half(text)
    stall()
  end
end

local function endless_body()
  local ends = ngx.now() + patience
  local chunk = (" "):rep(16384)
  while ngx.now() < ends do
    if not ngx.print(chunk) or not ngx.flush(true) then
      return
    end
    ngx.sleep(0.001)
  end
end

function kinds.endless(fault, _, run)
  instead(fault, run)
  return fault.status or 200, '{"data":', json_headers(), function(text)
    ngx.print(text)
    endless_body()
  end
end

function kinds.throttle(fault, _, run)
  local rate = fault.bytes_per_second or 100
  local size = fault.chunk or math.max(1, math.floor(rate / 20))
  local status, body, headers = run()
  return status, as_text(body), json_headers(headers), function(text)
    for place = 1, #text, size do
      ngx.print(text:sub(place, place + size - 1))
      ngx.flush(true)
      ngx.sleep(size / rate)
    end
  end
end

function kinds.huge_header(fault, _, run)
  local status, body, headers = run()
  headers = headers or {}
  headers["x-huge"] = ("h"):rep(fault.bytes or 400000)
  return status, body, headers
end

function kinds.redirect(fault)
  return fault.status or 302, "", { Location = fault.location }
end

local function limit_headers(prefix, seconds)
  return {
    [prefix .. "-limit"] = 100, [prefix .. "-remaining"] = 0,
    [prefix .. "-reset"] = math.ceil(clock.now() + seconds),
  }
end

local limit_prefixes = {
  window = "x-rate-limit", app24 = "x-app-limit-24hour",
  user24 = "x-user-limit-24hour",
}

-- `headers`: "window", "app24", "user24", "retry_after", "none"; `seconds`
-- until the reset they announce.
function kinds.rate_limited(fault)
  local status, body, headers = problem.rate_limited(fault.shape)
  local seconds = fault.seconds or 1
  local prefix = limit_prefixes[fault.headers or "window"]
  local extra = prefix and limit_headers(prefix, seconds) or {}
  if prefix and prefix ~= "x-rate-limit" then
    extra["x-rate-limit-limit"], extra["x-rate-limit-remaining"] = 100, 50
    extra["x-rate-limit-reset"] = math.ceil(clock.now() + seconds)
  elseif fault.headers == "retry_after" then
    extra["Retry-After"] = seconds
  end
  for name, value in pairs(headers or {}) do
    extra[name] = value
  end
  return status, body, extra
end

for _, name in ipairs { "credits", "spend_cap", "duplicate", "not_permitted",
  "unauthorized" } do
  kinds[name] = function(fault, _, run)
    instead(fault, run)
    return problem[name]()
  end
end

return faults
