-- The sandbox's front door: routes, what is checked before a handler runs, and
-- the sending of what it returns.

local auth = require "support.sandbox.auth"
local clock = require "support.sandbox.clock"
local crypto = require "support.sandbox.crypto"
local faults = require "support.sandbox.faults"
local json = require "support.sandbox.json"
local limits = require "support.sandbox.limits"
local log = require "support.sandbox.log"
local problem = require "support.sandbox.problem"
local requests = require "support.sandbox.request"
local state = require "support.sandbox.state"
local uri = require "support.sandbox.uri"

local app = {}

-- host -> list of { method, segments, pattern, options, handler }
local routes = { api = {}, upload = {}, web = {}, plain = {} }

-- Where a path lives when its route does not say.
local function default_host(pattern)
  if pattern:find("^/1%.1/media/") then
    return "upload"
  end
  if pattern:find("^/2/") or pattern:find("^/1%.1/") or pattern:find("^/oauth2?/") then
    return "api"
  end
  return "web"
end

local function split(path)
  local segments = {}
  for segment in path:gmatch("[^/]+") do
    segments[#segments + 1] = segment
  end
  return segments
end

---Registers a route. Literal segments win over `{name}`; the first registered
---wins among equals.
---@param method string
---@param pattern string such as "/2/tweets/{id}"
---@param options table auth (list of "oauth2_user", "oauth1", "app"; none: open),
---  scopes (list), limit (see limits.lua), style ("v2" or "v1"), query (list of
---  the query parameters it knows; on v2 all others are refused), host ("api",
---  "upload", "web", "plain")
---@param handler fun(request: table): integer, any, table?, function?
---  status, body (table: JSON, string: as it is, nil: none), headers, and
---  perhaps a function that delivers the body in its own way
function app.route(method, pattern, options, handler)
  local host = options.host or default_host(pattern)
  local list = routes[host]
  list[#list + 1] = {
    method = method, pattern = pattern, segments = split(pattern),
    options = options, handler = handler,
  }
end

local function match(route, segments)
  if #route.segments ~= #segments then
    return nil
  end
  local parameters, literal = {}, 0
  for i, segment in ipairs(route.segments) do
    local name = segment:match("^{([%w_]+)}$")
    if name then
      parameters[name] = uri.decode(segments[i])
    elseif segment == segments[i] then
      literal = literal + 1
    else
      return nil
    end
  end
  return parameters, literal
end

-- The best route, its path parameters, and which methods the path knows.
local function find(host, method, path)
  local segments, best, found, most = split(path), nil, nil, -1
  local methods = {}
  for _, route in ipairs(routes[host]) do
    local parameters, literal = match(route, segments)
    if parameters then
      methods[#methods + 1] = route.method
      if route.method == method and literal > most then
        best, found, most = route, parameters, literal
      end
    end
  end
  return best, found, methods
end

local function not_found(request)
  if request.server == "web" or request.server == "plain" then
    return 404, "<!DOCTYPE html><title>404</title><p>No such page.", {
      ["Content-Type"] = "text/html; charset=utf-8",
    }
  end
  if request.raw_path:find("^/2/") then
    return problem.v2(404, "Not Found", "Not Found")
  end
  return problem.v1(404, 34, "Sorry, that page does not exist.")
end

local function wrong_method(methods)
  local status, body, headers = problem.v2(405, "Method Not Allowed",
    "Method Not Allowed")
  headers.Allow = table.concat(methods, ", ")
  return status, body, headers
end

local function unknown_argument(request, known)
  for name in pairs(request.query) do
    local found = false
    for _, candidate in ipairs(known) do
      found = found or candidate == name
    end
    if not found then
      return name
    end
  end
end

-- The query of a v2 endpoint: known names, each once. Returns a refusal.
local function check_query(request, options)
  if request.bad_query then
    request:record("query: bad percent encoding")
    return problem.parameter("query", request.raw_query, "Malformed query string.")
  end
  if options.style == "v1" or not request.raw_path:find("^/2/") then
    return nil
  end
  local unknown = unknown_argument(request, options.query or {})
  if unknown then
    request:record("query: unknown parameter " .. unknown)
    if state.settings.strict_query then
      return problem.parameter(unknown, request.query[unknown][1],
        ("The query parameter [%s] is not one of [%s]"):format(unknown,
          table.concat(options.query or {}, ",")))
    end
  end
  for name, values in pairs(request.query) do
    if #values > 1 then
      request:record("query: repeated parameter " .. name)
      return problem.parameter(name, table.concat(values, ","),
        ("The query parameter [%s] may not be repeated."):format(name))
    end
  end
end

-- Limits count whatever comes of a request once its sender is known.
local function judge(request, route)
  local status, body, headers = auth.check(request, route.options)
  if request.identity then
    local allowed
    allowed, request.limit_headers = limits.count(request)
    if not allowed then
      request:record("rate limit exceeded")
      return limits.refusal(request)
    end
  end
  if status then
    return status, body, headers
  end
  return check_query(request, route.options)
end

local function execute(request)
  local route, parameters, methods = find(request.server, request.method,
    request.raw_path)
  if not route then
    request:record("no such route")
    if #methods > 0 then
      return wrong_method(methods)
    end
    return not_found(request)
  end
  request.path, request.route = parameters, route
  local status, body, headers = judge(request, route)
  if status then
    return status, body, headers
  end
  return route.handler(request)
end

-- A handler that fails is the sandbox's mistake: the log says so.
local function executed(request)
  local result = { xpcall(execute, debug.traceback, request) }
  if result[1] then
    return unpack(result, 2, 5)
  end
  request:record("sandbox failed: " .. result[2])
  ngx.log(ngx.ERR, result[2])
  return problem.v2(500, "Internal Server Error", "Internal Server Error",
    "internal-error")
end

local function common_headers(request)
  ngx.header.Date = ngx.http_time(clock.time())
  if request.server == "plain" then
    return
  end
  ngx.header["Cache-Control"] = "no-cache, no-store, max-age=0"
  if request.server == "web" then
    return
  end
  ngx.header["x-transaction-id"] = crypto.word(16):lower()
  ngx.header["x-response-time"] = math.floor((ngx.now() - request.started) * 1000)
  ngx.header["api-version"] = "2.167"
  local identity = request.identity
  if identity and identity.kind == "oauth1" then
    ngx.header["x-access-level"] = identity.permission
  end
  for name, value in pairs(request.limit_headers or {}) do
    ngx.header[name] = value
  end
end

-- Sets status and headers; returns the body as text.
local function prepare(request, status, body, headers, delivered)
  ngx.status = status
  common_headers(request)
  if type(body) == "table" then
    ngx.header["Content-Type"] = "application/json; charset=utf-8"
    body = json.encode(body)
  end
  for name, value in pairs(headers or {}) do
    ngx.header[name] = value
  end
  if not delivered and (not body or body == "") and status ~= 204 then
    ngx.header["Content-Length"] = 0
  end
  return body or ""
end

local function send(request, status, body, headers, deliver)
  log.close(request.entry, request, status)
  if not status then
    return
  end
  local text = prepare(request, status, body, headers, deliver ~= nil)
  local write = deliver or ngx.print
  write(text)
end

local function apply(fault, request)
  request.entry.fault = fault.kind
  return send(request, faults.apply(fault, request, function()
    local status, body, headers = executed(request)
    log.close(request.entry, request, nil)
    return status, body, headers
  end))
end

---Handles the running request.
---@param server string "api", "upload", "web" or "plain"
function app.serve(server)
  local request = requests.new(server)
  request.entry = log.open(request)
  if not request.headers["user-agent"] then
    request:record("no User-Agent")
  end
  local fault = faults.take(request, true)
  if fault then
    return apply(fault, request)
  end
  request:read()
  fault = faults.take(request, false)
  if fault then
    return apply(fault, request)
  end
  send(request, executed(request))
end

return app
