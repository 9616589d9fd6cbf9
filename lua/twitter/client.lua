-- A client: parameters bound once, and what is made from them once (how
-- requests travel, the signer), kept for all calls that add none of their
-- own. The module's own functions work on a client that binds nothing.

local auth = require "twitter.auth"
local lazy = require "twitter.lazy"
local parameters = require "twitter.parameters"
local transport = require "twitter.transport"

local errors = lazy.module "twitter.errors"

local client = {}

-- What `twitter.configure` set, and how often it has: a cached context of an
-- older generation is stale.
local configured, generation = {}, 0


---@class twitter.context
---@field parameters table merged, checked, of this call alone
---@field settings userdata
---@field client twitter.client
---@field operation string the public function's name, for errors
local context_methods = {}
local context_mt = {
  __name = "twitter.context",
  __index = context_methods,
  __tostring = function() return "twitter.context" end,
}


--- The OAuth 1.0a signer for this context's credentials.
function context_methods:signer()
  local cache = self.cache
  if not cache.signer then cache.signer = auth.signer(self.parameters) end
  return cache.signer
end


--- The value of an Authorization header that needs no signature.
---@param scheme "oauth2"|"app"
---@return string
function context_methods:bearer(scheme)
  local cache = self.cache
  local key = scheme == "oauth2" and "access_token" or "bearer_token"
  if not cache[key] then cache[key] = "Bearer " .. self.parameters[key] end
  return cache[key]
end


--- The scheme for a request that accepts these.
---@param accepted string[] a constant list, unless `insisted`
---@param insisted? boolean
---@return string? scheme
---@return string? message
function context_methods:scheme(accepted, insisted)
  if insisted then return auth.choose(accepted, self.parameters, true) end
  local schemes = self.cache.schemes
  if not schemes[accepted] then
    local scheme, message = auth.choose(accepted, self.parameters)
    if not scheme then return nil, message end
    schemes[accepted] = scheme
  end
  return schemes[accepted]
end


--- What must never stand in an error.
---@return string[]
function context_methods:secrets()
  local cache = self.cache
  if not cache.secrets then
    cache.secrets = parameters.secrets(self.parameters)
  end
  return cache.secrets
end


--- An error about the caller's input: nothing was sent.
function context_methods:invalid(message)
  return errors.invalid(self.operation, message)
end


local function new_context(owner, operation, merged, cache)
  return setmetatable({
    client = owner, operation = operation, parameters = merged,
    settings = cache.settings, cache = cache,
  }, context_mt)
end


---@class twitter.client
local methods = {}
local client_mt = {
  __name = "twitter.client",
  __index = methods,
  __tostring = function() return "twitter.client" end,
}

client.methods = methods


local standard = parameters.standard()

-- The merged parameters of calls that bring none, and what hangs on them.
local function own(self)
  local cached = self.cached
  if cached and cached.generation == generation then return cached end
  local merged = parameters.merge(standard, configured, self.bound)
  cached = {
    generation = generation, parameters = merged, schemes = {}, contexts = {},
    settings = transport.settings(merged),
  }
  self.cached = cached
  return cached
end


--- The context of one call.
---@param operation string
---@param extra? table|string the call's own parameters
---@return twitter.context? context
---@return twitter.error? err
function client.context(self, operation, extra)
  local cached = own(self)
  if extra == nil then
    local context = cached.contexts[operation]
    if not context then
      context = new_context(self, operation, cached.parameters, cached)
      cached.contexts[operation] = context
    end
    return context
  end
  local checked, err = parameters.check(extra, operation)
  if not checked then return nil, err end
  local merged = parameters.merge(cached.parameters, checked)
  return new_context(self, operation, merged,
    { settings = transport.settings(merged), schemes = {}, added = checked })
end


-- The layer that a refresh token came from gets its successor, and only if
-- nobody has put another one there meanwhile.
local function layer_of(context)
  local spent = context.parameters.refresh_token
  for _, layer in ipairs { context.client.bound, configured } do
    if layer.refresh_token == spent then return layer end
  end
end


--- Puts a refreshed pair where the spent refresh token was kept: bound to the
--- client, or configured. One that came with the call alone is the caller's.
---@param context twitter.context
---@param token table
function client.adopt(context, token)
  local added = context.cache.added
  local layer = not (added and added.refresh_token) and layer_of(context)
  if not layer then return end
  layer.access_token = token.access_token
  layer.refresh_token = token.refresh_token
  layer.expires_at = token.expires_at
  generation = generation + 1
end


--- A client with these parameters bound.
---@param bound? table|string
---@return twitter.client? client
---@return twitter.error? err
function client.new(bound)
  local checked, err = parameters.check(bound or {}, "new")
  if not checked then return nil, err end
  return setmetatable({ bound = checked }, client_mt)
end


--- A client like this one, with more parameters bound: a user's token beside
--- the app's keys, for example.
---@param bound table|string
---@return twitter.client? client
---@return twitter.error? err
function methods:with(bound)
  local checked, err = parameters.check(bound, "with")
  if not checked then return nil, err end
  return setmetatable({ bound = parameters.merge(self.bound, checked) },
    client_mt)
end


--- Is the value a client?
function client.is(value)
  return getmetatable(value) == client_mt
end


--- Adds to the module-wide parameters, or clears them with nil.
---@param values? table|string
---@return true? ok
---@return twitter.error? err
function client.configure(values)
  local checked, err = parameters.check(values or {}, "configure")
  if not checked then return nil, err end
  configured = values ~= nil and parameters.merge(configured, checked) or {}
  generation = generation + 1
  return true
end

return client
