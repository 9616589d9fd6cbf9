-- Starts "X in a box": an nginx on free loopback ports that behaves as the X
-- API does. Plain Lua, so that a spec under any interpreter can own one.
--
--   local sandbox = require "support.sandbox"
--   local box = assert(sandbox.start { expires_in = 60 })
--   local parameters = box:parameters("oauth2")
--   box:control("POST", "/faults", { match = { path = "/2/tweets" }, ... })
--   box:stop()

local config = require "support.sandbox.config"

local sandbox = {}

local Box = {}
Box.__index = Box

local function shell(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local function quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

local function read(path)
  local file = io.open(path, "rb")
  if not file then
    return nil
  end
  local text = file:read("*a")
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  file:close()
end

-- This file's repository, as the shell sees it.
local function folder()
  local source = debug.getinfo(1, "S").source:gsub("^@", "")
  return source:match("^(.*)/spec/support/[^/]*$") or
    source:match("^spec/support/[^/]*$") and "." or "."
end

-- One shell for everything that needs one: a private directory, a CA and a
-- certificate for the loopback names, who we are and which nginx there is.
local prepare = [[
umask 077
unset LD_PRELOAD
PATH="$PATH:/usr/sbin:/usr/local/sbin"
echo "owner=$PPID"
echo "root=$(cd %s && pwd)"
directory=$(mktemp -d "${TMPDIR:-/tmp}/twitter-sandbox.XXXXXX") || exit 1
cd "$directory" || exit 1
{
ec="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
printf '%%s\n' '[req]' 'distinguished_name=dn' '[dn]' \
  '[ca]' 'basicConstraints=critical,CA:TRUE' 'keyUsage=critical,keyCertSign' \
  'subjectKeyIdentifier=hash' \
  '[server]' 'basicConstraints=CA:FALSE' 'extendedKeyUsage=serverAuth' \
  'authorityKeyIdentifier=keyid' \
  'subjectAltName=DNS:localhost,IP:127.0.0.1' > openssl.cnf
openssl req -config openssl.cnf -x509 $ec -keyout ca.key -out ca.pem -days 30 \
  -subj "/CN=X in a box, test CA" -extensions ca &&
openssl req -config openssl.cnf -new $ec -keyout server.key -out server.csr \
  -subj /CN=localhost &&
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial "$$" \
  -days 30 -extfile openssl.cnf -extensions server -out server.pem
} > openssl.log 2>&1
echo "directory=$directory"
nginx=$(command -v "${NGINX:-nginx}" || command -v openresty) && echo "nginx=$nginx"
"$nginx" -V 2>&1
]]

local function prepared()
  local text = shell(prepare:format(quote(folder())))
  local facts = { version = text }
  for name, value in text:gmatch("(%l+)=([^\n]*)\n") do
    facts[name] = facts[name] or value
  end
  return facts
end

-- A generator of our own: the caller's math.random is left alone.
local function random_source()
  local device = io.open("/dev/urandom", "rb")
  local seed = os.time()
  if device then
    local a, b, c = device:read(3):byte(1, 3)
    device:close()
    seed = a * 65536 + b * 256 + c
  end
  return function(low, high)
    seed = (seed * 1103 + 12345) % 16777216
    return low + seed % (high - low + 1)
  end
end

-- Below the range that the system hands out for outgoing connections.
local function random_ports(random)
  local ports, taken = {}, {}
  for _, name in ipairs { "api", "upload", "web", "plain", "control" } do
    local port
    repeat
      port = random(10240, 32000)
    until not taken[port]
    taken[port], ports[name] = true, port
  end
  return ports
end

local function launch(facts, options, ports)
  write(facts.directory .. "/nginx.conf", config.text {
    directory = facts.directory, root = facts.root, owner = facts.owner,
    keepalive_requests = options.keepalive_requests or 1000000,
    http2 = options.http2 ~= false, version = facts.version, ports = ports,
  })
  return shell(("env -i PATH=\"$PATH\" %s -p %s -e %s -c %s 2>&1 && echo started")
    :format(quote(facts.nginx), quote(facts.directory),
      quote(facts.directory .. "/error.log"),
      quote(facts.directory .. "/nginx.conf")))
end

local function remove(directory)
  if directory and directory:find("/twitter%-sandbox%.%w+$") then
    os.execute("rm -rf " .. quote(directory))
  end
end

-- nginx itself is the test whether a port is free.
local function launched(facts, options)
  local random = random_source()
  local said
  for _ = 1, 5 do
    local ports = random_ports(random)
    said = launch(facts, options, ports)
    if said:find("started%s*$") then
      return ports
    end
    if not (said .. (read(facts.directory .. "/error.log") or ""))
      :find("in use", 1, true) then
      break
    end
  end
  return nil, "sandbox: nginx does not start: " .. said
end

local function new_box(facts, ports)
  local function url(scheme, name)
    return ("%s://127.0.0.1:%d"):format(scheme, ports[name])
  end
  return setmetatable({
    directory = facts.directory, ca_file = facts.directory .. "/ca.pem",
    ports = ports, api_url = url("https", "api"),
    upload_url = url("https", "upload"),
    authorize_url = url("https", "web") .. "/i/oauth2/authorize",
    timeline_url = url("https", "web") .. "/", web_url = url("https", "web"),
    plain_url = url("http", "plain"), control_url = url("http", "control"),
  }, Box)
end

-- The options that are not for nginx.
local function settings_in(options)
  local settings = {}
  for name, value in pairs(options) do
    if name ~= "http2" and name ~= "keepalive_requests" then
      settings[name] = value
    end
  end
  return settings
end

---Starts a sandbox.
---@param options table? http2 (false: HTTP/1.1 only), keepalive_requests, and
---  any setting of `POST /settings`, such as expires_in
---@return table? box, or nil and a message
function sandbox.start(options)
  options = options or {}
  local facts = prepared()
  if not facts.directory or not facts.nginx then
    remove(facts.directory)
    return nil, "sandbox: no nginx, openssl or temporary directory: " .. facts.version
  end
  local ports, message = launched(facts, options)
  if not ports then
    remove(facts.directory)
    return nil, message
  end
  local box = new_box(facts, ports)
  local ok, wrong = box:control("POST", "/birth", settings_in(options))
  if not ok then
    box:stop()
    return nil, "sandbox: " .. wrong
  end
  return box
end

-- bash talks TCP by itself: no client library and no curl is needed.
local request = [[exec 3<>/dev/tcp/127.0.0.1/%d && printf %%s %s >&3 && cat <&3]]

---A call to the control address.
---@param method string
---@param path string
---@param value table? sent as JSON
---@return table? answer, or nil and a message
function Box:control(method, path, value)
  local json = require "cjson"
  local body = value and json.encode(value) or ""
  local text = ("%s %s HTTP/1.0\r\nHost: control\r\nContent-Length: %d\r\n\r\n%s")
    :format(method, path, #body, body)
  local answer = shell("exec bash -c " .. quote(request:format(self.ports.control,
    quote(text))) .. " 2>&1")
  local status, content = answer:match("^HTTP/1%.%d (%d+).-\r\n\r\n(.*)$")
  if not status then
    return nil, "no answer from the control address: " .. answer
  end
  local decoded = json.decode(content)
  if status ~= "200" then
    return nil, decoded.error
  end
  return decoded
end

---A fresh parameters table for the library, with new tokens in it.
---@param kind string? "oauth1", "oauth2", "public", "app"; default: everything
---@param options table? user (a username), scope (text), app
---@return table
function Box:parameters(kind, options)
  local wish = { kind = kind }
  for name, value in pairs(options or {}) do
    wish[name] = value
  end
  local parameters = assert(self:control("POST", "/parameters", wish))
  for _, name in ipairs { "api_url", "upload_url", "authorize_url", "ca_file" } do
    parameters[name] = self[name]
  end
  return parameters
end

-- nginx removes its pid file on the way out; the process itself may stay a
-- zombie until init collects it.
local stop = [[
kill %s 2>/dev/null
while [ -e %s ] && kill -0 %s 2>/dev/null; do sleep 0.01; done
]]

---Ends the sandbox and removes its directory.
function Box:stop()
  local pid = (read(self.directory .. "/nginx.pid") or ""):match("%d+")
  if pid then
    os.execute((stop:format(pid, quote(self.directory .. "/nginx.pid"), pid)))
  end
  remove(self.directory)
end

return sandbox
