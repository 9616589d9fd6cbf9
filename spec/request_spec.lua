-- request(): anything that has no function of its own, in every form that
-- HTTP has for it.

local failure = require "support.failure"
local json = require "twitter.json"
local sandbox = require "support.sandbox"
local twitter = require "twitter"

local UPLOAD = "/1.1/media/upload.json"

describe("request", function()
  local box, parameters, client, texts

  setup(function()
    box, texts = assert(sandbox.start()), 0
    parameters = box:parameters("all")
    client = assert(twitter.new(parameters))
  end)
  teardown(function() box:stop() end)
  before_each(function()
    assert(box:control("DELETE", "/requests"))
    assert(box:control("DELETE", "/faults"))
  end)

  local function last()
    local list = assert(box:control("GET", "/requests")).requests
    return list[#list]
  end

  local function new_text()
    texts = texts + 1
    return "text " .. texts
  end

  local function post_by_text(text)
    for _, post in ipairs(assert(box:control("GET", "/state")).posts) do
      if post.sent_text == text then return post end
    end
  end

  local function refused(pattern, value, err)
    failure.expect(parameters, { kind = "invalid", outcome = "not_sent",
      operation = "request", message = pattern }, value, err)
    assert.equal(0, assert(box:control("GET", "/requests")).count)
  end

  -- Answers the next request as told.
  local function answer(fields)
    fields.kind = fields.kind or "status"
    assert(box:control("POST", "/faults", { fault = fields }))
  end

  describe("sends a query", function()
    local function query_of(query)
      client:request("GET", "/2/users/me", { query = query })
      return last().query
    end

    it("of names and values, sorted by name", function()
      assert.equal("a=1&b=2&c=3", query_of { c = 3, a = 1, b = 2 })
    end)

    it("of pairs, in their order", function()
      assert.equal("b=2&a=1&b=3", query_of { { "b", 2 }, { "a", 1 },
        { "b", 3 } })
    end)

    it("with a list as repeated keys", function()
      assert.equal("ids=1&ids=2", query_of { ids = { 1, 2 } })
      assert.equal("ids=1&ids=2", query_of { { "ids", { 1, 2 } } })
    end)

    it("with whole numbers, fractions and truths", function()
      assert.equal("a=9007199254740992&b=0.5&c=true&d=-3&e=false",
        query_of { a = 2 ^ 53, b = 0.5, c = true, d = -3, e = false })
    end)

    it("encoded by RFC 3986, a space as %20", function()
      assert.equal("q=a%20b%2Bc%26d%3D%C3%BC~", query_of { q = "a b+c&d=ü~" })
    end)

    it("after the one that the path has", function()
      client:request("GET", "/2/users/me?a=1", { query = { b = 2 } })
      assert.equal("a=1&b=2", last().query)
    end)

    it("empty, as none", function()
      assert(client:request("GET", "/2/users/me", { query = {} }))
      assert.is_nil(last().query)
    end)

    it("signed with OAuth 1.0a", function()
      assert(client:request("GET", "/2/users/me", { auth = "oauth1",
        query = { ["user.fields"] = "name,description" } }))
      assert.equal("OAuth", last().scheme)
    end)

    it("but no number that is not exact or not finite", function()
      for _, value in ipairs { 2 ^ 53 + 2, -2 ^ 60, 1 / 0, 0 / 0 } do
        refused("'a' is", client:request("GET", "/2/users/me",
          { query = { a = value } }))
      end
      refused("'a' cannot be a function", client:request("GET",
        "/2/users/me", { query = { a = print } }))
      refused("no { name, value } pair", client:request("GET", "/2/users/me",
        { query = { "a" } }))
    end)
  end)

  describe("sends a body", function()
    it("of JSON", function()
      local text = new_text()
      local post, facts = assert(client:request("POST", "/2/tweets",
        { json = { text = text } }))
      assert.is_string(post.data.id)
      assert.equal(201, facts.status)
      assert.equal("application/json", last().content_type)
    end)

    it("of JSON that is a list, an empty list, a number", function()
      for value, length in pairs { [{ 1, 2 }] = 5,
          [twitter.empty_array] = 2, [{}] = 2, [5] = 1 } do
        client:request("POST", "/2/tweets", { json = value })
        assert.equal(length, last().content_length)
      end
      client:request("POST", "/2/tweets", { json = false })
      assert.equal(5, last().content_length)
      client:request("POST", "/2/tweets", { json = twitter.null })
      assert.equal(4, last().content_length)
    end)

    it("of JSON, but not what JSON cannot say", function()
      refused("function", client:request("POST", "/2/tweets",
        { json = { text = print } }))
    end)

    it("of a form, which is signed", function()
      local media = assert(client:request("POST",
        box.upload_url .. UPLOAD, { auth = "oauth1", form = {
          command = "INIT", total_bytes = 10, media_type = "image/png",
        } }))
      assert.matches("^%d+$", media.media_id_string)
      assert.equal("application/x-www-form-urlencoded", last().content_type)
    end)

    it("of a form as pairs, with every byte that needs encoding", function()
      local _, err = client:request("POST", box.upload_url .. UPLOAD, {
        auth = "oauth1", form = {
          { "command", "a b+c&d=ü*'()!~" }, { "command", "\0\r\n" },
        } })
      assert.equal(400, err.status)  -- 401: the signature would be wrong
    end)

    it("of parts", function()
      local file = assert(io.open("spec/fixtures/picture.png", "rb"))
      local bytes = file:read("*a")
      file:close()
      local media = assert(client:request("POST", "/2/media/upload", {
        multipart = {
          { name = "media", data = bytes, filename = "a \"b\".png",
            type = "image/png" },
          { "media_category", "tweet_image" },
        } }))
      assert.equal(#bytes, media.data.size)
      assert.matches("^multipart/form%-data; boundary=", last().content_type)
    end)

    it("of parts with a file", function()
      local media = assert(client:request("POST", "/2/media/upload", {
        multipart = {
          { name = "media", path = "spec/fixtures/picture.png" },
          { "media_category", "tweet_image" },
        } }))
      assert.equal("image/png", media.data.image.image_type)
    end)

    it("of bytes, with the content type given", function()
      local text = new_text()
      assert(client:request("POST", "/2/tweets", {
        body = '{"text":"' .. text .. '"}',
        headers = { ["Content-Type"] = "application/json" } }))
      assert.is_table(post_by_text(text))
      client:request("POST", "/2/tweets", { body = "\0\1\2" })
      assert.equal("application/octet-stream", last().content_type)
      assert.equal(3, last().content_length)
    end)

    it("not, when there is none", function()
      assert(client:request("GET", "/2/users/me"))
      assert.is_nil(last().content_type)
      client:request("POST", "/2/media/upload/1/finalize")
      assert.equal(0, last().content_length)
      assert.is_nil(last().content_type)
    end)

    it("of one form only", function()
      refused("json and form exclude", client:request("POST", "/2/tweets",
        { json = {}, form = {} }))
      refused("multipart and body exclude", client:request("POST",
        "/2/tweets", { multipart = {}, body = "" }))
    end)

    it("not of parts without a name, data or file", function()
      refused("at least one part", client:request("POST", "/2/media/upload",
        { multipart = {} }))
      refused("needs a name", client:request("POST", "/2/media/upload",
        { multipart = { { data = "x" } } }))
      refused("'media' cannot be a nil", client:request("POST",
        "/2/media/upload", { multipart = { { name = "media" } } }))
      refused("No such file", client:request("POST", "/2/media/upload",
        { multipart = { { name = "media", path = "/nonexistent" } } }))
      refused("must be a table", client:request("POST", "/2/media/upload",
        { multipart = { "media" } }))
    end)
  end)

  describe("sends headers", function()
    it("of names and values, and of pairs", function()
      assert(client:request("GET", "/2/users/me", { headers = {
        ["Idempotency-Key"] = "one" } }))
      assert.equal("one", last().idempotency_key)
      assert(client:request("GET", "/2/users/me", { headers = {
        { "Idempotency-Key", "two" } } }))
      assert.equal("two", last().idempotency_key)
    end)

    it("in the place of ours", function()
      assert(client:request("GET", "/2/users/me", { headers = {
        ["User-Agent"] = "mine" } }))
      assert.equal("mine", last().user_agent)
    end)
  end)

  describe("chooses the credential", function()
    it("of a user, OAuth 2.0 first, for /2/", function()
      assert(client:request("GET", "/2/users/me"))
      assert.equal("oauth2_user", last().identity.kind)
    end)

    it("of OAuth 1.0a for the old API", function()
      assert(client:request("GET", "/1.1/account/verify_credentials.json"))
      assert.equal("oauth1", last().identity.kind)
    end)

    for auth, kind in pairs { oauth1 = "oauth1", oauth2 = "oauth2_user",
        app = "app" } do
      it("that is asked for: " .. auth, function()
        assert(client:request("GET", "/2/users/2244994945",
          { auth = auth }))
        assert.equal(kind, last().identity.kind)
      end)
    end

    it("of parameters.auth, when nothing else is asked for", function()
      assert(client:request("GET", "/2/users/2244994945", nil,
        { auth = "app" }))
      assert.equal("app", last().identity.kind)
    end)

    it("none with false", function()
      local _, err = client:request("GET", "/2/users/me", { auth = false })
      assert.equal(401, err.status)
      assert.is_nil(last().scheme)
    end)

    it("that is there, or says which is missing", function()
      local given = box:parameters("app")
      local value, err = twitter.request("GET", "/2/users/2244994945",
        { auth = "oauth1" }, given)
      failure.expect(given, { kind = "auth", outcome = "not_sent",
        message = "oauth_consumer_key" }, value, err)
      refused("options.auth is", client:request("GET", "/2/users/me",
        { auth = "basic" }))
    end)
  end)

  describe("takes an address", function()
    it("that is a path or a whole URL", function()
      assert(client:request("GET", box.api_url .. "/2/users/me"))
      assert.equal("Bearer", last().scheme)
      assert(client:request("GET", box.upload_url .. UPLOAD
        .. "?command=STATUS&media_id=1") == nil)
      assert.equal("upload", last().host)
      assert.equal("OAuth", last().scheme)
    end)

    it("with bytes beyond ASCII, encoded and signed", function()
      client:request("GET", "/2/users/by/username/ü", { auth = "oauth1" })
      assert.equal("/2/users/by/username/%C3%BC", last().path)
      assert.equal(400, last().status)  -- 401: the signature would be wrong
    end)

    it("of another host without a credential, and only if told", function()
      local url = box.plain_url .. "/fixtures/captions.srt"
      refused("not X's", client:request("GET", url))
      refused("not X's", client:request("GET", url, { auth = "oauth1" }))
      local text = assert(client:request("GET", url, { auth = false }))
      assert.matches("^1\n00:00:00,000", text)
      assert.is_nil(last().scheme)
      assert.same({}, last().problems)
    end)

    it("that only looks like X's as another host's", function()
      for _, url in ipairs {
        box.api_url .. "@evil.example/", box.api_url .. ".evil.example/",
        box.api_url .. "0/", "http" .. box.api_url:sub(6) .. "/2/users/me",
        "https://user@" .. box.api_url:sub(9) .. "/",
        box.api_url .. "\\@evil.example/",
      } do
        refused("not X's", client:request("GET", url))
      end
    end)

    it("and no other", function()
      for _, path in ipairs { "2/users/me", "", "ftp://x/", "https://",
          "file:///etc/passwd", "api.x.com/2/users/me" } do
        refused("must begin with", client:request("GET", path))
      end
      refused("fragment", client:request("GET", "/2/users/me#top"))
    end)
  end)

  describe("answers", function()
    it("a decoded object and the facts", function()
      local user, facts = assert(client:request("GET", "/2/users/me"))
      assert.equal("sandbox", user.data.username)
      assert.equal(200, facts.status)
      assert.equal(1, facts.attempts)
      assert.matches("^application/json", facts.headers["content-type"])
    end)

    it("methods in any case, DELETE and PUT among them", function()
      assert(client:request("get", "/2/users/me"))
      assert.equal("GET", last().method)
      assert.is_true(assert(client:request("DELETE", "/2/tweets/1"))
        .data.deleted)
      local _, err = client:request("PUT", "/2/tweets", { json = {} })
      assert.equal(405, err.status)
      assert.equal("PUT", err.method)
    end)

    it("an empty table for 204, an empty 200 and HEAD", function()
      answer { status = 204, body = "" }
      local value, facts = assert(client:request("DELETE", "/2/lists/1"))
      assert.same({}, value)
      assert.equal(204, facts.status)
      answer { kind = "empty", status = 200 }
      assert.same({}, assert(client:request("POST",
        "/1.1/media/metadata/create.json", { json = {} })))
      answer { status = 200, body = "", content_type = "text/plain" }
      assert.same({}, assert(client:request("HEAD", "/2/users/me")))
      assert.equal("HEAD", last().method)
    end)

    it("what is no JSON as a string", function()
      answer { status = 200, body = "oauth_token=a&x=b",
        content_type = "text/html;charset=utf-8" }
      assert.equal("oauth_token=a&x=b", assert(client:request("POST",
        "/oauth/request_token", { form = {} })))
    end)

    it("what calls itself JSON and is none as an error", function()
      answer { kind = "corrupt" }
      local value, err = client:request("GET", "/2/users/me")
      failure.expect(parameters, { kind = "json", status = 200,
        operation = "request" }, value, err)
    end)

    it("a list, a number and a truth as they are", function()
      for text, expected in pairs { ["[1,2]"] = { 1, 2 }, ["5"] = 5,
          ["true"] = true, ["false"] = false, ['"word"'] = "word" } do
        answer { status = 200, body = text,
          content_type = "application/json" }
        assert.same(expected, (client:request("GET", "/2/users/me")))
      end
      answer { status = 200, body = "null", content_type = "application/json" }
      assert.equal(json.null, (client:request("GET", "/2/users/me")))
    end)

    it("data beside errors as a success", function()
      local post = assert(client:request("POST", "/2/tweets",
        { json = { text = new_text() } }))
      local found = assert(client:request("GET", "/2/tweets",
        { query = { ids = post.data.id .. ",1" } }))
      assert.equal(1, #found.data)
      assert.equal(1, #found.errors)
    end)
  end)

  describe("refuses", function()
    it("options that it does not know, or of a wrong type", function()
      refused("unknown option 'jason'", client:request("POST", "/2/tweets",
        { jason = {} }))
      refused("options.query must be a table", client:request("GET",
        "/2/users/me", { query = "a=b" }))
      refused("options.body must be a string", client:request("POST",
        "/2/tweets", { body = 5 }))
    end)

    it("a method that is none", function()
      for _, method in ipairs { "", "GET ", "G\tT", "GET/2", "Ü" } do
        refused("method", client:request(method, "/2/users/me"))
      end
    end)

    it("a URL that is too long", function()
      for _, auth in ipairs { "oauth1", "oauth2" } do
        refused("too l", client:request("GET", "/2/users/me",
          { auth = auth, query = { a = ("x"):rep(70000) } }))
      end
    end)
  end)
end)
