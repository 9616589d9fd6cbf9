-- The bodies that X, its edge and its sign-in endpoints send with a failure,
-- brought to one form: problem objects, lists of errors (tables, plain
-- strings, numbered codes of v1.1), OAuth errors, XML, forms, text, HTML.
-- Everything that leaves this module has been through redact.

local json = require "twitter.json"
local redact = require "twitter.errors.redact"

local find, match, sub = string.find, string.match, string.sub

local MAX_HTML = 8192     -- bytes that are searched for a title
local MAX_XML = 4096      -- bytes that are searched for errors
local MAX_ITEMS = 100

local body = {}


local function text_of(value)
  if type(value) == "string" and value ~= "" then return value end
  return nil
end


-- The last segment of a problem type: hosts and prefixes differ between the
-- documents and live answers. "about:blank" says nothing.
local function last_segment(problem_type)
  if not problem_type or problem_type == "about:blank" then return nil end
  return match(problem_type, "([^/#?]+)/?$")
end


local function code_name(code)
  if type(code) == "number" and code >= 0 and code < 1e9 then
    return ("v1:%.0f"):format(code)
  end
  if type(code) == "string" and find(code, "^%d+$") then
    return "v1:" .. code
  end
  return nil
end


-- One entry of `errors`: a problem, a numbered error, or a plain string.
local function normal_item(item)
  if type(item) == "string" then return { message = item } end
  if type(item) ~= "table" then return nil end
  local copy = {}
  for name, value in next, item do copy[name] = value end
  copy.message = text_of(item.message) or text_of(item.detail)
    or text_of(item.title) or text_of(item.reason)
  copy.problem = last_segment(text_of(item.type)) or code_name(item.code)
  return copy
end


local function normal_list(list)
  if type(list) ~= "table" then list = { list } end
  if #list == 0 and next(list) ~= nil then list = { list } end
  local items = {}
  for _, item in ipairs(list) do
    items[#items + 1] = normal_item(item)
  end
  return items
end


-- `error` is an OAuth code, the sentence of the old media endpoints, or an
-- object like those in `errors`.
local function read_error_field(facts, decoded)
  local value = decoded.error
  if type(value) == "table" then
    facts.errors[#facts.errors + 1] = normal_item(value)
  elseif text_of(value) and not decoded.request
      and find(value, "^[a-z_]+$") then
    facts.problem = "oauth:" .. value
    facts.title = facts.title or value
    facts.detail = facts.detail or text_of(decoded.error_description)
  elseif text_of(value) then
    facts.detail = facts.detail or value
  end
end


-- What the body as a whole does not say, its first error may.
local function complete(facts)
  local first = facts.errors[1]
  if not first then return facts end
  facts.title = facts.title or text_of(first.title)
  facts.detail = facts.detail or first.message
  facts.type = facts.type or text_of(first.type)
  facts.problem = facts.problem or first.problem
  return facts
end


local function read_object(decoded)
  local facts = {
    format = "json", body = decoded,
    title = text_of(decoded.title), detail = text_of(decoded.detail),
    type = text_of(decoded.type), errors = {},
  }
  facts.problem = last_segment(facts.type)
  if decoded.errors ~= nil then facts.errors = normal_list(decoded.errors) end
  if decoded.error ~= nil then read_error_field(facts, decoded) end
  if text_of(decoded.message) and #facts.errors == 0 then
    facts.errors[1] = normal_item {
      message = decoded.message, code = decoded.code,
    }
  end
  return complete(facts)
end


-- Found objects of a partial answer are no part of the error.
local function without_data(decoded)
  local copy = {}
  for name, value in next, decoded do
    if name ~= "data" and name ~= "includes" then copy[name] = value end
  end
  return copy
end


-- Answers nil when the text is no JSON that could describe an error.
local function read_json(text, secrets)
  if not find(text, "^%s*[{%[\"]") then return nil end
  local decoded, message = json.decode(text)
  if decoded == nil then return nil, message end
  if type(decoded) == "string" then
    return { format = "json", errors = {},
      detail = text_of(redact.text(decoded, secrets)) }
  end
  decoded = redact.value(without_data(decoded), secrets)
  if #decoded > 0 then decoded = { errors = decoded } end
  return read_object(decoded)
end


local entities = {
  ["&lt;"] = "<", ["&gt;"] = ">", ["&quot;"] = '"', ["&amp;"] = "&",
  ["&#39;"] = "'", ["&apos;"] = "'",
}

local function plain(markup, secrets)
  local text = markup:gsub("<[^>]*>", " "):gsub("&#?%w+;", entities)
  return text_of(redact.text(text, secrets))
end


local function read_xml(text, secrets)
  local facts = { format = "xml", errors = {} }
  local markup = sub(text, 1, MAX_XML):gsub("</?errors>", "")
  for attributes, content in markup:gmatch("<error([^>]*)>(.-)</error>") do
    if #facts.errors == MAX_ITEMS then break end
    facts.errors[#facts.errors + 1] = normal_item {
      code = tonumber(match(attributes, "code=[\"'](%d+)[\"']")),
      message = plain(content, secrets),
    }
  end
  if #facts.errors == 0 then facts.detail = plain(markup, secrets) end
  return complete(facts)
end


-- A page for people is never quoted; its title tells what it is.
local function read_html(text, secrets)
  local facts = { format = "html", errors = {} }
  local page = sub(text, 1, MAX_HTML)
  local lower = page:lower()
  local _, opened = find(lower, "<title[^>]*>")
  local closed = opened and find(lower, "</title", opened, true)
  if closed then
    facts.detail = plain(sub(page, opened + 1, closed - 1), secrets)
  end
  return facts
end


local function is_html(text)
  local start = sub(text, 1, 1024):lower()
  return find(start, "^%s*<!doctype html") or find(start, "<html[%s>]")
end


local function read_text(text, secrets)
  local problem = match(text, "oauth_problem=([%w_]+)")
  return {
    format = "text", errors = {}, problem = problem and "oauth:" .. problem,
    detail = text_of(redact.text(text, secrets)),
  }
end


--- Reads the body of a failure, whatever its form. Never fails.
---@param text? string
---@param secrets? string[]
---@return table facts `{ format, title, detail, type, problem, errors, body }`;
---  `errors` is a list of tables with a `message` and perhaps a `problem`,
---  `body` the decoded object without its data, `format` one of "json", "xml",
---  "html", "text", "empty"; a broken JSON text has `json_message`
function body.read(text, secrets)
  if type(text) ~= "string" or not find(text, "%S") then
    return { format = "empty", errors = {} }
  end
  local facts, json_message = read_json(text, secrets)
  if facts then return facts end
  text = redact.secrets(text, secrets)  -- before anything is cut off
  if is_html(text) then
    facts = read_html(text, secrets)
  elseif find(text, "^%s*<") then
    facts = read_xml(text, secrets)
  else
    facts = read_text(text, secrets)
  end
  facts.json_message = json_message
  return facts
end


return body
