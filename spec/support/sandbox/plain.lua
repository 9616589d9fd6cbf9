-- The plain HTTP host: somebody else's web server, from which files are
-- downloaded. No credential has any business here.

local app = require "support.sandbox.app"
local state = require "support.sandbox.state"

local options = { host = "plain" }

local types = {
  gif = "image/gif", jpg = "image/jpeg", jpeg = "image/jpeg", mp4 = "video/mp4",
  png = "image/png", webp = "image/webp", srt = "application/x-subrip",
  vtt = "text/vtt", txt = "text/plain", json = "application/json",
}

local function route(method, pattern, handler)
  app.route(method, pattern, options, function(request)
    if request.headers.authorization then
      request:record("credentials sent to a foreign host")
    end
    return handler(request)
  end)
end

local function not_found()
  return 404, "Not here.\n", { ["Content-Type"] = "text/plain" }
end

route("GET", "/fixtures/{name}", function(request)
  local name = request.path.name
  if not name or name:find("/", 1, true) or name:find("^%.") then
    return not_found()
  end
  local file = io.open(state.root .. "/spec/fixtures/" .. name, "rb")
  if not file then
    return not_found()
  end
  local bytes = file:read("*a")
  file:close()
  return 200, bytes, {
    ["Content-Type"] = types[name:match("%.(%w+)$")] or "application/octet-stream",
    ["Content-Length"] = #bytes,
  }
end)

route("GET", "/missing", not_found)

route("GET", "/bytes/{count}", function(request)
  local count = tonumber(request.path.count) or 0
  return 200, nil, { ["Content-Length"] = count }, function()
    local chunk = ("x"):rep(65536)
    while count > 0 do
      ngx.print(count < #chunk and chunk:sub(1, count) or chunk)
      ngx.flush(true)
      count = count - #chunk
    end
  end
end)

route("GET", "/endless", function()
  return 200, nil, { ["Content-Type"] = "image/png" }, function()
    local chunk, ends = ("x"):rep(65536), ngx.now() + 120
    while ngx.now() < ends and ngx.print(chunk) and ngx.flush(true) do
      ngx.sleep(0.001)
    end
  end
end)

route("GET", "/redirect", function(request)
  return tonumber(request:argument("status")) or 302, "", {
    Location = request:argument("to") or "/missing",
  }
end)

return {}
