-- The life of a sandbox: two of them know nothing of each other, nothing is
-- left of one that is gone, and it goes when its owner does.

local sandbox = require "support.sandbox"
local twitter = require "twitter"

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

-- Is the process there, and more than a dead one that nobody collected?
local function is_alive(pid)
  local file = io.open("/proc/" .. pid .. "/stat")
  if not file then return false end
  local text = file:read("*a")
  file:close()
  local state = text:match("%) (%a)")
  return state ~= "Z" and state ~= "X"
end

local function pid_of(box)
  local file = assert(io.open(box.directory .. "/nginx.pid"))
  local pid = file:read("*l")
  file:close()
  return pid
end

-- Waits until `holds` answers true, but not for ever.
local function eventually(holds)
  for _ = 1, 200 do
    if holds() then return true end
    os.execute("sleep 0.05")
  end
  return false
end


describe("a sandbox", function()
  local box

  setup(function() box = assert(sandbox.start()) end)
  teardown(function() box:stop() end)

  describe("beside another", function()
    local other

    setup(function() other = assert(sandbox.start { expires_in = 60 }) end)
    teardown(function() other:stop() end)

    it("has a place, ports and a certificate of its own", function()
      assert.are_not.equal(box.directory, other.directory)
      for name, port in pairs(box.ports) do
        assert.are_not.equal(port, other.ports[name])
      end
      local parameters = other:parameters("oauth2")
      parameters.ca_file = box.ca_file
      local _, err = twitter.create_text_tweet("trust", parameters)
      assert.equal("tls", err.kind)
    end)

    it("does not know the other's tokens, posts and settings", function()
      assert(twitter.create_text_tweet("here", box:parameters("oauth1")))
      local parameters = other:parameters("oauth1")
      parameters.api_url, parameters.ca_file = box.api_url, box.ca_file
      local _, err = twitter.create_text_tweet("there", parameters)
      assert.equal(401, err.status)
      assert.same({}, assert(other:control("GET", "/state")).posts)
      assert.equal(60, assert(other:control("GET", "/state"))
        .settings.expires_in)
      assert.equal(7200, assert(box:control("GET", "/state"))
        .settings.expires_in)
    end)

    it("does not fail by the other's faults", function()
      assert(other:control("POST", "/faults", { match = {},
        fault = { kind = "reset_before" } }))
      assert(twitter.create_text_tweet("unharmed", box:parameters("oauth2")))
      assert(other:control("DELETE", "/faults"))
    end)
  end)

  it("forgets everything on a reset", function()
    local parameters = box:parameters("oauth2")
    assert(twitter.create_text_tweet("forgotten", parameters))
    assert(box:control("POST", "/reset"))
    local state = assert(box:control("GET", "/state"))
    assert.same({}, state.posts)
    assert.equal(0, state.counts.requests)
    assert.equal(0, state.counts.access_tokens)
    local _, err = twitter.create_text_tweet("again", parameters)
    assert.equal(401, err.status)
  end)

  it("listens on this machine alone", function()
    for _, name in ipairs { "api_url", "upload_url", "plain_url",
        "control_url" } do
      assert.matches("^https?://127%.0%.0%.1:%d+$", box[name])
    end
  end)

  it("keeps its files from others", function()
    local pipe = assert(io.popen("stat -c %a '" .. box.directory .. "'"))
    assert.equal("700", pipe:read("*l"))
    pipe:close()
  end)

  it("leaves neither a process nor a file behind", function()
    local short = assert(sandbox.start())
    local pid = pid_of(short)
    assert.is_true(is_alive(pid))
    assert(twitter.upload_attachments_array("spec/fixtures/picture.png", nil,
      short:parameters("oauth2")))
    short:stop()
    assert.is_false(exists(short.directory .. "/ca.pem"))
    assert.is_true(eventually(function() return not is_alive(pid) end))
    assert.is_nil((short:control("GET", "/ping")))
  end)

  it("ends when its owner is gone", function()
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write("local box = assert(require('support.sandbox').start())\n",
      "print(box.directory)\n",
      "print(io.open(box.directory .. '/nginx.pid'):read())\n",
      "os.exit(0)\n")
    file:close()
    local pipe = assert(io.popen((os.getenv("LUA") or "lua") .. " " .. script))
    local directory, pid = pipe:read("*l"), pipe:read("*l")
    pipe:close()
    os.remove(script)
    assert.matches("twitter%-sandbox", directory)
    assert.is_true(eventually(function() return not is_alive(pid) end))
    assert.is_false(exists(directory .. "/ca.pem"))
  end)

  it("says what is wrong with an order", function()
    local answer, message = box:control("POST", "/faults",
      { fault = { kind = "earthquake" } })
    assert.is_nil(answer)
    assert.matches("no such kind of fault", message)
    answer, message = box:control("GET", "/nothing")
    assert.is_nil(answer)
    assert.matches("no such control", message)
  end)

  it("records a client that does not introduce itself", function()
    local core = require "twitter.core"
    local transport = require "twitter.transport"
    assert(box:control("DELETE", "/requests"))
    assert(transport.exchange { method = "GET", url = box.plain_url
      .. "/missing", headers = {}, settings = core.settings {} })
    local entry = assert(box:control("GET", "/requests")).requests[1]
    assert.same({ "no User-Agent" }, entry.problems)
  end)
end)
