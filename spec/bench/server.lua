-- The server of the benchmarks: an nginx on a free loopback port, with a CA
-- of its own, TLS, HTTP/2 and HTTP/1.1. It checks nothing and answers the
-- same every time, as fast as it can, so that what is measured is the client.
-- Both sides of every row use it.
--
--   local server = require("bench.server").start()
--   server.url, server.ca_file, server.ca_path, server.directory, server:cpu()
--   server:connections(), server:stop()
--
-- `calm_url` is the same server, which there takes its time, as X does: a
-- request has gone out whole and the client sleeps when the answer begins.
-- Instructions are counted there, because the count then depends on no race.
-- `slow_url` takes a tenth of a second for each answer. `old_url` and
-- `old_slow_url` are the two for clients that shall speak HTTP/1.1: a libcurl
-- that has seen both versions at one address uses neither well.

local core = require "twitter.core"

local module = {}

local Server = {}
Server.__index = Server

-- The header fields that X sends. Bodies are read whole and dropped; they fit
-- into the buffer, so no file is written.
local template = [[
%(modules)
daemon on;
master_process off;
pid %(directory)/nginx.pid;
error_log %(directory)/error.log warn;
events { worker_connections 4096; }
http {
  client_body_temp_path %(directory)/body;
  proxy_temp_path %(directory)/proxy;
  fastcgi_temp_path %(directory)/fastcgi;
  uwsgi_temp_path %(directory)/uwsgi;
  scgi_temp_path %(directory)/scgi;
  access_log off;
  client_max_body_size 0;
  client_body_buffer_size 6m;
  http2_recv_buffer_size 1m;
  keepalive_requests 100000000;
  ssl_certificate %(directory)/server.pem;
  ssl_certificate_key %(directory)/server.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  default_type "application/json; charset=utf-8";
  add_header cache-control "no-cache, no-store, max-age=0" always;
  add_header x-access-level read-write always;
  add_header x-transaction-id 0123456789abcdef always;
  add_header x-response-time 42 always;
  add_header api-version 2.167 always;
  add_header x-rate-limit-limit 100000 always;
  add_header x-rate-limit-remaining 99999 always;
  add_header x-rate-limit-reset 1893456000 always;
  init_worker_by_lua_block {
    ngx.timer.every(0.5, function()
      local owner = io.open("/proc/%(owner)/stat")
      local state = owner and owner:read("*a"):match("%) (%u)") or "Z"
      if owner then owner:close() end
      if state ~= "Z" then return end
      os.execute("rm -rf %(directory); kill " .. ngx.worker.pid())
    end)
    local delays = { ["%(calm_port)"] = 0.002, ["%(slow_port)"] = 0.1,
      ["%(old_slow_port)"] = 0.1 }
    function answer(status, body)
      local delay = delays[ngx.var.server_port]
      if delay then ngx.sleep(delay) end
      ngx.req.read_body()
      ngx.req.discard_body()
      ngx.status = status
      ngx.header.content_length = #body
      ngx.print(body)
    end
  }
  server {
    listen 127.0.0.1:%(port) ssl http2 backlog=4096;
    listen 127.0.0.1:%(calm_port) ssl http2;
    listen 127.0.0.1:%(slow_port) ssl http2 backlog=4096;
    listen 127.0.0.1:%(old_port) ssl backlog=4096;
    listen 127.0.0.1:%(old_slow_port) ssl backlog=4096;
    location = /2/tweets { content_by_lua_block {
      answer(201, '{"data":{"edit_history_tweet_ids":["1893456000123456789"],'
        .. '"id":"1893456000123456789","text":"%(text)"}}')
    } }
    location = /2/users/me { content_by_lua_block {
      answer(200, '{"data":{"id":"2244994945","name":"Bench",'
        .. '"username":"bench"}}')
    } }
    location /2/media/upload/ { content_by_lua_block {
      answer(200, '{"data":{"id":"1893456000123456789",'
        .. '"media_key":"7_1893456000123456789","expires_after_secs":86400}}')
    } }
  }
  server {
    listen 127.0.0.1:%(status_port);
    location = /connections { stub_status; }
  }
}
]]

-- A private directory with a CA, a certificate for the loopback address, and
-- the system's directory of certificates by hash with the CA beside them.
local prepare = [[
umask 077
PATH="$PATH:/usr/sbin:/usr/local/sbin"
directory=$(mktemp -d "${TMPDIR:-/tmp}/twitter-bench.XXXXXX") || exit 1
cd "$directory" || exit 1
{
ec="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
printf '%s\n' '[req]' 'distinguished_name=dn' '[dn]' \
  '[ca]' 'basicConstraints=critical,CA:TRUE' 'keyUsage=critical,keyCertSign' \
  'subjectKeyIdentifier=hash' \
  '[server]' 'basicConstraints=CA:FALSE' 'extendedKeyUsage=serverAuth' \
  'authorityKeyIdentifier=keyid' \
  'subjectAltName=IP:127.0.0.1,DNS:localhost' > openssl.cnf
openssl req -config openssl.cnf -x509 $ec -keyout ca.key -out ca.pem \
  -days 30 -subj "/CN=twitter bench CA" -extensions ca &&
openssl req -config openssl.cnf -new $ec -keyout server.key -out server.csr \
  -subj /CN=localhost &&
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -set_serial "$$" \
  -days 30 -extfile openssl.cnf -extensions server -out server.pem
} > openssl.log 2>&1
mkdir certs
cd certs
ln -s /etc/ssl/certs/*.0 .
ln -sfn ../ca.pem "$(openssl x509 -hash -noout -in ../ca.pem).0"
echo "owner=$PPID"
echo "directory=$directory"
echo "nginx=$(command -v nginx || command -v openresty)"
]]


local function shell(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end


local function exists(path)
  local file = io.open(path, "rb")
  return file and file:close() and true
end


local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end


-- OpenResty has Lua built in and needs no module.
local function modules()
  local folder = "/usr/lib/nginx/modules"
  if not exists(folder .. "/ngx_http_lua_module.so") then return "" end
  return ("load_module %s/ndk_http_module.so;\nload_module "
    .. "%s/ngx_http_lua_module.so;"):format(folder, folder)
end


-- nginx keeps its memory: giving every body's back to the system would cost
-- more than receiving it.
local launcher = "env -i MALLOC_TRIM_THRESHOLD_=1000000000 "
  .. "MALLOC_MMAP_THRESHOLD_=30000000 %s -p %s -e %s/error.log "
  .. "-c %s/nginx.conf 2>&1 && echo started"

local function launch(facts, port, text)
  local values = {
    modules = modules(), directory = facts.directory, owner = facts.owner,
    port = port, calm_port = port + 1, slow_port = port + 2,
    old_port = port + 3, old_slow_port = port + 4, status_port = port + 5,
    text = text,
  }
  local file = assert(io.open(facts.directory .. "/nginx.conf", "wb"))
  file:write((template:gsub("%%%(([%w_]+)%)", values)))
  file:close()
  return shell(launcher:format(facts.nginx, facts.directory, facts.directory,
    facts.directory))
end


--- Starts it.
---@param text string of the post that every answer to POST /2/tweets shows
---@return table server
function module.start(text)
  local facts = {}
  for name, value in shell(prepare):gmatch("(%l+)=([^\n]+)\n") do
    facts[name] = value
  end
  assert(facts.directory, "no temporary directory")
  math.randomseed(os.time())
  local said
  for _ = 1, 5 do
    local port = math.random(10240, 32000)
    said = launch(facts, port, text)
    if said:find("started%s*$") then
      return setmetatable({
        directory = facts.directory, ca_file = facts.directory .. "/ca.pem",
        ca_path = facts.directory .. "/certs",
        url = "https://127.0.0.1:" .. port,
        calm_url = "https://127.0.0.1:" .. port + 1,
        slow_url = "https://127.0.0.1:" .. port + 2,
        old_url = "https://127.0.0.1:" .. port + 3,
        old_slow_url = "https://127.0.0.1:" .. port + 4,
        status_url = "http://127.0.0.1:" .. port + 5 .. "/connections",
        pid = read(facts.directory .. "/nginx.pid"):match("%d+"),
      }, Server)
    end
  end
  os.execute("rm -rf '" .. facts.directory .. "'")
  error("nginx does not start: " .. said)
end


--- The processor time that the server has used, in seconds.
---@return number
function Server:cpu()
  local fields = read("/proc/" .. self.pid .. "/stat"):match("%) (.*)$")
  local user, system = fields:match(("%S+ "):rep(11) .. "(%d+) (%d+)")
  return (user + system) / 100  -- Linux counts them in hundredths
end


-- One connection of its own, kept.
local engine = core.engine()
local settings = core.settings { timeout = 10 }

--- How many connections it has accepted since it began.
---@return integer
function Server:connections()
  local transfer = assert(core.transfer(settings, "GET", self.status_url, {}))
  engine:add(transfer)
  assert(engine:wait(transfer, 10), "the server does not answer")
  local _, _, body = transfer:result()
  transfer:close()
  return tonumber(body:match("\n (%d+) "))
end


--- Ends it and removes its directory.
function Server:stop()
  os.execute(("kill %s; while [ -e /proc/%s/exe ]; do sleep 0.01; done; "
    .. "rm -rf '%s'"):format(self.pid, self.pid, self.directory))
end

return module
