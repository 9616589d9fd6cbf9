-- Rate limits: a fixed window for each endpoint and app or user, which begins
-- with its first request. Failed requests count as well.
--
-- A route says `limit = { app =, user =, window = }`: requests in a window of
-- so many seconds (900 unless told) with an app-only token, or with a user's.
-- `app_day` and `user_day` are budgets of 24 hours beside them.

local clock = require "support.sandbox.clock"
local problem = require "support.sandbox.problem"
local state = require "support.sandbox.state"

local limits = {}

local day = 86400
local windows = {} -- key -> { used, ends }

state.on_reset(function()
  windows = {}
end)

-- The route's limit, with what the settings put over it.
local function effective(route)
  local overrides = state.settings.limit_overrides or {}
  local over = overrides[route.method .. " " .. route.pattern]
  if not over then
    return route.options.limit
  end
  return setmetatable(over, { __index = route.options.limit })
end

-- The budgets a request draws on: header prefix, owner, count, seconds.
local function budgets(identity, limit)
  local app = identity.app.id
  local window = limit.window or 900
  if identity.kind == "app" then
    return { { "x-rate-limit", app, limit.app, window } }
  end
  local user = app .. "/" .. identity.user.id
  return {
    { "x-rate-limit", user, limit.user, window },
    { "x-app-limit-24hour", app .. "/day", limit.app_day, day },
    { "x-user-limit-24hour", user .. "/day", limit.user_day, day },
  }
end

local function window_of(key, seconds)
  local now = clock.now()
  local window = windows[key]
  if not window or now >= window.ends then
    window = { used = 0, ends = math.floor(now) + seconds }
    windows[key] = window
  end
  return window
end

---Counts a request whose sender is known.
---@param request table
---@return boolean allowed
---@return table headers
function limits.count(request)
  local route, headers, allowed = request.route, {}, true
  local limit = effective(route)
  if not limit or not request.identity or not state.settings.limits then
    return true, headers
  end
  for _, budget in ipairs(budgets(request.identity, limit)) do
    local prefix, owner, count, seconds = unpack(budget, 1, 4)
    if count then
      local window = window_of(table.concat({ route.method, route.pattern,
        owner }, " "), seconds)
      window.used = window.used + 1
      allowed = allowed and window.used <= count
      headers[prefix .. "-limit"] = count
      headers[prefix .. "-remaining"] = math.max(0, count - window.used)
      headers[prefix .. "-reset"] = math.floor(window.ends)
    end
  end
  return allowed, headers
end

---@param request table
---@return integer, table, table?
function limits.refusal(request)
  local style = request.route.options.style == "v1" and "v1"
  return problem.rate_limited(style or state.settings.limit_shape)
end

return limits
