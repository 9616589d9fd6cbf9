-- Our side of the row `start`: load the module, ask one question, end. The
-- certificates are a hashed directory with all of the system's; without the
-- parameter the module takes libcurl's built-in directory in just this way.
--
--   lua5.4 spec/bench/start.lua url ca_path token

local twitter = require "twitter"

local client = assert(twitter.new {
  api_url = arg[1], ca_path = arg[2], access_token = arg[3],
})
local answer = assert(client:request("GET", "/2/users/me"))
assert(answer.data.username == "bench")
