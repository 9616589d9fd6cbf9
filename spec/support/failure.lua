-- What the specs about failures ask of every error object: the kind, the
-- outcome, the message, and that no secret of the parameters stands anywhere
-- in it, in whatever spelling.

local assert = require "luassert"
local core = require "twitter.core"
local twitter = require "twitter"

local failure = {}

local names = {
  "access_token", "refresh_token", "bearer_token", "client_secret",
  "code_verifier", "oauth_token", "oauth_token_secret", "oauth_consumer_key",
  "oauth_consumer_secret",
}


--- Every spelling in which a secret of the parameters could appear.
---@param parameters table
---@param more? string[] other secrets
---@return table<string, string> spellings text -> whose it is
function failure.spellings(parameters, more)
  local found = {}
  local function add(name, secret)
    local escaped = core.escape(secret)
    found[secret], found[escaped] = name, name
    found[(escaped:gsub("%%%x%x", string.lower))] = name
  end
  for _, name in ipairs(names) do
    local secret = parameters[name]
    if secret and secret ~= "" then add(name, secret) end
  end
  if parameters.client_id and parameters.client_secret then
    add("the Basic header", core.basic(parameters.client_id,
      parameters.client_secret):match("%S+$"))
  end
  for i, secret in ipairs(more or {}) do add("secret " .. i, secret) end
  return found
end


local function leak_in_text(text, spellings, place)
  for secret, name in pairs(spellings) do
    if text:find(secret, 1, true) then return name .. " in " .. place end
  end
end


--- Where a secret stands in a value, its keys and its tostring included.
---@param value any
---@param spellings table from `failure.spellings`
---@param place? string
---@return string? leak
function failure.leak(value, spellings, place)
  place = place or "value"
  if type(value) ~= "table" then
    return leak_in_text(tostring(value), spellings, place)
  end
  local leak = leak_in_text(tostring(value), spellings, place .. " as text")
  for key, item in pairs(value) do
    leak = leak or failure.leak(key, spellings, place .. "'s keys")
      or failure.leak(item, spellings, place .. "." .. tostring(key))
  end
  return leak
end


--- Asserts that a call failed as wanted and tells no secret.
---@param parameters table those of the call
---@param wanted table fields of the error; `message` and `hint` are patterns
---@param value any the call's first result
---@param err table its second
---@return table err
function failure.expect(parameters, wanted, value, err)
  assert.is_nil(value)
  assert.is_true(twitter.is_error(err))
  for name, expected in pairs(wanted) do
    if name == "message" or name == "hint" then
      assert.matches(expected, err[name])
    else
      assert.equal(expected, err[name], ("%s of: %s"):format(name,
        tostring(err)))
    end
  end
  assert.is_nil(failure.leak(err, failure.spellings(parameters), "err"))
  return err
end


--- How many requests of this kind the sandbox has seen.
---@param box table
---@param method string
---@param path string pattern
---@return integer
function failure.count(box, method, path)
  local count = 0
  for _, entry in ipairs(assert(box:control("GET", "/requests")).requests) do
    if entry.method == method and entry.path:find(path) then
      count = count + 1
    end
  end
  return count
end


return failure
