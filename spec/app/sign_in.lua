-- Signing in with X and out again. The sign-in (its state and its verifier) is
-- bound to the browser that began it, and works once.

local problems = require "app.problems"
local sessions = require "app.sessions"
local twitter = require "twitter"

local sign_in = {}


--- GET /sign-in: to X, which asks the person.
function sign_in.start()
  local link, session = twitter.get_authorization_link()
  if not link then return problems.answer("failed", session) end
  sessions.begin("sign_in", session)
  return 303, link
end


--- GET /callback: X has sent the browser back.
function sign_in.finish()
  local session = sessions.take("sign_in")
  if not session then return problems.answer("no-sign-in") end
  local token, err = twitter.handle_incoming_request_after_authorization(nil,
    { session = session })
  if not token then return problems.of_sign_in(err) end
  local me
  me, err = twitter.new(token):request("GET", "/2/users/me")
  if not me then return problems.of_sign_in(err) end
  sessions.finish("user")
  sessions.begin("user",
    { token = token, user = me.data, csrf = sessions.random() })
  return 303, "/"
end


--- POST /sign-out: forgets the person and the tokens. The browser may have kept
--- whole pages for its back button.
function sign_in.leave()
  local record = sessions.find("user")
  if not record then return 303, "/" end
  ngx.req.read_body()
  local form = ngx.req.get_post_args() or {}
  if form.csrf ~= record.csrf then return problems.answer("forged") end
  sessions.finish("user")
  ngx.header["Clear-Site-Data"] = '"cache"'
  return 303, "/"
end

return sign_in
