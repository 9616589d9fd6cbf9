-- Starts an nginx that uses the library as its users do: http-lua, the Lua
-- files of this tree and the C module built for LuaJIT, on a free loopback
-- port, with the configuration and the Lua code that a case brings.
--
--   local host = require "support.host.nginx"
--   local nginx = assert(host.start { workers = 2, parameters = parameters,
--     init = [[ require "twitter" ]], locations = { ["/post"] = [[ ... ]] } })
--   local response = nginx:get("/post")
--   nginx:stop()
--
-- Where a sanitizer's build is under test, nginx runs with its runtime.

local config = require "support.host.config"
local json = require "cjson"

local host = {}

---@class support.host
local Host = {}
Host.__index = Host


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
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end


local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  file:close()
end


local prepare = [[
umask 077
unset LD_PRELOAD
PATH="$PATH:/usr/sbin:/usr/local/sbin"
directory=$(mktemp -d "${TMPDIR:-/tmp}/twitter-host.XXXXXX") || exit 1
echo "directory=$directory"
echo "owner=$PPID"
echo "user=$(id -u)"
echo "root=$(pwd)"
echo "build=$(cd "${BUILD:-build}/luajit" && pwd)"
echo "nginx=$(command -v "${NGINX:-nginx}" || command -v openresty)"
echo "runtime=$(gcc -print-file-name=libasan.so 2>/dev/null)"
nginx -V 2>&1
]]

local function prepared()
  local text = shell(prepare)
  local facts = { version = text }
  for name, value in text:gmatch("(%l+)=([^\n]*)\n") do
    facts[name] = facts[name] or value
  end
  return facts
end


---Is a sanitizer's build under test? Its memory grows by design.
---@return boolean
function host.is_sanitized()
  return (os.getenv("BUILD") or ""):find("asan", 1, true) ~= nil
end


-- A module that was built with AddressSanitizer needs its runtime first.
local function environment(facts, options)
  local list = { 'PATH="$PATH"' }
  if host.is_sanitized() then
    list[2] = "LD_PRELOAD=" .. quote(facts.runtime)
    list[3] = "ASAN_OPTIONS=detect_leaks=0:log_path="
      .. quote(facts.directory .. "/sanitizer")
  end
  for name, value in pairs(options.environment or {}) do
    list[#list + 1] = name .. "=" .. quote(value)
  end
  return table.concat(list, " ")
end


-- Ends the nginx of a test that was killed itself.
local guard = [[
( while [ -e %s ] && kill -0 %s; do sleep 2; done
  kill "$(cat %s)"; ) >/dev/null 2>&1 &
]]

local function launch(facts, options)
  local path = quote(facts.directory .. "/nginx.conf")
  local pid = quote(facts.directory .. "/nginx.pid")
  write(facts.directory .. "/nginx.conf", config.text(facts, options))
  local said = shell(("env -i %s %s -p %s -e %s -c %s 2>&1 %s")
    :format(environment(facts, options), quote(facts.nginx),
      quote(facts.directory), quote(facts.directory .. "/error.log"), path,
      options.single and "> /dev/null &" or ""))
  shell(("for i in $(seq 500); do [ -s %s ] && break; sleep 0.01; done")
    :format(pid))
  shell(guard:format(pid, facts.owner, pid))
  return said
end


local function remove(directory)
  if directory and directory:find("/twitter%-host%.%w+$") then
    os.execute("rm -rf " .. quote(directory))
  end
end


-- Below the range that the system hands out for outgoing connections; nginx
-- itself is the test whether it is free.
local function launched(facts, options)
  local said
  for attempt = 1, 5 do
    facts.port = options.port or 10240 + (tonumber(shell(
      "od -An -N2 -tu2 /dev/urandom")) + attempt) % 21000
    facts.secure = facts.port + 1
    said = launch(facts, options)
    if read(facts.directory .. "/nginx.pid") then return true end
    said = said .. (read(facts.directory .. "/error.log") or "")
    if not said:find("in use", 1, true) then break end
  end
  return nil, "host: nginx does not start: " .. said
end


---Starts a host.
---@param options table `parameters` (written to the file that the environment
---  variable PARAMETERS names), `init`, `init_worker` and `locations` (path ->
---  code): Lua; `main`, `http` (in which %(port), %(secure), a second port,
---  and %(directory) are filled in), `server`: configuration; `workers`,
---  `connections`; `port`; `single`: no master; `environment`: variables for nginx
---@return support.host? nginx, or nil and a message
function host.start(options)
  local facts = prepared()
  write(facts.directory .. "/parameters.json",
    json.encode(options.parameters or {}))
  local ok, message = launched(facts, options)
  if not ok then
    remove(facts.directory)
    return nil, message
  end
  return setmetatable({
    directory = facts.directory, port = facts.port, secure = facts.secure,
    url = "http://127.0.0.1:" .. facts.port,
    version = facts.version:match("nginx/([%d.]+)"),
  }, Host)
end


---The process that signals go to: the master, or the only one.
---@return string
function Host:pid()
  return (read(self.directory .. "/nginx.pid") or ""):match("%d+")
end


---The worker processes; those that are shutting down are left out.
---@param all? boolean do not leave them out
---@return string[] pids in order of age
function Host:workers(all)
  local list = {}
  for pid, title in shell("ps -o pid=,args= --ppid " .. self:pid())
      :gmatch("(%d+) ([^\n]*)") do
    if all or not title:find("shutting down", 1, true) then
      list[#list + 1] = pid
    end
  end
  table.sort(list, function(a, b) return tonumber(a) < tonumber(b) end)
  return list
end


---Sends a signal: "HUP", "QUIT", "TERM", ...
---@param name string
---@param pid? string default: the master
function Host:signal(name, pid)
  os.execute(("kill -%s %s"):format(name, pid or self:pid()))
end


---Waits, within limits, until a condition holds.
---@param condition fun(): any
---@param seconds? number default 10
---@return any value of the condition
function host.wait_for(condition, seconds)
  local core = require "twitter.core"
  local finish = core.now() + (seconds or 10)
  local value = condition()
  while not value and core.now() < finish do
    os.execute("sleep 0.02")
    value = condition()
  end
  return value
end


---What nginx has logged.
---@return string
function Host:log()
  return read(self.directory .. "/error.log") or ""
end


---Lines of the log that tell of a fault: crashes, alerts, errors, sanitizers.
---@param allowed? string[] patterns of those that a case expects
---@return string
function Host:faults(allowed)
  local found = {}
  local reports = shell(("cat %s/sanitizer* 2>/dev/null"):format(
    self.directory))
  for line in self:log():gmatch("[^\n]+") do
    local bad = line:find("%[%l+%]") and (line:find("[emerg]", 1, true)
      or line:find("[alert]", 1, true) or line:find("[crit]", 1, true)
      or line:find("[error]", 1, true)) or line:find("exited on signal")
    for _, pattern in ipairs(allowed or {}) do
      bad = bad and not line:find(pattern)
    end
    if bad then found[#found + 1] = line end
  end
  return table.concat(found, "\n") .. reports
end


---How many sockets of dispatchers have a name right now.
---@return integer
function Host:sockets()
  return tonumber(shell(("ls -d %s/twitter-* 2>/dev/null | wc -l"):format(
    self.directory)))
end


---How many descriptors a process has open, how many threads, and how much
---memory (KiB resident).
---@param pid string
---@return integer descriptors
---@return integer threads
---@return integer memory
function host.figures(pid)
  local status = read("/proc/" .. pid .. "/status") or ""
  local descriptors = shell(("ls /proc/%s/fd 2>/dev/null | wc -l"):format(pid))
  return tonumber(descriptors),
    tonumber(status:match("Threads:%s*(%d+)") or 0),
    tonumber(status:match("VmRSS:%s*(%d+)") or 0)
end


local stop = [[
kill -%s %s 2>/dev/null
for i in $(seq 1000); do
  [ -e %s ] && kill -0 %s 2>/dev/null || break
  sleep 0.01
done
kill -KILL %s 2>/dev/null
]]

---Ends the host and removes its directory; waits for the end, and kills what
---has not ended after ten seconds.
---@param signal? string default TERM; QUIT is the graceful one
function Host:stop(signal)
  local pid = self:pid()
  if pid then
    local file = quote(self.directory .. "/nginx.pid")
    shell(stop:format(signal or "TERM", pid, file, pid, pid))
  end
  remove(self.directory)
end


-- ---- clients ----

-- One engine for all requests of a spec to its hosts.
local engine, settings

local function client()
  local core = require "twitter.core"
  engine = engine or core.engine()
  settings = settings or core.settings { timeout = 30 }
  return core
end


---Starts a request and does not wait: `host.finish` does, `transfer:close`
---is what a client does that goes away.
---@param path string
---@param url? string default: the host's
---@return userdata transfer
function Host:start(path, url)
  local transfer = assert(client().transfer(settings, "GET",
    (url or self.url) .. path, {}))
  engine:add(transfer)
  return transfer
end


---Lets the requests go on for a while.
---@param seconds number
function host.step(seconds)
  local core = client()
  local finish = core.now() + seconds
  repeat
    engine:step(0.01)
    if core.now() < finish then engine:rest(0.005) end
  until core.now() >= finish
end


---Lets the requests go on until a condition holds, or the time is over.
---@param condition fun(): any
---@param seconds? number default 10
---@return any
function host.step_until(condition, seconds)
  local core = client()
  local finish = core.now() + (seconds or 10)
  local value = condition()
  while not value and core.now() < finish do
    host.step(0.02)
    value = condition()
  end
  return value
end


---Waits for a request.
---@param transfer userdata
---@return table response status and body, or status 0 and a message as body
function host.finish(transfer)
  while not engine:wait(transfer, 1) do end
  local status, kind, body = transfer:result()
  transfer:close()
  if not status then return { status = 0, body = kind .. ": " .. body } end
  return { status = status, body = body }
end


---@param path string
---@param url? string
---@return table response
function Host:get(path, url)
  return host.finish(self:start(path, url))
end


---Many requests, so many of them at a time.
---@param path string
---@param count integer
---@param together? integer default: all
---@param each? fun(done: integer) called after each answer
---@return table<string, integer> tally "status body" -> how many
function Host:load(path, count, together, each)
  local running, started, done, tally = {}, 0, 0, {}
  together = together or count
  while done < count do
    while started < count and started - done < together do
      started = started + 1
      running[self:start(path)] = true
    end
    engine:step(0.1)
    for transfer in pairs(running) do
      if transfer:done() then
        running[transfer] = nil
        local response = host.finish(transfer)
        local key = response.status .. " " .. response.body
        tally[key] = (tally[key] or 0) + 1
        done = done + 1
        if each then each(done) end
      end
    end
  end
  return tally
end


---`describe` for what is tested with nginx's own Lua: one of the Luas runs it,
---the others say so.
---@param name string
---@param body function
function host.describe(name, body)
  local busted = require "busted"
  if rawget(_G, "jit") then return busted.describe(name, body) end
  busted.describe(name, function()
    busted.pending "is tested under LuaJIT, which is nginx's"
  end)
end


return host
