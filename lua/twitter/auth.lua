-- Which credential a request is made with: the schemes an operation accepts
-- against the credentials that are there.

local core = require "twitter.core"

local auth = {}

-- What each scheme needs, and how a person gets it.
local schemes = {
  oauth2 = {
    needs = { "access_token" },
    name = "an OAuth 2.0 user token",
  },
  oauth1 = {
    needs = { "oauth_consumer_key", "oauth_consumer_secret", "oauth_token",
      "oauth_token_secret" },
    name = "OAuth 1.0a user credentials",
  },
  app = {
    needs = { "bearer_token" },
    name = "an app-only bearer token",
  },
}


local function missing(scheme, parameters)
  local names = {}
  for _, key in ipairs(schemes[scheme].needs) do
    if not parameters[key] then names[#names + 1] = key end
  end
  return names
end


local function describe(scheme)
  local keys = table.concat(schemes[scheme].needs, ", ")
  return ("%s (%s)"):format(schemes[scheme].name, keys)
end


local function contains(list, wanted)
  for _, item in ipairs(list) do
    if item == wanted then return true end
  end
  return false
end


-- The caller insists on one scheme: it must be accepted and complete.
local function forced(scheme, accepted, parameters)
  if not contains(accepted, scheme) then
    return nil, ("this call does not accept %s"):format(describe(scheme))
  end
  local names = missing(scheme, parameters)
  if #names == 0 then return scheme end
  return nil, ("auth = \"%s\" needs %s: %s not given")
    :format(scheme, describe(scheme), table.concat(names, ", "))
end


-- Names the half-given scheme first: that is the likely mistake.
local function explain(accepted, parameters)
  local ways = {}
  for _, scheme in ipairs(accepted) do
    local names = missing(scheme, parameters)
    if #names < #schemes[scheme].needs then
      return ("%s are incomplete: %s not given")
        :format(schemes[scheme].name, table.concat(names, ", "))
    end
    ways[#ways + 1] = describe(scheme)
  end
  return "no credentials: this call needs " .. table.concat(ways, " or ")
end


--- Chooses the scheme of a request.
---@param accepted string[] "oauth2", "oauth1", "app": the best first
---@param parameters table
---@param insisted? boolean `accepted` is the caller's choice: `auth` among the parameters does not count
---@return string? scheme
---@return string? message what is missing
function auth.choose(accepted, parameters, insisted)
  if parameters.auth and not insisted then
    return forced(parameters.auth, accepted, parameters)
  end
  for _, scheme in ipairs(accepted) do
    if #missing(scheme, parameters) == 0 then return scheme end
  end
  return nil, explain(accepted, parameters)
end


--- A signer for the OAuth 1.0a credentials; its key schedule is done once.
---@param parameters table
---@return userdata
function auth.signer(parameters)
  return core.signer(parameters.oauth_consumer_key,
    parameters.oauth_consumer_secret, parameters.oauth_token,
    parameters.oauth_token_secret)
end


return auth
