local core = require "twitter.core"
local vectors = require "support.vectors"

local function signer_of(c)
  return core.signer(c.consumer_key, c.consumer_secret, c.token,
    c.token_secret)
end

local example = vectors.example
local fixed = vectors.example_options

-- The base URL that is signed for 'url', decoded.
local function base_url(url)
  local base = assert(signer_of(example):base_string("GET", url, nil, fixed))
  return core.unescape(base:match("^GET&([^&]*)&"))
end

-- The parameter string that is signed, decoded once; the signer's own
-- parameters are cut down to a bar.
local function parameters(url, form, options)
  local base = assert(signer_of(example):base_string("GET", url, form,
    options or fixed))
  local text = core.unescape(base:match("&([^&]*)$"))
  return (text:gsub("oauth_consumer_key=.-oauth_version=1.0", "|"))
end

local URL = "https://api.x.com/2/x"

describe("base URL", function()
  local function is(expected, url)
    assert.equal(expected, base_url(url))
  end

  it("has scheme and host in lower case, the path as it is", function()
    is("https://api.x.com/2/Tweets", "HTTPS://API.X.com/2/Tweets")
    is("http://api.x.com/%7euser/%2F", "HtTp://api.x.com/%7euser/%2F")
    is("https://api.x.com/a/../b//c;d=1", "https://api.x.com/a/../b//c;d=1")
  end)

  it("has no default port, but keeps any other", function()
    is("https://api.x.com/", "https://api.x.com:443/")
    is("https://api.x.com/", "https://api.x.com:/")
    is("https://api.x.com/", "https://api.x.com:0443/")
    is("http://api.x.com/", "http://api.x.com:80/")
    is("https://api.x.com:80/", "https://api.x.com:80/")
    is("http://api.x.com:443/", "http://api.x.com:443/")
    is("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a")
    is("https://api.x.com:65535/", "https://api.x.com:65535/")
  end)

  it("has a path, and neither query nor fragment", function()
    is("https://api.x.com/", "https://api.x.com")
    is("https://api.x.com/", "https://api.x.com?a=/b")
    is("https://api.x.com/", "https://api.x.com#/b?c")
    is("https://api.x.com/a", "https://api.x.com/a?b?c#d")
    is("https://api.x.com/a@b", "https://api.x.com/a@b")
  end)

  it("takes an IPv6 address", function()
    is("http://[::1]/a", "http://[::1]:80/a")
    is("https://[2001:db8::a]:8443/a", "https://[2001:DB8::A]:8443/a")
  end)

  it("is refused when it is doubtful", function()
    local signer = signer_of(example)
    for _, url in ipairs {
      "", "api.x.com/2", "/2/tweets", "ftp://api.x.com/", "https:/api.x.com/",
      "https://", "https:///a", "https://?a", "https://:443/",
      "https://api.x.com:0/", "https://api.x.com:65536/",
      "https://api.x.com:44a/", "https://api.x.com:443:443/",
      "https://api.x.com:99999999999999999999/", "https://[::1/",
      "https://[]/", "https://[::1]a/", "https://::1/", "https://a b/",
      "https://api.x.com/a b", "https://api.x.com/\n", "https://api.x.com/\0",
      "https://api.x.com\\evil/", "https://" .. ("a"):rep(256) .. "/",
    } do
      local header, message = signer:header("GET", url)
      assert.is_nil(header, url)
      assert.equal("not an absolute http or https URL as it is sent", message)
    end
  end)

  it("is refused with a user name or a password in it", function()
    for _, url in ipairs { "https://me@api.x.com/", "https://a:b@api.x.com/",
      "https://@api.x.com" } do
      local header, message = signer_of(example):header("GET", url)
      assert.is_nil(header)
      assert.equal("user name or password in the URL", message)
    end
  end)

  it("takes a host of 255 characters", function()
    is("https://" .. ("a"):rep(255) .. "/", "https://" .. ("a"):rep(255))
  end)
end)

describe("parameters", function()
  it("of the query are decoded, a plus being a space", function()
    assert.equal("a=1%202%203&b=%2B&|", parameters(URL .. "?b=%2b&a=1+2%203"))
  end)

  it("may have an empty value, no value, or no name", function()
    assert.equal("=&=v&a=&b=&|", parameters(URL .. "?a&b=&=v&="))
  end)

  it("that are not there are not signed", function()
    assert.equal("|", parameters(URL .. "?"))
    assert.equal("a=1&b=2&|", parameters(URL .. "?&&a=1&&b=2&"))
  end)

  it("keep all that follows the first equals sign", function()
    assert.equal("a=b%3Dc%3D&|", parameters(URL .. "?a=b=c="))
  end)

  it("come from the form as they are", function()
    assert.equal("a=1%2B2&b=%2520&n=7&|", parameters(URL, { { "b", "%20" },
      { "a", "1+2" }, { "n", 7 } }))
  end)

  it("of query and form are sorted together", function()
    assert.equal("a=1&a=2&a=3&b=0&|&z=1", parameters(URL .. "?z=1&a=3&a=1",
      { { "b", "0" }, { "a", "2" } }))
  end)

  it("are sorted by encoded name, then by encoded value", function()
    assert.equal("%2F=1&-=1&a=%7C&a=-&a=1&a=A&a=a&a=~&a-b=0&a.b=0&ab=0&|",
      parameters(URL .. "?ab=0&a.b=0&a-b=0&a=~&a=a&a=A&a=1&a=-&a=%7C&-=1"
        .. "&%2F=1"))
  end)

  it("are all kept when they are the same", function()
    assert.equal("a=1&a=1&a=1&|", parameters(URL .. "?a=1&a=1",
      { { "a", "1" } }))
  end)

  it("are sorted when there are many", function()
    local form, names = {}, {}
    for i = 1, 1000 do
      names[i] = ("n%d"):format(i * 7919 % 1009)
      form[i] = { names[i], "v" }
    end
    table.sort(names)
    local signed = parameters(URL, form)
    assert.is_true(signed == table.concat(names, "=v&") .. "=v&|")
  end)

  it("are refused with malformed percent-encoding in the query", function()
    for _, query in ipairs { "a=100%", "%zz=1", "a=%4", "a=%4&b" } do
      local header, message = signer_of(example):header("GET",
        URL .. "?" .. query)
      assert.is_nil(header)
      assert.equal("malformed percent-encoding in the URL's query", message)
    end
  end)

  it("are refused when they repeat what the signer sends", function()
    local signer = signer_of(example)
    for _, name in ipairs { "oauth_consumer_key", "oauth_nonce",
      "oauth_signature", "oauth_signature_method", "oauth_timestamp",
      "oauth_token", "oauth_version" } do
      local pair = { { name, "1" } }
      assert.is_nil((signer:header("GET", URL .. "?" .. name .. "=1")))
      assert.is_nil((signer:header("GET", URL, pair)))
      local header, message = signer:header("GET", URL, nil, { extra = pair })
      assert.is_nil(header)
      assert.equal("a parameter that the signer sends itself", message)
    end
    assert.is_string(signer:header("GET", URL .. "?oauth_verifier=1"))
  end)

  it("have ceilings", function()
    local signer = signer_of(example)
    local form = {}
    for i = 1, 1018 do form[i] = { "a", "1" } end
    assert.is_string(signer:header("GET", URL, form))
    form[1019] = { "a", "1" }
    local header, message = signer:header("GET", URL, form)
    assert.is_nil(header)
    assert.equal("too many or too long parameters", message)
    local megabyte = ("x"):rep(1024 * 1024)
    assert.is_string(signer:header("GET", URL, { { "", megabyte } }))
    assert.is_nil((signer:header("GET", URL, { { "a", megabyte } })))
    local long = URL .. "?" .. ("a"):rep(64 * 1024 - #URL - 1)
    assert.is_string(signer:header("GET", long))
    assert.is_nil((signer:header("GET", long .. "a")))
    assert.is_string(signer:header("GET", URL))
  end)
end)

describe("an encoded percent sign", function()
  it("gets encoded for each of the two times", function()
    local base = signer_of(example):base_string("GET", URL .. "?a=%25", nil,
      fixed)
    assert.is_truthy(base:find("&a%3D%2525%26oauth", 1, true))
  end)

  it("of a path gets encoded once more", function()
    local base = signer_of(example):base_string("GET", URL .. "/%20", nil,
      fixed)
    assert.is_truthy(base:find("x%2F%2520&", 1, true))
  end)
end)
