-- The door of the site: which address is answered by whom, and the sending of
-- what they answer. A handler returns a status and a page, or 303 and where to
-- go; nothing else in the site writes to the browser.

local posts = require "app.posts"
local problems = require "app.problems"
local sign_in = require "app.sign_in"
local twitter = require "twitter"

local site = {}

local routes = {
  ["/"] = { GET = posts.home },
  ["/sign-in"] = { GET = sign_in.start },
  ["/callback"] = { GET = sign_in.finish },
  ["/sign-out"] = { POST = sign_in.leave },
  ["/posts"] = { POST = posts.create },
}


local function route(path, method)
  local post = path:match("^/posts/(%d+)$")
  local methods = post and { GET = posts.show } or routes[path]
  if not methods then return problems.answer("not-found") end
  local handler = methods[method == "HEAD" and "GET" or method]
  if not handler then
    ngx.header.Allow = methods.GET and "GET, HEAD" or "POST"
    return problems.answer("wrong-method")
  end
  return handler(post)
end


local function send(status, content)
  ngx.status = status
  ngx.header["Cache-Control"] = "no-store"
  if status == 303 then
    ngx.header.Location = content
    content = ""
  end
  ngx.header.Content_Type = "text/html; charset=utf-8"
  ngx.header.Content_Length = #content
  if ngx.req.get_method() ~= "HEAD" then ngx.print(content) end
end


--- When nginx starts: reads the app's keys.
---@param path string a JSON file with client_id, client_secret, redirect_uri
function site.start(path)
  twitter.assert(twitter.configure(path))
end


--- Answers the running request.
---@param problem? string what nginx has found wrong with it
function site.answer(problem)
  local answer = problem and problems.answer or route
  local ok, status, content = xpcall(function()
    return answer(problem or ngx.var.uri, ngx.req.get_method())
  end, debug.traceback)
  if not ok then
    problems.report(status)
    status, content = problems.answer("failed")
  end
  send(status, content)
end

return site
