local auth = require "twitter.auth"

local oauth1 = {
  oauth_consumer_key = "ck", oauth_consumer_secret = "cs",
  oauth_token = "t", oauth_token_secret = "ts",
}

local function with(extra)
  local merged = {}
  for name, value in pairs(oauth1) do merged[name] = value end
  for name, value in pairs(extra) do merged[name] = value end
  return merged
end

describe("twitter.auth", function()
  local user = { "oauth2", "oauth1" }

  it("takes the OAuth 2.0 user token first", function()
    assert.equal("oauth2", auth.choose(user, with { access_token = "a" }))
  end)

  it("takes OAuth 1.0a where there is no user token", function()
    assert.equal("oauth1", auth.choose(user, oauth1))
  end)

  it("never sends a kind that the call does not accept", function()
    local scheme, message = auth.choose(user, { bearer_token = "b" })
    assert.is_nil(scheme)
    assert.matches("access_token", message)
    assert.matches("oauth_token_secret", message)
  end)

  it("does what `auth` says", function()
    assert.equal("oauth1", auth.choose(user,
      with { access_token = "a", auth = "oauth1" }))
  end)

  it("says which key is missing for the forced kind", function()
    local scheme, message = auth.choose(user,
      { auth = "oauth1", oauth_consumer_key = "ck" })
    assert.is_nil(scheme)
    assert.matches("oauth_token_secret", message)
  end)

  it("says when the forced kind is not accepted", function()
    local scheme, message = auth.choose(user,
      { auth = "app", bearer_token = "b" })
    assert.is_nil(scheme)
    assert.matches("does not accept", message)
  end)

  it("names what is missing of credentials given by half", function()
    local scheme, message = auth.choose(user,
      { oauth_consumer_key = "ck", oauth_consumer_secret = "cs",
        oauth_token = "t" })
    assert.is_nil(scheme)
    assert.matches("incomplete: oauth_token_secret not given", message)
  end)
end)
