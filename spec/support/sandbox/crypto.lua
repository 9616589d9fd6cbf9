-- Hashes and random text out of the OpenSSL that nginx itself is linked to.

local ffi = require "ffi"

pcall(ffi.cdef, [[
unsigned char *SHA256(const unsigned char *d, size_t n, unsigned char *md);
]])
pcall(ffi.cdef, [[
int RAND_bytes(unsigned char *buf, int num);
]])

-- nginx is linked to it as a rule; where it is not, load the library.
local function library()
  if pcall(function() return ffi.C.SHA256 and ffi.C.RAND_bytes end) then
    return ffi.C
  end
  return ffi.load("crypto")
end

local libcrypto = library()

local crypto = {}

---@param text string
---@return string # 32 bytes
function crypto.sha256(text)
  local digest = ffi.new("unsigned char[32]")
  libcrypto.SHA256(text, #text, digest)
  return ffi.string(digest, 32)
end

---@param bytes string
---@return string # base64url without padding
function crypto.base64url(bytes)
  return (ngx.encode_base64(bytes, true):gsub("[+/]", { ["+"] = "-", ["/"] = "_" }))
end

---@param count integer
---@return string # that many random bytes
function crypto.random(count)
  local bytes = ffi.new("unsigned char[?]", count)
  assert(libcrypto.RAND_bytes(bytes, count) == 1)
  return ffi.string(bytes, count)
end

---@param length integer
---@return string # that many random letters and digits
function crypto.word(length)
  local text = ""
  while #text < length do
    text = text .. ngx.encode_base64(crypto.random(length)):gsub("%W", "")
  end
  return text:sub(1, length)
end

return crypto
