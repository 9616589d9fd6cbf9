-- Percent encoding and the pairs of a query or form, written for the sandbox
-- alone: a check must not share code with what it checks.

local uri = {}

---Encodes all but the unreserved characters of RFC 3986.
---@param text string
---@return string
function uri.encode(text)
  return (text:gsub("[^A-Za-z0-9._~-]", function(byte)
    return ("%%%02X"):format(byte:byte())
  end))
end

---@param text string
---@return string? decoded, or nil when a `%` is not followed by two digits
function uri.decode(text)
  if text:gsub("%%%x%x", ""):find("%", 1, true) then
    return nil
  end
  return (text:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

local function form_decode(text)
  return uri.decode((text:gsub("+", " ")))
end

---The pairs of a query string or form body, decoded, in their order.
---@param text string?
---@return table[]? list of { name, value }, or nil when badly encoded
function uri.pairs(text)
  local list = {}
  for piece in (text or ""):gmatch("[^&]+") do
    local name, value = piece:match("^([^=]*)=(.*)$")
    name, value = form_decode(name or piece), form_decode(value or "")
    if not name or not value then
      return nil
    end
    list[#list + 1] = { name, value }
  end
  return list
end

---@param list table[] of { name, value }
---@return table # name -> list of values
function uri.group(list)
  local grouped = {}
  for _, pair in ipairs(list) do
    local values = grouped[pair[1]] or {}
    values[#values + 1] = pair[2]
    grouped[pair[1]] = values
  end
  return grouped
end

---A query string from a list of { name, value }, in its order.
---@param list table[]
---@return string
function uri.query(list)
  local pieces = {}
  for i, pair in ipairs(list) do
    pieces[i] = uri.encode(pair[1]) .. "=" .. uri.encode(pair[2])
  end
  return table.concat(pieces, "&")
end

---@param text string
---@return string # fit for HTML text and attributes
function uri.html(text)
  return (text:gsub("[&<>\"']", {
    ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;",
    ['"'] = "&quot;", ["'"] = "&#39;",
  }))
end

return uri
