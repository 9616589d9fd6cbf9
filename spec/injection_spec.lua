-- Line breaks and NUL bytes through every door that takes a string. Either
-- they arrive as the data they are, or the call is refused before anything is
-- sent; a request is never taken for two, nor gets a header of a stranger's.
--
-- The sandbox logs the header Idempotency-Key, which we never send.

local failure = require "support.failure"
local known = require "twitter.parameters".known
local sandbox = require "support.sandbox"
local twitter = require "twitter"

local FIXTURES = "spec/fixtures/"

local SMUGGLED = {
  CR = "\rIdempotency-Key: evil", LF = "\nIdempotency-Key: evil",
  CRLF = "\r\nIdempotency-Key: evil\r\n\r\nGET /evil HTTP/1.1\r\n",
  NUL = "\0Idempotency-Key: evil",
}

describe("a line break or NUL", function()
  local box, parameters, client

  setup(function()
    box = assert(sandbox.start())
    parameters = box:parameters("all")
    -- HTTP/1.1 is where a line break could end a field.
    parameters.http_version = "1.1"
    client = assert(twitter.new(parameters))
  end)
  teardown(function() box:stop() end)
  before_each(function() assert(box:control("DELETE", "/requests")) end)

  local function requests()
    local list = assert(box:control("GET", "/requests"))
    return list.requests, list.count
  end

  -- Nothing was sent, and the error says why.
  local function refused(pattern, value, err)
    failure.expect(parameters, { outcome = "not_sent", message = pattern },
      value, err)
    assert.truthy(err.kind == "invalid" or err.kind == "file")
    assert.is_nil(tostring(err):find("%c"))
    local _, count = requests()
    assert.equal(0, count)
  end

  -- It was sent as one request, which is what it should be.
  local function sent(path)
    local list, count = requests()
    assert.equal(1, count)
    assert.matches(path, list[1].path)
    assert.is_nil(list[1].idempotency_key)
    return list[1]
  end

  -- One spec for each kind of break.
  local function each(name, test)
    for kind, break_in in pairs(SMUGGLED) do
      it(("%s: %s"):format(name, kind), function() test(break_in) end)
    end
  end

  describe("in a parameter is refused:", function()
    for _, row in ipairs(known) do
      if row.type == "string" then
        it(row.name, function()
          for _, break_in in pairs(SMUGGLED) do
            local start = row.default or "https://127.0.0.1/"
            local value = start .. break_in .. "secret-in-here"
            for _, made in ipairs {
              { twitter.new { [row.name] = value } },
              { twitter.configure { [row.name] = value } },
              { client:create_text_tweet("x", { [row.name] = value }) },
            } do
              refused("'" .. row.name .. "'", made[1], made[2])
              assert.is_nil(tostring(made[2]):find("secret-in-here", 1, true))
            end
          end
        end)
      end
    end

    it("a name", function()
      refused("unknown parameter", twitter.new {
        ["scope\r\nIdempotency-Key"] = "evil" })
    end)

    it("the path of a parameter file", function()
      refused("path of a JSON file", twitter.new("/tmp/a\r\nb.json"))
    end)

    it("a parameter file's content", function()
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write('{"user_agent":"a\\r\\nIdempotency-Key: evil"}')
      file:close()
      local made, err = twitter.new(path)
      os.remove(path)
      refused("'user_agent'", made, err)
    end)
  end)

  describe("in a post is data:", function()
    local texts = 0

    each("the text", function(break_in)
      texts = texts + 1
      local text = "text " .. texts .. break_in .. " end"
      local post, err = client:create_text_tweet(text)
      sent("^/2/tweets$")
      if not post then
        return assert.equal("refused", err.outcome)
      end
      local posts = assert(box:control("GET", "/state")).posts
      assert.equal(text, posts[#posts].sent_text)
    end)

    each("a poll's option", function(break_in)
      texts = texts + 1
      local option = break_in:sub(1, 20)
      assert(client:create_poll_tweet("poll " .. texts, { option, "b" }, 60))
      sent("^/2/tweets$")
      local posts = assert(box:control("GET", "/state")).posts
      assert.equal(option, posts[#posts].poll.options[1])
    end)

    each("what should be a media id, is no file", function(break_in)
      refused(".", client:create_custom_tweet("x", "123" .. break_in))
    end)
  end)

  describe("in an upload", function()
    local function bytes_of(name)
      local file = assert(io.open(FIXTURES .. name, "rb"))
      local bytes = file:read("*a")
      file:close()
      return bytes
    end

    local function only_uploads()
      for _, entry in ipairs((requests())) do
        assert.matches("^/2/media/upload/", entry.path)
        assert.is_nil(entry.idempotency_key)
      end
    end

    each("as the name of bytes stays here", function(break_in)
      assert(client:upload_attachments_array { name = "a" .. break_in,
        data = bytes_of("picture.png") })
      only_uploads()
    end)

    it("as a file's name stays here", function()
      local path = os.tmpname() .. "\r\nIdempotency-Key: evil"
      local file = assert(io.open(path, "wb"))
      file:write(bytes_of("picture.png"))
      file:close()
      local ids, err = client:upload_attachments_array(path)
      os.remove(path)
      os.remove((path:gsub("\r.*", "")))
      assert(ids, err)
      only_uploads()
    end)

    each("as a category is refused", function(break_in)
      refused("category", client:upload_attachments_array(
        FIXTURES .. "picture.png", "tweet_image" .. break_in))
    end)

    each("as a path is refused", function(break_in)
      refused(".", client:upload_attachments_array(
        FIXTURES .. "picture.png" .. break_in))
    end)

    each("as a URL is refused", function(break_in)
      refused("URL", client:upload_attachments_array(
        box.plain_url .. "/fixtures/picture.png" .. break_in))
    end)
  end)

  describe("in request()", function()
    each("as the method is refused", function(break_in)
      refused("method", client:request("GET" .. break_in, "/2/users/me"))
    end)

    each("as the path is refused", function(break_in)
      refused("URL", client:request("GET", "/2/users/me" .. break_in))
      refused("URL", client:request("GET",
        box.api_url .. "/2/users/me" .. break_in))
    end)

    each("as the host is refused", function(break_in)
      refused(".", client:request("GET", "https://127.0.0.1" .. break_in
        .. "/2/users/me", { auth = false }))
    end)

    each("as a query's name or value is encoded", function(break_in)
      client:request("GET", "/2/users/me", { query = {
        ["user.fields"] = "name" .. break_in } })
      local entry = sent("^/2/users/me$")
      assert.is_nil(entry.query:find("[%c ]"))
      assert(box:control("DELETE", "/requests"))
      client:request("GET", "/2/users/me", { query = {
        { "name" .. break_in, "x" } } })
      assert.is_nil(sent("^/2/users/me$").query:find("[%c ]"))
    end)

    each("as a header's name or value is refused", function(break_in)
      refused("header", client:request("GET", "/2/users/me", { headers = {
        ["x-ours"] = "a" .. break_in } }))
      refused("header", client:request("GET", "/2/users/me", { headers = {
        ["x-ours" .. break_in] = "a" } }))
      refused("header", client:request("POST", "/2/tweets", { body = "{}",
        headers = { ["content-type"] = "application/json" .. break_in } }))
    end)

    each("as a form's name or value is encoded", function(break_in)
      client:request("POST", "/1.1/nothing.json", { auth = "oauth1",
        form = { ["a" .. break_in] = "b" .. break_in } })
      sent("^/1.1/nothing.json$")
    end)

    for _, label in ipairs { "name", "filename", "type" } do
      each("as a part's " .. label .. " is refused", function(break_in)
        local part = { name = "media", data = "GIF89a", filename = "media",
          type = "image/gif" }
        part[label] = part[label] .. break_in
        refused(label, client:request("POST", "/2/media/upload",
          { multipart = { part } }))
      end)
    end

    each("as a body is data", function(break_in)
      client:request("POST", "/2/tweets", { body = "{}" .. break_in,
        headers = { ["content-type"] = "application/json" } })
      sent("^/2/tweets$")
    end)

    each("as options.auth is refused", function(break_in)
      refused("options.auth", client:request("GET", "/2/users/me",
        { auth = "oauth1" .. break_in }))
    end)

    -- A second length lets one request be read as two.
    for name, value in pairs { ["Content-Length"] = "2",
        ["Transfer-Encoding"] = "chunked", Host = "evil.example",
        Connection = "close", Expect = "100-continue",
        Authorization = "Bearer evil", AUTHORIZATION = "Bearer evil" } do
      it("as a header of the frame is refused: " .. name, function()
        refused("made here", client:request("POST", "/2/tweets", {
          json = { text = "framed" }, headers = { [name] = value } }))
      end)
    end
  end)

  describe("in a sign-in", function()
    it("is encoded in the link, like all that ends a field", function()
      local link = assert(twitter.get_authorization_link {
        client_id = "id&state=evil#", scope = "a b&c=d", redirect_uri =
          "https://app.example/back?x=1&y=2",
      })
      local _, states = link:gsub("state=", "")
      assert.equal(1, states)
      assert.is_nil(link:find("[%c #]"))
      assert.matches("client_id=id%26state%3Devil%23&", link, 1, true)
    end)

    each("as the session's verifier is data", function(break_in)
      local token = client:get_token("code", { session = {
        code_verifier = ("v"):rep(43) .. break_in,
        redirect_uri = "https://app.example/" .. break_in } })
      assert.is_nil(token)
      sent("^/2/oauth2/token$")
    end)

    it("of a session without sense is refused", function()
      refused("session", client:get_token("code",
        { session = { code_verifier = {}, redirect_uri = 5 } }))
    end)
  end)
end)
