-- Ends the connection under the running request, below TLS and HTTP: what a
-- dropped network looks like to a client. nginx has no call for it, so the
-- socket is found among our own by the client's port.

local ffi = require "ffi"

pcall(ffi.cdef, [[
int getpeername(int fd, void *address, unsigned *length);
int getsockname(int fd, void *address, unsigned *length);
int connect(int fd, const void *address, unsigned length);
int shutdown(int fd, int how);
]])

local wire = {}

local highest = 4200 -- above worker_connections

-- The port in a socket address, which is its third and fourth byte.
local function port_of(call, descriptor)
  local address = ffi.new("unsigned char[128]")
  local length = ffi.new("unsigned[1]", 128)
  if call(descriptor, address, length) == 0 then
    return address[2] * 256 + address[3]
  end
end

local function descriptor()
  local remote = tonumber(ngx.var.remote_port)
  local own = tonumber(ngx.var.server_port)
  for candidate = 3, highest do
    if port_of(ffi.C.getpeername, candidate) == remote
      and port_of(ffi.C.getsockname, candidate) == own then
      return candidate
    end
  end
end

---Resets the connection: the client sees RST.
function wire.reset()
  local found = descriptor()
  if found then
    -- "Connecting" to no address dissolves the association, with an RST.
    ffi.C.connect(found, ffi.new("unsigned char[16]"), 16)
  end
end

---Ends the connection without a TLS or HTTP farewell: the client sees FIN.
function wire.close()
  local found = descriptor()
  if found then
    ffi.C.shutdown(found, 2)
  end
end

return wire
