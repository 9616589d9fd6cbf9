-- The few pages a person meets while signing in: consent, PIN, refusal.

local uri = require "support.sandbox.uri"

local html = {}

local page = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; background: #f2f4f5; color: #0f1419; }
main { max-width: 26rem; margin: 4rem auto; padding: 2rem; background: #fff;
  border-radius: 1rem; box-shadow: 0 1px 4px #0002; }
h1 { font-size: 1.3rem; margin-top: 0; }
li { margin: .2rem 0; }
button { font: inherit; padding: .5rem 1.4rem; border-radius: 2rem; cursor: pointer;
  border: 1px solid #cfd9de; background: #fff; }
button[value=allow] { background: #0f1419; border-color: #0f1419; color: #fff; }
select { font: inherit; }
footer { margin-top: 2rem; font-size: .8rem; color: #536471; }
output { font: bold 2rem monospace; letter-spacing: .2em; }
</style>
</head>
<body>
<main>
%s
<footer>This is the sandbox. It is not X, and no account is real.</footer>
</main>
</body>
</html>
]]

local headers = { ["Content-Type"] = "text/html; charset=utf-8" }

---@param status integer
---@param title string
---@param content string HTML
function html.page(status, title, content)
  return status, page:format(uri.html(title), content), headers
end

---@param message string
function html.refusal(message)
  return html.page(400, "Something went wrong",
    "<h1>Something went wrong</h1>\n<p>" .. uri.html(message) .. "</p>")
end

local function hidden_fields(fields)
  local lines = {}
  for _, field in ipairs(fields) do
    lines[#lines + 1] = ('<input type="hidden" name="%s" value="%s">'):format(
      uri.html(field[1]), uri.html(field[2]))
  end
  return table.concat(lines, "\n")
end

local function choices(users)
  local lines = {}
  for _, user in ipairs(users) do
    lines[#lines + 1] = ("<option>%s</option>"):format(uri.html(user.username))
  end
  return table.concat(lines, "\n")
end

local consent = [[
<h1>%s wants to access your account</h1>
<p>It will be able to use these permissions:</p>
<ul>
%s
</ul>
<form method="post" action="%s">
%s
<p><label>Account <select name="user">
%s
</select></label></p>
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>
]]

---The page with Allow and Deny, a form posted back to where it came from.
---@param options table app, scopes (list), action (path), fields (list of
---  { name, value } to send along), users (list)
function html.consent(options)
  local scopes = {}
  for i, scope in ipairs(options.scopes) do
    scopes[i] = "<li><code>" .. uri.html(scope) .. "</code></li>"
  end
  return html.page(200, "Authorize " .. options.app.name, consent:format(
    uri.html(options.app.name), table.concat(scopes, "\n"),
    uri.html(options.action), hidden_fields(options.fields),
    choices(options.users)))
end

---@param pin string
function html.pin(pin)
  return html.page(200, "Your PIN",
    "<h1>Give this PIN to the app</h1>\n<output>" .. pin .. "</output>")
end

return html
