-- What a person does in the browser during sign-in: opens the link, reads the
-- consent page, presses Allow or Deny, and is sent back to the application.

local encode = require "twitter.encode"
local transport = require "twitter.transport"

local browser = {}


local function fetch(method, url, settings, form)
  return assert(transport.exchange {
    method = method, url = url, settings = settings,
    headers = form and { "content-type", "application/x-www-form-urlencoded" }
      or {},
    body = form and encode.join(form),
  })
end


local function unescape(text)
  return (text:gsub("&(#?%w+);", { amp = "&", lt = "<", gt = ">",
    quot = '"', ["#39"] = "'" }))
end


local function hidden_fields(page)
  local form = {}
  for name, value in page:gmatch(
    '<input type="hidden" name="([^"]*)" value="([^"]*)">') do
    form[#form + 1] = { unescape(name), unescape(value) }
  end
  return form
end


--- Opens the link and decides.
---@param link string
---@param ca_file string
---@param decision? string "allow" or "deny"
---@param user? string who is signed in
---@return string? redirect the address the application gets
---@return string? page what the browser shows instead
function browser.decide(link, ca_file, decision, user)
  local settings = transport.settings { ca_file = ca_file }
  local page = fetch("GET", link, settings)
  local form = hidden_fields(page.body)
  if page.status ~= 200 or #form == 0 then
    return page.headers.location, page.body
  end
  form[#form + 1] = { "decision", decision or "allow" }
  form[#form + 1] = user and { "user", user }
  local answer = fetch("POST", link:match("^[^?]*"), settings, form)
  return answer.headers.location, answer.body
end

return browser
