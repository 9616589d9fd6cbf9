-- Sign-in against the sandbox, which checks PKCE, state, redirect, secret,
-- rotation and the life of codes by X's rules.

local browser = require "support.browser"
local sandbox = require "support.sandbox"
local twitter = require "twitter"

describe("signing in", function()
  local box

  setup(function() box = assert(sandbox.start()) end)
  teardown(function() box:stop() end)
  after_each(function() assert(box:control("POST", "/reset")) end)

  -- A client that has an app and no tokens yet.
  local function app(kind)
    local parameters = box:parameters(kind or "oauth2")
    parameters.access_token, parameters.refresh_token = nil, nil
    return assert(twitter.new(parameters)), parameters
  end

  local function redirect_of(client, decision)
    local link, session = assert(client:get_authorization_link())
    return assert(browser.decide(link, box.ca_file, decision)), session
  end

  local function handle(client, request, session)
    return client:handle_incoming_request_after_authorization(request,
      { session = session })
  end

  -- The redirect's query, changed.
  local function with(redirect, name, value)
    local query = redirect:gsub("%f[%w]" .. name .. "=[^&]*",
      value and name .. "=" .. value or "")
    return query
  end

  local function assert_refused(problem, token, err)
    assert.is_nil(token)
    assert.equal("auth", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal(problem, err.problem)
    return err
  end

  it("gives a token pair to a confidential client", function()
    local client = app("oauth2")
    local redirect, session = redirect_of(client)
    local token = assert(handle(client, redirect, session))
    assert.is_string(token.access_token)
    assert.is_string(token.refresh_token)
    assert.equal("bearer", token.token_type:lower())
    assert.is_true(math.abs(token.expires_at - os.time() - 7200) <= 5)
  end)

  it("gives a token pair to a public client", function()
    local client, parameters = app("public")
    assert.is_nil(parameters.client_secret)
    local redirect, session = redirect_of(client)
    assert(handle(client, redirect, session))
  end)

  it("gives tokens that work", function()
    local client, parameters = app()
    local redirect, session = redirect_of(client)
    local token = assert(handle(client, redirect, session))
    token.ca_file, token.api_url = parameters.ca_file, parameters.api_url
    local user = assert(twitter.new(token))
    assert(user:create_text_tweet("signed in"))
  end)

  it("takes the redirect as fields, query string or whole URL", function()
    local client = app()
    local redirect, session = redirect_of(client)
    assert(handle(client, redirect:match("%?(.*)$"), session))
    redirect, session = redirect_of(client)
    assert(handle(client, redirect .. "#fragment", session))
    redirect, session = redirect_of(client)
    assert(handle(client, {
      state = redirect:match("state=([^&]*)"),
      code = redirect:match("code=([^&]*)"),
    }, session))
  end)

  it("asks with S256 and a fresh state and verifier each time", function()
    local client = app()
    local first, one = assert(client:get_authorization_link())
    local second, two = assert(client:get_authorization_link())
    assert.matches("code_challenge_method=S256", first, 1, true)
    assert.are_not.equal(first, second)
    assert.are_not.equal(one.state, two.state)
    assert.are_not.equal(one.code_verifier, two.code_verifier)
    assert.is_nil(first:find(one.code_verifier, 1, true))
  end)

  it("needs a client id and a redirect URI for the link", function()
    local link, err = twitter.get_authorization_link()
    assert.is_nil(link)
    assert.equal("invalid", err.kind)
    assert.matches("client_id", err.message)
  end)

  it("refuses a state that is not the session's", function()
    local client = app()
    local redirect, session = redirect_of(client)
    assert_refused("state-mismatch",
      handle(client, with(redirect, "state", "forged"), session))
    assert_refused("state-mismatch",
      handle(client, with(redirect, "state"), session))
  end)

  it("says that the user refused", function()
    local client = app()
    local redirect, session = redirect_of(client, "deny")
    local err = assert_refused("access-denied",
      handle(client, redirect, session))
    assert.matches("access_denied", err.message)
  end)

  it("says that the code is missing", function()
    local client = app()
    local redirect, session = redirect_of(client)
    assert_refused("missing-code",
      handle(client, with(redirect, "code"), session))
  end)

  it("refuses a session older than ten minutes", function()
    local client = app()
    local redirect, session = redirect_of(client)
    session.created_at = session.created_at - 601
    assert_refused("session-expired", handle(client, redirect, session))
  end)

  it("refuses a redirect with two states", function()
    local client = app()
    local redirect, session = redirect_of(client)
    local token, err = handle(client, redirect .. "&state=x", session)
    assert.is_nil(token)
    assert.equal("invalid", err.kind)
  end)

  it("wants the session", function()
    local client = app()
    local token, err = client:get_token("abc")
    assert.is_nil(token)
    assert.equal("invalid", err.kind)
    assert.matches("session", err.message)
  end)

  it("refuses a code with strange bytes before sending it", function()
    local client = app()
    for _, code in ipairs { "a\r\nb", "a\0b", "a b", "\255", "" } do
      local token, err = client:get_token(code, { code_verifier =
        ("v"):rep(43) })
      assert.is_nil(token)
      assert.equal("not_sent", err.outcome)
    end
  end)

  it("passes on X's refusal of a used code, without the code", function()
    local client = app()
    local redirect, session = redirect_of(client)
    assert(handle(client, redirect, session))
    local token, err = handle(client, redirect, session)
    assert.is_nil(token)
    assert.equal("auth", err.kind)
    assert.equal("refused", err.outcome)
    assert.equal(400, err.status)
    local code = redirect:match("code=([^&]*)")
    assert.is_nil(tostring(err):find(code, 1, true))
    assert.is_nil(tostring(err):find(session.code_verifier, 1, true))
  end)

  it("fails with the wrong verifier", function()
    local client = app()
    local redirect, session = redirect_of(client)
    session.code_verifier = ("x"):rep(43)
    local token, err = handle(client, redirect, session)
    assert.is_nil(token)
    assert.equal("auth", err.kind)
    assert.equal(400, err.status)
  end)

  it("fails with the wrong client secret", function()
    local client, parameters = app()
    local redirect, session = redirect_of(client)
    parameters.client_secret = "wrong-secret-wrong-secret"
    parameters.session = session
    local token, err =
      twitter.handle_incoming_request_after_authorization(redirect, parameters)
    assert.is_nil(token)
    assert.equal("auth", err.kind)
    assert.equal(401, err.status)
    assert.is_nil(tostring(err):find("wrong-secret", 1, true))
  end)

  describe("refresh_token", function()
    it("replaces the pair that the client holds", function()
      local parameters = box:parameters("oauth2")
      local client = assert(twitter.new(parameters))
      local token = assert(client:refresh_token())
      assert.are_not.equal(parameters.refresh_token, token.refresh_token)
      assert.is_number(token.expires_at)
      assert(client:create_text_tweet("with the new pair"))
      assert(client:refresh_token())
    end)

    it("finds a spent refresh token dead", function()
      local parameters = box:parameters("oauth2")
      assert(twitter.refresh_token(parameters))
      local token, err = twitter.refresh_token(parameters)
      assert.is_nil(token)
      assert.equal("auth", err.kind)
      assert.equal("refused", err.outcome)
      assert.is_nil(tostring(err):find(parameters.refresh_token, 1, true))
    end)

    it("shows the pair to on_token before it is used", function()
      local seen
      local parameters = box:parameters("oauth2")
      parameters.on_token = function(token) seen = token end
      local client = assert(twitter.new(parameters))
      local token = assert(client:refresh_token())
      assert.same(token, seen)
    end)

    it("does not lose the pair when on_token fails", function()
      local parameters = box:parameters("oauth2")
      parameters.on_token = function() error("disk full") end
      local client = assert(twitter.new(parameters))
      local token, facts = assert(client:refresh_token())
      assert.is_string(token.refresh_token)
      assert.matches("disk full", facts.on_token_error)
    end)

    it("is not tried twice when the answer is lost", function()
      local parameters = box:parameters("oauth2")
      assert(box:control("POST", "/faults", {
        match = { path = "/2/oauth2/token" },
        fault = { kind = "reset_after" },
      }))
      assert(box:control("DELETE", "/requests"))
      local token, err = twitter.refresh_token(parameters)
      assert.is_nil(token)
      assert.equal("network", err.kind)
      assert.equal("unknown", err.outcome)
      assert.equal(1, err.attempts)
      assert.equal(1, assert(box:control("GET", "/requests")).count)
    end)
  end)
end)
