-- Drives a real browser (Debian's chromium and chromium-driver) through the
-- WebDriver protocol, which is JSON over HTTP and needs nothing but our own
-- transport. The browser can reach 127.0.0.1 alone: every other name is mapped
-- there or to nothing, and what it connects to is written down.
--
--   local driver = assert(webdriver.start { names = { ["pbs.twimg.com"] = "127.0.0.1:4433" } })
--   local browser = driver:browser { width = 360, height = 640 }
--   browser:open(url)
--   browser:click "button"
--   driver:stop()

local core = require "twitter.core"
local daemon = require "support.daemon"
local json = require "cjson"
local transport = require "twitter.transport"

local webdriver = {}

local Driver = {}
Driver.__index = Driver

local Browser = {}
Browser.__index = Browser

-- The name that the protocol gives to a reference to an element.
local ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


---Is there a browser, and something to drive it?
---@return boolean
---@return string? reason
function webdriver.is_possible()
  local found = daemon.shell("command -v chromium && command -v chromedriver")
  if select(2, found:gsub("\n", "")) == 2 then return true end
  return false, "skipped: no chromium and chromedriver here; `make browser` "
    .. "installs them"
end


-- ---- the protocol ----

local settings = transport.settings { timeout = 60 }

local function ask(base, method, path, value)
  local body = method == "POST" and json.encode(value or { _ = 1 }) or nil
  local response, failure = transport.exchange {
    method = method, url = base .. path, body = body, settings = settings,
    headers = body and { "content-type", "application/json" } or {},
  }
  if not response then return nil, failure.message end
  local answer = json.decode(response.body).value
  if response.status ~= 200 then
    return nil, ("%s: %s"):format(answer.error, answer.message:match("^[^\n]*"))
  end
  return answer
end


-- ---- the driver ----

-- A session of its own, so that the browsers can be ended with it.
local LAUNCH = [[
cd %s && export HOME="$PWD" XDG_CONFIG_HOME="$PWD" XDG_CACHE_HOME="$PWD"
unset LD_PRELOAD
setsid chromedriver --port=0 > log 2>&1 < /dev/null & echo $!
]]

local PORT = [[
for _ in $(seq 500); do
  grep -q 'started successfully on port' %s && break
  sleep 0.02
done
cat %s
]]


local function rules(names)
  local list = {}
  for name, address in pairs(names or {}) do
    list[#list + 1] = ("MAP %s %s"):format(name, address)
  end
  list[#list + 1] = "MAP localhost 127.0.0.1"
  list[#list + 1] = "MAP * ~NOTFOUND"
  list[#list + 1] = "EXCLUDE 127.0.0.1"
  return table.concat(list, ", ")
end


---Starts chromedriver.
---@param options table? names: host name -> address and port
---@return table? driver, or nil and a message
function webdriver.start(options)
  local folder = daemon.folder "browser"
  local pid = tonumber(daemon.shell(LAUNCH:format(daemon.quote(folder))))
  daemon.tie(pid, folder)
  local log = daemon.quote(folder .. "/log")
  local said = daemon.shell(PORT:format(log, log))
  local port = said:match("started successfully on port (%d+)")
  if not port then
    daemon.stop(pid, folder)
    return nil, "chromedriver does not start: " .. said
  end
  return setmetatable({
    pid = pid, folder = folder, browsers = {}, opened = 0,
    base = "http://127.0.0.1:" .. port, rules = rules((options or {}).names),
  }, Driver)
end


-- A fresh profile for each, and a file that tells every connection it made.
function Driver:arguments(options, name)
  local list = {
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--ignore-certificate-errors", "--no-proxy-server",
    "--user-data-dir=" .. self.folder .. "/" .. name,
    "--log-net-log=" .. self.folder .. "/" .. name .. ".json",
    ("--window-size=%d,%d"):format(options.width, options.height),
    "--host-resolver-rules=" .. self.rules,
  }
  for _, argument in ipairs(options.arguments or {}) do
    list[#list + 1] = argument
  end
  return list
end


-- A window has a least width; a phone is emulated.
local function phone(options)
  if options.width >= 500 then return nil end
  return { deviceMetrics = { width = options.width, height = options.height,
    pixelRatio = 2, mobile = true, touch = true } }
end


---Opens a browser that remembers nothing of the others.
---@param options table? width, height, arguments (more flags)
---@return table browser
function Driver:browser(options)
  options = options or {}
  options.width = options.width or 1000
  options.height = options.height or 800
  self.opened = self.opened + 1
  local name = "profile" .. self.opened
  local session = assert(ask(self.base, "POST", "/session", {
    capabilities = { alwaysMatch = {
      browserName = "chrome", acceptInsecureCerts = true,
      timeouts = { implicit = 0, pageLoad = 20000, script = 10000 },
      ["goog:loggingPrefs"] = { browser = "ALL", performance = "ALL" },
      ["goog:chromeOptions"] = { args = self:arguments(options, name),
        mobileEmulation = phone(options) },
    } },
  }))
  local browser = setmetatable({ driver = self,
    base = self.base .. "/session/" .. session.sessionId,
    net_log = self.folder .. "/" .. name .. ".json" }, Browser)
  self.browsers[#self.browsers + 1] = browser
  return browser
end


---Closes all browsers and ends chromedriver.
function Driver:stop()
  for _, browser in ipairs(self.browsers) do browser:close() end
  daemon.stop(self.pid, self.folder)
end


-- ---- a browser ----

function Browser:ask(method, path, value)
  return ask(self.base, method, path, value)
end


---Opens an address and waits until the page is there.
function Browser:open(url)
  assert(self:ask("POST", "/url", { url = url }))
end


function Browser:url()
  return assert(self:ask("GET", "/url"))
end


function Browser:title()
  return assert(self:ask("GET", "/title"))
end


function Browser:back()
  assert(self:ask("POST", "/back"))
end


---@param selector string CSS
---@return string? id of the first element there is
function Browser:find(selector)
  local found = self:ask("POST", "/element",
    { using = "css selector", value = selector })
  return found and found[ELEMENT]
end


local function element(browser, selector)
  return "/element/" .. assert(browser:find(selector), "no " .. selector)
end


-- What it says, or nil when it went away with its page meanwhile.
local function words_of(browser, id)
  return (browser:ask("GET", "/element/" .. id .. "/text"))
end


---Waits for an element: a click on a link or button may still be under way.
---@param selector string
---@param words string? that it says
function Browser:wait_for(selector, words)
  for _ = 1, 250 do
    local id = self:find(selector)
    if id and (not words or words_of(self, id) == words) then return end
    transport.sleep(0.02)
  end
  error(("no %s %s at %s: %s"):format(selector, words or "", self:url(),
    self:text "body"), 2)
end


---What a person reads there.
function Browser:text(selector)
  return assert(self:ask("GET", element(self, selector) .. "/text"))
end


function Browser:click(selector)
  assert(self:ask("POST", element(self, selector) .. "/click"))
end


---Types into a field; a file field takes a path.
function Browser:type(selector, text)
  assert(self:ask("POST", element(self, selector) .. "/value",
    { text = text }))
end


---Runs JavaScript in the page.
---@return any # what it returns
function Browser:run(script, ...)
  local arguments = { ... }
  arguments[1] = arguments[1] or ""   -- an empty table would not be a list
  local value, message = self:ask("POST", "/execute/sync",
    { script = script, args = arguments })
  if message then error(message, 2) end
  return value
end


---Keys for whatever has the focus.
---@param keys string[] characters, or the protocol's code points
function Browser:press(keys)
  local actions = {}
  for _, key in ipairs(keys) do
    actions[#actions + 1] = { type = "keyDown", value = key }
    actions[#actions + 1] = { type = "keyUp", value = key }
  end
  assert(self:ask("POST", "/actions", { actions = { { type = "key",
    id = "keyboard", actions = actions } } }))
end


---@return table[] # name, value, httpOnly, secure, sameSite, path, expiry
function Browser:cookies()
  return assert(self:ask("GET", "/cookie"))
end


---Asks the page to be as a person's settings would have it.
---@param scheme string "light" or "dark"
function Browser:prefer(scheme)
  assert(self:ask("POST", "/goog/cdp/execute", {
    cmd = "Emulation.setEmulatedMedia",
    params = { features = { { name = "prefers-color-scheme",
      value = scheme } } },
  }))
end


---Writes a picture of the whole page, as long as it is.
---@param path string
function Browser:screenshot(path)
  local answer = assert(self:ask("POST", "/goog/cdp/execute", {
    cmd = "Page.captureScreenshot",
    params = { captureBeyondViewport = true },
  }))
  daemon.write(path, core.unbase64(answer.data))
end


---@param kind string "browser" (the page's console) or "performance"
---@return table[] # level, message; since the last time it was asked
function Browser:log(kind)
  return assert(self:ask("POST", "/se/log", { type = kind }))
end


---The addresses that the pages have asked for, since the last time.
---@return string[]
function Browser:requests()
  local list = {}
  for _, entry in ipairs(self:log "performance") do
    local event = json.decode(entry.message).message
    local url = event.method == "Network.requestWillBeSent"
      and event.params.request.url
    if url and url:find("^https?:") then list[#list + 1] = url end
  end
  return list
end


---Closes it; from then on `connections` knows.
function Browser:close()
  if self.closed then return end
  self.closed = true
  self:ask("DELETE", "")
end


-- A UDP socket is connected to learn about routes, and no packet leaves. Only
-- what sends one counts, and so does a name that the system is asked for.
local TELLING = {
  TCP_CONNECT_ATTEMPT = function(params) return params.address end,
  UDP_BYTES_SENT = function(params) return "udp " .. (params.address or "") end,
  HOST_RESOLVER_SYSTEM_TASK = function() return "the system's resolver" end,
}


---Every address that the closed browser has connected to, or tried to, for a
---page or on its own account.
---@return string[]
function Browser:connections()
  local log = json.decode((assert(daemon.read(self.net_log))))
  local names, list = {}, {}
  for name, number in pairs(log.constants.logEventTypes) do
    names[number] = name
  end
  for _, event in ipairs(log.events) do
    local tell = TELLING[names[event.type]]
    local where = tell and event.params and tell(event.params)
    if where then list[#list + 1] = where end
  end
  return list
end

return webdriver
