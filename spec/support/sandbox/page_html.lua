-- Draws the timeline: one HTML page without anything from outside, in which
-- whatever a post says is text and never markup.

local html = require("support.sandbox.uri").html
local weighted = require "support.sandbox.weighted"

local page_html = {}

local STYLE = [[
:root { --ink: #0f1419; --soft: #536471; --line: #e3e9ec; --card: #fff;
  --ground: #f4f6f8; --blue: #1673c9; --bar: #d3e6f8; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7e9ea; --soft: #8b98a5;
  --line: #2f3336; --card: #16191d; --ground: #0b0d10; --blue: #58adff;
  --bar: #1d3a56; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 620px; margin: 0 auto; padding: 0 12px 64px; }
header { position: sticky; top: 0; padding: 16px 4px 12px; z-index: 1;
  background: var(--ground); border-bottom: 1px solid var(--line); }
h1 { margin: 0; font-size: 20px; letter-spacing: -.01em; }
.counts { margin: 2px 0 0; color: var(--soft); font-size: 13px; }
article { display: grid; grid-template-columns: 44px 1fr; gap: 0 12px;
  margin-top: 12px; padding: 14px 16px; background: var(--card);
  border: 1px solid var(--line); border-radius: 16px; }
.face { width: 44px; height: 44px; border-radius: 50%; color: #fff;
  display: grid; place-items: center; font-weight: 700; font-size: 18px; }
.who { display: flex; flex-wrap: wrap; gap: 0 5px; color: var(--soft); }
.who b { color: var(--ink); }
.who time::before { content: "\00b7\00a0"; }
.text { margin: 2px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
a, .tag { color: var(--blue); text-decoration: none; }
a:hover { text-decoration: underline; }
.media { display: grid; gap: 2px; margin-top: 10px; overflow: hidden;
  border: 1px solid var(--line); border-radius: 14px; background: var(--line); }
.media.many { grid-template-columns: 1fr 1fr; height: 320px; }
.media.many.two { grid-template-rows: 100%; }
.media.many.three, .media.many.four { grid-template-rows: 1fr 1fr; }
.media.three figure:first-child { grid-row: span 2; }
figure { position: relative; margin: 0; min-height: 0; background: #000; }
.media img, .media video { display: block; width: 100%; max-height: 540px;
  object-fit: contain; }
.media.many img { height: 100%; object-fit: cover; }
.badge { position: absolute; left: 10px; bottom: 10px; padding: 0 6px;
  border-radius: 5px; background: #000b; color: #fff; font-size: 12px;
  font-weight: 600; line-height: 20px; }
.alt { margin: 6px 2px 0; color: var(--soft); font-size: 13px; }
.poll { margin: 12px 0 0; padding: 0; list-style: none; }
.poll li { position: relative; display: flex; justify-content: space-between;
  margin-bottom: 6px; padding: 6px 12px; border-radius: 8px; overflow: hidden;
  border: 1px solid var(--line); isolation: isolate; }
.poll i { position: absolute; inset: 0 auto 0 0; z-index: -1; min-width: 5px;
  background: var(--bar); }
.note { margin: 6px 2px 0; color: var(--soft); font-size: 13px; }
.empty { margin-top: 64px; text-align: center; color: var(--soft); }
.empty strong { display: block; color: var(--ink); font-size: 20px; }
footer { margin-top: 28px; text-align: center; color: var(--soft);
  font-size: 13px; }
]]

local PAGE = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Sandbox timeline</title>
<style>
%s</style>
</head>
<body>
<main>
<header>
<h1>Timeline</h1>
<p class="counts">%s</p>
</header>
%s
<footer>This is the sandbox. It is not X, and no account is real.</footer>
</main>
</body>
</html>
]]

local ARTICLE = [[
<article id="post-%s">
<div class="face" style="background:hsl(%d 52%% 42%%)" aria-hidden="true">%s</div>
<div>
<div class="who"><b>%s</b><span>@%s</span>%s</div>
%s</div>
</article>]]

local EMPTY = [[
<p class="empty"><strong>Nothing has been posted yet</strong>
Posts appear here as soon as the API has taken them.</p>]]

local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
  "Oct", "Nov", "Dec" }


-- "23 Nov 2026, 16:53 UTC"
local function moment(iso)
  local year, month, day, time =
    tostring(iso):match("^(%d+)-(%d+)-(%d+)T(%d+:%d+)")
  if not year then return "" end
  return ('<time datetime="%s">%d %s %s, %s UTC</time>'):format(html(iso),
    tonumber(day), MONTHS[tonumber(month)] or month, year, time)
end


local function is_tag(text, place, sign, name)
  if place > 1 and text:find("^[%w_]", place - 1) then return false end
  return sign ~= "$" or name:find("^%a+$") ~= nil
end


-- Mentions, hashtags and cashtags stand out in what is no link.
local function mark_tags(text)
  local pieces, place = {}, 1
  for from, sign, name, past in text:gmatch("()([@#$])([%w_\128-\255]+)()") do
    if is_tag(text, from, sign, name) then
      pieces[#pieces + 1] = html(text:sub(place, from - 1))
      pieces[#pieces + 1] = ('<span class="tag">%s</span>')
        :format(html(sign .. name))
      place = past
    end
  end
  return table.concat(pieces) .. html(text:sub(place))
end


local function link(url)
  local target = url:find("^[Hh][Tt][Tt][Pp][Ss]?://") and url
    or "http://" .. url
  return ('<a href="%s" rel="noreferrer">%s</a>'):format(html(target), html(url))
end


local function draw_text(text)
  if text == "" then return "" end
  local pieces, place = {}, 1
  for _, found in ipairs(weighted.links(text)) do
    pieces[#pieces + 1] = mark_tags(text:sub(place, found.first - 1))
    pieces[#pieces + 1] = link(found.url)
    place = found.last + 1
  end
  pieces[#pieces + 1] = mark_tags(text:sub(place))
  return '<p class="text">' .. table.concat(pieces) .. "</p>\n"
end


local function draw_medium(item)
  local alt = html(item.alt_text or "")
  if item.type == "video" then
    return ('<figure><video controls preload="metadata" src="%s" title="%s">'
      .. "</video></figure>"):format(html(item.url), alt)
  end
  local badge = item.type == "animated_gif" and '<span class="badge">GIF</span>'
    or ""
  return ('<figure><img src="%s" alt="%s">%s</figure>'):format(html(item.url),
    alt, badge)
end


local LAYOUTS = { "media one", "media many two", "media many three",
  "media many four" }


local function draw_media(media)
  if not media then return "" end
  local figures, alts = {}, {}
  for index, item in ipairs(media) do
    figures[index] = draw_medium(item)
    if item.alt_text then
      alts[#alts + 1] = '<p class="alt">ALT ' .. html(item.alt_text) .. "</p>\n"
    end
  end
  return ('<div class="%s">%s</div>\n%s'):format(LAYOUTS[#media] or "media",
    table.concat(figures, "\n"), table.concat(alts))
end


local function plural(count, one, many)
  return ("%d %s"):format(count, count == 1 and one or many)
end


local function draw_poll(poll)
  if not poll then return "" end
  local rows = {}
  for index, option in ipairs(poll.options) do
    local share = poll.votes > 0 and 100 * option.votes / poll.votes or 0
    rows[index] = ('<li><i style="width:%.1f%%"></i><span>%s</span>'
      .. "<span>%.0f%%</span></li>"):format(share, html(option.label), share)
  end
  local note = plural(poll.votes, "vote", "votes") .. " · "
    .. (poll.closed and "Final results"
      or "Ends " .. moment(poll.end_datetime))
  return ('<ol class="poll">\n%s\n</ol>\n<p class="note">%s</p>\n')
    :format(table.concat(rows, "\n"), note)
end


-- The initial of a name, one UTF-8 character, and a colour for it.
local function face(author)
  local initial = author.name:match("^[%z\1-\127\194-\244][\128-\191]*") or "?"
  local hue = 0
  for index = 1, #author.username do
    hue = (hue * 31 + author.username:byte(index)) % 360
  end
  return hue, html(initial)
end


local function draw_reply(username)
  if not username then return "" end
  return ('<p class="note">Replying to <span class="tag">@%s</span></p>\n')
    :format(html(username))
end


local function draw_post(post)
  local hue, initial = face(post.author)
  return ARTICLE:format(html(post.id), hue, initial, html(post.author.name),
    html(post.author.username), moment(post.created_at),
    draw_reply(post.reply_to) .. draw_text(post.text)
      .. draw_media(post.media) .. draw_poll(post.poll))
end


-- "3 posts · 2 pictures · 1 GIF"
local function draw_counts(counts, shown)
  local parts = { plural(counts.post, "post", "posts") }
  for _, row in ipairs {
    { counts.photo, "picture", "pictures" },
    { counts.animated_gif, "GIF", "GIFs" },
    { counts.video, "video", "videos" }, { counts.poll, "poll", "polls" },
  } do
    if row[1] > 0 then parts[#parts + 1] = plural(row[1], row[2], row[3]) end
  end
  if shown < counts.post then
    parts[#parts + 1] = ("the latest %d are shown"):format(shown)
  end
  return table.concat(parts, " · ")
end


--- The page for a timeline.
---@param content table see `timeline.describe`
---@return string
function page_html.draw(content)
  local articles = {}
  for index, post in ipairs(content.posts) do
    articles[index] = draw_post(post)
  end
  if #articles == 0 then articles[1] = EMPTY end
  return PAGE:format(STYLE, draw_counts(content.counts, #content.posts),
    table.concat(articles, "\n"))
end


return page_html
