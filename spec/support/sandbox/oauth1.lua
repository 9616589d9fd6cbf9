-- Verifies OAuth 1.0a requests: parses the header, recomputes the signature
-- with nginx's own HMAC over the host actually requested, and remembers nonces.

local clock = require "support.sandbox.clock"
local state = require "support.sandbox.state"
local uri = require "support.sandbox.uri"

local oauth1 = {}

local tolerance = 300 -- seconds a timestamp may be off

-- Nonces in two generations: older ones are stale by their timestamp anyway.
local nonces = { young = {}, old = {}, since = 0 }

state.on_reset(function()
  nonces.young, nonces.old, nonces.since = {}, {}, 0
end)

local known = {
  oauth_consumer_key = "required", oauth_nonce = "required",
  oauth_signature = "required", oauth_signature_method = "required",
  oauth_timestamp = "required", oauth_version = "optional",
  oauth_token = "optional", oauth_callback = "optional",
  oauth_verifier = "optional", x_auth_access_type = "optional",
  realm = "optional",
}

local function header_pair(piece)
  local name, value = piece:match('^%s*([^=%s]+)="([^"]*)"%s*$')
  if not name then
    return nil, "malformed header"
  end
  name, value = uri.decode(name), uri.decode(value)
  if not name or not value then
    return nil, "bad percent encoding in the header"
  end
  if not known[name] then
    return nil, "unknown header parameter " .. name
  end
  return name, value
end

---@param header string value of Authorization
---@return table? parameters name -> value, or nil and what is wrong
function oauth1.parse(header)
  local found = {}
  for piece in header:gsub("^OAuth%s+", ""):gmatch("[^,]+") do
    local name, value = header_pair(piece)
    if not name then
      return nil, value
    end
    if found[name] then
      return nil, "doubled " .. name
    end
    found[name] = value
  end
  for name, need in pairs(known) do
    if need == "required" and not found[name] then
      return nil, "missing " .. name
    end
  end
  return found
end

-- By encoded name, ties by encoded value, byte order.
local function before(a, b)
  if a[1] ~= b[1] then
    return a[1] < b[1]
  end
  return a[2] < b[2]
end

---@param pairs_list table[] decoded { name, value }, every one that is signed
---@return string
function oauth1.parameter_string(pairs_list)
  local encoded = {}
  for i, pair in ipairs(pairs_list) do
    encoded[i] = { uri.encode(pair[1]), uri.encode(pair[2]) }
  end
  table.sort(encoded, before)
  for i, pair in ipairs(encoded) do
    encoded[i] = pair[1] .. "=" .. pair[2]
  end
  return table.concat(encoded, "&")
end

---@param method string
---@param url string without query
---@param pairs_list table[]
---@return string
function oauth1.base_string(method, url, pairs_list)
  return method:upper() .. "&" .. uri.encode(url) .. "&"
    .. uri.encode(oauth1.parameter_string(pairs_list))
end

---@return string # base64
function oauth1.sign(base, consumer_secret, token_secret)
  local key = uri.encode(consumer_secret) .. "&" .. uri.encode(token_secret or "")
  return ngx.encode_base64(ngx.hmac_sha1(key, base))
end

-- The base URL as the client must have seen it.
local function requested_url(request)
  local host = request.host:lower():gsub(request.scheme == "https"
    and ":443$" or ":80$", "")
  return request.scheme .. "://" .. host .. request.raw_path
end

local function signed_pairs(request, header)
  local list = {}
  for _, pair in ipairs(request.query_pairs) do
    list[#list + 1] = pair
  end
  for name, value in pairs(header) do
    if name ~= "realm" and name ~= "oauth_signature" then
      list[#list + 1] = { name, value }
    end
  end
  if request.form_pairs then
    for _, pair in ipairs(request.form_pairs) do
      list[#list + 1] = pair
    end
  end
  return list
end

local function repeats_oauth(list)
  for _, pair in ipairs(list or {}) do
    local name = pair[1]
    if name:find("^oauth_") and name ~= "oauth_callback"
      and name ~= "oauth_verifier" then
      return true
    end
  end
end

local function stale(timestamp)
  local seconds = tonumber(timestamp)
  return not timestamp:find("^%d+$")
    or math.abs(seconds - clock.now()) > tolerance
end

local function used(header)
  if clock.now() - nonces.since > 2 * tolerance then
    nonces.old, nonces.young, nonces.since = nonces.young, {}, clock.now()
  end
  local key = (header.oauth_token or "") .. " " .. header.oauth_timestamp
    .. " " .. header.oauth_nonce
  if nonces.young[key] or nonces.old[key] then
    return true
  end
  nonces.young[key] = true
end

local function form_problem(request, header)
  if header.oauth_signature_method ~= "HMAC-SHA1" then
    return "signature method is not HMAC-SHA1"
  end
  if header.oauth_version and header.oauth_version ~= "1.0" then
    return "version is not 1.0"
  end
  if header.oauth_nonce == "" then
    return "empty nonce"
  end
  if repeats_oauth(request.query_pairs) or repeats_oauth(request.form_pairs) then
    return "oauth_ parameters outside the header"
  end
end

---Checks one request against one secret pair.
---@param request table
---@param header table parsed
---@param consumer_secret string
---@param token_secret string?
---@return boolean? ok, or nil, the v1.1 code and what is wrong
function oauth1.check(request, header, consumer_secret, token_secret)
  local wrong = form_problem(request, header)
  if wrong then
    return nil, 32, wrong
  end
  if stale(header.oauth_timestamp) then
    return nil, 135, "timestamp out of range"
  end
  local base = oauth1.base_string(request.method, requested_url(request),
    signed_pairs(request, header))
  if oauth1.sign(base, consumer_secret, token_secret) ~= header.oauth_signature then
    return nil, 32, "wrong signature"
  end
  if used(header) then
    return nil, 32, "nonce used before"
  end
  return true
end

---Who sent the request, by its OAuth 1.0a header.
---@param request table
---@return table? identity, or nil, the v1.1 code and what is wrong
function oauth1.identify(request)
  local header, wrong = oauth1.parse(request.headers.authorization)
  if not header then
    return nil, 215, wrong
  end
  local app = state.app_by("consumer_key", header.oauth_consumer_key)
  if not app then
    return nil, 32, "unknown consumer key"
  end
  local token = state.oauth1_tokens[header.oauth_token or ""]
  if not token or token.app ~= app then
    return nil, 89, "unknown token"
  end
  local ok, code, reason = oauth1.check(request, header, app.consumer_secret,
    token.secret)
  if not ok then
    return nil, code, reason
  end
  return {
    kind = "oauth1", user = token.user, app = app, token = token.token,
    permission = token.permission,
  }
end

return oauth1
