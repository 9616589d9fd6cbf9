-- What the headers of a response say about waiting. X has three families of
-- them: the current window, and the 24-hour budgets of the app and the user.
-- Resets are times of the server's clock, so they are compared with its Date.

local find = string.find

local limits = {}

local MAX_WAIT = 86400  -- the longest window; more means that a clock is off

local function family_of(window, prefix)
  return { window = window, limit = prefix .. "limit",
    remaining = prefix .. "remaining", reset = prefix .. "reset" }
end

local families = {
  family_of("15min", "x-rate-limit-"),
  family_of("app_24hour", "x-app-limit-24hour-"),
  family_of("user_24hour", "x-user-limit-24hour-"),
}

local months = {
  Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6,
  Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12,
}


-- A header may have arrived more than once; the first one counts.
local function value_of(headers, name)
  local value = headers and headers[name]
  if type(value) == "table" then value = value[1] end
  return value
end


local function integer_of(headers, name)
  local value = value_of(headers, name)
  if type(value) == "number" then return value end
  if type(value) ~= "string" or #value > 15
      or not find(value, "^%s*%d+%s*$") then
    return nil
  end
  return tonumber(value)
end


-- Days from 1970-01-01; years are counted from March, so that the leap day
-- is the last of its year.
local function days_since_epoch(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local leaps = math.floor(year / 4) - math.floor(year / 100)
    + math.floor(year / 400)
  return 365 * year + leaps + math.floor((153 * (month - 3) + 2) / 5)
    + day - 719469
end


--- Reads an HTTP date ("Sun, 06 Nov 1994 08:49:37 GMT").
---@param text any
---@return integer? seconds Unix time; nil when it is no such date
function limits.http_date(text)
  if type(text) ~= "string" then return nil end
  local day, name, year, hour, minute, second = text:match(
    "^%s*%a+,%s+(%d%d?)[ -](%a%a%a)[ -](%d%d%d%d)%s+(%d%d):(%d%d):(%d%d)")
  local month = name and months[name]
  if not month then return nil end
  return days_since_epoch(tonumber(year), month, tonumber(day)) * 86400
    + tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second)
end


--- The server's time, or `now` when it did not tell.
---@param headers? table
---@param now? integer Unix time
---@return integer
function limits.server_time(headers, now)
  return limits.http_date(value_of(headers, "date")) or now or os.time()
end


local function read_family(headers, family)
  local limit = integer_of(headers, family.limit)
  local remaining = integer_of(headers, family.remaining)
  local reset = integer_of(headers, family.reset)
  if not (limit or remaining or reset) then return nil end
  return { limit = limit, remaining = remaining, reset = reset }
end


local function is_exhausted(family, headers, now)
  if family == nil or family.remaining ~= 0 then return false end
  return family.reset == nil
    or family.reset > limits.server_time(headers, now)
end


local function tighter_budget(app, user)
  if not app then return "user_24hour" end
  if not user then return "app_24hour" end
  return (app.remaining or math.huge) < (user.remaining or math.huge)
    and "app_24hour" or "user_24hour"
end


-- The family that binds: an exhausted 24-hour budget (the later one, if it
-- is both), else the current window, else the tighter budget.
local function binding_window(found, headers, now)
  local app, user = found.app_24hour, found.user_24hour
  local app_out = is_exhausted(app, headers, now)
  local user_out = is_exhausted(user, headers, now)
  if app_out and user_out then
    return (app.reset or 0) > (user.reset or 0) and "app_24hour"
      or "user_24hour"
  end
  if app_out then return "app_24hour" end
  if user_out then return "user_24hour" end
  return found["15min"] and "15min" or tighter_budget(app, user)
end


--- Reads the rate limit of a response, successes included.
---@param headers? table names in lower case
---@param now? integer Unix time, for a response without a Date
---@return table? rate_limit `{ limit, remaining, reset, window }` of the
---  window that binds ("15min", "app_24hour" or "user_24hour"), and beside
---  them the tables `app_24hour` and `user_24hour` if they were sent; nil
---  without such headers
function limits.read(headers, now)
  if not headers then return nil end
  local found = {}
  for _, family in ipairs(families) do
    found[family.window] = read_family(headers, family)
  end
  if next(found) == nil then return nil end
  local window = binding_window(found, headers, now)
  local binding = found[window]
  return {
    limit = binding.limit, remaining = binding.remaining,
    reset = binding.reset, window = window,
    app_24hour = found.app_24hour, user_24hour = found.user_24hour,
  }
end


local function bounded(seconds, least)
  return math.min(math.max(seconds, least), MAX_WAIT)
end


-- The header may hold seconds or a date; both occur in the wild.
local function retry_after_header(headers, now)
  local seconds = integer_of(headers, "retry-after")
  if seconds then return bounded(seconds, 0) end
  local date = limits.http_date(value_of(headers, "retry-after"))
  return date and bounded(date - now, 0)
end


--- How long to wait before the same request may succeed.
---@param status integer
---@param headers? table
---@param rate_limit? table from `limits.read`
---@param now? integer Unix time, for a response without a Date
---@return integer? seconds nil when the response does not tell
function limits.retry_after(status, headers, rate_limit, now)
  local server_now = limits.server_time(headers, now)
  local seconds = retry_after_header(headers, server_now)
  if seconds then return seconds end
  if status ~= 429 or not rate_limit or not rate_limit.reset then return nil end
  return bounded(rate_limit.reset - server_now, 1)
end


--- How far the local clock is ahead of the server's.
---@param headers? table
---@param now? integer the local Unix time
---@return integer? seconds nil when the server did not tell its time
function limits.clock_skew(headers, now)
  local server = limits.http_date(value_of(headers, "date"))
  return server and (now or os.time()) - server
end


return limits
