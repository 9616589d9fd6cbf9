-- The sandbox is strict about who asks: requests made by hand, each with one
-- thing wrong, against its checks of OAuth 1.0a and 2.0.

local browser = require "support.browser"
local core = require "twitter.core"
local encode = require "twitter.encode"
local json = require "twitter.json"
local sandbox = require "support.sandbox"
local transport = require "twitter.transport"
local twitter = require "twitter"

local FORM = "application/x-www-form-urlencoded"

describe("the sandbox", function()
  local box, settings

  setup(function()
    box = assert(sandbox.start())
    settings = transport.settings { ca_file = box.ca_file,
      user_agent = "by hand" }
  end)
  teardown(function() box:stop() end)
  before_each(function() assert(box:control("POST", "/reset")) end)

  -- One request, exactly as told.
  local function send(method, url, headers, body)
    return assert(transport.exchange { method = method, url = url,
      headers = headers or {}, body = body, settings = settings })
  end

  -- What the sandbox noted about the last request.
  local function noted()
    local list = assert(box:control("GET", "/requests")).requests
    return table.concat(list[#list].problems, "; ")
  end

  local function assert_refused(status, note, response)
    assert.equal(status, response.status)
    assert.matches(note, noted())
    return response
  end

  describe("rejects in OAuth 1.0a", function()
    local parameters, signer, url

    before_each(function()
      parameters = box:parameters("oauth1")
      signer = core.signer(parameters.oauth_consumer_key,
        parameters.oauth_consumer_secret, parameters.oauth_token,
        parameters.oauth_token_secret)
      url = box.api_url .. "/2/users/me"
    end)

    local function signed(options)
      return assert(signer:header("GET", url, nil, options))
    end

    local function ask(header, other_url)
      return send("GET", other_url or url, { "authorization", header })
    end

    it("nothing that is right", function()
      assert.equal(200, ask(signed()).status)
      assert.equal("", noted())
    end)

    it("a wrong signature", function()
      local header = signed():gsub('oauth_signature="..', 'oauth_signature="AA')
      assert_refused(401, "wrong signature", ask(header))
    end)

    it("a signature made with another secret", function()
      signer = core.signer(parameters.oauth_consumer_key,
        parameters.oauth_consumer_secret, parameters.oauth_token, "wrong")
      assert_refused(401, "wrong signature", ask(signed()))
    end)

    it("a query, method or host that was not signed", function()
      assert_refused(401, "wrong signature",
        ask(signed(), url .. "?user.fields=name"))
      assert_refused(401, "wrong signature", send("DELETE",
        box.api_url .. "/2/tweets/1", { "authorization",
          signer:header("GET", box.api_url .. "/2/tweets/1") }))
      local foreign = signer:header("GET", "https://api.x.com/2/users/me")
      assert_refused(401, "wrong signature", ask(foreign))
    end)

    it("a form that was not signed", function()
      local target = box.upload_url .. "/1.1/media/upload.json"
      local header = signer:header("POST", target, { { "command", "INIT" } })
      assert_refused(401, "wrong signature", send("POST", target,
        { "authorization", header, "content-type", FORM }, "command=OTHER"))
    end)

    it("a nonce that was used", function()
      local options = { nonce = "once", timestamp = os.time() }
      assert.equal(200, ask(signed(options)).status)
      assert_refused(401, "nonce used before", ask(signed(options)))
      assert_refused(401, "nonce used before", ask(signed(options)))
      options.nonce = "twice"
      assert.equal(200, ask(signed(options)).status)
    end)

    it("a timestamp that is off by more than five minutes", function()
      for _, offset in ipairs { -310, 310 } do
        assert_refused(401, "timestamp", ask(signed {
          timestamp = os.time() + offset }))
      end
      assert(box:control("POST", "/settings", { oauth1_codes = true }))
      local response = ask(signed { timestamp = os.time() - 310 })
      assert.equal(135, json.decode(response.body).errors[1].code)
      assert.equal(200, ask(signed { timestamp = os.time() - 240 }).status)
    end)

    it("a key that comes twice", function()
      local header = signed()
      local nonce = header:match('oauth_nonce="[^"]*"')
      assert_refused(401, "doubled oauth_nonce", ask(header .. ", " .. nonce))
    end)

    it("oauth_ keys outside the header", function()
      assert_refused(401, "outside the header", ask(signed(),
        url .. "?oauth_nonce=x"))
    end)

    it("a key that it does not know, or that is missing", function()
      assert_refused(401, "unknown header parameter",
        ask(signed() .. ', oauth_body_hash="x"'))
      assert_refused(401, "missing oauth_nonce",
        ask((signed():gsub('oauth_nonce="[^"]*",%s*', ""))))
    end)

    it("another version or method of signing", function()
      assert_refused(401, "version", ask((signed()
        :gsub('oauth_version="1.0"', 'oauth_version="2.0"'))))
      assert_refused(401, "HMAC%-SHA1", ask((signed():gsub("HMAC%-SHA1",
        "PLAINTEXT"))))
      assert.equal(200, ask(signed { version = false }).status)
    end)

    it("a token or key that nobody has", function()
      assert_refused(401, "unknown token", ask((signed()
        :gsub('oauth_token="..', 'oauth_token="00'))))
      assert_refused(401, "unknown consumer key", ask((signed()
        :gsub('consumer_key="..', 'consumer_key="00'))))
    end)

    it("two Authorization headers, and none", function()
      -- Some versions of nginx refuse this by themselves.
      local doubled = send("GET", url,
        { "authorization", signed(), "authorization", signed() })
      assert.truthy(doubled.status == 400 or doubled.status == 401)
      assert_refused(401, "no Authorization", send("GET", url))
    end)
  end)

  describe("rejects in the sign-in of OAuth 1.0a", function()
    local app, callback

    before_each(function()
      app = box:parameters("oauth1")
      callback = "http://127.0.0.1:8080/callback"
    end)

    local function signed(path, extra, token, secret)
      local signer = core.signer(app.oauth_consumer_key,
        app.oauth_consumer_secret, token, secret)
      local url = box.api_url .. path
      return send("POST", url, { "authorization",
        signer:header("POST", url, nil, { extra = extra }) })
    end

    local function request_token()
      local answer = signed("/oauth/request_token",
        { { "oauth_callback", callback } })
      assert.equal(200, answer.status)
      return assert(encode.read_query(answer.body))
    end

    local function allowed(token)
      local redirect = assert(browser.decide(box.api_url
        .. "/oauth/authorize?oauth_token=" .. token.oauth_token, box.ca_file))
      return encode.read_query(redirect:match("%?(.*)$")).oauth_verifier
    end

    local function access(token, verifier)
      return signed("/oauth/access_token", { { "oauth_verifier", verifier } },
        token.oauth_token, token.oauth_token_secret)
    end

    it("nothing that is right", function()
      local token = request_token()
      local answer = access(token, allowed(token))
      assert.equal(200, answer.status)
      assert.is_string(encode.read_query(answer.body).oauth_token_secret)
    end)

    it("a callback that is not registered", function()
      callback = "https://evil.example/"
      assert.equal(403, signed("/oauth/request_token",
        { { "oauth_callback", callback } }).status)
      assert.equal(400, signed("/oauth/request_token").status)
    end)

    it("a wrong verifier", function()
      local token = request_token()
      allowed(token)
      assert_refused(401, "wrong verifier", access(token, "guess"))
    end)

    it("a token that nobody allowed", function()
      assert_refused(401, "wrong verifier", access(request_token(), "guess"))
    end)

    it("a request token that was used, or that is old", function()
      local token = request_token()
      local verifier = allowed(token)
      assert.equal(200, access(token, verifier).status)
      assert_refused(401, "unknown request token", access(token, verifier))
      token = request_token()
      verifier = allowed(token)
      assert(box:control("POST", "/clock", { advance = 901 }))
      assert.equal(401, access(token, verifier).status)
    end)
  end)

  describe("rejects at the token endpoint of OAuth 2.0", function()
    local app, verifier

    before_each(function()
      app = box:parameters("oauth2")
      verifier = core.pkce_verifier()
    end)

    local function new_code()
      return assert(box:control("POST", "/codes", {
        code_challenge = core.pkce_challenge(verifier) })).code
    end

    local function ask(fields, basic)
      local list = {}
      for name, value in pairs(fields) do list[#list + 1] = { name, value } end
      return send("POST", box.api_url .. "/2/oauth2/token", {
        "content-type", FORM, "authorization",
        basic or core.basic(app.client_id, app.client_secret) },
        encode.join(list))
    end

    local function exchange(changes, basic)
      local fields = {
        grant_type = "authorization_code", code = new_code(),
        redirect_uri = app.redirect_uri, code_verifier = verifier,
        client_id = app.client_id,
      }
      for name, value in pairs(changes or {}) do fields[name] = value or nil end
      return ask(fields, basic)
    end

    local function refresh(token)
      return ask { grant_type = "refresh_token", refresh_token = token }
    end

    local function me(token)
      return send("GET", box.api_url .. "/2/users/me",
        { "authorization", "Bearer " .. token })
    end

    it("nothing that is right", function()
      local token = json.decode(exchange().body)
      assert.equal(200, me(token.access_token).status)
      assert.equal(200, refresh(token.refresh_token).status)
    end)

    it("a wrong verifier, and one that is too short", function()
      assert_refused(400, "did not match the code challenge",
        exchange { code_verifier = core.pkce_verifier() })
      assert_refused(400, "did not match the code challenge",
        exchange { code_verifier = "short" })
      assert_refused(400, "code_verifier", exchange { code_verifier = false })
    end)

    it("a wrong redirect URI", function()
      assert_refused(400, "redirect uri",
        exchange { redirect_uri = "http://127.0.0.1/callback" })
    end)

    it("a wrong client secret, and none", function()
      assert_refused(401, "wrong Basic",
        exchange({}, core.basic(app.client_id, "wrong")))
      assert_refused(401, "wrong Basic",
        exchange({ client_secret = app.client_secret }, "Bearer x"))
    end)

    it("another client's code", function()
      assert_refused(400, "client_id", exchange {
        client_id = box:parameters("public").client_id })
    end)

    it("a code that is older than 30 seconds", function()
      local code = new_code()
      assert(box:control("POST", "/clock", { advance = 31 }))
      assert_refused(400, "code expired", exchange { code = code })
    end)

    it("a code that was used, and ends what it gave", function()
      local code = new_code()
      local token = json.decode(exchange { code = code }.body)
      assert_refused(400, "used before", exchange { code = code })
      assert_refused(401, "revoked", me(token.access_token))
    end)

    it("a code that failed once", function()
      local code = new_code()
      exchange { code = code, code_verifier = core.pkce_verifier() }
      assert_refused(400, "used before", exchange { code = code })
    end)

    it("a spent refresh token, and all that came of it", function()
      local second = json.decode(refresh(app.refresh_token).body)
      local third = json.decode(refresh(second.refresh_token).body)
      assert.equal(200, me(third.access_token).status)
      assert_refused(400, "used before", refresh(app.refresh_token))
      assert_refused(401, "revoked", me(third.access_token))
      assert_refused(400, "revoked", refresh(third.refresh_token))
    end)

    it("a field that comes twice, and a body that is no form", function()
      local url = box.api_url .. "/2/oauth2/token"
      assert_refused(400, "repeated", send("POST", url,
        { "content-type", FORM }, "grant_type=a&grant_type=b"))
      assert_refused(400, "content type", send("POST", url,
        { "content-type", "application/json" }, "{}"))
    end)

    it("other grants", function()
      assert_refused(400, "unsupported grant_type",
        ask { grant_type = "password", client_id = app.client_id })
    end)
  end)

  describe("rejects on the consent page", function()
    local function page(changes)
      local app = box:parameters("oauth2")
      local fields = {
        response_type = "code", client_id = app.client_id,
        redirect_uri = app.redirect_uri, scope = "tweet.read", state = "s",
        code_challenge = core.pkce_challenge(core.pkce_verifier()),
        code_challenge_method = "S256",
      }
      for name, value in pairs(changes) do fields[name] = value or nil end
      return send("GET", encode.with_query(box.authorize_url,
        encode.join(assert(encode.pairs(fields)))))
    end

    it("nothing that is right", function()
      assert.equal(200, page({}).status)
      assert.equal("", noted())
    end)

    for name, value in pairs { client_id = "unknown", state = false,
        redirect_uri = "https://evil.example/", code_challenge = false,
        scope = "tweet.read everything", response_type = "token" } do
      it("a bad " .. name, function()
        local answer = page { [name] = value }
        assert.is_nil(answer.headers.location)
        assert.matches("consent: ", noted())
      end)
    end
  end)

  describe("rejects a bearer token", function()
    local function me(token, path)
      return send("GET", box.api_url .. (path or "/2/users/me"),
        { "authorization", "Bearer " .. token })
    end

    it("that nobody has", function()
      assert_refused(401, "unknown bearer", me("made-up"))
    end)

    it("that has expired", function()
      local token = box:parameters("oauth2").access_token
      assert(box:control("POST", "/clock", { advance = 7201 }))
      assert_refused(401, "expired", me(token))
    end)

    it("of an app, where a user is wanted", function()
      local token = box:parameters("app").bearer_token
      local answer = assert_refused(403, "wrong kind", me(token))
      assert.matches("unsupported%-authentication", answer.body)
      assert.equal(200, me(token, "/2/users/2244994945").status)
    end)

    it("without the scope", function()
      local token = box:parameters("oauth2", { scope = "tweet.read" })
      assert_refused(403, "scope users.read", me(token.access_token))
      local _, err = twitter.create_text_tweet("no scope", token)
      assert.equal(403, err.status)
    end)

    it("over plain HTTP", function()
      local token = box:parameters("oauth2").access_token
      local answer = send("GET", box.api_url:gsub("^https", "http")
        .. "/2/users/me", { "authorization", "Bearer " .. token })
      assert.equal(400, answer.status)
      assert_refused(404, "no such route", send("GET", box.plain_url
        .. "/2/users/me", { "authorization", "Bearer " .. token }))
      send("GET", box.plain_url .. "/missing",
        { "authorization", "Bearer " .. token })
      assert.matches("credentials sent to a foreign host", noted())
    end)
  end)
end)
