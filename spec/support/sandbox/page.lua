-- The web host's timeline: a page where a person sees what was posted, the
-- same as JSON, and the posted media with byte ranges, as players want them.

local app = require "support.sandbox.app"
local page_html = require "support.sandbox.page_html"
local state = require "support.sandbox.state"
local store = require "support.sandbox.media_store"
local timeline = require "support.sandbox.timeline"

local BLOCK = 256 * 1024


local function show_page()
  return 200, page_html.draw(timeline.describe()), {
    ["Content-Type"] = "text/html; charset=utf-8",
    ["Content-Security-Policy"] = "default-src 'none'; img-src 'self' data:; "
      .. "media-src 'self'; style-src 'unsafe-inline'",
    ["X-Content-Type-Options"] = "nosniff",
  }
end


-- First and last byte that a Range header asks for. Nil when there is none
-- that is understood; false when it lies outside.
local function parse_range(header, size)
  if type(header) ~= "string" then return nil end
  local first, last = header:match("^bytes=(%d*)%-(%d*)$")
  if not first or first == "" and last == "" then return nil end
  if first == "" then
    first, last = math.max(0, size - tonumber(last)), size - 1
    if first >= size then return false end
  else
    first = tonumber(first)
    last = math.min(tonumber(last) or size - 1, size - 1)
    if first >= size then return false end
    if last < first then return nil end
  end
  return first, last
end


-- Sends a range of the file block by block.
local function deliver(record, first, last)
  return function()
    while first <= last do
      local block = store.read(record, first,
        math.min(BLOCK, last - first + 1))
      if block == "" or not ngx.print(block) or not ngx.flush(true) then
        return
      end
      first = first + #block
    end
  end
end


local function show_medium(request)
  local record = state.media[request.path.id or ""]
  if not record or record.phase == "open" or record.hollow then
    return 404, "No such media.\n", { ["Content-Type"] = "text/plain" }
  end
  local size = record.size
  local first, last = parse_range(request.headers.range, size)
  local headers = {
    ["Content-Type"] = record.media_type, ["Accept-Ranges"] = "bytes",
    ["X-Content-Type-Options"] = "nosniff",
  }
  if first == false then
    headers["Content-Range"] = ("bytes */%d"):format(size)
    return 416, "", headers
  end
  if first then
    headers["Content-Range"] = ("bytes %d-%d/%d"):format(first, last, size)
  end
  local from, to = first or 0, last or size - 1
  headers["Content-Length"] = to - from + 1
  return first and 206 or 200, nil, headers, deliver(record, from, to)
end


local open = { host = "web" }
app.route("GET", "/", open, show_page)
app.route("GET", "/timeline", open, show_page)
app.route("GET", "/timeline.json", open, function()
  return 200, timeline.json()
end)
app.route("GET", "/media/{id}", open, show_medium)
app.route("HEAD", "/media/{id}", open, show_medium)


return {}
