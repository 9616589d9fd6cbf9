-- One value against the row of its parameter: type, range, choices, and for
-- addresses their form. A message names the parameter and never its value,
-- which may be a secret in the wrong place.

local find, format, match = string.find, string.format, string.match

local articles = {
  string = "a string", number = "a number", table = "a table",
  ["function"] = "a function",
}


local function wrong_type(row, value)
  local expected = articles[row.type]
  if row.choices then
    expected = expected .. ' ("' .. table.concat(row.choices, '" or "') .. '")'
  elseif row.unit then
    expected = expected .. " (" .. row.unit .. ")"
  end
  return format("parameter '%s' must be %s, got %s", row.name, expected,
    type(value))
end


-- 65536, not 65536.0, and no exponent.
local function plain_number(value)
  if value == math.floor(value) then return format("%.0f", value) end
  return (format("%.14g", value):gsub(",", "."))
end


local function range_of(row)
  local unit = row.unit and " " .. row.unit or ""
  if not row.maximum then
    return "at least " .. plain_number(row.minimum) .. unit
  end
  return format("between %s and %s%s", plain_number(row.minimum),
    plain_number(row.maximum), unit)
end


local function check_number(row, value)
  if value ~= value then
    return format("parameter '%s' must be a number, got NaN", row.name)
  end
  if value == math.huge or value < row.minimum
      or value > (row.maximum or value) then
    return format("parameter '%s' must be %s", row.name, range_of(row))
  end
  if row.whole and value ~= math.floor(value) then
    return format("parameter '%s' must be a whole number", row.name)
  end
end


local function is_port(text)
  local port = tonumber(match(text, "^:(%d+)$"))
  return text == "" or (port ~= nil and port >= 1 and port <= 65535)
end


-- "host", "host:port", "[address]:port"
local function is_authority(text)
  local rest = match(text, "^%[[%x:.]+%](.*)$")
    or match(text, "^[%w_.-]+(.*)$")
  return rest ~= nil and is_port(rest)
end


local function is_loopback(authority)
  local host = match(authority, "^%[[^%]]*%]") or match(authority, "^[^:]*")
  return host:lower() == "localhost" or host == "[::1]"
    or find(host, "^127%.%d+%.%d+%.%d+$") ~= nil
end


-- Paths are appended to it, so it has neither query nor fragment; and
-- credentials go there, so they must not travel in the clear.
local function check_base(url)
  local scheme, authority, rest =
    match(url, "^([Hh][Tt][Tt][Pp][Ss]?)://([^/?#]*)(.*)$")
  if not scheme or not is_authority(authority) then
    return "must begin with https:// and a host"
  end
  if scheme:lower() == "http" and not is_loopback(authority) then
    return "must begin with https:// (http:// only for this machine itself)"
  end
  if find(rest, "[?#]") then return "must not have a query or a fragment" end
end


-- An app may be called back under a scheme of its own.
local function check_redirect(url)
  if url == "oob" then return nil end
  local scheme, rest = match(url, "^(%a[%w+.-]*):(.+)$")
  if not scheme then return "must be a URL" end
  if scheme:lower() == "http" or scheme:lower() == "https" then
    local authority = match(rest, "^//([^/?#]*)")
    if not authority or not is_authority(authority) then
      return "must have a host"
    end
  end
end


local proxy_schemes = {
  http = true, https = true, socks4 = true, socks4a = true, socks5 = true,
  socks5h = true,
}


-- The scheme may be left out, and a login may stand before the host.
local function check_proxy(url)
  local scheme, rest = match(url, "^([^:/@]+)://(.*)$")
  if scheme and not proxy_schemes[scheme:lower()] then
    return "has a scheme that proxies do not have"
  end
  local authority = match(rest or url, "^([^/?#]*)/?$")
  local host = authority and (match(authority, "@([^@]*)$") or authority)
  if not host or not is_authority(host) then
    return "must be a host, with or without a scheme and a port"
  end
end


local forms = {
  base = check_base, redirect = check_redirect, proxy = check_proxy,
}


local function check_choice(row, value)
  for _, choice in ipairs(row.choices) do
    if value == choice then return nil end
  end
  return format("parameter '%s' must be \"%s\"", row.name,
    table.concat(row.choices, '" or "'))
end


-- Strings go into headers and URLs, so none may break out of its line.
local function check_string(row, value)
  if find(value, "%c") then
    return format("parameter '%s' must not hold control characters", row.name)
  end
  if row.longest and #value > row.longest then
    return format("parameter '%s' must have at most %d bytes", row.name,
      row.longest)
  end
  if row.choices then return check_choice(row, value) end
  if not row.form then return nil end
  local message = find(value, "%s") and "must not hold spaces"
    or forms[row.form](value)
  return message and format("parameter '%s' %s", row.name, message)
end


--- Checks one value.
---@param row table the parameter's row
---@param value any
---@return any value fit for use: a base address has lost its last slash
---@return string? message what is wrong; then there is no value
return function(row, value)
  if type(value) ~= row.type then return nil, wrong_type(row, value) end
  local message
  if row.type == "string" then
    message = check_string(row, value)
  elseif row.type == "number" then
    message = check_number(row, value)
  end
  if message then return nil, message end
  if row.form == "base" then value = value:gsub("/+$", "") end
  return value
end
