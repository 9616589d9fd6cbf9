-- What the server keeps for a browser, and the cookie that finds it again. The
-- cookie is a random number; state, verifier, tokens and names stay here, in
-- memory that all workers of nginx share.

local add_header = require("ngx.resp").add_header
local json = require "cjson.safe"

local sessions = {}

-- `sign_in` lives between the link and the redirect, `user` from then on.
local kinds = {
  sign_in = { dict = ngx.shared.sign_ins, seconds = 600, max_age = 600 },
  user = { dict = ngx.shared.sessions, seconds = 8 * 3600 },
}


--- A number that nobody guesses, for cookies and forms.
---@return string 43 letters, digits, "-" and "_": 256 bits
function sessions.random()
  local source = assert(io.open("/dev/urandom", "rb"))
  local bytes = source:read(32)
  source:close()
  local text = ngx.encode_base64(bytes, true)
  return (text:gsub("[+/]", { ["+"] = "-", ["/"] = "_" }))
end


-- "__Host-" makes a browser refuse the cookie from other hosts and without TLS.
local function cookie_name(kind)
  return (ngx.var.scheme == "https" and "__Host-" or "") .. kind
end


local function set_cookie(kind, value, max_age)
  add_header("Set-Cookie", ("%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s"):format(
    cookie_name(kind), value, ngx.var.scheme == "https" and "; Secure" or "",
    max_age and "; Max-Age=" .. max_age or ""))
end


local function id_of(kind)
  local id = ngx.var["cookie_" .. cookie_name(kind)]
  return id and #id == 43 and id or nil
end


--- Keeps a record for this browser, under a new number each time.
---@param kind string
---@param record table
function sessions.begin(kind, record)
  local id = sessions.random()
  sessions.save(kind, record, id)
  set_cookie(kind, id, kinds[kind].max_age)
end


--- Writes a changed record back.
function sessions.save(kind, record, id)
  record.key = id or record.key
  assert(kinds[kind].dict:set(record.key, json.encode(record),
    kinds[kind].seconds))
end


--- The record of a number that `find` answered before, as it is now.
function sessions.load(kind, key)
  local text = kinds[kind].dict:get(key)
  return text and json.decode(text)
end


--- The record of this browser.
---@return table? record
function sessions.find(kind)
  local id = id_of(kind)
  return id and sessions.load(kind, id)
end


--- Forgets the record of this browser, and its cookie.
function sessions.finish(kind)
  local id = id_of(kind)
  if not id then return end
  kinds[kind].dict:delete(id)
  set_cookie(kind, "", 0)
end


--- The record of this browser, for one use: of several requests with the same
--- cookie, be they at the same moment, one gets it.
---@return table? record
function sessions.take(kind)
  local record = sessions.find(kind)
  if record and not sessions.lock(kind, record.key, kinds[kind].seconds) then
    record = nil
  end
  sessions.finish(kind)
  return record
end


--- Is this the only one who works on the record?
---@return boolean
function sessions.lock(kind, key, seconds)
  return (kinds[kind].dict:add("lock " .. key, true, seconds))
end


function sessions.unlock(kind, key)
  kinds[kind].dict:delete("lock " .. key)
end

return sessions
