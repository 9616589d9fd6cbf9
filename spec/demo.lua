-- The whole job against the sandbox: an app signs in, uploads, posts all five
-- kinds of tweet, refreshes its token and reads back what it posted. Run by
-- `make demo`; with KEEP=1 the sandbox stays up until Ctrl-C.

local browser = require "support.browser"
local sandbox = require "support.sandbox"
local twitter = require "twitter"

local FIXTURES = "spec/fixtures/"
local BAR = 24  -- characters
local PADDING = 0x600000  -- bytes


local function say(...)
  io.write(string.format(...), "\n")
  io.flush()
end


local function step(title)
  say("\n== %s", title)
end


local is_terminal = os.execute("test -t 1")
is_terminal = is_terminal == true or is_terminal == 0


-- Drawn over itself on a terminal; elsewhere only the end is worth a line.
local function progress(sent, total, file)
  if sent < total and not is_terminal then return end
  local full = math.floor(BAR * sent / total)
  io.write(("\r   %-28s [%s%s] %3d %%"):format(file:match("[^/]*$"),
    ("#"):rep(full), ("."):rep(BAR - full), math.floor(100 * sent / total)))
  if sent == total then io.write("\n") end
  io.flush()
end


-- The fixture's clip, made large by a box of MPEG-4 that players pass over:
-- enough to see the bar move.
local function large_video()
  local path = os.tmpname()
  local file = assert(io.open(FIXTURES .. "video.mp4", "rb"))
  local clip = file:read("*a")
  file:close()
  file = assert(io.open(path, "wb"))
  file:write(clip, "\0\96\0\0free", ("\0"):rep(PADDING - 8))
  file:close()
  return path
end


local function sign_in(box)
  step("Sign in with OAuth 2.0 (PKCE, state)")
  local parameters = box:parameters("oauth2")
  parameters.access_token, parameters.refresh_token = nil, nil
  parameters.progress = progress
  parameters.on_token = function(token)
    say("   on_token: a new pair, good for %d seconds", token.expires_in)
  end
  local client = assert(twitter.new(parameters))
  local link, session = assert(client:get_authorization_link())
  say("   link:     %s...", link:sub(1, 60))
  local redirect = assert(browser.decide(link, box.ca_file, "allow"))
  say("   redirect: %s...", redirect:sub(1, 44))
  local token = assert(client:handle_incoming_request_after_authorization(
    redirect, { session = session }))
  parameters.access_token = token.access_token
  parameters.refresh_token = token.refresh_token
  return assert(twitter.new(parameters))
end


local function whoami(client)
  local me = assert(client:request("GET", "/2/users/me")).data
  say("   signed in as @%s (%s)", me.username, me.id)
  return me
end


local ids = {}

local function posted(kind, post, facts)
  post = assert(post, facts)
  ids[#ids + 1] = post.data.id
  say("   %-6s %s  %s", kind, post.data.id, (post.data.text:gsub("\n", " ")))
end


local function post_everything(client)
  step("Post five kinds of tweet")
  posted("text", client:create_text_tweet("Hello from Lua! ☃"))
  posted("image", client:create_image_tweet("Three pictures", {
    FIXTURES .. "picture.jpg", FIXTURES .. "picture.png",
    FIXTURES .. "picture.webp",
  }))
  posted("gif", client:create_gif_tweet("It moves",
    FIXTURES .. "animation.gif"))
  local video = large_video()
  local post, facts = client:create_video_tweet("It moves and sounds", video)
  os.remove(video)
  posted("video", post, facts)
  posted("poll", client:create_poll_tweet("Which Lua?",
    { "5.1", "LuaJIT", "5.4" }, 60))
end


local function refresh(client)
  step("Refresh the token")
  assert(client:refresh_token())
  whoami(client)
end


local function media_of(page)
  local kinds = {}
  for _, item in ipairs((page.includes or {}).media or {}) do
    kinds[item.media_key] = item.type
  end
  return kinds
end


local function describe(post, kinds)
  local parts = {}
  for _, key in ipairs((post.attachments or {}).media_keys or {}) do
    parts[#parts + 1] = kinds[key]
  end
  if (post.attachments or {}).poll_ids then parts[#parts + 1] = "poll" end
  return #parts > 0 and table.concat(parts, ", ") or "text alone"
end


local function read_back(client)
  step("Read back")
  local page = assert(client:request("GET", "/2/tweets", { query = {
    ids = table.concat(ids, ","), expansions = "attachments.media_keys,"
      .. "attachments.poll_ids", ["tweet.fields"] = "attachments",
    ["media.fields"] = "type",
  } }))
  local kinds = media_of(page)
  for _, post in ipairs(page.data) do
    say("   %s  %-22s %s", post.id, describe(post, kinds), post.text)
  end
  assert(#page.data == #ids, "a post is missing")
end


local function keep_up(box)
  say("\nThe timeline: %s", box.timeline_url)
  say("(its certificate is of the sandbox's own CA, %s)", box.ca_file)
  say("Ctrl-C ends the sandbox.")
  os.execute("trap 'exit 0' INT; while :; do sleep 60; done")
end


local function run(box)
  local client = sign_in(box)
  whoami(client)
  post_everything(client)
  refresh(client)
  read_back(client)
  say("\nAll done: %d posts, each checked by the sandbox.", #ids)
  if os.getenv("KEEP") == "1" then keep_up(box) end
end


local box = assert(sandbox.start())
say("A local X is up at %s", box.api_url)
local ok, problem = xpcall(run, debug.traceback, box)
box:stop()
if not ok then
  io.stderr:write(tostring(problem), "\n")
  os.exit(1)
end
