-- The bodies of refusals, in the shapes the API has for them. Each function
-- returns what a handler returns: status, body, headers.

local json = require "support.sandbox.json"

local problem = {}

-- An account number that no double holds.
local account_id = json.number("1880028106020515841")

local prefix = "https://api.twitter.com/2/problems/"

---A v2 problem object.
---@param status integer
---@param title string
---@param detail string
---@param kind string? last segment of the type; default about:blank
---@param extra table? further members
function problem.v2(status, title, detail, kind, extra)
  local body = { title = title, detail = detail, status = status }
  body.type = kind and prefix .. kind or "about:blank"
  for name, value in pairs(extra or {}) do
    body[name] = value
  end
  return status, body, { ["Content-Type"] = "application/problem+json" }
end

---The v2 400: one message for each bad parameter.
---@param errors table[] of { parameters =, message = }
function problem.invalid(errors)
  return 400, {
    errors = errors, title = "Invalid Request",
    detail = "One or more parameters to your request was invalid.",
    type = prefix .. "invalid-request",
  }, { ["Content-Type"] = "application/problem+json" }
end

---The v2 400 for a single parameter.
---@param name string
---@param value any
---@param message string
function problem.parameter(name, value, message)
  return problem.invalid {
    { parameters = { [name] = { tostring(value) } }, message = message },
  }
end

---An item of `errors` for an object that does not exist.
---@param kind string resource type
---@param parameter string
---@param value string
function problem.missing(kind, parameter, value)
  return {
    resource_id = value, resource_type = kind, parameter = parameter,
    value = value, title = "Not Found Error",
    detail = ("Could not find %s with %s: [%s]."):format(kind, parameter, value),
    type = prefix .. "resource-not-found",
  }
end

function problem.unauthorized()
  return problem.v2(401, "Unauthorized", "Unauthorized")
end

---@param detail string?
function problem.forbidden(detail)
  return problem.v2(403, "Forbidden", detail or "Forbidden")
end

---The 429, in one of its shapes.
---@param shape string? "v2" (default), "v1", "usage_cap", "type"
function problem.rate_limited(shape)
  if shape == "v1" then
    return problem.v1(429, 88, "Rate limit exceeded")
  end
  if shape == "usage_cap" then
    return problem.v2(429, "UsageCapExceeded",
      "Usage cap exceeded: Monthly product cap", "usage-capped", {
        account_id = account_id, product_name = "standard-basic",
        period = "Monthly", scope = "Product",
      })
  end
  return problem.v2(429, "Too Many Requests", "Too Many Requests",
    shape == "type" and "rate-limit-exceeded" or nil)
end

---402: the account has no credits.
function problem.credits()
  return problem.v2(402, "CreditsDepleted", "Your enrolled account "
    .. "[1880028106020515841] does not have any credits to fulfill this request.",
    "credits", { account_id = account_id })
end

---403: the spending limit of the billing cycle.
function problem.spend_cap()
  return problem.v2(403, "SpendCapReached", "Your enrolled account has reached "
    .. "its billing cycle spend cap.", nil, { account_id = account_id })
end

function problem.duplicate()
  return problem.forbidden(
    "You are not allowed to create a Tweet with duplicate content.")
end

function problem.not_permitted()
  return problem.forbidden("You are not permitted to perform this action.")
end

---The v1.1 shape: a code and a message.
---@param status integer
---@param code integer
---@param message string
---@param label string?
function problem.v1(status, code, message, label)
  return status, {
    errors = { { code = code, message = message, label = label } },
  }
end

---The OAuth 2.0 shape.
---@param status integer
---@param name string
---@param description string?
function problem.oauth2(status, name, description)
  return status, { error = name, error_description = description }
end

return problem
