-- What can go wrong, in words for the person it happens to, with what can be
-- done next. Details are for the log.

local page = require "app.page"
local sessions = require "app.sessions"

local problems = {}

-- name -> HTTP status, what happened, what it means and what to do
local all = {
  ["access-denied"] = { 403, "You did not give access",
    "Postcard may not use your account, and nothing was changed. If you "
    .. "change your mind, sign in again and choose to allow it." },
  ["state-mismatch"] = { 400, "This sign-in does not fit",
    "The answer that came back is not the one this browser was waiting for, "
    .. "so you were not signed in. Please start again from here." },
  ["no-sign-in"] = { 400, "This sign-in is over",
    "It was completed before, took longer than ten minutes, or began in "
    .. "another browser. If it happens again, see whether your browser takes "
    .. "cookies." },
  ["session-expired"] = { 400, "That took too long",
    "A sign-in has to be completed within ten minutes. Please start again." },
  ["sign-in-refused"] = { 400, "X did not complete the sign-in",
    "Perhaps it took too long, or the page was loaded twice. Please start "
    .. "again." },
  ["signed-out"] = { 403, "You are signed out",
    "Your visit has ended, or has not begun. Nothing was done; please sign "
    .. "in." },
  ["forged"] = { 403, "This form is out of date",
    "It was not sent from your current visit, so nothing was done. Please go "
    .. "back to the start and fill it in again." },
  ["unreadable"] = { 400, "This form cannot be read",
    "It did not arrive whole. Please go back to the start and try again." },
  ["too-large"] = { 413, "This picture is too large",
    "X takes pictures of up to 5 MB. A smaller copy of it will do." },
  ["no-picture"] = { 422, "There is no picture yet",
    "Please choose a picture to post." },
  ["not-a-picture"] = { 415, "This file is not a picture",
    "X takes JPEG, PNG, GIF and WebP. Please choose another file." },
  ["not-taken"] = { 422, "X did not take this post", "Nothing was posted." },
  ["busy"] = { 429, "That was a lot of posts",
    "X takes no more from your account for now. Nothing was posted; please "
    .. "wait a while and try again." },
  ["no-access"] = { 403, "X asks you to sign in again",
    "Postcard's access to your account has ended. Nothing was done." },
  ["uncertain"] = { 502, "It is not certain whether this was posted",
    "X did not answer in time. Please look at your profile on X before you "
    .. "post it again." },
  ["unreachable"] = { 502, "X cannot be reached",
    "Nothing was done. Please try again in a moment." },
  ["not-found"] = { 404, "There is no such page",
    "The address may be mistyped, or what was here is gone." },
  ["wrong-method"] = { 405, "This cannot be done here",
    "Please go back to the start." },
  ["failed"] = { 500, "Something went wrong on our side",
    "It has been noted down. Please try again in a moment." },
}

local PAGE = [[
<h1>{what}</h1>
<p>{why}</p>
<p><a class="button" href="{address}">{action}</a></p>
]]


-- nginx adds the request's address to what is logged during a request, and
-- the address of a redirect holds a code: a timer has no request.
function problems.report(err)
  ngx.timer.at(0, function()
    ngx.log(ngx.ERR, "postcard: ", tostring(err))
  end)
end


--- A problem's status, headline and advice.
function problems.get(name)
  return all[name][1], all[name][2], all[name][3]
end


local function way_on()
  if sessions.find("user") then return "/", "Back to the start" end
  return "/sign-in", "Sign in with X"
end


--- The answer that tells of a problem.
---@param name string
---@param err? any for the log
---@return integer status
---@return string page
function problems.answer(name, err)
  if err then problems.report(err) end
  if name == "no-access" then sessions.finish("user") end
  local status, what, why = problems.get(name)
  local address, action = way_on()
  return status, page.show(what, page.fill(PAGE,
    { what = what, why = why, address = address, action = action }))
end


local function is_unreachable(err)
  return err.kind == "network" or err.kind == "timeout" or err.kind == "tls"
    or err.status and err.status >= 500
end


--- The answer to a sign-in that has failed.
---@param err table of the library
function problems.of_sign_in(err)
  if all[err.problem] then return problems.answer(err.problem) end
  if is_unreachable(err) then return problems.answer("unreachable", err) end
  return problems.answer("sign-in-refused", err)
end


--- The name of what happened to a call of the API.
---@param err table of the library
---@return string name
function problems.of_call(err)
  if err.kind == "rate_limit" then return "busy" end
  if err.kind == "auth" then return "no-access" end
  if err.outcome == "unknown" and err.method ~= "GET" then
    return "uncertain"
  end
  if is_unreachable(err) then return "unreachable" end
  return err.file_index and "not-a-picture" or "not-taken"
end

return problems
