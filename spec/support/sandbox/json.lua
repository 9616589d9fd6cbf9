-- JSON for the sandbox: cjson, plus the two things it cannot say, a number
-- wider than a double and an empty array.

local cjson = require("cjson").new()

cjson.encode_sparse_array(true)
cjson.decode_invalid_numbers(false)

local json = { null = cjson.null }

local mark = "\1sandbox:"

-- Stands for `[]`, which an empty Lua table cannot.
json.empty_array = mark .. "[]\1"

---A number written digit by digit, for ids beyond 2^53.
---@param digits string
---@return string # a value for `json.encode`
function json.number(digits)
  return mark .. digits .. "\1"
end

---@param value any
---@return string
function json.encode(value)
  local text = cjson.encode(value)
  if text:find("\\u0001sandbox:", 1, true) then
    text = text:gsub('"\\u0001sandbox:(.-)\\u0001"', "%1")
  end
  return text
end

---@param text string
---@return any value, or nil and a message
function json.decode(text)
  local ok, value = pcall(cjson.decode, text)
  if not ok then
    return nil, value
  end
  return value
end

return json
