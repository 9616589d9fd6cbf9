-- Proves the sandbox's own signing, encoding and PKCE code with published
-- vectors before it judges anybody else's. Raises on the first difference.

local crypto = require "support.sandbox.crypto"
local oauth1 = require "support.sandbox.oauth1"
local uri = require "support.sandbox.uri"

local selfcheck = {}

local credentials = {
  { "oauth_consumer_key", "xvz1evFS4wEEPTGEFPHBog" },
  { "oauth_nonce", "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg" },
  { "oauth_signature_method", "HMAC-SHA1" },
  { "oauth_timestamp", "1318622958" },
  { "oauth_token", "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb" },
  { "oauth_version", "1.0" },
}
local consumer_secret = "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"
local token_secret = "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"

local snowman = "\226\152\131"

-- method, URL, query or form as on the wire, expected signature
local vectors = {
  { "POST", "https://api.x.com/1.1/statuses/update.json",
    "include_entities=true&status=Hello+Ladies+%2B+Gentlemen%2C+a+signed+OAuth+request%21",
    "Ls93hJiZbQ3akF3HF3x1Bz8/zU4=" },
  { "POST", "https://api.x.com/2/tweets", "", "lr+tV/DKclEvXKVjG6tgaSSLV0k=" },
  { "GET", "https://api.x.com/2/tweets/search/recent",
    uri.query {
      { "query", 'from:XDevelopers "hello world" -is:retweet #' .. snowman },
      { "tweet.fields", "created_at,author_id" }, { "max_results", "10" },
    }, "plpDUkOx8T1ap6VpF6ED58VSUG4=" },
  { "POST", "https://api.x.com/2/media/upload/1880028106020515840/append", "",
    "027VeUFoE5N9TSWqiO727VxeLH4=" },
  { "GET", "https://api.x.com/2/media/upload",
    "command=STATUS&media_id=1880028106020515840",
    "ZkMio+avf1tYkOY9L2zbmx4cVaM=" },
  { "GET", "https://api.x.com/2/x",
    "q=%21*%27()%7E+-._%2B%2F%3D%26%3F%25&e=&%C3%BCn%C3%AF=%C3%A4%E2%82%AC%F0%9F%98%80",
    "kMddDfEQDOun9mZ9f8oHf6km5vc=" },
  { "GET", "https://api.x.com/2/x", "a=2&a=10&a=1&a.b=0&a-b=0",
    "Jazyaju1u7tJrglJerK2D9ljb4k=" },
}

local function signature_of(vector)
  local list = assert(uri.pairs(vector[3]))
  for _, pair in ipairs(credentials) do
    list[#list + 1] = pair
  end
  local base = oauth1.base_string(vector[1], vector[2], list)
  return oauth1.sign(base, consumer_secret, token_secret)
end

---@raise when a vector does not come out
function selfcheck.run()
  for number, vector in ipairs(vectors) do
    local signature = signature_of(vector)
    if signature ~= vector[4] then
      error(("sandbox: OAuth vector %d gives %s, not %s"):format(number,
        signature, vector[4]))
    end
  end
  local challenge = crypto.base64url(crypto.sha256(
    "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"))
  assert(challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "sandbox: the PKCE vector does not come out")
end

return selfcheck
