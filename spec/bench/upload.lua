-- Our side of the row `upload`: a file in chunks, as a video for a post.
--
--   lua5.4 spec/bench/upload.lua url ca_file token file chunk_size
--   -> seconds

local core = require "twitter.core"
local twitter = require "twitter"

local parameters = {
  api_url = arg[1], ca_file = arg[2], access_token = arg[3],
  chunk_size = tonumber(arg[5]),
}
local start = core.now()
assert(twitter.upload_attachments_array({ arg[4] }, "tweet_video",
  parameters))
print(("%.6f"):format(core.now() - start))
