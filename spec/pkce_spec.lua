local core = require "twitter.core"
local vectors = require "support.vectors"

describe("PKCE", function()
  it("derives the challenge of the RFC's verifier", function()
    assert.equal(vectors.pkce.challenge,
      core.pkce_challenge(vectors.pkce.verifier))
  end)

  it("makes verifiers of 43 characters, each another", function()
    local seen = {}
    for _ = 1, 1000 do
      local verifier = core.pkce_verifier()
      assert.is_truthy(verifier:find("^[%w%-_]+$"))
      assert.equal(43, #verifier)
      assert.is_nil(seen[verifier])
      seen[verifier] = true
    end
  end)

  it("derives what SHA-256 and base64url make", function()
    local verifier = core.pkce_verifier()
    assert.equal(core.base64url(core.sha256(verifier)),
      core.pkce_challenge(verifier))
  end)

  it("takes verifiers of 43 to 128 unreserved characters", function()
    assert.equal(43, #core.pkce_challenge(("a-._~9Z"):rep(7):sub(1, 43)))
    assert.equal(43, #core.pkce_challenge(("b"):rep(128)))
  end)

  it("raises for any other, without showing it", function()
    for _, bad in ipairs { "", ("s"):rep(42), ("s"):rep(129),
      ("s"):rep(42) .. "+", ("s"):rep(42) .. "=", ("s"):rep(42) .. "\0" } do
      local ok, message = pcall(core.pkce_challenge, bad)
      assert.is_false(ok)
      assert.is_nil(message:find("ssss", 1, true))
    end
  end)
end)

describe("Basic credentials", function()
  it("are those of X's example", function()
    local v = vectors.basic
    assert.equal(v.header, core.basic(v.user, v.password))
  end)

  it("are percent-encoded before they are joined", function()
    assert.equal("Basic " .. core.base64("a%3Ab:c%20d%2B"),
      core.basic("a:b", "c d+"))
    assert.equal("Basic " .. core.base64(":"), core.basic("", ""))
  end)

  it("can be long", function()
    local long = ("%"):rep(100000)
    assert.equal("Basic " .. core.base64(core.escape(long) .. ":"
      .. core.escape(long)), core.basic(long, long))
  end)
end)
