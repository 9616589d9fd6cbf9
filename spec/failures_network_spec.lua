-- Failures on the way: no address, no connection, no trust, no answer, or
-- only half of one. Each tells if the request can have taken effect.

local badpeer = require "support.badpeer"
local failure = require "support.failure"
local sandbox = require "support.sandbox"
local twitter = require "twitter"

-- A certificate authority that signed nothing.
local function stranger(path)
  local command = "openssl req -x509 -newkey ec -pkeyopt "
    .. "ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null -out '%s' "
    .. "-days 30 -subj '/CN=nobody' 2>/dev/null"
  assert(os.execute(command:format(path)))
  return path
end


describe("a failure on the way", function()
  local box, parameters, texts

  setup(function()
    box = assert(sandbox.start())
    parameters, texts = box:parameters("oauth2"), 0
    parameters.max_retries = 0
  end)
  teardown(function() box:stop() end)
  after_each(function()
    assert(box:control("DELETE", "/faults"))
    assert(box:control("DELETE", "/requests"))
  end)

  local function with(changes)
    local copy = {}
    for name, value in pairs(parameters) do copy[name] = value end
    for name, value in pairs(changes or {}) do copy[name] = value or nil end
    return copy
  end

  local function fault(fault_fields)
    assert(box:control("POST", "/faults",
      { match = { path = "/2/tweets" }, fault = fault_fields }))
  end

  -- Posts a text of its own; answers the error and how many posts there are
  -- of it.
  local function post(changes, wanted)
    texts = texts + 1
    local text, given = "text " .. texts, with(changes)
    local err = failure.expect(given, wanted,
      twitter.create_text_tweet(text, given))
    local posts = 0
    for _, record in ipairs(assert(box:control("GET", "/state")).posts) do
      if record.text == text then posts = posts + 1 end
    end
    assert.equal("create_text_tweet", err.operation)
    return err, posts
  end

  -- Connects, so that a short time-out is spent on the request alone.
  local function warm_up(version)
    assert(twitter.request("GET", "/2/users/2244994945", nil,
      with { http_version = version }))
  end

  local function not_sent(changes, wanted)
    wanted.outcome, wanted.attempts = "not_sent", 1
    local err = post(changes, wanted)
    assert.matches("%(not sent%)", tostring(err))
    assert.is_nil(err.status)
    assert.equal(0, failure.count(box, "POST", "^/2/tweets$"))
  end

  -- Runs `use` with the address of a peer that misbehaves.
  local function with_peer(mode, use)
    local peer = assert(badpeer.start(mode))
    local ok, message = pcall(use, peer)
    peer:stop()
    if not ok then error(message, 0) end
  end

  describe("before there is a connection:", function()
    it("a name that has no address", function()
      texts = texts + 1
      local given = with { api_url = "https://sandbox.invalid",
        connect_timeout = 2 }
      local err = failure.expect(given, { outcome = "not_sent" },
        twitter.create_text_tweet("nowhere", given))
      assert.truthy(err.kind == "network" or err.kind == "timeout")
      assert.matches("[Rr]esolv", err.message)
    end)

    it("a port where nobody listens", function()
      with_peer("refuse", function(peer)
        not_sent({ api_url = peer.https_url },
          { kind = "network", message = "[Cc]onnect" })
      end)
    end)

    it("a machine that does not answer", function()
      with_peer("full", function(peer)
        not_sent({ api_url = peer.https_url, connect_timeout = 0.2 },
          { kind = "timeout", message = "[Tt]ime" })
      end)
    end)

    for _, scheme in ipairs { "http", "https", "socks5", "socks5h" } do
      it("a " .. scheme .. " proxy that is down, its password untold",
        function()
          with_peer("refuse", function(peer)
            local proxy = scheme .. "://user:proxy-password@127.0.0.1:"
              .. peer.port
            local err = post({ proxy = proxy },
              { kind = "network", outcome = "not_sent" })
            assert.is_nil(failure.leak(err, failure.spellings({},
              { "proxy-password", "user:proxy-password" })))
          end)
        end)
    end
  end)

  describe("while trust is being established:", function()
    it("a certificate of an unknown authority", function()
      not_sent({ ca_file = false },
        { kind = "tls", message = "certificate" })
    end)

    it("a certificate of another authority", function()
      local path = stranger(box.directory .. "/stranger.pem")
      not_sent({ ca_file = path }, { kind = "tls", message = "certificate" })
    end)

    it("a file of authorities that is missing", function()
      not_sent({ ca_file = "/nonexistent/ca.pem" },
        { kind = "tls", message = "/nonexistent/ca.pem" })
    end)

    it("a certificate for another name", function()
      not_sent({ api_url = "https://wrong.localhost:" .. box.ports.api },
        { kind = "tls", message = "name" })
    end)

    it("a server that speaks no TLS", function()
      not_sent({ api_url = "https://127.0.0.1:" .. box.ports.plain },
        { kind = "tls", message = "SSL" })
    end)

    for mode, kind in pairs { garbage = "tls", reset = "network",
        close = "network" } do
      it("a peer that answers the handshake with " .. mode, function()
        with_peer(mode, function(peer)
          not_sent({ api_url = peer.https_url }, { kind = kind })
        end)
      end)
    end

    it("a peer that is silent in the handshake", function()
      with_peer("silent", function(peer)
        not_sent({ api_url = peer.https_url, connect_timeout = 0.2 },
          { kind = "timeout" })
      end)
    end)
  end)

  it("an answer that is no HTTP", function()
    with_peer("garbage", function(peer)
      local given = with { api_url = peer.http_url }
      failure.expect(given, { kind = "network", outcome = "unknown" },
        twitter.create_text_tweet("in the clear", given))
    end)
  end)

  for _, version in ipairs { "2", "1.1" } do
    describe("over HTTP/" .. version .. ":", function()
      -- Fails as wanted, with the fault, after one request; `posts` is how
      -- often it took effect.
      local function fails(fault_fields, posts, wanted, changes)
        changes = changes or {}
        changes.http_version = version
        warm_up(version)
        fault(fault_fields)
        wanted.attempts = 1
        local _, made = post(changes, wanted)
        assert.equal(posts, made)
        assert.equal(1, failure.count(box, "POST", "^/2/tweets$"))
      end

      it("a reset before the request is carried out", function()
        fails({ kind = "reset_before" }, 0,
          { kind = "network", outcome = "unknown" })
      end)

      it("a reset after it was carried out", function()
        fails({ kind = "reset_after" }, 1, { kind = "network",
          outcome = "unknown", hint = "may have taken effect" })
      end)

      for _, how in ipairs { "close", "reset", "stream" } do
        it("an answer cut off by a " .. how, function()
          fails({ kind = "cut", how = how }, 1,
            { kind = "network", outcome = "unknown", status = 201 })
        end)

        it("no answer and a " .. how, function()
          fails({ kind = "reset_after", how = how }, 1,
            { kind = "network", outcome = "unknown" })
        end)
      end

      it("an answer shorter than its length", function()
        fails({ kind = "cut", length = true }, 1,
          { kind = "network", outcome = "unknown", status = 201 })
      end)

      it("silence before the request is carried out", function()
        fails({ kind = "stall_before" }, 0,
          { kind = "timeout", outcome = "unknown" }, { timeout = 0.3 })
      end)

      it("silence after it was carried out", function()
        fails({ kind = "stall_after" }, 1,
          { kind = "timeout", outcome = "unknown", message = "timed out" },
          { timeout = 0.3 })
      end)

      it("silence in the middle of the answer", function()
        fails({ kind = "stall_middle" }, 1,
          { kind = "timeout", outcome = "unknown", status = 201 },
          { timeout = 0.3 })
      end)

      it("an answer that takes longer than allowed", function()
        fails({ kind = "throttle", bytes_per_second = 20 }, 1,
          { kind = "timeout", outcome = "unknown" }, { timeout = 0.4 })
      end)

      it("an answer longer than allowed", function()
        fails({ kind = "endless", executed = true }, 1, { kind = "network",
          outcome = "unknown", message = "larger than allowed" },
          { max_response = 100000 })
      end)

      it("a header longer than allowed", function()
        fails({ kind = "huge_header", bytes = 400000 }, 1,
          { kind = "network", outcome = "unknown" })
      end)

      it("none, when the answer is merely slow", function()
        fault { kind = "throttle", bytes_per_second = 1000 }
        texts = texts + 1
        local value, facts = assert(twitter.create_text_tweet(
          "text " .. texts, with { http_version = version }))
        assert.is_string(value.data.id)
        assert.equal(version, facts.http_version)
      end)
    end)
  end

  it("silence longer than stall_timeout", function()
    fault { kind = "stall_middle" }
    local _, posts = post({ stall_timeout = 1, timeout = 30 },
      { kind = "timeout", outcome = "unknown",
        message = "Nothing was sent or received" })
    assert.equal(1, posts)
  end)

  it("a small answer that unpacks to a large one", function()
    fault { kind = "endless" }
    post({ max_response = 4 * 1024 * 1024 },
      { kind = "network", message = "larger than allowed" })
    local entry = assert(box:control("GET", "/requests")).requests[1]
    assert.matches("gzip", entry.accept_encoding)
  end)

  it("leaves the client fit for the next call", function()
    local client = assert(twitter.new(parameters))
    for _, kind in ipairs { "reset_before", "cut", "huge_header" } do
      fault { kind = kind }
      assert.is_nil((client:create_text_tweet("first " .. kind)))
      assert(client:create_text_tweet("second " .. kind))
    end
  end)
end)
