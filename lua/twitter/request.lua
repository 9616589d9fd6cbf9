-- Any request to X, for what has no function of its own: method, path or URL,
-- and a body in one of the forms HTTP knows.

local call = require "twitter.call"
local core = require "twitter.core"
local encode = require "twitter.encode"
local lists = require "twitter.lists"

local request = {}

local bodies = { "json", "form", "multipart", "body" }
local known = {
  query = "table", form = "table", json = "any", multipart = "table",
  body = "string", headers = "table", auth = "any",
}


-- ---- the address ----

local default_ports = { http = ":80", https = ":443" }


-- "https://api.x.com" for "HTTPS://API.X.com:443/2/tweets"
local function origin(url)
  local scheme, authority = url:match("^(%a[%w+.-]*)://([^/?#]*)")
  if not scheme then return nil end
  scheme, authority = scheme:lower(), authority:lower()
  local port = default_ports[scheme]
  if port and authority:sub(-#port) == port then
    authority = authority:sub(1, -#port - 1)
  end
  return scheme .. "://" .. authority
end


-- A credential goes to X and nowhere else.
local function is_ours(context, url)
  local values = context.parameters
  local from = origin(url)
  return from == origin(values.api_url) or from == origin(values.upload_url)
end


-- libcurl would encode them itself, after the request has been signed.
local function encode_bytes(path)
  return (path:gsub("[\128-\255]", core.escape))
end


local function address(context, path)
  if path:find("#", 1, true) then
    return nil, "the path must not have a fragment"
  end
  if path:sub(1, 1) == "/" then
    return context.parameters.api_url .. encode_bytes(path)
  end
  local host, rest = path:match("^(%a+://[^/?]+)(.*)$")
  if host and host:lower():find("^https?://") then return host .. encode_bytes(rest) end
  return nil, "the path must begin with '/', or be a whole http(s) URL"
end


-- ---- the credential ----

local any_scheme = { "oauth2", "oauth1", "app" }
local old_schemes = { "oauth1", "app" }


local function default_schemes(context, url)
  local base = context.parameters.api_url
  local path = url:sub(1, #base) == base and url:sub(#base + 1)
    or url:match("^%a[%w+.-]*://[^/]*(/[^?#]*)") or "/"
  if path:find("^/2/") then return any_scheme end
  return old_schemes
end


local schemes = { oauth1 = true, oauth2 = true, app = true }

local function choose_auth(context, url, wanted)
  if wanted == false then return nil end
  if not is_ours(context, url) then
    return nil, "the URL is not X's, so no credential goes there: pass "
      .. "auth = false to send it without"
  end
  if wanted == nil then return default_schemes(context, url) end
  if schemes[wanted] then return { wanted } end
  return nil, "options.auth is \"oauth1\", \"oauth2\", \"app\" or false"
end


-- ---- the body ----

-- These stand in the header lines of a part.
local function check_labels(part, name)
  if type(name) ~= "string" then return "a part needs a name" end
  if name:find("%c") then
    return "a part's name must not hold control characters"
  end
  for _, label in ipairs { "filename", "type" } do
    local text = part[label]
    if text ~= nil and (type(text) ~= "string" or text:find("%c")) then
      return ("part '%s': its %s must be a string without control characters")
        :format(name, label)
    end
  end
end


local function multipart_part(part)
  if type(part) ~= "table" then return nil, "a part must be a table" end
  local name = part.name or part[1]
  local wrong = check_labels(part, name)
  if wrong then return nil, wrong end
  if type(part.path) == "string" then
    local file, message = core.open(part.path)
    if not file then return nil, part.path .. ": " .. message end
    return { name = name, file = file, type = part.type,
      filename = part.filename or part.path:match("[^/]*$") }
  end
  local data, message = encode.scalar(part.data or part[2])
  if not data then return nil, ("part '%s' %s"):format(name, message) end
  return { name = name, data = data, filename = part.filename,
    type = part.type }
end


local function multipart(parts)
  local is_list, wrong = lists.check(parts)
  if not is_list then return nil, "multipart: " .. wrong end
  local list = {}
  for i, part in ipairs(parts) do
    local message
    list[i], message = multipart_part(part)
    if not list[i] then return nil, message end
  end
  if #list == 0 then return nil, "multipart needs at least one part" end
  return { multipart = list }
end


local function add_body(description, options)
  local given = {}
  for _, name in ipairs(bodies) do
    if options[name] ~= nil then given[#given + 1] = name end
  end
  if #given > 1 then
    return table.concat(given, " and ") .. " exclude each other"
  end
  local message
  if options.form then
    description.form, message = encode.pairs(options.form)
  elseif options.multipart then
    description.body, message = multipart(options.multipart)
  elseif options.body then
    description.body = options.body
    description.content_type = "application/octet-stream"
  end
  description.json = options.json
  return message
end


-- ---- the rest ----

-- What frames the message, or says who sends it to whom, is made here: a
-- second opinion would let a request be taken for two.
local reserved = {
  connection = true, ["content-length"] = true,
  expect = true, host = true, te = true, trailer = true,
  ["transfer-encoding"] = true, upgrade = true,
}

-- A content type of the caller's own takes the place of ours.
local function add_headers(description, headers)
  local list, message = encode.pairs(headers)
  if not list then return "headers: " .. message end
  description.headers = {}
  for _, pair in ipairs(list) do
    local name = pair[1]:lower()
    if name == "authorization" then
      return "the Authorization header is made here: see options.auth"
    elseif reserved[name] then
      return ("the header '%s' is made here"):format(name)
    elseif name == "content-type" then
      description.content_type = pair[2]
    else
      description.headers[#description.headers + 1] = pair[1]
      description.headers[#description.headers + 1] = pair[2]
    end
  end
end


local function check_options(options)
  for name, value in pairs(options) do
    local wanted = known[name]
    if not wanted then
      return ("unknown option '%s'"):format(tostring(name))
    elseif wanted ~= "any" and type(value) ~= wanted then
      return ("options.%s must be a %s, got %s")
        :format(name, wanted, type(value))
    end
  end
end


local function describe(context, method, path, options)
  if not method:find("^%a+$") then
    return nil, "the method must be a word such as GET"
  end
  local url, message = address(context, path)
  message = message or check_options(options)
  if message then return nil, message end
  local description = { method = method:upper(), url = url, raw = true }
  description.auth, message = choose_auth(context, url, options.auth)
  description.insisted = options.auth and true or nil
  message = message or add_body(description, options)
  if not message and options.query then
    description.query, message = encode.pairs(options.query)
  end
  if not message and options.headers then
    message = add_headers(description, options.headers)
  end
  if message then return nil, message end
  return description
end


--- Sends any request to X.
---@param context twitter.context
---@param method string "GET", "POST", ...
---@param path string "/2/...", "/1.1/..." or a whole URL
---@param options? table query, form, json, multipart, body, headers, auth
---@return any? value decoded JSON; a string when the answer is something else
---@return twitter.facts|twitter.error facts_or_error
function request.send(context, method, path, options)
  local description, message = describe(context, method, path, options or {})
  if not description then return nil, context:invalid(message) end
  return call.perform(context, description)
end

return request
