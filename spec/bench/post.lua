-- Our side of the row `post`: posts one after another with one client.
--
--   lua5.4 spec/bench/post.lua url ca_file token text count [oauth1]
--   -> microseconds of CPU for each post

local twitter = require "twitter"

local WARM_UP = 20

local url, ca_file, token, text = arg[1], arg[2], arg[3], arg[4]
local count, scheme = tonumber(arg[5]), arg[6]

local parameters = { api_url = url, ca_file = ca_file }
if scheme == "oauth1" then
  parameters.oauth_consumer_key, parameters.oauth_token = "key", token
  parameters.oauth_consumer_secret = "consumer secret"
  parameters.oauth_token_secret = "token secret"
else
  parameters.access_token = token
end
local client = assert(twitter.new(parameters))

local function post(times)
  for _ = 1, times do
    assert(client:create_text_tweet(text))
  end
end

post(WARM_UP)
local start = os.clock()
post(count)
print(("%.3f"):format((os.clock() - start) * 1e6 / count))
