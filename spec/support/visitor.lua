-- A browser by hand: keeps the cookies of one site, follows nothing, and finds
-- in a page what a person would fill in or press.

local assert = require "luassert"
local browser = require "support.browser"
local encode = require "twitter.encode"
local transport = require "twitter.transport"

local visitor = {}

local Visitor = {}
Visitor.__index = Visitor

local BOUNDARY = "----a-boundary-of-the-specs"


---@param site table from `app.start`
---@param box table the sandbox
---@param http_version string? "1.1": with connections, and perhaps workers of
---  nginx, of its own
---@return table visitor `cookies` by name
function visitor.new(site, box, http_version)
  return setmetatable({
    site = site, ca_file = box.ca_file, cookies = {},
    settings = transport.settings { ca_file = box.ca_file,
      http_version = http_version },
  }, Visitor)
end


local function cookie_line(cookies)
  local pairs_of = {}
  for name, value in pairs(cookies) do
    pairs_of[#pairs_of + 1] = name .. "=" .. value
  end
  return table.concat(pairs_of, "; ")
end


function Visitor:keep_cookies(response)
  local lines = response.headers["set-cookie"] or {}
  if type(lines) == "string" then lines = { lines } end
  for _, line in ipairs(lines) do
    local name, value = line:match("^([^=]+)=([^;]*)")
    self.cookies[name] = not line:find("Max-Age=0", 1, true) and value or nil
  end
end


---Makes one request.
---@param method string
---@param address string path, or a whole URL
---@param body string?
---@param content_type string?
---@return table response
function Visitor:request(method, address, body, content_type)
  if address:sub(1, 1) == "/" then address = self.site.url .. address end
  local headers = {}
  if next(self.cookies) then
    headers = { "cookie", cookie_line(self.cookies) }
  end
  if content_type then
    headers[#headers + 1], headers[#headers + 2] = "content-type", content_type
  end
  local response, failure = transport.exchange {
    method = method, url = address, headers = headers, body = body,
    settings = self.settings,
  }
  assert(response, failure and failure.message)
  self:keep_cookies(response)
  return response
end


function Visitor:get(address)
  return self:request("GET", address)
end


function Visitor:post(address, form)
  return self:request("POST", address, encode.join(form),
    "application/x-www-form-urlencoded")
end


---Posts a form that brings a file.
---@param fields table lists of name, value and, for a file, its name
function Visitor:upload(address, fields)
  local parts = {}
  for _, field in ipairs(fields) do
    local file = field[3] and ('; filename="%s"\r\nContent-Type: image/png')
      :format(field[3]) or ""
    parts[#parts + 1] = ('--%s\r\nContent-Disposition: form-data; name="%s"%s'
      .. "\r\n\r\n%s\r\n"):format(BOUNDARY, field[1], file, field[2])
  end
  parts[#parts + 1] = "--" .. BOUNDARY .. "--\r\n"
  return self:request("POST", address, table.concat(parts),
    "multipart/form-data; boundary=" .. BOUNDARY)
end


---Presses "Sign in with X" and decides on X's page.
---@param user string? who is asked
---@param decision string? "allow" or "deny"
---@return string redirect where X sends the browser
function Visitor:consent(user, decision)
  local answer = self:get "/sign-in"
  return (assert(browser.decide(answer.headers.location, self.ca_file,
    decision, user)))
end


---Signs in from beginning to end.
---@return table response to the redirect
function Visitor:sign_in(user)
  return self:get(self:consent(user))
end


---The secret of the forms that the start page shows.
---@return string?
function Visitor:csrf()
  return self:get("/").body:match('name="csrf" value="([^"]*)"')
end


---Posts a picture.
---@return table response
function Visitor:post_picture(text, picture)
  return self:upload("/posts", { { "csrf", self:csrf() }, { "text", text },
    { "picture", picture, "picture.png" } })
end

-- ---- what specs ask ----

---A visitor who has signed in.
---@param user string?
function visitor.signed_in(site, box, user, http_version)
  local person = visitor.new(site, box, http_version)
  assert.equal(303, person:sign_in(user).status)
  return person
end


---A page for people: its status and its headline, a way on, and nothing of the
---inside.
function visitor.assert_page(response, status, headline)
  assert.equal(status, response.status)
  assert.truthy(response.body:find(headline, 1, true),
    headline .. " is not in " .. response.body)
  assert.truthy(response.body:find('href="/', 1, true))
  for _, inside in ipairs { "%.lua", "traceback", "nil value", "twitter%.",
    "code_verifier" } do
    assert.is_nil(response.body:find(inside))
  end
end


---A log without secrets, and without what nginx or the site did not expect.
---@param log string
function visitor.assert_clean(log)
  for _, word in ipairs { "code=", "access_token", "refresh_token", "traceback",
    "[alert]", "[crit]" } do
    assert.is_nil(log:find(word, 1, true), word)
  end
end

return visitor
