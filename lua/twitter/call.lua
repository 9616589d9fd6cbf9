-- One call of the API, from a description to the decoded answer: address,
-- credential, body, as many attempts as are safe, and the facts about them.

local core = require "twitter.core"
local encode = require "twitter.encode"
local json = require "twitter.json"
local lazy = require "twitter.lazy"
local operations = require "twitter.operations"
local transport = require "twitter.transport"

local errors = lazy.module "twitter.errors"
local retry = lazy.module "twitter.retry"

local call = {}

-- Methods that may arrive twice without harm (RFC 9110 section 9.2.2).
local idempotent = {
  GET = true, HEAD = true, PUT = true, DELETE = true, OPTIONS = true,
}


---@class twitter.call.description
---@field method string
---@field url string absolute, without the query below
---@field query? string[][] pairs
---@field auth? string[] accepted schemes, the best first; nil: no credential
---@field insisted? boolean the caller chose the scheme for this request alone
---@field basic? string[] user and password of HTTP Basic
---@field json? any encoded as the body
---@field form? string[][] pairs sent as a form (and signed)
---@field body? string|table as `core.transfer` takes it
---@field content_type? string of `body`
---@field headers? string[] name, value, ...
---@field resend? boolean harmless when it arrives twice? default: by method
---@field raw? boolean an answer that is no JSON is given as a string
---@field secret? boolean the answer holds secrets
---@field secrets? string[] values, beside the parameters', to keep from errors

local function all_secrets(context, description)
  if not description.secrets then return context:secrets() end
  local list = {}
  for _, secret in ipairs(context:secrets()) do list[#list + 1] = secret end
  for _, secret in ipairs(description.secrets) do list[#list + 1] = secret end
  return list
end


-- Method and URL without its query: safe to show.
local function endpoint(description)
  return description.method .. " " .. description.url:match("^[^?#]*")
end


-- Body and its content type; a form is signed, so its pairs stay at hand.
local function encode_body(description)
  if description.json ~= nil then
    local text, message = json.encode(description.json)
    return text, "application/json", message
  elseif description.form then
    return encode.join(description.form), "application/x-www-form-urlencoded"
  end
  return description.body, description.content_type
end


local function no_credentials(context, message)
  return errors.new {
    kind = "auth", message = message, outcome = "not_sent",
    operation = context.operation, problem = "no-credentials",
  }
end


local function prepare(context, description)
  local url = description.url
  if description.query then
    url = encode.with_query(url, encode.join(description.query))
  end
  local body, content_type, message = encode_body(description)
  if message then return nil, context:invalid(message) end
  local scheme
  if description.auth then
    scheme, message = context:scheme(description.auth, description.insisted)
    if not scheme then return nil, no_credentials(context, message) end
  end
  return {
    url = url, body = body, content_type = content_type, scheme = scheme,
    resend = description.resend or (description.resend == nil
      and idempotent[description.method] or false),
  }
end


local function authorization(context, description, prepared)
  if description.basic then
    return core.basic(description.basic[1], description.basic[2])
  elseif prepared.scheme == "oauth1" then
    return context:signer():header(description.method, prepared.url,
      description.form)
  elseif prepared.scheme then
    return context:bearer(prepared.scheme)
  end
end


local function headers_of(context, description, prepared)
  local list = { "accept", "application/json" }
  local value, message = authorization(context, description, prepared)
  if value then
    list[3], list[4] = "authorization", value
  elseif message then
    return nil, message
  end
  if prepared.content_type then
    list[#list + 1] = "content-type"
    list[#list + 1] = prepared.content_type
  end
  if description.headers then
    for _, text in ipairs(description.headers) do list[#list + 1] = text end
  end
  return list
end


-- Below, a request is never sent again as it is when it is signed: its nonce
-- works once. `left` is what the deadline leaves to a later attempt; the first
-- one has the whole time, which the settings hold.
local RESEND = { resend = true }

local function options_of(description, prepared, left)
  local resend = prepared.resend and prepared.scheme ~= "oauth1"
  if not description.secret and not left then
    return resend and RESEND or nil
  end
  return { resend = resend, secret = description.secret, timeout = left }
end


-- What X is known to have done, when no whole answer came.
local function outcome_of(failure)
  if not failure.left then return "not_sent" end
  local status = failure.status
  if status and status >= 300 and status < 500 then return "refused" end
  return "unknown"
end


local function transport_error(context, description, failure)
  local too_large = failure.kind == "too_large"
  local is_ours = too_large or failure.kind == "memory"
  return errors.from_transport {
    kind = is_ours and "network" or failure.kind,
    problem = too_large and "response-too-large" or nil,
    message = failure.message, outcome = outcome_of(failure),
    operation = context.operation, method = description.method,
    endpoint = endpoint(description), status = failure.status,
    secrets = all_secrets(context, description),
  }
end


local function response_error(context, description, prepared, response)
  local err = errors.from_response(response, {
    operation = context.operation, method = description.method,
    secrets = all_secrets(context, description),
    endpoint = endpoint(description), scheme = prepared.scheme,
  })
  return err
end


local function claims_json(response)
  local content_type = response.headers["content-type"]
  return type(content_type) == "string"
    and content_type:lower():find("^%s*application/[%w.+-]*json") ~= nil
end


-- Any answer that parses and is no list of errors only is a success.
local function decode(description, response)
  local body = response.body
  if body == "" and (response.status == 204 or description.raw) then
    return {}
  end
  local value = json.decode(body)
  if type(value) == "table" then
    if type(value.errors) == "table" and next(value.errors) ~= nil
        and (value.data == nil or value.data == json.null) then
      return nil
    end
    return value
  end
  if not description.raw then return nil end
  if claims_json(response) then return value end
  return body
end


local function attempt(context, description, prepared, left)
  local headers, message = headers_of(context, description, prepared)
  if not headers then return nil, context:invalid(message) end
  local response, failure = transport.exchange {
    method = description.method, url = prepared.url, headers = headers,
    body = prepared.body, settings = context.settings,
    options = options_of(description, prepared, left),
  }
  if not response then
    return nil, transport_error(context, description, failure)
  end
  if response.status >= 200 and response.status < 300 then
    local value = decode(description, response)
    if value ~= nil then return value, nil, response end
  end
  return nil, response_error(context, description, prepared, response)
end


-- What is worked out when it is first asked for.
local later = {
  headers = function(facts) return core.headers(facts.head) end,
  rate_limit = function(facts) return errors.rate_limit(facts.headers) end,
  request_id = function(facts) return facts.headers["x-transaction-id"] end,
}

local facts_mt = {
  __name = "twitter.facts",
  __index = function(facts, key)
    local work_out = later[key]
    if not work_out then return nil end
    local value = work_out(facts)
    rawset(facts, key, value)
    return value
  end,
}


local function facts(response, attempts, started)
  return setmetatable({
    status = response.status, head = response.head, attempts = attempts,
    http_version = response.http_version,
    elapsed = transport.now() - started,
  }, facts_mt)
end


--- Makes the call.
---@param context twitter.context
---@param description twitter.call.description
---@return any? value the decoded answer
---@return twitter.facts|twitter.error facts_or_error
function call.perform(context, description)
  local prepared, refused = prepare(context, description)
  if not prepared then return nil, refused end
  local limit = context.parameters.timeout
  local started, attempts, left = transport.now(), 0, nil
  while true do
    attempts = attempts + 1
    local value, err, response = attempt(context, description, prepared, left)
    if value ~= nil then
      return value, facts(response, attempts, started)
    end
    local delay = retry.delay(err, attempts, prepared.resend,
      context.parameters.max_retries)
    left = limit - (transport.now() - started) - (delay or 0)
    if not delay or left <= 0 then
      err.attempts = attempts
      return nil, err
    end
    transport.sleep(delay)
  end
end


--- Makes the call of an operation in the table.
---@param context twitter.context
---@param name string the operation's name in snake_case
---@param description? twitter.call.description what the row does not say; it is completed here
---@param path_fields? table<string, string> values for the braces in the path
---@return any? value
---@return twitter.facts|twitter.error facts_or_error
function call.operation(context, name, description, path_fields)
  local row = operations[name]
  description = description or {}
  description.method, description.auth = row.method, row.auth
  description.resend = row.resend
  local path = row.path
  if path_fields then
    path = path:gsub("{(%w+)}", function(field)
      return encode.segment(path_fields[field])
    end)
  end
  description.url = context.parameters.api_url .. path
  return call.perform(context, description)
end

return call
