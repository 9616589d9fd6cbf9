-- Known answers: requests and the signatures, encodings and digests that
-- belong to them, from RFC 5849, RFC 7636, RFC 4648, RFC 2202, RFC 4231 and
-- X's own documentation. Everything here is an example, no one's credential.

local vectors = {}

-- The credentials of X's published signing example, its nonce and time.
vectors.example = {
  consumer_key = "xvz1evFS4wEEPTGEFPHBog",
  consumer_secret = "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
  token = "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
  token_secret = "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
}

local example_options = {
  nonce = "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
  timestamp = 1318622958,
}

vectors.example_options = example_options

local login_key = {
  consumer_key = "cChZNFj6T5R0TigYB9yd1w",
  consumer_secret = "L8qq9PZyRg6ieKGEKhZolGC0vJWLw8iEJ88DRdyOg",
}

local login_token = {
  consumer_key = login_key.consumer_key,
  consumer_secret = login_key.consumer_secret,
  token = "NPcudxy0yU5T3tBzho7iCotZ3cnetKwcTIRlX0iwRl0",
  token_secret = "veNRnAWe6inFuo8o2u8SLLZLjolYDmDP7SzL0YfYI",
}

local login_callback = {
  nonce = "ea9ec8429b68d6b77cd5600adbbb0456",
  timestamp = 1318467427,
  extra = { { "oauth_callback", "http://localhost/sign-in-with-twitter/" } },
}

local login_exchange = {
  nonce = "a9900fe68e2573b27a37f10fbad6a755",
  timestamp = 1318467427,
}

local login_verifier = {
  { "oauth_verifier", "uw7NjWHT6OJ1MpJOXsHfNxoAhPKpgI8BlYDhxEjIBY" },
}

local status_form = {
  { "status", "Hello Ladies + Gentlemen, a signed OAuth request!" },
}

local STATUS = "https://api.x.com/1.1/statuses/update.json"
  .. "?include_entities=true"

-- The parameter string of a request with the example's credentials, given
-- what is sorted before and after the signer's own parameters.
local function example_parameters(before, after)
  return before .. "oauth_consumer_key=xvz1evFS4wEEPTGEFPHBog"
    .. "&oauth_nonce=kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"
    .. "&oauth_signature_method=HMAC-SHA1&oauth_timestamp=1318622958"
    .. "&oauth_token=370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"
    .. "&oauth_version=1.0" .. after
end

-- Each: name, credentials, method, url, form, options, signature, and for
-- some the base string or the parameter string inside it.
vectors.requests = {
  {
    name = "X's example: a status with a form and a query",
    credentials = vectors.example,
    method = "POST", url = STATUS, form = status_form,
    options = example_options,
    signature = "Ls93hJiZbQ3akF3HF3x1Bz8/zU4=",
    parameters = example_parameters("include_entities=true&",
      "&status=Hello%20Ladies%20%2B%20Gentlemen%2C%20a%20signed%20OAuth"
      .. "%20request%21"),
    base_string = "POST&https%3A%2F%2Fapi.x.com%2F1.1%2Fstatuses"
      .. "%2Fupdate.json&include_entities%3Dtrue"
      .. "%26oauth_consumer_key%3Dxvz1evFS4wEEPTGEFPHBog"
      .. "%26oauth_nonce%3DkYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg"
      .. "%26oauth_signature_method%3DHMAC-SHA1"
      .. "%26oauth_timestamp%3D1318622958%26oauth_token%3D"
      .. "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"
      .. "%26oauth_version%3D1.0%26status%3DHello%2520Ladies%2520%252B"
      .. "%2520Gentlemen%252C%2520a%2520signed%2520OAuth%2520request%2521",
    base_length = 446,
  },
  {
    name = "the same status on api.twitter.com, version 1.1",
    credentials = vectors.example,
    method = "POST", form = status_form, options = example_options,
    url = "https://api.twitter.com/1.1/statuses/update.json"
      .. "?include_entities=true",
    signature = "hCtSmYh+iHYCEqBWrE7C7hYmtUk=",
    base_length = 452,
  },
  {
    name = "the same status on api.twitter.com, version 1",
    credentials = vectors.example,
    method = "POST", form = status_form, options = example_options,
    url = "https://api.twitter.com/1/statuses/update.json"
      .. "?include_entities=true",
    signature = "tnnArxj06cWHq44gCs1OSKk/jLY=",
  },
  {
    name = "the same status on api.x.com, version 1",
    credentials = vectors.example,
    method = "POST", form = status_form, options = example_options,
    url = "https://api.x.com/1/statuses/update.json?include_entities=true",
    signature = "jImLLc8KqfFuZu++wewTeWd3zpE=",
  },
  {
    name = "a post with a JSON body, of which nothing is signed",
    credentials = vectors.example,
    method = "POST", url = "https://api.x.com/2/tweets",
    options = example_options,
    signature = "lr+tV/DKclEvXKVjG6tgaSSLV0k=",
  },
  {
    name = "a search with operators, quotes, a comma and a snowman",
    credentials = vectors.example,
    method = "GET",
    url = "https://api.x.com/2/tweets/search/recent?query=from%3AXDevelopers"
      .. "%20%22hello%20world%22%20-is%3Aretweet%20%23%E2%98%83"
      .. "&tweet.fields=created_at,author_id&max_results=10",
    options = example_options,
    signature = "plpDUkOx8T1ap6VpF6ED58VSUG4=",
    parameters = example_parameters("max_results=10&",
      "&query=from%3AXDevelopers%20%22hello%20world%22%20-is%3Aretweet"
      .. "%20%23%E2%98%83&tweet.fields=created_at%2Cauthor_id"),
  },
  {
    name = "a multipart upload, of which no part is signed",
    credentials = vectors.example,
    method = "POST",
    url = "https://api.x.com/2/media/upload/1880028106020515840/append",
    options = example_options,
    signature = "027VeUFoE5N9TSWqiO727VxeLH4=",
  },
  {
    name = "the state of an upload",
    credentials = vectors.example,
    method = "GET",
    url = "https://api.x.com/2/media/upload"
      .. "?command=STATUS&media_id=1880028106020515840",
    options = example_options,
    signature = "ZkMio+avf1tYkOY9L2zbmx4cVaM=",
  },
  {
    name = "punctuation, an empty value, letters with accents and an emoji",
    credentials = vectors.example,
    method = "GET",
    url = "https://api.x.com/2/x?q=!*'()~+-._%2B%2F%3D%26%3F%25&e="
      .. "&%C3%BCn%C3%AF=%C3%A4%E2%82%AC%F0%9F%98%80",
    options = example_options,
    signature = "kMddDfEQDOun9mZ9f8oHf6km5vc=",
    parameters = example_parameters(
      "%C3%BCn%C3%AF=%C3%A4%E2%82%AC%F0%9F%98%80&e=&",
      "&q=%21%2A%27%28%29~%20-._%2B%2F%3D%26%3F%25"),
  },
  {
    name = "one name three times, and names that sort close to it",
    credentials = vectors.example,
    method = "GET",
    url = "https://api.x.com/2/x?a=2&a=10&a=1&a.b=0&a-b=0",
    options = example_options,
    signature = "Jazyaju1u7tJrglJerK2D9ljb4k=",
    parameters = example_parameters("a=1&a=10&a=2&a-b=0&a.b=0&", ""),
  },
  {
    name = "a request token, on api.x.com",
    credentials = login_key,
    method = "POST", url = "https://api.x.com/oauth/request_token",
    options = login_callback,
    signature = "X9xhcB9d+NxXd/ThJ/n51vPhetM=",
  },
  {
    name = "a request token, on api.twitter.com",
    credentials = login_key,
    method = "POST", url = "https://api.twitter.com/oauth/request_token",
    options = login_callback,
    signature = "F1Li3tvehgcraF8DMJ7OyxO4w9Y=",
  },
  {
    name = "an access token, on api.x.com",
    credentials = login_token,
    method = "POST", url = "https://api.x.com/oauth/access_token",
    form = login_verifier, options = login_exchange,
    signature = "G3DdousFWwxEepaZcmHguKqeBvs=",
  },
  {
    name = "an access token, on api.twitter.com",
    credentials = login_token,
    method = "POST", url = "https://api.twitter.com/oauth/access_token",
    form = login_verifier, options = login_exchange,
    signature = "39cipBtIOHEEnybAR4sATQTpl2I=",
  },
}

-- RFC 5849, section 1.2 (and one of the specification it grew out of).
local function photos(token, token_secret)
  return {
    consumer_key = "dpf43f3p2l4k3l03", consumer_secret = "kd94hf93k423kf44",
    token = token, token_secret = token_secret,
  }
end

local PHOTO = "http://photos.example.net/photos?file=vacation.jpg"
  .. "&size=original"

vectors.rfc5849 = {
  {
    name = "temporary credentials",
    credentials = photos(),
    method = "POST", url = "https://photos.example.net/initiate",
    options = {
      nonce = "wIjqoS", timestamp = 137131200, version = false,
      realm = "Photos",
      extra = { { "oauth_callback", "http://printer.example.com/ready" } },
    },
    signature = "74KNZJeDHnMBp0EMJ9ZHt/XKycU=",
  },
  {
    name = "token credentials",
    credentials = photos("hh5s93j4hdidpola", "hdhd0244k9j7ao03"),
    method = "POST", url = "https://photos.example.net/token",
    options = {
      nonce = "walatlh", timestamp = 137131201, version = false,
      realm = "Photos",
      extra = { { "oauth_verifier", "hfdp7dh39dks9884" } },
    },
    signature = "gKgrFCywp7rO0OXSjdot/IHF7IU=",
  },
  {
    name = "a photo over plain http",
    credentials = photos("nnch734d00sl2jdk", "pfkkdhi9sl3r4s00"),
    method = "GET", url = PHOTO,
    options = {
      nonce = "chapoH", timestamp = 137131202, version = false,
      realm = "Photos",
    },
    signature = "MdpQcU8iPSUjWoN/UDMsK2sui9I=",
  },
  {
    name = "a photo, with a version",
    credentials = photos("nnch734d00sl2jdk", "pfkkdhi9sl3r4s00"),
    method = "GET", url = PHOTO,
    options = { nonce = "kllo9940pd9333jh", timestamp = 1191242096 },
    signature = "tR3+Ty81lMeYAr/Fid0kMTYa/WM=",
  },
  {
    name = "the parameters of section 3.4.1",
    credentials = {
      consumer_key = "9djdj82h48djs9d2", consumer_secret = "j49sk3j29djd",
      token = "kkk9d7dh3k39sjv7", token_secret = "dh893hdasih9",
    },
    method = "POST",
    url = "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
    form = { { "c2", "" }, { "a3", "2 q" } },
    options = {
      nonce = "7d8f3e4a", timestamp = 137131201, version = false,
      realm = "Example",
    },
    signature = "r6/TJjbCOr97/+UU0NsvSne7s5g=",
    base_string = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b"
      .. "%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D"
      .. "%26oauth_consumer_key%3D9djdj82h48djs9d2"
      .. "%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1"
      .. "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7",
  },
}

-- Plain and percent-encoded text.
vectors.escapes = {
  { "Ladies + Gentlemen", "Ladies%20%2B%20Gentlemen" },
  { "An encoded string!", "An%20encoded%20string%21" },
  { "Dogs, Cats & Mice", "Dogs%2C%20Cats%20%26%20Mice" },
  { "\226\152\131", "%E2%98%83" },
  { "!*'()", "%21%2A%27%28%29" },
  { "-._~", "-._~" },
  { "100%", "100%25" },
  { "\0\127\255", "%00%7F%FF" },
  { "", "" },
}

-- RFC 4648, section 10.
vectors.base64 = {
  { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" },
  { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" },
  { "\251\255\190", "+/++" }, { "\255\255\255", "////" },
}

-- Digest in hex. RFC 2202 and RFC 4231; the long key is hashed first.
vectors.hmac = {
  {
    key = ("\11"):rep(20), text = "Hi There",
    sha1 = "b617318655057264e28bc0b6fb378c8ef146be00",
    sha256 = "b0344c61d8db38535ca8afceaf0bf12b"
      .. "881dc200c9833da726e9376c2e32cff7",
  },
  {
    key = "Jefe", text = "what do ya want for nothing?",
    sha1 = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
    sha256 = "5bdcc146bf60754e6a042426089575c7"
      .. "5a003f089d2739839dec58b964ec3843",
  },
  {
    key = ("\170"):rep(131),
    text = "Test Using Larger Than Block-Size Key - Hash Key First",
    sha256 = "60e431591ee0b67f0d8a26aacbf5b77f"
      .. "8e0bc6213728c5140546040f0ee37f54",
  },
  {
    key = ("\170"):rep(80),
    text = "Test Using Larger Than Block-Size Key - Hash Key First",
    sha1 = "aa4ae5e15272d00e95705637ce8a3b55ed402112",
  },
}

vectors.sha256 = {
  { "", "e3b0c44298fc1c149afbf4c8996fb924"
    .. "27ae41e4649b934ca495991b7852b855" },
  { "abc", "ba7816bf8f01cfea414140de5dae2223"
    .. "b00361a396177a9cb410ff61f20015ad" },
}

-- RFC 7636, appendix B.
vectors.pkce = {
  verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
  challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
}

-- X's example of the header for an app-only token.
vectors.basic = {
  user = "xvz1evFS4wEEPTGEFPHBog",
  password = "L8qq9PZyRg6ieKGEKhZolGC0vJWLw8iEJ88DRdyOg",
  header = "Basic eHZ6MWV2RlM0d0VFUFRHRUZQSEJvZzpMOHFxOVBaeVJnNmllS0dFS2ha"
    .. "b2xHQzB2SldMdzhpRUo4OERSZHlPZw==",
}

return vectors
