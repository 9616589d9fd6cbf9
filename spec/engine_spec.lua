-- The engine and its transfers, below all policy: what goes out, what comes
-- back, and what is refused at the border.

local core = require "twitter.core"
local sandbox = require "support.sandbox"

describe("core.engine", function()
  local box, settings, engine, bearer

  setup(function()
    box = assert(sandbox.start { limits = false })
    settings = core.settings { ca_file = box.ca_file, user_agent = "spec/1" }
    bearer = "Bearer " .. box:parameters("oauth2").access_token
  end)
  teardown(function() box:stop() end)
  before_each(function()
    engine = core.engine()
    assert(box:control("DELETE", "/requests"))
  end)
  after_each(function() engine:close() end)

  local function transfer(method, path, body, headers, options)
    headers = headers or {}
    headers[#headers + 1] = "authorization"
    headers[#headers + 1] = bearer
    return core.transfer(settings, method, box.api_url .. path, headers, body,
      options)
  end

  local function finish(...)
    local one = assert(transfer(...))
    engine:add(one)
    while not engine:wait(one, 0.5) do end
    return one:result()
  end

  local function logged()
    return assert(box:control("GET", "/requests")).requests
  end

  it("answers status, headers, body, version and time", function()
    local status, head, body, version, elapsed = finish("GET", "/2/users/me")
    local headers = core.headers(head)
    assert.equal(200, status)
    assert.matches("json", headers["content-type"])
    assert.matches('"username"', body)
    assert.equal("2", version)
    assert.is_number(elapsed)
    assert.equal("spec/1", logged()[1].user_agent)
  end)

  it("keeps a header that comes twice as a list", function()
    assert(box:control("POST", "/faults", { match = { path = "/2/users/me" },
      fault = { kind = "status", status = 200, body = "{}",
        headers = { ["X-Twice"] = { "one", "two" } } } }))
    local _, head = finish("GET", "/2/users/me")
    assert.same({ "one", "two" }, core.headers(head)["x-twice"])
  end)

  it("moves many transfers at once over one HTTP/2 connection", function()
    local list = {}
    for i = 1, 32 do
      list[i] = assert(transfer("GET", "/2/users/me"))
      engine:add(list[i])
    end
    while engine:step(0.5) > 0 do end
    for i = 1, 32 do
      assert.is_true(list[i]:done())
      assert.equal(200, (list[i]:result()))
    end
    local connections = {}
    for _, entry in ipairs(logged()) do
      connections[tostring(entry.connection)] = true
    end
    assert.is_string((next(connections)))
    assert.is_nil((next(connections, (next(connections)))))
  end)

  it("keeps the connection for the next transfer", function()
    for _ = 1, 3 do finish("GET", "/2/users/me") end
    local list = logged()
    assert.equal(3, #list)
    assert.equal(list[1].connection, list[3].connection)
  end)

  it("speaks HTTP/1.1 when it is told to", function()
    local old = core.settings { ca_file = box.ca_file, http_version = "1.1" }
    local one = assert(core.transfer(old, "GET", box.api_url
      .. "/2/users/me", { "authorization", bearer }))
    engine:add(one)
    while not engine:wait(one, 0.5) do end
    local status, _, _, version = one:result()
    assert.equal(200, status)
    assert.equal("1.1", version)
  end)

  it("sends no content type and a length of 0 with an empty POST", function()
    finish("POST", "/2/media/upload/1/finalize")
    local entry = logged()[1]
    assert.is_nil(entry.content_type)
    assert.equal("0", tostring(entry.content_length):gsub("%.0$", ""))
  end)

  it("cancels a transfer under way", function()
    assert(box:control("POST", "/faults", { match = { path = "/2/users/me" },
      fault = { kind = "stall_before" } }))
    local one = assert(transfer("GET", "/2/users/me"))
    engine:add(one)
    engine:step(0.05)
    engine:cancel(one)
    local status, kind = one:result()
    assert.is_nil(status)
    assert.equal("canceled", kind)
    assert(box:control("DELETE", "/faults"))
    assert.equal(200, (finish("GET", "/2/users/me")))
  end)

  it("cancels a transfer that nobody holds any more", function()
    assert(box:control("POST", "/faults", { match = { path = "/2/users/me" },
      fault = { kind = "stall_before" } }))
    engine:add(assert(transfer("GET", "/2/users/me")))
    assert.equal(1, engine:step(0.05))
    collectgarbage()
    collectgarbage()
    assert.equal(0, engine:step(0))
    assert(box:control("DELETE", "/faults"))
  end)

  it("does not start a transfer twice, nor read one that runs", function()
    local one = assert(transfer("GET", "/2/users/me"))
    assert.has_error(function() one:result() end)
    engine:add(one)
    assert.has_error(function() engine:add(one) end)
    assert.has_error(function() one:result() end)
    while not engine:wait(one, 0.5) do end
    assert.has_error(function() engine:add(one) end)
  end)

  it("raises when closed things are used", function()
    local one = assert(transfer("GET", "/2/users/me"))
    one:close()
    assert.has_error(function() engine:add(one) end)
    local other = core.engine()
    other:close()
    other:close()
    assert.has_error(function() other:step(0) end)
  end)

  it("rests for a while with nothing to do", function()
    engine:rest(0.001)
    engine:wake()
    engine:rest(60)   -- the wake-up ends it
  end)

  describe("refuses", function()
    it("bytes in method, URL and headers that would add a line", function()
      for _, bad in ipairs { "\r", "\n", "\0", "\127" } do
        assert.is_nil((transfer("GET" .. bad, "/")))
        assert.is_nil((transfer("GET", "/a" .. bad .. "b")))
        assert.is_nil((transfer("GET", "/", nil, { "x" .. bad, "y" })))
        assert.is_nil((transfer("GET", "/", nil, { "x", "y" .. bad .. "z" })))
      end
      assert.is_nil((transfer("GET", "/a b")))
      assert.is_nil((transfer("GE T", "/")))
      assert.is_nil((transfer("", "/")))
      assert.is_nil((transfer("GET", "/", nil, { "", "y" })))
      assert.is_nil((transfer("GET", "/", nil, { "a:b", "y" })))
      assert.is_nil((transfer("GET", "/", nil, { "x", {} })))
    end)

    it("too many and too large headers", function()
      local headers = {}
      for i = 1, 101 do
        headers[2 * i - 1], headers[2 * i] = "x-" .. i, "y"
      end
      assert.is_nil((transfer("GET", "/", nil, headers)))
      assert.is_nil((transfer("GET", "/", nil, { "x", ("y"):rep(70000) })))
      assert.is_nil((transfer("GET", "/" .. ("x"):rep(70000))))
    end)

    it("bodies that are none", function()
      assert.is_nil((transfer("POST", "/", {})))
      assert.is_nil((transfer("POST", "/", { multipart = {} })))
      assert.is_nil((transfer("POST", "/", { multipart = { "x" } })))
      assert.is_nil((transfer("POST", "/", { multipart = { { data = "x" } } })))
      assert.is_nil((transfer("POST", "/", { multipart = { { name = "x" } } })))
      assert.is_nil((transfer("POST", "/", print)))
      local file = assert(core.open("spec/fixtures/picture.jpg"))
      assert.has_error(function()
        transfer("POST", "/", { file = file, offset = -1 })
      end)
      assert.is_nil((transfer("HEAD", "/", "x")))
      assert.is_nil((transfer("POST", "/", { file = file, offset = 1,
        length = file:size() })))
      file:close()
      assert.is_nil((transfer("POST", "/", { file = file })))
    end)

    it("addresses that are no http or https, or hold a login", function()
      for _, url in ipairs { "file:///etc/passwd", "ftp://127.0.0.1/",
        "gopher://127.0.0.1/", "127.0.0.1", "http://", "", "//127.0.0.1/",
        "http://user:password@127.0.0.1/" } do
        assert.is_nil((core.transfer(settings, "GET", url, {})))
      end
    end)

    it("headers that frame the message", function()
      for _, name in ipairs { "Content-Length", "transfer-encoding", "HOST",
        "Connection", "Expect", "TE", "Upgrade" } do
        assert.is_nil((transfer("GET", "/", nil, { name, "x" })))
      end
      assert.is_nil((core.transfer(settings, "GET", box.api_url, { "x" })))
    end)

    it("settings and options out of their range", function()
      for _, bad in ipairs { -1, 0 / 0, math.huge, "x" } do
        assert.has_error(function() core.settings { timeout = bad } end)
        assert.has_error(function()
          transfer("GET", "/", nil, nil, { max_response = bad })
        end)
      end
      assert.has_error(function() core.settings { user_agent = "a\r\nb" } end)
      assert.has_error(function() core.settings { proxy = "a\0b" } end)
      assert.has_error(function()
        transfer("GET", "/", nil, nil, { redirects = 1 })
      end)
      assert.has_error(function()
        transfer("GET", "/", nil, nil, { sink = "x" })
      end)
    end)

    it("another engine's transfers", function()
      local other = core.engine()
      local one = assert(transfer("GET", "/2/users/me"))
      assert.has_error(function() engine:wait(one, 0) end)
      other:add(one)
      assert.has_error(function() engine:wait(one, 0) end)
      assert.has_error(function() engine:cancel(one) end)
      other:close()
    end)
  end)

  describe("receives", function()
    it("no more than the ceiling", function()
      local status, kind, message = finish("GET", "/2/users/me", nil, nil,
        { max_response = 10 })
      assert.is_nil(status)
      assert.equal("too_large", kind)
      assert.matches("larger than allowed", message)
    end)

    it("into a scratch file", function()
      local sink = assert(core.scratch())
      local one = assert(core.transfer(settings, "GET", box.plain_url
        .. "/fixtures/picture.jpg", {}, nil, { sink = sink }))
      engine:add(one)
      while not engine:wait(one, 0.5) do end
      local status, _, body = one:result()
      assert.equal(200, status)
      assert.is_nil(body)
      local file = assert(io.open("spec/fixtures/picture.jpg", "rb"))
      assert.equal(file:read("*a"), sink:read(0, sink:size()))
      file:close()
      sink:close()
    end)

    it("compressed answers, decoded", function()
      finish("GET", "/2/users/me")
      assert.matches("gzip", logged()[1].accept_encoding)
    end)
  end)

  it("holds what one HTTP/2 connection has no streams for", function()
    local list = {}
    for i = 1, 250 do
      list[i] = assert(transfer("GET", "/2/users/me"))
      engine:add(list[i])
    end
    while engine:step(0.5) > 0 do end
    local connections = {}
    for i = 1, 250 do assert.equal(200, (list[i]:result())) end
    for _, entry in ipairs(logged()) do
      connections[tostring(entry.connection)] = true
    end
    assert.is_nil((next(connections, (next(connections)))))
  end)

  it("lets a connection live that moves slowly", function()
    assert(box:control("POST", "/faults", { match = { path = "/2/users/me" },
      fault = { kind = "throttle", bytes_per_second = 100, chunk = 40 } }))
    local patient = core.settings { ca_file = box.ca_file, stall_timeout = 1 }
    local one = assert(core.transfer(patient, "GET", box.api_url
      .. "/2/users/me", { "authorization", bearer }))
    engine:add(one)
    while not engine:wait(one, 0.5) do end
    assert.equal(200, (one:result()))
  end)

  -- A request that all reached the server on a connection that then dies.
  for name, body in pairs {
    ["bytes"] = { ("x"):rep(40000) },
    ["a file"] = { nil },
    ["multipart"] = { { multipart = { { name = "a", data = "b" } } } },
  } do
    it("knows that a POST with " .. name .. " may have arrived", function()
      finish("GET", "/2/users/me")  -- the connection is kept
      assert(box:control("POST", "/faults", { match = { method = "POST" },
        fault = { kind = "reset_after" } }))
      assert(box:control("DELETE", "/requests"))
      local file = assert(core.open("spec/fixtures/picture.png"))
      local status, kind, _, left = finish("POST", "/2/media/upload/1/append",
        body[1] or { file = file })
      file:close()
      assert.is_nil(status)
      assert.equal("network", kind)
      assert.is_true(left)
      assert.equal(1, #logged())
    end)
  end

  it("shows no secret of a transfer", function()
    local one = assert(transfer("GET", "/2/users/me?token=secret"))
    assert.equal("twitter.transfer (new)", tostring(one))
  end)
end)
