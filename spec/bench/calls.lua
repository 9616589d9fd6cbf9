-- What the gateway of the row `nginx` does, inside nginx: one post for each
-- request it gets, by the library or by the cosocket client.

local cosocket = require "bench.cosocket"
local json = require "cjson"
local twitter = require "twitter"

local ngx = rawget(_G, "ngx")

local calls = {}

local facts         -- what the gateway's starter wrote into the file
local clients = {}  -- of the library, by name


local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end


--- Reads which clients there are; when nginx starts.
function calls.prepare()
  facts = json.decode(read(os.getenv "PARAMETERS"))
  for name, parameters in pairs(facts.clients) do
    clients[name] = assert(twitter.new(parameters))
  end
end


local function answer(text)
  ngx.header.content_length = #text
  ngx.print(text)
end


local function answer_post(value, err)
  if not value then ngx.status = 500 end
  answer(value and value.data.id or tostring(err))
end


--- Posts with the library.
---@param name string of the client
function calls.ours(name)
  answer_post(clients[name]:create_text_tweet(facts.text))
end


--- Posts with the cosocket client.
---@param name string of the server
function calls.cosocket(name)
  answer_post(cosocket.post(facts.servers[name], facts.text))
end


--- A call whose server's name nobody resolves.
function calls.unresolved()
  local value, err = clients.unresolved:create_text_tweet(facts.text)
  if value or err.kind ~= "timeout" then ngx.status = 500 end
  answer(tostring(err))
end


--- The neighbour.
function calls.ping()
  answer "pong"
end

return calls
