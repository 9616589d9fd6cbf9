-- The control address: what a test asks of the sandbox. Plain HTTP, JSON.

local json = require "support.sandbox.json"
local log = require "support.sandbox.log"
local state = require "support.sandbox.state"

local control = {}
local actions = {}

actions["GET /ping"] = function()
  return { ready = true }
end

actions["GET /requests"] = function()
  return {
    count = log.count,
    requests = #log.entries > 0 and log.entries or json.empty_array,
  }
end

actions["DELETE /requests"] = function()
  log.clear()
end

actions["POST /settings"] = function(given)
  for name, value in pairs(given) do
    if value == json.null then
      value = nil
    end
    state.settings[name] = value
  end
end

actions["POST /reset"] = function()
  state.reset()
end

---@param given table the urls come from the launcher
actions["POST /parameters"] = function(given)
  local app = state.apps.confidential
  local user = state.user(given.user)
  local token = state.new_oauth1_token(user, app)
  return {
    oauth_token = token.token, oauth_token_secret = token.secret,
    oauth_consumer_key = app.consumer_key,
    oauth_consumer_secret = app.consumer_secret,
  }
end

local function answer(status, value)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  local text = json.encode(value)
  ngx.header["Content-Length"] = #text
  ngx.print(text)
end

local function run(action)
  ngx.req.read_body()
  local text = ngx.req.get_body_data() or "{}"
  return action(assert(json.decode(text)), ngx.req.get_uri_args())
end

---Handles the running request.
function control.serve()
  local name = ngx.req.get_method() .. " " .. ngx.var.uri
  local action = actions[name]
  if not action then
    return answer(404, { error = "no such control: " .. name })
  end
  local ok, value = pcall(run, action)
  if not ok then
    return answer(400, { error = tostring(value) })
  end
  answer(200, value or { ok = true })
end

return control
