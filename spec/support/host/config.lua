-- Writes the nginx.conf of a host: an nginx as a user of the library would
-- have it, with the pieces that a case asks for.

local config = {}

local text = [[
%(modules)
daemon %(daemon);
master_process %(master);
worker_processes %(workers);
%(user)
pid %(directory)/nginx.pid;
error_log %(directory)/error.log notice;
env PARAMETERS=%(directory)/parameters.json;
env TMPDIR=%(directory);
%(main)
events {
  worker_connections %(connections);
}
http {
%(temporary)
  access_log off;
  default_type text/plain;
  lua_package_path "%(root)/lua/?.lua;%(root)/lua/?/init.lua;;";
  lua_package_cpath "%(build)/?.so;;";
  lua_shared_dict counters 256k;
  resolver 127.0.0.1;
%(http)
%(phases)
  server {
    listen 127.0.0.1:%(port) backlog=4096;
    keepalive_requests 1000000;
%(server)
%(locations)
  }
}
]]

local function fill(template, values)
  return (template:gsub("%%%((%l+)%)", function(name)
    return tostring(values[name] or "")
  end))
end

local function exists(path)
  local file = io.open(path, "rb")
  return file and file:close() and true
end

-- Builds with Lua inside, such as OpenResty, need no module.
local function modules(version)
  local folder = version:match("%-%-modules%-path=(%S+)")
    or "/usr/lib/nginx/modules"
  local lines = {}
  for _, name in ipairs { "ndk_http_module", "ngx_http_lua_module" } do
    local path = ("%s/%s.so"):format(folder, name)
    if exists(path) then lines[#lines + 1] = "load_module " .. path .. ";" end
  end
  return table.concat(lines, "\n")
end

-- Every temporary folder nginx would otherwise make in a system place.
local function temporary(version, directory)
  local lines = {}
  for _, kind in ipairs { "client_body", "proxy", "fastcgi", "uwsgi",
      "scgi" } do
    if not version:find("--without-http_" .. kind .. "_module", 1, true) then
      lines[#lines + 1] = ("  %s_temp_path %s/%s;"):format(kind, directory,
        kind)
    end
  end
  return table.concat(lines, "\n")
end

local function block(directive, code)
  if not code then return "" end
  return ("  %s {\n%s\n  }\n"):format(directive, code)
end

local function locations(list)
  local parts = {}
  for path, code in pairs(list or {}) do
    parts[#parts + 1] = ("    location = %s {\n%s    }\n"):format(path,
      block("content_by_lua_block", code))
  end
  return table.concat(parts)
end

---@param facts table directory, root, build, version, user (is it root?), port,
---  secure (another free port)
---@param options table see `host.start`
---@return string
function config.text(facts, options)
  return fill(text, {
    modules = modules(facts.version), directory = facts.directory,
    root = facts.root, build = facts.build, port = facts.port,
    daemon = options.single and "off" or "on",
    master = options.single and "off" or "on",
    workers = options.workers or 1, connections = options.connections or 4096,
    user = facts.user == "0" and "user root;" or "",
    main = options.main, server = options.server,
    http = fill(options.http or "", facts),
    temporary = temporary(facts.version, facts.directory),
    phases = block("init_by_lua_block", options.init)
      .. block("init_worker_by_lua_block", options.init_worker),
    locations = locations(options.locations),
  })
end

return config
