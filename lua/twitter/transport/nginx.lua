-- Waiting inside nginx: the transfer is made by the I/O thread of the worker
-- process, and the light thread that asked for it waits on a semaphore, so
-- nginx goes on with everything else.
--
-- What the thread has finished is told by one light thread, the dispatcher,
-- which reads bytes from a socket that the I/O thread writes to, and posts
-- the semaphores. It runs in a timer, only while there are calls, and leaves
-- after a second without any, so an idle worker has neither timer nor socket
-- and a reload is not held up. Where it cannot run, the callers look for
-- themselves, at growing intervals.

local core = require "twitter.core"

local nginx = {}

local SLICE = 1           -- seconds between two looks, if no post comes
local FIRST_LOOK = 0.005  -- the same without a dispatcher; grows up to
local LAST_LOOK = 0.05
local HELLO = 0.5         -- seconds a dispatcher may take to appear
local SILENCE = 4         -- seconds without a beat: it is not running
local DISTRUST = 10       -- seconds without one, after one that failed
local MAX_IDLE = 64       -- semaphores kept for the next call

local ngx = rawget(_G, "ngx")

-- Loaded with the library and not with the first call.
local has_semaphores, semaphores = pcall(require, "ngx.semaphore")

-- What each phase allows (ngx_lua, "API disabled in the context of ...").
local may_wait = {
  server_rewrite = true, rewrite = true, access = true, content = true,
  timer = true, ssl_cert = true, preread = true,
}

-- These may wait only where nginx and OpenSSL carry OpenResty's patches;
-- elsewhere a wait would end the handshake.
local may_wait_if_patched = {
  ssl_client_hello = true, ssl_session_fetch = true,
}


-- One for each Lua state; a fork makes a new one necessary.
local mailbox
local waiters = setmetatable({}, { __mode = "v" })   -- by job id
local idle = {}

-- The one that is running or about to; `heard` is when it last was.
local dispatcher
local distrusted_until = 0


-- The phases of nginx where the code may be; nil outside of it.
local function phase()
  return ngx and ngx.get_phase and ngx.get_phase()
end


-- Is this OpenResty's own nginx? Its bundle names its modules like this.
local function is_patched()
  local arguments = ngx.config.nginx_configure()
  return arguments:find("--add-module=../ngx_lua-", 1, true) ~= nil
end


local function current_mailbox()
  if not mailbox or not mailbox:is_ours() then
    mailbox = core.mailbox()
    dispatcher = nil
  end
  return mailbox
end


-- Posts the semaphore of everyone whose job is done.
local function deliver()
  local id = mailbox:collect()
  while id do
    local waiter = waiters[id]
    waiters[id] = nil
    if waiter then waiter.semaphore:post(1) end
    id = mailbox:collect()
  end
end


-- ---- the dispatcher ----

local function connect(socket)
  local path, message = mailbox:listen()
  if not path then return nil, message end
  local ok
  ok, message = socket:connect("unix:" .. path)
  if not ok then return nil, message end
  return mailbox:accept()
end


-- A beat with nothing under way ends it; a worker on its way out does not
-- wait for the beat.
local function may_leave(bytes)
  if mailbox:pending() > 0 then return false end
  return bytes == "." or ngx.worker.exiting()
end


local function read_until_idle(self, socket)
  repeat
    local bytes, message = socket:receiveany(64)
    if self ~= dispatcher then return nil, "another took over" end
    if not bytes then return nil, message end
    self.heard = core.now()
    deliver()
  until may_leave(bytes)
  return true
end


local function serve(self, socket)
  local ok, message = connect(socket)
  if not ok then return nil, message end
  self.heard = core.now()
  deliver()
  return read_until_idle(self, socket)
end


local function distrust(message)
  distrusted_until = core.now() + DISTRUST
  ngx.log(ngx.WARN, "twitter: the dispatcher ", message,
    "; calls look for their answers themselves for a while")
end


-- Runs also when the timer is premature: there are callers to be served. One
-- that was given up does not touch the socket of its successor.
local function dispatch(_, self)
  if self ~= dispatcher then return end
  local socket = ngx.socket.tcp()
  socket:settimeouts(1000, 1000, SILENCE * 1000)
  local ok, message = serve(self, socket)
  if self == dispatcher then
    mailbox:disconnect()
    dispatcher = nil
    if not ok then distrust("ended: " .. tostring(message)) end
  end
  socket:close()
end


local function ensure_dispatcher()
  local now = core.now()
  if dispatcher or now < distrusted_until then return end
  local self = { since = now }
  dispatcher = self
  local ok, message = ngx.timer.at(0, dispatch, self)
  if ok then return end
  dispatcher = nil
  distrust("cannot start: " .. tostring(message))
end


-- Is there one that can be relied upon? nginx drops a timer silently when too
-- many run, and kills one when the worker has to go.
local function is_served()
  if not dispatcher then return false end
  local now, heard = core.now(), dispatcher.heard
  if heard and now - heard < SILENCE then return true end
  if not heard and now - dispatcher.since < HELLO then return false end
  mailbox:disconnect()
  dispatcher = nil
  distrust(heard and "is silent" or "does not start")
  return false
end


-- ---- callers ----

local function take_waiter()
  return table.remove(idle) or { semaphore = semaphores.new() }
end


-- One that was posted and not consumed would wake its next user for nothing.
local function put_waiter(waiter)
  if #idle < MAX_IDLE and waiter.semaphore:count() == 0 then
    idle[#idle + 1] = waiter
  end
end


--- May a call wait here?
---@return boolean
---@return string? message what to do instead
function nginx.may_wait()
  local here = phase()
  if not has_semaphores then
    return false, "cannot wait: nginx lacks lua-resty-core (ngx.semaphore)"
  end
  if may_wait[here] then return true end
  if may_wait_if_patched[here] and is_patched() then return true end
  if here == "exit_worker" then
    return false, "no call can be made in exit_worker_by_lua*: the worker is "
      .. "about to end"
  end
  return false, ("cannot wait in %s_by_lua*: use twitter.send, which does "
    .. "not wait, or make the call in a timer (ngx.timer.at)"):format(here)
end


--- May a call be handed over here, to be made later?
---@return boolean
---@return string? message
function nginx.may_send()
  local here = phase()
  if here == "init" then
    return false, "nothing can be sent in init_by_lua*, whose process makes "
      .. "no calls: use init_worker_by_lua*"
  elseif here == "exit_worker" then
    return false, "nothing can be sent in exit_worker_by_lua*: the worker is "
      .. "about to end"
  end
  return true
end


-- The semaphore is only a hint; what counts is the transfer itself.
local function wait_until_done(transfer, waiter)
  local look = FIRST_LOOK
  while not transfer:done() do
    ensure_dispatcher()
    if is_served() then
      waiter.semaphore:wait(SLICE)
    else
      waiter.semaphore:wait(look)
      look = math.min(look * 1.5, LAST_LOOK)
      deliver()
    end
  end
end


--- Starts a transfer and waits until it is done.
---@param transfer userdata
---@return true? ok
---@return string? message
---@return string? kind of the failure; nil: the phase does not allow it
function nginx.wait(transfer)
  local ok, message = nginx.may_wait()
  if not ok then return nil, message end
  local id
  id, message = current_mailbox():submit(transfer)
  if not id then return nil, message, "memory" end
  local waiter = take_waiter()
  waiters[id] = waiter
  wait_until_done(transfer, waiter)
  waiters[id] = nil
  put_waiter(waiter)
  return true
end


--- Lets time pass.
---@param seconds number
function nginx.sleep(seconds)
  ngx.sleep(seconds)
end


--- Runs a function in several light threads and waits for all of them.
---@param work function
---@param count integer
function nginx.run_together(work, count)
  local threads = {}
  for i = 1, count do threads[i] = ngx.thread.spawn(work) end
  for i = 1, count do ngx.thread.wait(threads[i]) end
end


--- Runs a function soon, in a timer of its own; also when the worker is on
--- its way out.
---@param work function
---@param argument any
---@return true? ok
---@return string? message
function nginx.run_later(work, argument)
  return ngx.timer.at(0, function() work(argument) end)
end


--- Writes a line to nginx's error log.
---@param text string
function nginx.log_error(text)
  ngx.log(ngx.ERR, text)
end


--- The query of the running request.
---@return table fields
function nginx.incoming_fields()
  return ngx.req.get_uri_args()
end


--- Is the code running inside nginx, after its start?
---@return boolean
function nginx.is_here()
  local here = phase()
  return here ~= nil and here ~= "init"
end


--- Is nginx starting?
---@return boolean
function nginx.is_starting()
  return phase() == "init"
end

return nginx
