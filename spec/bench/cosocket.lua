-- The limit of the row `nginx`: a minimal client on ngx_lua's own sockets, as
-- a program inside nginx would have it that knows its server and nothing else.
-- It says and does what the library says and does for a call: JSON both ways,
-- the same header fields, TLS with the certificate checked, connections kept.
-- What it has no code for (chunked answers, redirects, compression, another
-- attempt, errors worth reading) it does not pay for.

local cjson = require "cjson"

local ngx = rawget(_G, "ngx")

local cosocket = {}

local REQUEST = "POST %s HTTP/1.1\r\nHost: %s\r\naccept: application/json\r\n"
  .. "user-agent: %s\r\nauthorization: Bearer %s\r\n"
  .. "content-type: application/json\r\ncontent-length: %d\r\n\r\n%s"

-- With more than this in flight, connections would be closed and made anew.
local POOL_SIZE = 512
local IDLE = 60000  -- milliseconds

local function connection(server)
  local socket = ngx.socket.tcp()
  socket:settimeouts(10000, 30000, 30000)
  local ok, message = socket:connect(server.address, server.port, {
    pool = server.pool, pool_size = POOL_SIZE })
  if not ok then return nil, message end
  if socket:getreusedtimes() > 0 then return socket end
  ok, message = socket:sslhandshake(nil, server.name, true)
  if not ok then return nil, message end
  return socket
end


local function receive(socket)
  local head, message = socket:receiveuntil("\r\n\r\n")()
  if not head then return nil, message end
  local status = tonumber(head:match("^HTTP/1%.1 (%d%d%d)"))
  local length = tonumber(head:lower():match("\ncontent%-length: *(%d+)"))
  if not status or not length then return nil, "not understood" end
  local body
  body, message = socket:receive(length)
  if not body then return nil, message end
  return status, body
end


local function exchange(server, path, body)
  local socket, message = connection(server)
  if not socket then return nil, message end
  local ok
  ok, message = socket:send(REQUEST:format(path, server.name, server.agent,
    server.token, #body, body))
  if not ok then return nil, message end
  local status, answer = receive(socket)
  if not status then return nil, answer end
  ok, message = socket:setkeepalive(IDLE, POOL_SIZE)
  if not ok then return nil, message end
  return status, answer
end


--- Posts.
---@param server table address, port, name (of its certificate), pool, agent,
---  token
---@param text string
---@return table? value the decoded answer
---@return string? message
function cosocket.post(server, text)
  local status, answer = exchange(server, "/2/tweets",
    cjson.encode { text = text })
  if not status then return nil, answer end
  local ok, value = pcall(cjson.decode, answer)
  if not ok then return nil, value end
  if status ~= 201 then return nil, "status " .. status end
  return value
end

return cosocket
