-- The parameters that every call takes last: their names, defaults and limits,
-- checking, and merging. The rows below are the one place that knows them; the
-- manual's table is compared with them by a spec.

local check_value = require "twitter.parameters.check"
local core = require "twitter.core"
local json = require "twitter.json"
local lazy = require "twitter.lazy"

local find, format, next, type = string.find, string.format, next, type

local MAX_FILE = 1048576  -- bytes of a parameter file
local KIB, MIB = 1024, 1048576
local DAY = 86400         -- the longest time anyone waits for one answer
local OAUTH1 = 1024       -- bytes of a credential that the signer takes

local errors = lazy.module "twitter.errors"

local parameters = {}

--- One row per parameter, in the order of the manual: `name`, `type`,
--- `default`, `unit`, `description`; `secret` when its value must never be
--- shown, `reference` for the ten keys of the standard parameters; and what
--- values may be: `choices`, `minimum`, `maximum`, `whole`, `longest` (bytes),
--- `form` (the kind of address a string holds).
---@type table[]
parameters.known = {
  { name = "redirect_uri", type = "string", form = "redirect",
    reference = true,
    description = "where X sends the browser after sign-in" },
  { name = "scope", type = "string", unit = "names separated by spaces",
    reference = true, default = "tweet.read tweet.write users.read "
      .. "media.write offline.access",
    description = "what the user is asked to allow" },
  { name = "client_id", type = "string", reference = true,
    description = "OAuth 2.0 client id of the app" },
  { name = "client_secret", type = "string", secret = true, reference = true,
    description = "OAuth 2.0 client secret, for a confidential app" },
  { name = "access_token", type = "string", secret = true, reference = true,
    description = "OAuth 2.0 token of a user" },
  { name = "refresh_token", type = "string", secret = true, reference = true,
    description = "OAuth 2.0 token that gets the next access token" },
  { name = "oauth_token", type = "string", secret = true, reference = true,
    longest = OAUTH1, description = "OAuth 1.0a token of a user" },
  { name = "oauth_token_secret", type = "string", secret = true,
    longest = OAUTH1, reference = true,
    description = "the secret beside oauth_token" },
  { name = "oauth_consumer_key", type = "string", secret = true,
    longest = OAUTH1, reference = true,
    description = "OAuth 1.0a key of the app" },
  { name = "oauth_consumer_secret", type = "string", secret = true,
    longest = OAUTH1, reference = true,
    description = "the secret beside oauth_consumer_key" },
  { name = "bearer_token", type = "string", secret = true,
    description = "token of the app alone, without a user" },
  { name = "auth", type = "string", choices = { "oauth1", "oauth2", "app" },
    description = "use this kind of credential; otherwise one that the "
      .. "operation accepts is chosen" },
  { name = "api_url", type = "string", form = "base",
    default = "https://api.x.com", description = "where the API is" },
  { name = "authorize_url", type = "string", form = "base",
    default = "https://x.com/i/oauth2/authorize",
    description = "the page that asks the user" },
  { name = "upload_url", type = "string", form = "base",
    default = "https://upload.x.com",
    description = "where media of v1.1 is uploaded" },
  { name = "timeout", type = "number", unit = "seconds", default = 60,
    minimum = 0.001, maximum = DAY,
    description = "longest time for a request, its repetitions included" },
  { name = "connect_timeout", type = "number", unit = "seconds", default = 10,
    minimum = 0.001, maximum = DAY,
    description = "longest time to connect" },
  { name = "stall_timeout", type = "number", unit = "seconds", default = 30,
    minimum = 0.001, maximum = DAY,
    description = "longest silence in the middle of a transfer" },
  { name = "proxy", type = "string", form = "proxy",
    description = "address of a proxy (http, https, socks4, socks5, "
      .. "socks5h)" },
  { name = "no_proxy", type = "string", unit = "hosts separated by commas",
    description = "hosts that are reached without the proxy" },
  { name = "ca_file", type = "string", unit = "path",
    description = "file of trusted certificates" },
  { name = "ca_path", type = "string", unit = "path",
    description = "hashed directory of trusted certificates" },
  { name = "user_agent", type = "string",
    default = "twitter-api-lua/" .. core.version,
    description = "how requests introduce themselves" },
  { name = "http_version", type = "string", choices = { "1.1", "2" },
    description = "use this version of HTTP; otherwise the best one" },
  { name = "max_retries", type = "number", default = 2, minimum = 0,
    maximum = 100, whole = true,
    description = "how often a call that is safe to repeat is repeated" },
  { name = "max_response", type = "number", unit = "bytes",
    default = 16 * MIB, minimum = 1, maximum = 2048 * MIB, whole = true,
    description = "longest response that is accepted" },
  { name = "max_download", type = "number", unit = "bytes",
    default = 512 * MIB, minimum = 1, maximum = 1048576 * MIB, whole = true,
    description = "longest file that is downloaded to be posted" },
  { name = "media_api", type = "string", choices = { "2", "1.1" },
    default = "2", description = "the API that takes uploads" },
  { name = "chunk_size", type = "number", unit = "bytes", default = MIB,
    minimum = 64 * KIB, maximum = 4 * MIB, whole = true,
    description = "size of the pieces of an upload" },
  { name = "processing_timeout", type = "number", unit = "seconds",
    default = 300, minimum = 0.001, maximum = DAY,
    description = "longest time to wait until X has processed media" },
  { name = "send_queue", type = "number", unit = "calls", default = 1000,
    minimum = 1, maximum = 1000000, whole = true,
    description = "how many calls of `twitter.send` may wait their turn" },
  { name = "on_token", type = "function",
    description = "called with every new token table, to keep it" },
  { name = "progress", type = "function",
    description = "called while media is uploaded" },
  { name = "session", type = "table",
    description = "the session that came with the authorization link" },
  { name = "code_verifier", type = "string", secret = true,
    description = "the verifier of that session, when only it was kept" },
  { name = "token_type", type = "string",
    description = "accepted, so that a token table can be passed" },
  { name = "expires_in", type = "number", unit = "seconds", minimum = 0,
    description = "accepted, so that a token table can be passed" },
  { name = "expires_at", type = "number", unit = "Unix time", minimum = 0,
    description = "when access_token expires" },
  { name = "user_id", type = "string",
    description = "accepted, so that a token table can be passed" },
  { name = "screen_name", type = "string",
    description = "accepted, so that a token table can be passed" },
}

local by_name, names, secret_names, standard = {}, {}, {}, {}
for position, row in ipairs(parameters.known) do
  by_name[row.name] = row
  names[position] = row.name
  if row.secret then secret_names[#secret_names + 1] = row.name end
  standard[row.name] = row.default
  if row.reference and not row.default then standard[row.name] = "" end
end


-- Marks a table of standard parameters: filled in and passed back, what was
-- left at its default does not override what has been configured.
local standard_mt = { __name = "twitter.standard_parameters" }


--- The name among the candidates that a mistyped one was meant to be.
---@param name string
---@param candidates string[]
---@return string? candidate nil when none is near
function parameters.nearest(name, candidates)
  return require "twitter.parameters.nearest" (name, candidates)
end


--- Can this value be given as parameters at all? If not, that is misuse, and
--- the public function raises.
---@param value any
---@return boolean
function parameters.expects(value)
  local kind = type(value)
  return kind == "nil" or kind == "table" or kind == "string"
end


--- A new table with the ten standard keys (an empty string where there is no
--- default, which counts as not given) and every other default.
---@return table
function parameters.standard()
  local copy = {}
  for name, value in next, standard do copy[name] = value end
  return setmetatable(copy, standard_mt)
end


-- A name may be anything, a token in the wrong place included.
local function shown(name)
  if #name <= 40 and find(name, "^[%w_.%- ]+$") then
    return "'" .. name .. "'"
  end
  return "(the name is no identifier)"
end


local function unknown(name)
  if type(name) ~= "string" then
    return format("parameters have names, but a key is a %s", type(name))
  end
  local message = "unknown parameter " .. shown(name)
  local meant = parameters.nearest(name, names)
  if not meant then return message end
  return format("%s (did you mean '%s'?)", message, meant)
end


-- Not given, as far as the caller can mean it.
local function is_absent(given, name, value)
  return value == "" or value == json.null
    or value == standard[name] and getmetatable(given) == standard_mt
end


-- What is inherited would be passed over, and other credentials used instead.
local function check_plain(given)
  local mt = getmetatable(given)
  if type(mt) == "table" and mt.__index ~= nil then
    return "parameters must be a plain table, not one that inherits"
  end
end


local function check_table(given, operation)
  local checked = {}
  local wrong = check_plain(given)
  if wrong then return nil, errors.invalid(operation, wrong) end
  for name, value in next, given do
    if not is_absent(given, name, value) then
      local row = by_name[name]
      local message
      if row then
        checked[name], message = check_value(row, value)
      else
        message = unknown(name)
      end
      if message then return nil, errors.invalid(operation, message) end
    end
  end
  return checked
end


-- A path is shown only if it looks like one: a token might have been passed.
local function file_error(operation, path, reason)
  local name = find(path, "%.%a%a?%a?%a?%a?$") and "'" .. path .. "'"
    or "(the name has no extension)"
  return errors.file(operation,
    format("cannot read the parameter file %s: %s", name, reason))
end


-- The operating system's words without the path that they begin with.
local function reason_of(message, path)
  if message and message:sub(1, #path + 2) == path .. ": " then
    return message:sub(#path + 3)
  end
  return message or "unknown reason"
end


local function read_file(path)
  local file, message = io.open(path, "rb")
  if not file then return nil, reason_of(message, path) end
  local text
  text, message = file:read(MAX_FILE + 1)
  file:close()
  if not text and message then return nil, message end
  text = text or ""  -- read() tells the end of an empty file by nil
  if #text > MAX_FILE then return nil, "longer than 1 MiB" end
  return text
end


local function check_path(path, operation)
  if find(path, "%c") or path == "" then
    return nil, errors.invalid(operation,
      "parameters given as a string must be the path of a JSON file")
  end
  local text, reason = read_file(path)
  if not text then return nil, file_error(operation, path, reason) end
  local given, message = json.decode((text:gsub("^\239\187\191", "")))
  if type(given) ~= "table" then
    return nil, errors.new { kind = "json", outcome = "not_sent",
      operation = operation, message = "the parameter file is not a JSON "
        .. "object" .. (message and ": " .. message or "") }
  end
  return check_table(given, operation)
end


--- Checks parameters and copies them into a fresh table. Empty strings and
--- null count as not given.
---@param given? table|string a table, or the path of a JSON file that holds one
---@param operation? string for the error
---@return table? checked
---@return table? err of kind "invalid", "file" or "json"; nothing was sent
function parameters.check(given, operation)
  if type(given) == "string" then return check_path(given, operation) end
  return check_table(given or {}, operation)
end


-- Who a call acts for is one thing: a layer that names a user takes nothing of
-- another user from the layers below.
local user_keys = {
  "access_token", "refresh_token", "expires_at", "expires_in", "token_type",
  "oauth_token", "oauth_token_secret", "user_id", "screen_name",
}


local function names_user(source)
  for _, name in ipairs { "access_token", "refresh_token", "oauth_token" } do
    if source[name] and source[name] ~= "" then return true end
  end
  return false
end


local function overlay(target, source)
  if names_user(source) then
    for _, name in ipairs(user_keys) do target[name] = nil end
  end
  for name, value in next, source do
    if value ~= "" then target[name] = value end
  end
end


--- Lays tables of parameters over each other, key by key, into a fresh table;
--- a user's credentials go together (see `user_keys`). They are not checked and not written to; empty strings count as not given.
---@param defaults? table
---@param configured? table
---@param bound? table
---@param call? table
---@return table
function parameters.merge(defaults, configured, bound, call)
  local merged = {}
  if defaults then overlay(merged, defaults) end
  if configured then overlay(merged, configured) end
  if bound then overlay(merged, bound) end
  if call then overlay(merged, call) end
  return merged
end


local function add_secrets(list, source)
  for _, name in ipairs(secret_names) do
    local value = source[name]
    if type(value) == "string" and value ~= "" then list[#list + 1] = value end
  end
end


--- The secret values among parameters, for keeping them out of errors and
--- logs. A session's, a proxy's and what HTTP Basic makes of the client's are
--- included.
---@param merged table
---@return string[]
function parameters.secrets(merged)
  local list = {}
  add_secrets(list, merged)
  if type(merged.session) == "table" then
    add_secrets(list, merged.session)
  end
  if merged.client_id and merged.client_secret then
    list[#list + 1] = core.basic(merged.client_id, merged.client_secret)
      :match("%S+$")
  end
  local login = merged.proxy and merged.proxy:match("^[^/]*//([^/]*)@")
  if login then
    list[#list + 1] = login
    list[#list + 1] = login:match(":(.+)$")
  end
  return list
end


return parameters
