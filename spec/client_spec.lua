-- The public door: clients, module-wide parameters, and how the layers lie
-- over each other.

local clients = require "twitter.client"
local core = require "twitter.core"
local failure = require "support.failure"
local json = require "twitter.json"
local sandbox = require "support.sandbox"
local twitter = require "twitter"

-- Secrets of no one, to look for in what is shown.
local SECRETS = {
  access_token = "access-of-nobody", refresh_token = "refresh-of-nobody",
  client_secret = "client-of-nobody", bearer_token = "bearer-of-nobody",
  oauth_token = "token-of-nobody", oauth_token_secret = "secret-of-nobody",
  oauth_consumer_key = "key-of-a-nobody",
  oauth_consumer_secret = "consumer-of-nobody",
}

describe("a client", function()
  local box, parameters

  setup(function()
    box = assert(sandbox.start())
    parameters = box:parameters("oauth2")
  end)
  teardown(function() box:stop() end)
  before_each(function() assert(box:control("DELETE", "/requests")) end)
  after_each(function() assert(twitter.configure()) end)

  local function with(changes)
    local copy = {}
    for name, value in pairs(parameters) do copy[name] = value end
    for name, value in pairs(changes) do copy[name] = value end
    return copy
  end

  -- The User-Agent of the last request tells which layer won.
  local function last_agent()
    local list = assert(box:control("GET", "/requests")).requests
    return list[#list].user_agent
  end

  local function me(client, extra)
    return client:request("GET", "/2/users/2244994945", nil, extra)
  end

  describe("lays over each other", function()
    it("standard values, when nothing else is given", function()
      assert(me(assert(twitter.new(parameters))))
      assert.equal("twitter-api-lua/" .. core.version, last_agent())
    end)

    it("configured values over standard ones", function()
      assert(twitter.configure { user_agent = "configured" })
      assert(me(assert(twitter.new(parameters))))
      assert.equal("configured", last_agent())
    end)

    it("bound values over configured ones", function()
      assert(twitter.configure { user_agent = "configured" })
      assert(me(assert(twitter.new(with { user_agent = "bound" }))))
      assert.equal("bound", last_agent())
    end)

    it("the call's values over bound ones, for that call", function()
      local client = assert(twitter.new(with { user_agent = "bound" }))
      assert(me(client, { user_agent = "call" }))
      assert.equal("call", last_agent())
      assert(me(client))
      assert.equal("bound", last_agent())
    end)

    it("one key without touching the others", function()
      local rest = with {}
      rest.access_token = nil
      assert(twitter.configure(rest))
      local client = assert(twitter.new {
        access_token = parameters.access_token })
      assert(me(client, { user_agent = "all three" }))
      assert.equal("all three", last_agent())
    end)

    it("nothing by empty strings and null, which are not given", function()
      local client = assert(twitter.new(with { user_agent = "bound" }))
      assert(me(client, { user_agent = "", proxy = json.null }))
      assert.equal("bound", last_agent())
    end)
  end)

  describe("configure()", function()
    it("adds to what was configured before", function()
      assert(twitter.configure(parameters))
      assert(twitter.configure { user_agent = "second" })
      assert(twitter.request("GET", "/2/users/me"))
      assert.equal("second", last_agent())
    end)

    it("reaches clients that were made before", function()
      local client = assert(twitter.new(parameters))
      assert(me(client))
      assert(twitter.configure { user_agent = "later" })
      assert(me(client))
      assert.equal("later", last_agent())
    end)

    it("without an argument forgets everything", function()
      assert(twitter.configure(parameters))
      assert(twitter.configure())
      local _, err = twitter.create_text_tweet("nobody")
      assert.equal("auth", err.kind)
    end)

    it("changes nothing when it is refused", function()
      assert(twitter.configure(parameters))
      local ok, err = twitter.configure { user_agent = "new", timeuot = 5 }
      assert.is_nil(ok)
      assert.equal("invalid", err.kind)
      assert(twitter.request("GET", "/2/users/me"))
      assert.are_not.equal("new", last_agent())
    end)
  end)

  describe("and the caller's tables:", function()
    it("none is written to", function()
      local bound, extra = with { max_retries = 1 }, { user_agent = "x" }
      local before_bound, before_extra = {}, {}
      for name, value in pairs(bound) do before_bound[name] = value end
      for name, value in pairs(extra) do before_extra[name] = value end
      assert(me(assert(twitter.new(bound)), extra))
      assert(twitter.configure(bound))
      assert(twitter.refresh_token())
      assert.same(before_bound, bound)
      assert.same(before_extra, extra)
      parameters = box:parameters("oauth2")
    end)

    it("a later change to one has no effect", function()
      local bound = with { user_agent = "bound" }
      local client = assert(twitter.new(bound))
      bound.user_agent, bound.access_token = "changed", "gone"
      assert(me(client))
      assert.equal("bound", last_agent())
    end)

    it("get_standard_parameters gives a new one each time", function()
      local first = twitter.get_standard_parameters()
      first.scope = "changed"
      local second = twitter.get_standard_parameters()
      assert.are_not.equal("changed", second.scope)
      for _, name in ipairs { "redirect_uri", "scope", "client_id",
          "client_secret", "access_token", "refresh_token", "oauth_token",
          "oauth_token_secret", "oauth_consumer_key",
          "oauth_consumer_secret" } do
        assert.is_string(second[name])
      end
      assert(twitter.new(second))
    end)

    it("two clients do not see each other", function()
      local one = assert(twitter.new(with { user_agent = "one" }))
      local two = assert(twitter.new(box:parameters("oauth2",
        { user = "neighbour" })))
      assert.equal("sandbox",
        assert(one:request("GET", "/2/users/me")).data.username)
      assert.equal("neighbour",
        assert(two:request("GET", "/2/users/me")).data.username)
      assert(me(one))
      assert.equal("one", last_agent())
    end)
  end)

  describe("takes its parameters from a JSON file", function()
    local path

    local function write(text)
      local file = assert(io.open(path, "w"))
      file:write(text)
      file:close()
    end

    before_each(function() path = os.tmpname() end)
    after_each(function() os.remove(path) end)

    it("in new, in configure and in a call", function()
      write(assert(json.encode(with { user_agent = "from a file" })))
      assert(me(assert(twitter.new(path))))
      assert.equal("from a file", last_agent())
      assert(twitter.create_text_tweet("from a file", path))
      assert(twitter.configure(path))
      assert(twitter.create_text_tweet("from a configured file"))
    end)

    it("and says when it is missing, broken or no object", function()
      local made, err = twitter.new("/nonexistent/parameters.json")
      assert.is_nil(made)
      assert.equal("file", err.kind)
      assert.matches("/nonexistent/parameters.json", err.message, 1, true)
      for _, text in ipairs { "{", "", "5", '"text"' } do
        write(text)
        made, err = twitter.new(path)
        assert.is_nil(made)
        assert.equal("json", err.kind)
        assert.equal("not_sent", err.outcome)
      end
    end)

    it("and checks what stands in it", function()
      write('{"timeout":"long"}')
      local made, err = twitter.new(path)
      assert.is_nil(made)
      assert.equal("invalid", err.kind)
      assert.matches("'timeout' must be a number", err.message)
    end)
  end)

  describe("refuses", function()
    local function refused(pattern, made, err)
      assert.is_nil(made)
      assert.equal("invalid", err.kind)
      assert.equal("not_sent", err.outcome)
      assert.matches(pattern, err.message)
    end

    it("an unknown key, and names the nearest", function()
      refused("did you mean 'access_token'", twitter.new { accesstoken = "x" })
      refused("did you mean 'timeout'", twitter.configure { timeuot = 5 })
      refused("did you mean 'max_retries'",
        twitter.create_text_tweet("x", { maxRetries = 5 }))
      refused("^unknown parameter 'zzzzzzzz'$", twitter.new { zzzzzzzz = 1 })
      refused("names", twitter.new { "x" })
    end)

    it("a value of the wrong type, and tells key and type", function()
      refused("'timeout' must be a number .*got string",
        twitter.new { timeout = "5" })
      refused("'access_token' must be a string, got number",
        twitter.new { access_token = 5 })
      refused("'on_token' must be a function", twitter.new { on_token = {} })
    end)

    it("values out of range", function()
      refused("'timeout' must be between", twitter.new { timeout = 0 })
      refused("'max_retries' must be a whole", twitter.new {
        max_retries = 1.5 })
      refused("'auth' must be", twitter.new { auth = "basic" })
      refused("https://", twitter.new { api_url = "http://api.x.com" })
      refused("at most 1024 bytes", twitter.new {
        oauth_token = ("x"):rep(1025) })
    end)
  end)

  describe("raises", function()
    local function message_of(call, ...)
      local ok, message = pcall(call, ...)
      assert.is_false(ok)
      return message
    end

    it("for parameters that are neither table nor path", function()
      for _, value in ipairs { 5, true, print } do
        local kind = type(value)
        assert.matches("bad argument #1 to 'new' %(table or string expected, "
          .. "got " .. kind .. "%)", message_of(twitter.new, value))
        assert.matches("bad argument #1 to 'configure'",
          message_of(twitter.configure, value))
        assert.matches("bad argument #2 to 'create_text_tweet'",
          message_of(twitter.create_text_tweet, "x", value))
        assert.matches("bad argument #4 to 'request'", message_of(
          twitter.request, "GET", "/2/users/me", nil, value))
      end
    end)

    it("at the caller's line", function()
      local message = message_of(function()
        twitter.new(5)
        return nil
      end)
      assert.matches("client_spec.lua:%d+:", message)
    end)

    it("for a method without its client", function()
      local client = assert(twitter.new())
      assert.matches("use client:refresh_token",
        message_of(function() client.refresh_token() end))
    end)
  end)

  describe("shows no secret", function()
    local spellings = failure.spellings(SECRETS)

    it("as text, and neither does a context", function()
      local client = assert(twitter.new(SECRETS))
      assert.equal("twitter.client", tostring(client))
      assert.equal("twitter.context", tostring(assert(
        clients.context(client, "test"))))
      assert.is_nil(failure.leak(tostring(client), spellings))
    end)

    it("in an error of any check", function()
      for name, value in pairs(SECRETS) do
        for _, given in ipairs {
          { timeout = value }, { api_url = value }, { auth = value },
          { proxy = "http://user:" .. value .. "@:x" },
          { redirect_uri = name .. "=" .. value },
          { [value:rep(3)] = "a long secret where a name should be" },
        } do
          local made, err = twitter.new(given)
          assert.is_nil(made)
          assert.is_nil(failure.leak(err, spellings))
        end
      end
    end)

    it("when a token is passed where a path is meant", function()
      local made, err = twitter.new("AAAA-a-token-not-a-path-0123456789")
      assert.is_nil(made)
      assert.is_nil(tostring(err):find("a-token-not-a-path", 1, true))
    end)
  end)

  describe("takes a token table as its parameters", function()
    it("of OAuth 2.0, with all that X put in it", function()
      local token = assert(twitter.refresh_token(parameters))
      parameters = box:parameters("oauth2")
      token.api_url, token.ca_file = box.api_url, box.ca_file
      assert.is_number(token.expires_at)
      assert(twitter.create_text_tweet("with a token table", token))
      assert(me(assert(twitter.new(token))))
    end)

    it("of OAuth 1.0a, with name and id", function()
      local token = box:parameters("oauth1")
      token.user_id, token.screen_name = "2244994945", "sandbox"
      assert(twitter.create_text_tweet("with a signed token table", token))
    end)
  end)

  describe("keeps a refreshed pair", function()
    it("where the old one was bound", function()
      local client = assert(twitter.new(parameters))
      local token = assert(client:refresh_token())
      assert.are_not.equal(parameters.refresh_token, token.refresh_token)
      assert(client:refresh_token())
      local _, err = twitter.refresh_token(parameters)
      assert.equal("auth", err.kind)
      parameters = box:parameters("oauth2")
    end)

    it("where the old one was configured", function()
      assert(twitter.configure(parameters))
      assert(twitter.refresh_token())
      assert(twitter.refresh_token())
      assert(twitter.create_text_tweet("with a configured pair"))
      parameters = box:parameters("oauth2")
    end)

    it("nowhere, when it was given to the call alone", function()
      local client = assert(twitter.new { api_url = box.api_url,
        ca_file = box.ca_file })
      assert(client:refresh_token(parameters))
      local _, err = client:create_text_tweet("without a pair")
      assert.equal("auth", err.kind)
      assert.equal("not_sent", err.outcome)
      parameters = box:parameters("oauth2")
    end)
  end)
end)
