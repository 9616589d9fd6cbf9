-- When a request that failed is sent again, and after how long. The rule that
-- everything else bows to: what may have taken effect is repeated only if
-- doing it twice is harmless.

local core = require "twitter.core"

local retry = {}

local FIRST = 0.25    -- seconds before the second attempt; doubles each time
local LONGEST = 8     -- seconds between two attempts
local PATIENCE = 30   -- seconds; a longer Retry-After is the caller's business

-- The server, or what stands before it, is in trouble; not the request.
local passing = {
  [500] = true, [502] = true, [503] = true, [504] = true, [520] = true,
  [521] = true, [522] = true, [523] = true, [524] = true,
}

local network = { network = true, timeout = true }


-- Half of the time at least, so that many callers spread out.
local function backoff(attempt)
  local full = math.min(FIRST * 2 ^ (attempt - 1), LONGEST)
  return full / 2 + full / 2 * core.random(1):byte() / 255
end


local function is_worth_it(err, resend)
  if err.problem == "response-too-large" then return false end
  if network[err.kind] then return err.outcome == "not_sent" or resend end
  return resend and err.kind == "http" and passing[err.status] or false
end


--- How long to wait before the next attempt.
---@param err twitter.error of the attempt that failed
---@param attempt integer how many have been made
---@param resend boolean harmless when it takes effect twice?
---@param max_retries integer
---@return number? seconds nil: do not try again
function retry.delay(err, attempt, resend, max_retries)
  if attempt > max_retries or not is_worth_it(err, resend) then return nil end
  if not err.retry_after then return backoff(attempt) end
  if err.retry_after > PATIENCE then return nil end
  return math.max(err.retry_after, backoff(attempt))
end

return retry
