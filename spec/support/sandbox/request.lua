-- The request as handlers see it: method, raw_path, path (parameters of the
-- pattern), query (name -> list), raw_query, headers (lower case), host, scheme,
-- form (name -> list, for form bodies), and, once checked, identity = { kind,
-- user, app, scopes, token }.

local json = require "support.sandbox.json"
local problem = require "support.sandbox.problem"
local uri = require "support.sandbox.uri"

local request = {}

local Request = {}
Request.__index = Request

---Notes something wrong with the request in the log.
---@param text string
function Request:record(text)
  local problems = self.entry.problems
  problems[#problems + 1] = text
end

---The path of the temporary file nginx put a large body into, or nil.
function Request.body_file()
  return ngx.req.get_body_file()
end

---@return string # the whole body, "" when there is none
function Request.body()
  local body = ngx.req.get_body_data()
  if body then
    return body
  end
  local path = ngx.req.get_body_file()
  if not path then
    return ""
  end
  local file = assert(io.open(path, "rb"))
  body = file:read("*a")
  file:close()
  return body
end

---@return string # media type in lower case, without its parameters
function Request:content_type()
  local header = self.headers["content-type"]
  return type(header) == "string" and header:match("^%s*([^;%s]*)"):lower() or ""
end

---The body as JSON. Otherwise nil and the refusal to return: use it as
---`local body, refusal = request:json(); if not body then return refusal() end`.
---@return table? body, function? refusal
function Request:json()
  if self:content_type() ~= "application/json" then
    return nil, function()
      return problem.invalid { {
        parameters = {},
        message = "Requests with bodies must have content-type of application/json.",
      } }
    end
  end
  local value = json.decode(self:body())
  if type(value) ~= "table" then
    return nil, function()
      return problem.invalid { {
        parameters = {}, message = "Could not parse JSON body.",
      } }
    end
  end
  return value
end

---@param name string
---@return string? # first value of a query parameter
function Request:argument(name)
  local values = self.query[name]
  return values and values[1]
end

local http_versions = { [1] = "1.0", [1.1] = "1.1", [2] = "2" }

---The running request.
---@param server string "api", "upload", "web" or "plain"
function request.new(server)
  local raw = ngx.var.request_uri
  local path, query = raw:match("^([^?]*)%??(.*)$")
  local query_pairs = uri.pairs(query)
  return setmetatable({
    server = server, started = ngx.now(), method = ngx.req.get_method(),
    raw_path = path, path = {}, raw_query = query ~= "" and query or nil,
    query_pairs = query_pairs or {}, query = uri.group(query_pairs or {}),
    bad_query = not query_pairs, headers = ngx.req.get_headers(0),
    host = ngx.var.http_host or "", scheme = ngx.var.scheme,
    connection = tonumber(ngx.var.connection),
    http_version = http_versions[ngx.req.http_version()],
  }, Request)
end

---Takes in the body, and a form's fields.
function Request:read()
  ngx.req.read_body()
  if self:content_type() == "application/x-www-form-urlencoded" then
    self.form_pairs = uri.pairs(self:body()) or {}
    self.form = uri.group(self.form_pairs)
  end
end

return request
