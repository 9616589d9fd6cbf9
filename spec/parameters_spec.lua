local errors = require "twitter.errors"
local parameters = require "twitter.parameters"

local TEN = { "redirect_uri", "scope", "client_id", "client_secret",
  "access_token", "refresh_token", "oauth_token", "oauth_token_secret",
  "oauth_consumer_key", "oauth_consumer_secret" }


-- Checks that `given` is refused with a message that holds `text`.
local function refused(given, text)
  local checked, err = parameters.check(given, "create_text_tweet")
  assert.is_nil(checked)
  assert.is_true(errors.is(err))
  assert.are.equal("invalid", err.kind)
  assert.are.equal("not_sent", err.outcome)
  assert.are.equal("create_text_tweet", err.operation)
  assert.is_truthy(err.message:find(text, 1, true),
    ("%q lacks %q"):format(err.message, text))
  return err
end


local function accepted(given)
  local checked, err = parameters.check(given)
  assert.is_nil(err, tostring(err))
  return checked
end


-- Runs `use` with the path of a JSON file that holds `text`.
local function with_file(text, use)
  local base = os.tmpname()
  local path = base .. ".json"
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  local ok, message = pcall(use, path)
  os.remove(path)
  os.remove(base)
  if not ok then error(message, 0) end
end


describe("parameters.known", function()
  it("describes every parameter once", function()
    local seen = {}
    for _, row in ipairs(parameters.known) do
      assert.is_nil(seen[row.name])
      seen[row.name] = true
      assert.is_truthy(row.name:find("^[a-z0-9_]+$"))
      assert.is_truthy(#row.description > 10)
      assert.is_nil(row.description:find("\n", 1, true))
      if row.default ~= nil then
        assert.are.equal(row.type, type(row.default))
      end
    end
  end)

  it("has defaults that pass its own check", function()
    local defaults = {}
    for name, value in pairs(parameters.standard()) do
      defaults[name] = value
    end
    local checked = accepted(defaults)
    for name, value in pairs(defaults) do
      if value ~= "" then assert.are.equal(value, checked[name]) end
    end
  end)

  it("does not take what was left at its default for given", function()
    local filled = parameters.standard()
    filled.client_id, filled.timeout = "an-id", 5
    assert.same({ client_id = "an-id", timeout = 5 }, accepted(filled))
  end)

  it("refuses a table that inherits", function()
    refused(setmetatable({}, { __index = { timeout = 5 } }), "plain table")
  end)
end)


describe("parameters.standard", function()
  it("has the ten keys and every default", function()
    local standard = parameters.standard()
    for _, name in ipairs(TEN) do
      assert.are.equal("string", type(standard[name]))
    end
    assert.are.equal("", standard.access_token)
    for scope in ("tweet.read tweet.write users.read media.write "
        .. "offline.access"):gmatch("%S+") do
      assert.is_truthy((standard.scope):find(scope, 1, true))
    end
    assert.are.equal("https://api.x.com", standard.api_url)
    assert.are.equal(60, standard.timeout)
    assert.are.equal(2, standard.max_retries)
    assert.are.equal(16777216, standard.max_response)
    assert.is_truthy(standard.user_agent:find("^twitter%-api%-lua/%d"))
    assert.is_nil(standard.bearer_token)
  end)

  it("is a new table every time", function()
    parameters.standard().timeout = 1
    assert.are.equal(60, parameters.standard().timeout)
  end)

  it("can be filled in and passed back", function()
    local standard = parameters.standard()
    standard.access_token = "token"
    local checked = accepted(standard)
    assert.are.equal("token", checked.access_token)
    assert.is_nil(checked.client_secret)
  end)
end)


describe("parameters.check", function()
  it("copies into a fresh table", function()
    local given = { client_id = "id", timeout = 5 }
    local checked = accepted(given)
    assert.are.same({ client_id = "id", timeout = 5 }, checked)
    assert.are_not.equal(given, checked)
    assert.are.same({}, accepted(nil))
    assert.are.same({}, accepted {})
  end)

  it("takes empty strings as not given, and does not write", function()
    local given = { client_id = "", timeout = "", on_token = "" }
    assert.are.same({}, accepted(given))
    assert.are.same({ client_id = "", timeout = "", on_token = "" }, given)
  end)

  it("takes a token table as it is", function()
    local token = { token_type = "bearer", expires_in = 7200,
      expires_at = 1792000000, access_token = "a", refresh_token = "r",
      scope = "tweet.read users.read" }
    assert.are.same(token, accepted(token))
    token = { oauth_token = "1-a", oauth_token_secret = "s", user_id = "1",
      screen_name = "lua" }
    assert.are.same(token, accepted(token))
  end)

  it("names the key that was meant", function()
    local typos = { acess_token = "access_token", accessToken = "access_token",
      ["access-token"] = "access_token", time_out = "timeout",
      clientid = "client_id", retries = false, xyzzy = false,
      max_retry = "max_retries", oauth_tokn = "oauth_token",
      bearer = false, cafile = "ca_file", redirect_url = "redirect_uri" }
    for typo, meant in pairs(typos) do
      local err = refused({ [typo] = "x" },
        "unknown parameter '" .. typo .. "'")
      local hint = err.message:match("%(did you mean '([%w_]+)'%?%)$")
      assert.are.equal(meant or nil, hint)
    end
  end)

  it("answers odd keys in words", function()
    refused({ "value" }, "a key is a number")
    refused({ [true] = 1 }, "a key is a boolean")
    local err = refused({ ["sup3r\27secret"] = 1 }, "unknown parameter")
    assert.is_nil(err.message:find("sup3r", 1, true))
  end)

  it("names the type that was expected", function()
    refused({ timeout = "60" },
      "parameter 'timeout' must be a number (seconds), got string")
    refused({ client_id = 12 },
      "parameter 'client_id' must be a string, got number")
    refused({ on_token = "x" },
      "parameter 'on_token' must be a function, got string")
    refused({ session = "x" }, "must be a table, got string")
    refused({ http_version = 2 },
      'must be a string ("1.1" or "2"), got number')
    refused({ access_token = false }, "must be a string, got boolean")
  end)

  it("checks ranges", function()
    refused({ timeout = 0 }, "between 0.001 and 86400 seconds")
    refused({ timeout = -1 }, "between")
    refused({ timeout = math.huge }, "between")
    refused({ timeout = 0 / 0 }, "NaN")
    refused({ expires_at = math.huge }, "at least 0")
    refused({ chunk_size = 65535 }, "between 65536 and 4194304 bytes")
    refused({ chunk_size = 4194305 }, "between")
    refused({ chunk_size = 65536.5 }, "whole number")
    refused({ max_retries = 1.5 }, "whole number")
    refused({ max_retries = -1 }, "between 0 and 100")
    assert.are.same({ timeout = 0.25, chunk_size = 65536, max_retries = 0 },
      accepted { timeout = 0.25, chunk_size = 65536, max_retries = 0 })
  end)

  it("checks choices", function()
    refused({ auth = "oauth3" }, 'must be "oauth1" or "oauth2" or "app"')
    refused({ media_api = "2.0" }, '"2" or "1.1"')
    accepted { auth = "app", media_api = "1.1", http_version = "2" }
  end)

  it("takes addresses of hosts", function()
    for _, url in ipairs { "https://api.x.com", "http://127.0.0.1:8080",
        "https://localhost:1/base", "http://[::1]:9000",
        "HTTPS://a_b.example" } do
      assert.are.equal(url, accepted({ api_url = url }).api_url)
    end
    assert.are.equal("https://a.example",
      accepted({ api_url = "https://a.example//" }).api_url)
  end)

  it("refuses other addresses", function()
    for _, url in ipairs { "api.x.com", "ftp://x.com", "https://", "https:///p",
        "https://a b.com", "https://a.com/ x", "https://user:pw@x.com",
        "https://x.com:0", "https://x.com:99999", "https://x.com:",
        "https://x.com?q", "https://x.com/#f", "file:///etc/passwd",
        "https://[::1", "javascript:alert(1)", "http://api.x.com",
        "http://127.0.0.1.example.com", "http://localhost.example" } do
      refused({ api_url = url }, "parameter 'api_url' must")
      refused({ upload_url = url }, "parameter 'upload_url' must")
    end
  end)

  it("takes redirects to apps and pages", function()
    for _, url in ipairs { "https://example.com/back?x=1", "oob",
        "http://127.0.0.1:5000/callback", "myapp://callback",
        "com.example.app:/done" } do
      assert.are.equal(url, accepted({ redirect_uri = url }).redirect_uri)
    end
    for _, url in ipairs { "callback", "https://", "http:x", "a b://c" } do
      refused({ redirect_uri = url }, "parameter 'redirect_uri' must")
    end
  end)

  it("takes proxies with and without a scheme", function()
    for _, url in ipairs { "proxy:3128", "proxy", "http://proxy:3128",
        "socks5h://user:p%40ss@10.0.0.1:1080", "https://proxy/",
        "[::1]:80" } do
      assert.are.equal(url, accepted({ proxy = url }).proxy)
    end
    for _, url in ipairs { "gopher://proxy", "http://", "http://p:port",
        "http://p/path", "p:0" } do
      refused({ proxy = url }, "parameter 'proxy'")
    end
  end)

  it("lets no control character into a header", function()
    for _, row in ipairs(parameters.known) do
      if row.type == "string" then
        for _, bad in ipairs { "a\r\nX: y", "a\nb", "a\0b", "\27[0m",
            "\127" } do
          refused({ [row.name] = bad }, "parameter '" .. row.name
            .. "' must not hold control characters")
        end
      end
    end
  end)

  it("never shows a value", function()
    for _, row in ipairs(parameters.known) do
      local _, err = parameters.check {
        [row.name] = row.type == "string" and "s3cretvalue\n" or "s3cretvalue" }
      assert.is_nil(tostring(err):find("s3cret", 1, true))
    end
    local _, err = parameters.check { api_url = "https://s3cret:pw@host" }
    assert.is_nil(tostring(err):find("s3cret", 1, true))
  end)
end)


describe("parameters from a file", function()
  it("are read and checked", function()
    with_file('{"client_id":"id","timeout":5,"scope":"","proxy":null}',
      function(path)
        assert.are.same({ client_id = "id", timeout = 5 }, accepted(path))
      end)
    with_file('{"timeuot":5}', function(path)
      refused(path, "did you mean 'timeout'")
    end)
  end)

  it("answer a file error when they cannot be read", function()
    local checked, err = parameters.check("/nonexistent/p.json", "get_users_me")
    assert.is_nil(checked)
    assert.are.equal("file", err.kind)
    assert.are.equal("not_sent", err.outcome)
    assert.are.equal("get_users_me", err.operation)
    assert.are.equal("cannot read the parameter file '/nonexistent/p.json': "
      .. "No such file or directory", err.message)
    checked, err = parameters.check("/tmp")
    assert.is_nil(checked)
    assert.are.equal("file", err.kind)
  end)

  it("answer a JSON error that does not show the contents", function()
    for _, text in ipairs { "", "sup3rsecret", '{"access_token":"sup3rsecret"',
        '"sup3rsecret"', "12" } do
      with_file(text, function(path)
        local checked, err = parameters.check(path, "op")
        assert.is_nil(checked)
        assert.are.equal("json", err.kind)
        assert.are.equal("not_sent", err.outcome)
        assert.is_nil(tostring(err):find("sup3r", 1, true))
      end)
    end
  end)

  it("are limited in length", function()
    with_file((" "):rep(1048577), function(path)
      local _, err = parameters.check(path)
      assert.are.equal("file", err.kind)
      assert.is_truthy(err.message:find("1 MiB", 1, true))
    end)
  end)

  it("do not show a token that stands where a path should", function()
    local _, err = parameters.check("AAAAAAAAAAAA%2Fsup3rs3cret")
    assert.are.equal("file", err.kind)
    assert.is_nil(tostring(err):find("sup3r", 1, true))
    refused("", "path of a JSON file")
    refused("a\0b.json", "path of a JSON file")
  end)
end)


describe("parameters.merge", function()
  it("goes key by key, the later table first", function()
    local layers = { { timeout = 60, scope = "s", client_id = "" },
      { timeout = 30, client_id = "configured" },
      { client_id = "bound", proxy = "p" }, { client_id = "call" } }
    assert.are.same({ timeout = 30, scope = "s", client_id = "call",
      proxy = "p" },
      parameters.merge(layers[1], layers[2], layers[3], layers[4]))
    assert.are.same({ timeout = 60, scope = "s", client_id = "" }, layers[1])
    assert.are.same({ client_id = "call" }, layers[4])
  end)

  it("takes layers that are missing and skips empty strings", function()
    assert.are.same({}, parameters.merge())
    assert.are.same({ timeout = 1 }, parameters.merge(nil, { timeout = 1 },
      nil, { timeout = "" }))
    local only = { timeout = 1 }
    assert.are_not.equal(only, parameters.merge(only))
  end)
end)


describe("parameters.secrets", function()
  it("lists what must not be shown", function()
    local list = parameters.secrets {
      client_id = "public", timeout = 3, client_secret = "one",
      access_token = "two", code_verifier = "three", oauth_token_secret = "",
      session = { state = "st", code_verifier = "four" },
      proxy = "http://me:pass@proxy:1",
    }
    table.sort(list)
    local basic = "cHVibGljOm9uZQ=="  -- client id and secret, as sent
    assert.are.same({ basic, "four", "me:pass", "one", "pass", "three",
      "two" }, list)
    assert.are.same({}, parameters.secrets {})
    assert.are.same({}, parameters.secrets(accepted(parameters.standard())))
  end)
end)


describe("parameters.nearest", function()
  it("finds the nearest of any names", function()
    local names = { "get_users_me", "get_users_by_id", "search_posts_recent" }
    assert.are.equal("get_users_me", parameters.nearest("get_user_me", names))
    assert.are.equal("get_users_me", parameters.nearest("getUsersMe", names))
    assert.are.equal("search_posts_recent",
      parameters.nearest("serach_posts_recent", names))
    assert.is_nil(parameters.nearest("delete_everything", names))
    assert.is_nil(parameters.nearest("", names))
    assert.is_nil(parameters.nearest(12, names))
    assert.is_nil(parameters.nearest(("get_users_me"):rep(100), names))
    assert.is_nil(parameters.nearest("x", {}))
  end)
end)


describe("parameters.expects", function()
  it("tells misuse from bad values", function()
    for _, value in ipairs { {}, "path.json" } do
      assert.is_true(parameters.expects(value))
    end
    assert.is_true(parameters.expects(nil))
    for _, value in ipairs { 1, true, print } do
      assert.is_false(parameters.expects(value))
    end
  end)
end)
