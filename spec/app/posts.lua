-- The start page with its form, the posting of a picture, and the page that
-- shows a post as X has it.

local multipart = require "app.multipart"
local page = require "app.page"
local problems = require "app.problems"
local sessions = require "app.sessions"
local users = require "app.users"

local posts = {}

local MAX_PICTURE = 5 * 1024 * 1024   -- bytes, what X takes

local WELCOME = [[
<h1>Send a picture to your followers</h1>
<p>Sign in with your X account, choose a picture, say something about it, and
it is on your timeline.</p>
<p><a class="button" href="/sign-in">Sign in with X</a></p>
<p class="note">Postcard never sees your password. X will ask you what it may
do.</p>
]]

local FORM = [[
<h1>Hello, {name}</h1>
{alert}<form class="post" method="post" action="/posts" enctype="multipart/form-data">
<input type="hidden" name="csrf" value="{csrf}">
<p><label for="picture">Picture</label>
<input type="file" id="picture" name="picture" required
 accept="image/jpeg,image/png,image/gif,image/webp" aria-describedby="formats">
<span class="note" id="formats">JPEG, PNG, GIF or WebP, up to 5&nbsp;MB</span></p>
<p><label for="text">What do you want to say?</label>
<textarea id="text" name="text" rows="4" maxlength="280">
{text}</textarea></p>
<p><button>Post to X</button></p>
</form>
]]

local ALERT = [[
<div class="alert" role="alert">
<strong>{what}</strong>
<p>{why}</p>
</div>
]]

local POST = [[
<h1>Your post is on X</h1>
<article>
<p class="author"><strong>{name}</strong> <span>@{username}</span></p>
<p class="text">{text}</p>
{picture}</article>
<p><a class="button" href="/">Post another</a></p>
]]

local PICTURE = [[
<img src="{url}" alt="{alt}" width="{width}" height="{height}">
]]


-- ---- the form ----

local function form(record, text, problem, detail)
  local alert, status, what, why
  if problem then
    status, what, why = problems.get(problem)
    alert = page.fill(ALERT,
      { what = what, why = detail and why .. " X says: " .. detail or why })
  end
  return status or 200, page.show(what or "Write", page.fill(FORM, {
    name = record.user.name, csrf = record.csrf, text = text, alert = alert,
  }), record)
end


--- GET /
function posts.home()
  local record = sessions.find("user")
  if record then return form(record) end
  return 200, page.show("Welcome", page.fill(WELCOME, {}))
end


-- ---- posting ----

-- What can be seen without asking X.
local function check_picture(picture)
  if type(picture) ~= "table" or picture.data == "" then
    return "no-picture"
  elseif #picture.data > MAX_PICTURE then
    return "too-large"
  end
end


-- The form again, with the text in it, so that it need not be typed anew.
local function refuse(record, text, err)
  local name = problems.of_call(err)
  if name == "no-access" then return problems.answer(name, err) end
  problems.report(err)
  return form(record, text, name, name == "not-taken" and err.detail)
end


--- POST /posts
function posts.create()
  local record = sessions.find("user")
  if not record then return problems.answer("signed-out") end
  local fields = multipart.read()
  if not fields then return problems.answer("unreadable") end
  if fields.csrf ~= record.csrf then return problems.answer("forged") end
  local text = type(fields.text) == "string" and fields.text or ""
  text = text:gsub("\r\n", "\n")
  local wrong = check_picture(fields.picture)
  if wrong then return form(record, text, wrong) end

  local user, err = users.client(record)
  if not user then return refuse(record, text, err) end
  local post
  post, err = user:create_image_tweet(text, fields.picture)
  if not post then return refuse(record, text, err) end
  return 303, "/posts/" .. post.data.id
end


-- ---- showing ----

local WISH = {
  expansions = "attachments.media_keys,author_id",
  ["media.fields"] = "url,width,height,alt_text",
}


-- X sends the text with these three escaped.
local function plain(text)
  return (text:gsub("&(%l+);", { lt = "<", gt = ">", amp = "&" }))
end


local function picture_of(includes)
  local medium = includes.media and includes.media[1]
  if not medium or not medium.url then return nil end
  return page.fill(PICTURE, { url = medium.url, width = medium.width,
    height = medium.height, alt = medium.alt_text or "The posted picture" })
end


--- GET /posts/{id}
function posts.show(id)
  local record = sessions.find("user")
  if not record then return problems.answer("signed-out") end
  local user, err = users.client(record)
  if not user then return problems.answer(problems.of_call(err), err) end
  local post
  post, err = user:request("GET", "/2/tweets/" .. id, { query = WISH })
  if not post then
    local name = problems.of_call(err)
    return problems.answer(name == "not-taken" and "not-found" or name, err)
  end
  local includes = post.includes or {}
  local author = includes.users and includes.users[1] or {}
  return 200, page.show("Posted", page.fill(POST, {
    name = author.name, username = author.username,
    text = plain(post.data.text), picture = picture_of(includes),
  }), record)
end

return posts
