-- How pages are made: one frame around all, and templates whose gaps escape
-- what they are filled with, unless it was made by a template itself.

local sessions = require "app.sessions"

local page = {}

local FRAME = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Postcard</title>
<link rel="stylesheet" href="/static/style.css">
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
</head>
<body>
<header>
<a class="name" href="/">Postcard</a>
{account}</header>
<main>
{content}</main>
</body>
</html>
]]

local ACCOUNT = [[
<form class="account" method="post" action="/sign-out">
<input type="hidden" name="csrf" value="{csrf}">
<span>@{username}</span>
<button class="quiet">Sign out</button>
</form>
]]

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;",
  ['"'] = "&quot;", ["'"] = "&#39;" }

local html_mt = {}


--- A piece of HTML from a template.
---@param template string with gaps such as `{name}`
---@param values table<string, any> pieces of HTML as they are, all else escaped
---@return table html
function page.fill(template, values)
  local text = template:gsub("{(%l+)}", function(name)
    local value = values[name]
    if getmetatable(value) == html_mt then return value.text end
    return (tostring(value or ""):gsub("[&<>\"']", entities))
  end)
  return setmetatable({ text = text }, html_mt)
end


local function account(record)
  if not record then return nil end
  return page.fill(ACCOUNT,
    { csrf = record.csrf, username = record.user.username })
end


--- A whole page.
---@param title string
---@param content table html
---@param record? table the signed-in user's; default: this browser's
---@return string
function page.show(title, content, record)
  record = record or sessions.find("user")
  return page.fill(FRAME, { title = title, content = content,
    account = account(record) }).text
end

return page
