-- Starts the site of spec/app in an nginx of its own, signed up with a sandbox:
-- the same files that a user would copy, with the addresses and folders of
-- this machine. Plain Lua, like sandbox.lua.
--
--   local site = assert(app.start { sandbox = box })
--   site.url         "https://localhost:..."
--   site.pictures    where pbs.twimg.com is: "127.0.0.1:..."
--   site:stop()

local daemon = require "support.daemon"
local json = require "cjson"
local transport = require "twitter.transport"

local app = {}

local Site = {}
Site.__index = Site

-- Around the site: what a distribution's nginx.conf has, and two servers for
-- the specs. One stands in for the host of X's pictures, the other lets time
-- pass for sign-ins and tokens.
local MAIN = [[
%(modules)
%(user)
daemon on;
worker_processes %(workers);
pid %(folder)/nginx.pid;
error_log %(folder)/error.log info;
events { worker_connections 512; }
http {
%(temporary)
  types { text/css css; image/svg+xml svg; }
  access_log %(folder)/access.log;
  include %(folder)/site.conf;

  server {
    listen 127.0.0.1:%(pictures) ssl;
    ssl_certificate %(box)/server.pem;
    ssl_certificate_key %(box)/server.key;
    location ~ ^/media/(\d+)\.\w+$ { proxy_pass %(web)/media/$1; }
  }

  server {
    listen 127.0.0.1:%(control);
    location / { content_by_lua_block { require("support.aging").pass() } }
  }
}
]]


local function fill(template, values)
  return (template:gsub("%%%((%l+)%)", function(name)
    return assert(values[name], name)
  end))
end


-- Each of the lines that are a user's to change, once.
local function replace(text, from, to)
  local first, last = text:find(from, 1, true)
  assert(first, "the site's nginx.conf has no " .. from)
  return text:sub(1, first - 1) .. to .. text:sub(last + 1)
end


local function site_config(root, values)
  local text = assert(daemon.read(root .. "/spec/app/nginx.conf"))
  local tls = values.tls and " ssl http2" or ""
  local build = os.getenv "BUILD" or "build"
  if build:sub(1, 1) ~= "/" then build = root .. "/" .. build end
  for _, pair in ipairs {
    { "/srv/example/?.lua;/opt/rocks/share/lua/5.1/?.lua;"
        .. "/opt/rocks/share/lua/5.1/?/init.lua",
      root .. "/spec/?.lua;" .. root .. "/lua/?.lua;" .. root
        .. "/lua/?/init.lua" },
    { "/opt/rocks/lib/lua/5.1/?.so", build .. "/luajit/?.so" },
    { "/etc/example/twitter.json", values.folder .. "/twitter.json" },
    { "443 ssl http2", "127.0.0.1:" .. values.port .. tls },
    { "example.com", "localhost" },
    { "/etc/example/certificate.pem", values.box .. "/server.pem" },
    { "/etc/example/key.pem", values.box .. "/server.key" },
    { "root /srv/example/app", "root " .. root .. "/spec/app" },
  } do
    text = replace(text, pair[1], pair[2])
  end
  return text
end


-- The sandbox has found out already where nginx keeps its modules.
local function modules(box)
  local config = assert(daemon.read(box.directory .. "/nginx.conf"))
  return config:match("^(.-)daemon on;")
end


local function temporary(box, folder)
  local config = assert(daemon.read(box.directory .. "/nginx.conf"))
  local lines = {}
  for kind in config:gmatch("([%l_]+)_temp_path ") do
    lines[#lines + 1] = ("  %s_temp_path %s/%s;"):format(kind, folder, kind)
  end
  return table.concat(lines, "\n")
end


-- The folders of a spec are for its user alone.
local function user()
  local name, group = daemon.shell("id -un; id -gn"):match("(%S+)\n(%S+)")
  return name == "root" and ("user %s %s;"):format(name, group) or ""
end


local function write_files(box, folder, ports, options, url)
  local root = daemon.root()
  local keys = box:parameters "oauth2"
  local parameters = {
    client_id = keys.client_id, client_secret = keys.client_secret,
    redirect_uri = url .. "/callback", api_url = box.api_url,
    upload_url = box.upload_url, authorize_url = box.authorize_url,
    ca_file = box.ca_file,
  }
  for name, value in pairs(options.parameters or {}) do
    parameters[name] = value
  end
  daemon.write(folder .. "/twitter.json", json.encode(parameters))
  daemon.write(folder .. "/site.conf", site_config(root, {
    folder = folder, box = box.directory, port = ports[1],
    tls = options.tls ~= false,
  }))
  daemon.write(folder .. "/nginx.conf", fill(MAIN, {
    modules = modules(box), temporary = temporary(box, folder),
    user = user(), workers = options.workers or 2, folder = folder,
    box = box.directory,
    pictures = ports[2], control = ports[3], web = box.web_url,
  }))
end


local LAUNCH = [[
unset LD_PRELOAD
PATH="$PATH:/usr/sbin:/usr/local/sbin"
nginx=$(command -v "${NGINX:-nginx}" || command -v openresty)
env -i PATH="$PATH" "$nginx" -p %s -e %s/error.log -c %s/nginx.conf 2>&1 &&
echo started
]]

local function launch(folder)
  local word = daemon.quote(folder)
  local said = daemon.shell(LAUNCH:format(word, word, word))
  return said:find("started%s*$") ~= nil, said
end


-- nginx writes the file of its number a moment after it has gone to the
-- background.
local function pid_of(folder)
  local text = daemon.shell(("for _ in $(seq 200); do [ -s %s ] && break; "
    .. "sleep 0.01; done; cat %s"):format(
    daemon.quote(folder .. "/nginx.pid"), daemon.quote(folder .. "/nginx.pid")))
  return tonumber(text)
end


-- Several sites of one sandbox are one app of X.
local function register(box, callback)
  box.callbacks = box.callbacks or {}
  table.insert(box.callbacks, callback)
  assert(box:control("POST", "/apps", { callbacks = box.callbacks }))
end


---Can the site run here? One interpreter's specs are enough: the one whose
---module nginx loads.
---@return boolean
---@return string? reason
function app.is_possible()
  if not rawget(_G, "jit") then
    return false, "skipped: runs once, with luajit, as nginx does"
  elseif (os.getenv "BUILD" or ""):find("asan", 1, true) then
    return false, "skipped: nginx does not run under AddressSanitizer here"
  end
  return true
end


---Starts the site.
---@param options table sandbox (a box), tls (default true), workers (default
---  2), parameters (beside those of the sandbox)
---@return table? site, or nil and a message
function app.start(options)
  local box, said, ok = options.sandbox, nil, false
  local folder, ports, url = daemon.folder "app", nil, nil
  for _ = 1, 5 do
    ports = daemon.ports(3)
    url = ("%s://localhost:%d"):format(
      options.tls == false and "http" or "https", ports[1])
    write_files(box, folder, ports, options, url)
    ok, said = launch(folder)
    if ok or not said:find("in use", 1, true) then break end
  end
  local pid = ok and pid_of(folder)
  if not pid then
    os.execute("rm -rf " .. daemon.quote(folder))
    return nil, "app: nginx does not start: " .. said
  end
  daemon.tie(pid, folder)
  register(box, url .. "/callback")
  return setmetatable({ url = url, pid = pid, folder = folder,
    pictures = "127.0.0.1:" .. ports[2],
    control = "http://127.0.0.1:" .. ports[3] }, Site)
end


---What nginx has logged, errors and requests.
---@return string
function Site:log()
  return (daemon.read(self.folder .. "/error.log") or "")
    .. (daemon.read(self.folder .. "/access.log") or "")
end


---Makes all sign-ins and tokens older.
---@param seconds integer
function Site:let_pass(seconds)
  assert(transport.exchange {
    method = "GET", url = self.control .. "/?seconds=" .. seconds,
    headers = {}, settings = transport.settings {},
  })
end


---Ends it.
function Site:stop()
  daemon.stop(self.pid, self.folder)
end

return app
