-- Waiting inside nginx: the transfer is made by the I/O thread of the worker
-- process, and the light thread that asked for it waits on a semaphore, so
-- nginx goes on with everything else.
--
-- What the thread has finished is told by one light thread, the dispatcher,
-- which reads bytes from a socket that the I/O thread writes to, and posts
-- the semaphores. It runs in a timer, only while there are calls, and leaves
-- after a second without any, so an idle worker has neither timer nor socket
-- and a reload is not held up.

local core = require "twitter.core"

local nginx = {}

local SLICE = 1           -- seconds between two looks, if no post comes
local IMPATIENT = 0.005   -- the same, while the dispatcher is not yet there
local HELLO = 0.5         -- seconds it may take to appear
local DISTRUST = 10       -- seconds without one, if it did not
local SILENCE = 5000      -- milliseconds without a beat: the thread is gone
local MAX_IDLE = 64       -- semaphores kept for the next call

local ngx = rawget(_G, "ngx")

-- What each phase allows (ngx_lua, "API disabled in the context of ...").
local may_wait = {
  server_rewrite = true, rewrite = true, access = true, content = true,
  timer = true, ssl_cert = true, preread = true,
  -- only where nginx and OpenSSL carry OpenResty's patches
  ssl_client_hello = true, ssl_session_fetch = true,
}


-- One for each Lua state; a fork makes a new one necessary.
local mailbox
local waiters = setmetatable({}, { __mode = "v" })   -- by job id
local idle = {}
local dispatcher = { state = "gone", since = 0, distrusted_until = 0 }


local function current_mailbox()
  if not mailbox or not mailbox:is_ours() then
    mailbox = core.mailbox()
    dispatcher.state = "gone"
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


local function read_until_idle(socket)
  repeat
    local bytes, message = socket:receiveany(64)
    if not bytes then return nil, message end
    deliver()
  until may_leave(bytes)
  return true
end


-- Runs also when the timer is premature: there are callers to be served.
local function dispatch()
  local socket = ngx.socket.tcp()
  socket:settimeouts(1000, 1000, SILENCE)
  local ok, message = connect(socket)
  if ok then
    dispatcher.state = "there"
    deliver()
    ok, message = read_until_idle(socket)
  end
  mailbox:disconnect()
  socket:close()
  dispatcher.state = "gone"
  if not ok then
    dispatcher.distrusted_until = core.now() + DISTRUST
    ngx.log(ngx.ERR, "twitter: the dispatcher ended: ", message)
  end
end


local function ensure_dispatcher()
  if dispatcher.state ~= "gone" then return end
  if core.now() < dispatcher.distrusted_until then return end
  if ngx.timer.at(0, dispatch) then
    dispatcher.state, dispatcher.since = "starting", core.now()
  end
end


-- nginx drops a timer silently when too many run; then the state would stay
-- "starting" for ever.
local function slice()
  if dispatcher.state == "there" then return SLICE end
  if dispatcher.state == "starting"
      and core.now() - dispatcher.since > HELLO then
    dispatcher.state = "gone"
    dispatcher.distrusted_until = core.now() + DISTRUST
  end
  return IMPATIENT
end


-- ---- callers ----

local function take_waiter()
  local waiter = table.remove(idle)
  if waiter then return waiter end
  return { semaphore = require("ngx.semaphore").new() }
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
  local phase = ngx.get_phase()
  if may_wait[phase] then return true end
  return false, ("cannot wait in %s_by_lua*: use twitter.send, which does "
    .. "not wait, or ngx.timer.at"):format(phase)
end


--- Starts a transfer and waits until it is done. The semaphore is only a
--- hint; what counts is the transfer itself, looked at after every wait.
---@param transfer userdata
---@return true? ok
---@return string? message
function nginx.wait(transfer)
  local ok, message = nginx.may_wait()
  if not ok then return nil, message end
  local waiter = take_waiter()
  local id = current_mailbox():submit(transfer)
  waiters[id] = waiter
  while not transfer:done() do
    ensure_dispatcher()
    if not waiter.semaphore:wait(slice()) and dispatcher.state ~= "there" then
      deliver()
    end
  end
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


--- The query of the running request.
---@return table fields
function nginx.incoming_fields()
  return ngx.req.get_uri_args()
end


--- Is the code running inside nginx, after its start?
---@return boolean
function nginx.is_here()
  return ngx ~= nil and ngx.get_phase ~= nil and ngx.get_phase() ~= "init"
end

return nginx
