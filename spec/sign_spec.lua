local core = require "twitter.core"
local vectors = require "support.vectors"

local example = vectors.example
local fixed = vectors.example_options

local POST_URL = "https://api.x.com/2/tweets"

local function signer_of(c)
  return core.signer(c.consumer_key, c.consumer_secret, c.token,
    c.token_secret)
end

-- The parameters of a header, decoded, and their names in order.
local function read_header(header)
  local values, names = {}, {}
  local list = assert(header:match("^OAuth (.*)$"))
  for pair in (list .. ", "):gmatch("(.-), ") do
    local name, value = pair:match('^([^=]+)="([^"]*)"$')
    assert(name, "malformed header")
    names[#names + 1] = name
    values[name] = name == "realm" and value or core.unescape(value)
  end
  return values, names
end

describe("a signature", function()
  local function check(v)
    local signer = signer_of(v.credentials)
    local base = signer:base_string(v.method, v.url, v.form, v.options)
    assert.equal(v.base_string or base, base)
    assert.equal(v.base_length or #base, #base)
    if v.parameters then
      assert.equal(v.parameters, core.unescape(base:match("&([^&]*)$")))
    end
    assert.equal(v.signature,
      signer:signature(v.method, v.url, v.form, v.options))
    local header = signer:header(v.method, v.url, v.form, v.options)
    assert.equal(v.signature, read_header(header).oauth_signature)
  end

  for _, vector in ipairs(vectors.requests) do
    it("is X's for " .. vector.name, function() check(vector) end)
  end

  for _, vector in ipairs(vectors.rfc5849) do
    it("is the RFC's for " .. vector.name, function() check(vector) end)
  end

  it("is made with the keys' encoded halves", function()
    local signer = core.signer("k", "a&b c", "t", "d+/")
    local base = signer:base_string("GET", POST_URL, nil, fixed)
    assert.equal(core.base64(core.hmac_sha1("a%26b%20c&d%2B%2F", base)),
      signer:signature("GET", POST_URL, nil, fixed))
  end)

  it("is right for keys shorter and longer than a block", function()
    for n = 0, 200, 7 do
      local secret = ("s"):rep(n)
      local signer = core.signer("k", secret, "t", "x")
      local base = signer:base_string("GET", POST_URL, nil, fixed)
      assert.equal(core.base64(core.hmac_sha1(secret .. "&x", base)),
        signer:signature("GET", POST_URL, nil, fixed))
    end
  end)

  it("does not depend on the requests before it", function()
    local signer = signer_of(example)
    local big = { { "a", ("%"):rep(200000) } }
    assert.is_string(signer:header("GET", POST_URL, big))
    assert.is_nil((signer:header("GET", "nonsense")))
    assert.is_nil((signer:header("GET", POST_URL .. "?b=1&a=%")))
    assert.has_error(function()
      signer:header("GET", POST_URL, { { "a", "1" }, { "b" } })
    end)
    assert.equal("lr+tV/DKclEvXKVjG6tgaSSLV0k=",
      signer:signature("POST", POST_URL, nil, fixed))
  end)

  it("takes the method in any case", function()
    local signer = signer_of(example)
    assert.equal(signer:signature("POST", POST_URL, nil, fixed),
      signer:signature("post", POST_URL, nil, fixed))
    for _, bad in ipairs { "", "GE T", "GET\n", "G&T", ("A"):rep(33) } do
      local header, message = signer:header(bad, POST_URL)
      assert.is_nil(header)
      assert.equal("not a method of HTTP", message)
    end
  end)
end)

describe("a header", function()
  it("lists its parameters by name, encoded and quoted", function()
    assert.equal('OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", '
      .. 'oauth_nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", '
      .. 'oauth_signature="lr%2BtV%2FDKclEvXKVjG6tgaSSLV0k%3D", '
      .. 'oauth_signature_method="HMAC-SHA1", oauth_timestamp="1318622958", '
      .. 'oauth_token="370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", '
      .. 'oauth_version="1.0"',
      signer_of(example):header("POST", POST_URL, nil, fixed))
  end)

  it("leaves query and form out, and takes the extra ones in", function()
    local values, names = read_header(signer_of(example):header("POST",
      POST_URL .. "?a=1", { { "b", "2" } }, {
        realm = "Photos and more",
        extra = { { "oauth_callback", "http://a.b/?c=d&e" },
          { "x_auth_access_type", "read" } },
      }))
    assert.equal("realm oauth_callback oauth_consumer_key oauth_nonce "
      .. "oauth_signature oauth_signature_method oauth_timestamp "
      .. "oauth_token oauth_version x_auth_access_type",
      table.concat(names, " "))
    assert.equal("http://a.b/?c=d&e", values.oauth_callback)
    assert.equal("read", values.x_auth_access_type)
    assert.equal("Photos and more", values.realm)
  end)

  it("has no token without one, and no version when told so", function()
    local values = read_header(core.signer("k", "s"):header("GET", POST_URL,
      nil, { version = false }))
    assert.is_nil(values.oauth_token)
    assert.is_nil(values.oauth_version)
    values = read_header(core.signer("k", "s"):header("GET", POST_URL, nil,
      { version = true }))
    assert.equal("1.0", values.oauth_version)
  end)

  it("signs the nonce and the time that stand in it", function()
    local signer = signer_of(example)
    local header = signer:header("GET", POST_URL .. "?z=1&a=2")
    local values = read_header(header)
    assert.equal(values.oauth_signature, signer:signature("GET",
      POST_URL .. "?z=1&a=2", nil, {
        nonce = values.oauth_nonce,
        timestamp = tonumber(values.oauth_timestamp),
      }))
  end)

  it("has the time of day", function()
    local before = os.time()
    local values = read_header(signer_of(example):header("GET", POST_URL))
    local time = tonumber(values.oauth_timestamp)
    assert.is_true(before <= time and time <= os.time())
  end)

  it("has a nonce of its own in 10,000 headers", function()
    local signer, seen = signer_of(example), {}
    for _ = 1, 10000 do
      local header = signer:header("POST", POST_URL)
      local nonce = header:match('oauth_nonce="([A-Za-z0-9]+)"')
      assert(#nonce == 43 and not seen[nonce])
      seen[nonce] = true
    end
  end)

  it("encodes a nonce that was given", function()
    local header = signer_of(example):header("GET", POST_URL, nil,
      { nonce = "a b%", timestamp = 1e10 })
    assert.is_truthy(header:find('oauth_nonce="a%20b%25"', 1, true))
    assert.is_truthy(header:find('oauth_timestamp="10000000000"', 1, true))
    local base = signer_of(example):base_string("GET", POST_URL, nil,
      { nonce = "a b%", timestamp = 1e10 })
    assert.is_truthy(base:find("nonce%3Da%2520b%2525%26", 1, true))
  end)

  it("encodes the consumer key and the token", function()
    local signer = core.signer("k/1", "s", "t=1", "s")
    local values = read_header(signer:header("GET", POST_URL))
    assert.equal("k/1", values.oauth_consumer_key)
    assert.equal("t=1", values.oauth_token)
    assert.is_truthy(signer:base_string("GET", POST_URL)
      :find("oauth_token%3Dt%253D1%26", 1, true))
  end)

  it("refuses a realm that could end it", function()
    for _, realm in ipairs { 'a"b', "a\\", "a\r\nb", "\0", "\127",
      ("a"):rep(1025) } do
      local header, message = signer_of(example):header("GET", POST_URL, nil,
        { realm = realm })
      assert.is_nil(header)
      assert.equal("a realm that cannot be quoted", message)
    end
  end)

  it("allows oauth_token as a parameter when the signer has none", function()
    local signer = core.signer("k", "s")
    assert.is_string(signer:header("POST", POST_URL, { { "oauth_token",
      "t" } }))
    assert.is_nil((signer:header("POST", POST_URL, { { "oauth_signature",
      "t" } })))
  end)
end)

describe("a signer", function()
  it("refuses credentials that are empty or hold NUL, CR or LF", function()
    local function refuses(...)
      local ok, message = pcall(core.signer, ...)
      assert.is_false(ok)
      assert.is_nil(message:find("hidden", 1, true))
    end
    refuses("", "hidden")
    refuses("key", "hidden", "", "hidden")
    for _, c in ipairs { "\0", "\r", "\n" } do
      refuses("hidden" .. c, "s")
      refuses("k", "hidden" .. c)
      refuses("k", "s", "hidden" .. c, "s")
      refuses("k", "s", "t", c .. "hidden")
    end
    refuses(("hidden"):rep(200), "s")
    refuses("k", ("hidden"):rep(200))
  end)

  it("wants token and token secret together", function()
    assert.has_error(function() core.signer("k", "s", "t") end)
    assert.has_error(function() core.signer("k", "s", nil, "t") end)
    assert.has_error(function() core.signer("k") end)
    assert.has_error(function() core.signer("k", {}) end)
  end)

  it("shows nothing of its credentials", function()
    local text = tostring(signer_of(example))
    assert.is_truthy(text:find("^twitter%.signer"))
    for _, value in pairs(example) do
      assert.is_nil(text:find(value, 1, true))
    end
  end)

  it("says no secret when it refuses a request", function()
    local signer = signer_of(example)
    local _, message = signer:header("GET", "https://a:hidden@api.x.com/")
    assert.is_nil(message:find("hidden", 1, true))
    for _, form in ipairs { { "hidden" }, { { "hidden" } },
      { { {}, "hidden" } }, { { "hidden", true } } } do
      local ok, text = pcall(signer.header, signer, "GET", POST_URL, form)
      assert.is_false(ok)
      assert.is_nil(text:find("hidden", 1, true))
    end
  end)

  it("keeps the secrets out of what it signs", function()
    local base = signer_of(example):base_string("GET", POST_URL)
    assert.is_nil(base:find(example.consumer_secret, 1, true))
    assert.is_nil(base:find(example.token_secret, 1, true))
  end)

  it("can be closed, more than once, and is then no use", function()
    local signer = signer_of(example)
    signer:close()
    signer:close()
    assert.is_truthy(tostring(signer):find("closed", 1, true))
    local ok, message = pcall(signer.header, signer, "GET", POST_URL)
    assert.is_false(ok)
    assert.is_truthy(message:find("signer is closed", 1, true))
  end)

  it("raises for arguments of the wrong type", function()
    local signer = signer_of(example)
    assert.has_error(function() signer.header() end)
    assert.has_error(function() signer.header({}, "GET", POST_URL) end)
    assert.has_error(function()
      signer.header(io.stdout, "GET", POST_URL)
    end)
    assert.has_error(function() signer:header("GET") end)
    assert.has_error(function() signer:header("GET", POST_URL, "a=1") end)
    assert.has_error(function() signer:header("GET", POST_URL, nil, 1) end)
    for _, options in ipairs { { timestamp = "soon" }, { timestamp = 0 },
      { timestamp = -1 }, { timestamp = 1e300 }, { timestamp = 0 / 0 },
      { nonce = 1 }, { realm = {} }, { extra = "a" }, { extra = { 1 } } } do
      assert.has_error(function()
        signer:header("GET", POST_URL, nil, options)
      end)
    end
  end)

  it("survives a collector that runs all the time", function()
    for i = 1, 200 do
      local signer = core.signer("k" .. i, "s", "t", "x")
      local values = read_header(signer:header("POST", POST_URL .. "?a=" .. i,
        { { "b", i } }, { realm = "r" .. i, nonce = "n" .. i }))
      assert.equal("k" .. i, values.oauth_consumer_key)
      assert.equal("n" .. i, values.oauth_nonce)
      collectgarbage()
    end
  end)
end)
