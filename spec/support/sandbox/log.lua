-- The log of requests that a test reads. It tells what was asked and what was
-- wrong with it, never a secret.

local clock = require "support.sandbox.clock"
local state = require "support.sandbox.state"

local log = { entries = {}, count = 0 }

local ceiling = 5000 -- entries kept; later ones are counted only

local secret_names = {
  access_token = true, refresh_token = true, token = true, code = true,
  code_verifier = true, client_secret = true, oauth_token = true,
  oauth_verifier = true, oauth_signature = true, code_challenge = true,
}

---Forgets everything.
function log.clear()
  log.entries, log.count = {}, 0
end

state.on_reset(log.clear)

local function without_secrets(query)
  if not query then
    return nil
  end
  return (query:gsub("([^&=]+)=([^&]*)", function(name)
    return secret_names[name] and name .. "=..." or nil
  end))
end

local function credential_scheme(header)
  if type(header) == "table" then
    return "several"
  end
  return header and (header:match("^(%a+)%s") or "unreadable") or nil
end

---@param request table
---@return table entry that the caller completes
function log.open(request)
  local headers = request.headers
  log.count = log.count + 1
  local entry = {
    number = log.count, time = clock.now(), host = request.server,
    method = request.method, path = request.raw_path,
    query = without_secrets(request.raw_query),
    user_agent = headers["user-agent"], http_version = request.http_version,
    scheme = credential_scheme(headers.authorization),
    content_type = headers["content-type"],
    content_length = tonumber(headers["content-length"]),
    accept_encoding = headers["accept-encoding"], expect = headers.expect,
    idempotency_key = headers["idempotency-key"],
    connection = request.connection, problems = {},
  }
  if #log.entries < ceiling then
    log.entries[#log.entries + 1] = entry
  end
  return entry
end

---@param entry table
---@param request table
---@param status integer?
function log.close(entry, request, status)
  entry.status = status
  local identity = request.identity
  if identity then
    entry.identity = {
      kind = identity.kind, app = identity.app.name,
      user = identity.user and identity.user.username,
    }
  end
end

return log
