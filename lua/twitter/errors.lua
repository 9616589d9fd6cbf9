-- The error object that every failure of the world is told by. It is a value:
-- a table with plain fields, fit for `assert` and for printing. Whatever comes
-- from outside has lost its secrets and control characters before it enters,
-- and nothing of a request but its method and operation is ever kept.
--
--   kind        "http", "rate_limit", "auth", "network", "timeout", "tls",
--               "json", "file", "invalid" or "canceled"
--   message     one line, without the operation's name
--   outcome     "not_sent" (it never left), "refused" (the server said no),
--               "unknown" (sent, no answer: it may have taken effect)
--   operation   the function that was called
--   hint        what can be done about it, when that is known
-- and for an answer of the server:
--   status, title, detail, type   as they were sent
--   problem     the last segment of type, "v1:<code>" or "oauth:<error>"
--   errors      list of tables, each with `message` and perhaps `problem`
--   body        the decoded object, without its data
--   headers, rate_limit, retry_after (seconds), request_id, method

local body = require "twitter.errors.body"
local hints = require "twitter.errors.hints"
local limits = require "twitter.errors.limits"
local redact = require "twitter.errors.redact"

local MAX_MESSAGE = 500  -- bytes

local errors = {}

---@class twitter.error
---@field kind "http"|"rate_limit"|"auth"|"network"|"timeout"|"tls"|"json"|"file"|"invalid"|"canceled"
---@field message string
---@field outcome "not_sent"|"refused"|"unknown"
---@field operation? string
---@field endpoint? string method and address of the request, without its query
---@field hint? string
---@field status? integer
---@field title? string
---@field detail? string
---@field type? string
---@field problem? string
---@field errors? table[]
---@field headers? table<string, string|string[]>
---@field rate_limit? table
---@field retry_after? integer seconds
---@field request_id? string
---@field attempts? integer
---@field media_ids? string[] what had been uploaded

local error_mt = { __name = "twitter.error" }


function error_mt.__tostring(err)
  local text = err.message or err.kind or "error"
  if err.operation then text = err.operation .. ": " .. text end
  if err.outcome then
    text = text .. " (" .. err.outcome:gsub("_", " ") .. ")"
  end
  if err.hint then text = text .. "; " .. err.hint end
  return text
end


-- `"posting failed: " .. err` is too natural a thing to write.
function error_mt.__concat(left, right)
  return tostring(left) .. tostring(right)
end


--- Is this value an error object of this library?
---@param value any
---@return boolean
function errors.is(value)
  return type(value) == "table" and getmetatable(value) == error_mt
end


--- Makes an error object from its fields. Texts and tables are copied, with
--- secrets taken out.
---@param fields table the fields above; `secrets` (list of strings) is used to
---  clean the others and not kept
---@return table err
function errors.new(fields)
  local err, secrets = {}, redact.prepare(fields.secrets)
  for name, value in next, fields do
    if name ~= "secrets" and name ~= "message" then
      err[name] = redact.value(value, secrets)
    end
  end
  err.message = redact.text(tostring(fields.message or fields.kind), secrets,
    MAX_MESSAGE)
  return setmetatable(err, error_mt)
end


-- A write that failed without a refusal may be in effect.
local function may_have_acted(outcome, method)
  return outcome == "unknown" and method ~= nil and method ~= "GET"
end


--- A failure on the way: no connection, no time, no trust, no wish to go on.
---@param fields table `{ kind, message, outcome, operation, ... }`; the outcome
---  is "unknown" unless it is given
---@return table err
function errors.from_transport(fields)
  local err = errors.new(fields)
  err.kind = err.kind or "network"
  err.outcome = err.outcome or "unknown"
  if may_have_acted(err.outcome, err.method) then
    err.hint = hints.find { may_have_acted = true, errors = {} }
  end
  return err
end


--- A value that X would refuse, noticed before anything was sent.
---@param operation? string
---@param message string
---@return table err
function errors.invalid(operation, message)
  return errors.new { kind = "invalid", outcome = "not_sent",
    operation = operation, message = message }
end


--- A file that cannot be read.
---@param operation? string
---@param message string
---@return table err
function errors.file(operation, message)
  return errors.new { kind = "file", outcome = "not_sent",
    operation = operation, message = message }
end


local phrases = {
  [200] = "OK", [201] = "Created", [202] = "Accepted", [204] = "No Content",
  [301] = "Moved Permanently", [302] = "Found", [303] = "See Other",
  [304] = "Not Modified", [307] = "Temporary Redirect",
  [308] = "Permanent Redirect",
  [400] = "Bad Request", [401] = "Unauthorized", [402] = "Payment Required",
  [403] = "Forbidden", [404] = "Not Found", [405] = "Method Not Allowed",
  [406] = "Not Acceptable", [408] = "Request Timeout", [409] = "Conflict",
  [410] = "Gone", [413] = "Content Too Large", [414] = "URI Too Long",
  [415] = "Unsupported Media Type", [422] = "Unprocessable Content",
  [429] = "Too Many Requests", [431] = "Request Header Fields Too Large",
  [500] = "Internal Server Error", [501] = "Not Implemented",
  [502] = "Bad Gateway", [503] = "Service Unavailable",
  [504] = "Gateway Timeout",
}

-- Codes of v1.1 and problems of v2 that are about credentials or permissions,
-- whatever their status.
local auth_problems = {
  ["unsupported-authentication"] = true, ["oauth1-permissions"] = true,
  ["client-forbidden"] = true,
  ["v1:32"] = true, ["v1:89"] = true, ["v1:99"] = true, ["v1:135"] = true,
  ["v1:215"] = true, ["v1:220"] = true, ["v1:261"] = true, ["v1:415"] = true,
  ["v1:416"] = true, ["v1:417"] = true, ["v1:453"] = true,
}


local function is_success(status)
  return status >= 200 and status < 300
end


local function kind_of(status, facts)
  if is_success(status) and #facts.errors == 0 then return "json" end
  if status == 429 then return "rate_limit" end
  if status == 401 then return "auth" end
  if status < 500 and facts.problem and (auth_problems[facts.problem]
      or facts.problem:find("^oauth:")) then
    return "auth"
  end
  return "http"
end


local function outcome_of(status, kind)
  if status >= 300 and status < 500 then return "refused" end
  if is_success(status) and kind ~= "json" then return "refused" end
  return "unknown"
end


-- Adds a text unless it is there already, in whatever words case has.
local function append(parts, text)
  if not text then return end
  local seen = table.concat(parts, " "):lower()
  if not seen:find(text:lower(), 1, true) then parts[#parts + 1] = text end
end


local function details(facts, phrase)
  local parts, known = {}, { phrase }
  for _, text in ipairs { facts.detail or false,
      facts.errors[1] and facts.errors[1].message or false } do
    if text then
      local count = #known
      append(known, text)
      if #known > count then parts[#parts + 1] = text end
    end
  end
  return table.concat(parts, " ")
end


-- "HTTP 403 Forbidden: You are not allowed to ..."
local function message_of(status, facts, kind)
  local phrase = facts.title or phrases[status]
  local head = ("HTTP %d"):format(status) .. (phrase and " " .. phrase or "")
  if kind == "json" then
    local reason = facts.json_message and "the answer is not valid JSON: "
      .. facts.json_message
    return head .. ": " .. (reason or facts.format == "empty"
      and "the answer is empty" or "the answer is not JSON")
  end
  local detail = details(facts, ("%d %s"):format(status, phrase or ""))
  return detail == "" and head or head .. ": " .. detail
end


-- Caps are no matter of waiting for a window.
local function is_capped(facts)
  return facts.problem == "usage-capped" or facts.title == "UsageCapExceeded"
end


local function hint_of(err, format, context)
  return hints.find({
    status = err.status, format = format, problem = err.problem,
    scheme = context.scheme,
    title = err.title, detail = err.detail, errors = err.errors,
    body = err.body, may_have_acted = may_have_acted(err.outcome, err.method),
  }, limits.clock_skew(err.headers, context.now))
end


-- The text of an answer that should have been JSON is data, not a reason.
local function detail_of(facts, kind)
  if kind == "json" and facts.format ~= "html" then return nil end
  return facts.detail
end


local function first_value(value)
  if type(value) == "table" then return value[1] end
  return value
end


--- Makes the error that a response stands for, whatever its body looks like.
---@param response table `{ status, headers, body }`; header names in lower
---  case, values strings or lists of strings
---@param context? table `{ operation, method, secrets, now, outcome }`:
---  `secrets` is a list of strings to take out, `now` the local Unix time,
---  `outcome` replaces the one that the status suggests
---@return table err
function errors.from_response(response, context)
  context = context or {}
  local status = response.status or 0
  local secrets = redact.prepare(context.secrets)
  local facts = body.read(response.body, secrets)
  local headers = response.headers or {}
  local rate_limit = limits.read(headers, context.now)
  local kind = kind_of(status, facts)
  local err = errors.new {
    kind = kind, message = message_of(status, facts, kind),
    outcome = context.outcome or outcome_of(status, kind),
    operation = context.operation, method = context.method,
    endpoint = context.endpoint, status = status, title = facts.title,
    detail = detail_of(facts, kind),
    type = facts.type, problem = facts.problem, errors = facts.errors,
    body = facts.body, headers = redact.headers(headers, secrets),
    rate_limit = rate_limit,
    retry_after = not is_capped(facts)
      and limits.retry_after(status, headers, rate_limit, context.now) or nil,
    request_id = first_value(headers["x-transaction-id"]), secrets = secrets,
  }
  err.hint = hint_of(err, facts.format, context)
  return err
end


--- The rate limit that response headers tell of, successes included.
---@param headers? table names in lower case
---@param now? integer local Unix time, for an answer without a Date
---@return table? rate_limit `{ limit, remaining, reset, window, app_24hour,
---  user_24hour }`; nil when there are no such headers
errors.rate_limit = limits.read

--- Replaces every secret in a text by "[redacted]".
---@param text string
---@param secrets? string[]
---@return string
errors.redact = redact.secrets


return errors
