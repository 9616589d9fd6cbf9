-- `make sandbox`: a sandbox for a person to try the library on. Prints where
-- everything is, and ends with Ctrl-C.

local folder = arg[0]:match("^(.*)/spec/support/sandbox/[^/]*$") or "."
package.path = folder .. "/spec/?.lua;" .. package.path

local sandbox = require "support.sandbox"

local help = [[

X in a box is running.

  API          %(api_url)
  upload v1.1  %(upload_url)
  sign-in      %(authorize_url)
  timeline     %(timeline_url)    (trust the CA, or accept the warning)
  control      %(control_url)
  files        %(plain_url)
  CA           %(ca_file)
  parameters   %(parameters)

  consumer key    %(oauth_consumer_key)
  consumer secret %(oauth_consumer_secret)
  token           %(oauth_token)
  token secret    %(oauth_token_secret)
  client id       %(client_id)
  client secret   %(client_secret)
  access token    %(access_token)
  refresh token   %(refresh_token)
  bearer token    %(bearer_token)

Try it in another terminal:

  export LUA_PATH='%(root)/lua/?.lua;%(root)/lua/?/init.lua;;'
  export LUA_CPATH='%(root)/build/lua5.4/?.so;;'
  lua5.4 -i -e 'twitter = require "twitter"' \
    -e 'twitter.configure("%(parameters)")' \
    -e 'print(assert(twitter.create_text_tweet("Hello, box")).data.id)'

Ctrl-C ends it.
]]

local function write_private(path, text)
  os.execute(("umask 077 && : > '%s'"):format(path))
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function root()
  local pipe = assert(io.popen(("cd '%s' && pwd"):format(folder)))
  local path = pipe:read("*l")
  pipe:close()
  return path
end

local function announce(box)
  local parameters = box:parameters()
  local path = box.directory .. "/parameters.json"
  write_private(path, require("cjson").encode(parameters))
  local values = { root = root(), parameters = path }
  for _, source in ipairs { parameters, box } do
    for name, value in pairs(source) do
      values[name] = values[name] or value
    end
  end
  io.write((help:gsub("%%%(([%w_]+)%)", values)))
  io.flush()
end

local box = assert(sandbox.start())
announce(box)
-- Ctrl-C ends the waiting shell, not us. Whatever else ends this process,
-- nginx notices and cleans up behind it.
os.execute("while kill -0 $PPID; do sleep 1; done 2>/dev/null")
box:stop()
