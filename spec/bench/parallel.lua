-- Our side of the row `parallel`: posts as tasks of `twitter.parallel`, so
-- many in flight; or, "again", as few tasks as may be in flight, each of which
-- posts again and again and keeps nothing.
--
--   lua5.4 spec/bench/parallel.lua url ca_file token text count in_flight
--     [again]
--   -> posts per second, microseconds of CPU for each post

local core = require "twitter.core"
local twitter = require "twitter"

local url, ca_file, token, text = arg[1], arg[2], arg[3], arg[4]
local count, in_flight = tonumber(arg[5]), tonumber(arg[6])

local client = assert(twitter.new {
  api_url = url, ca_file = ca_file, access_token = token,
})

local function once() return client:create_text_tweet(text) end

local function post(times)
  local task, count_of_tasks = once, times
  if arg[7] == "again" then
    count_of_tasks = in_flight
    function task()
      for _ = 1, times / in_flight do assert(once()) end
      return true
    end
  end
  local tasks = {}
  for i = 1, count_of_tasks do tasks[i] = task end
  local results = assert(twitter.parallel(tasks, { concurrency = in_flight }))
  for i = 1, #tasks do assert(results[i][1], tostring(results[i][2])) end
end

post(in_flight * 4)  -- connects, warms up
local start, used = core.now(), os.clock()
post(count)
local wall, cpu = core.now() - start, os.clock() - used
print(("%.3f %.3f"):format(count / wall, cpu * 1e6 / count))
