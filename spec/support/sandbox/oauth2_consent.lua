-- The consent page of OAuth 2.0, on the web host: what a person answers with
-- Allow or Deny, and a test by the setting `auto_consent`.

local app = require "support.sandbox.app"
local grants = require "support.sandbox.grants"
local html = require "support.sandbox.html"
local state = require "support.sandbox.state"
local uri = require "support.sandbox.uri"

local path = "/i/oauth2/authorize"
local names = {
  "response_type", "client_id", "redirect_uri", "scope", "state",
  "code_challenge", "code_challenge_method",
}

local function registered(client, redirect_uri)
  for _, callback in ipairs(client.callbacks) do
    if callback == redirect_uri then
      return true
    end
  end
end

local function client_problem(client, wish)
  if wish.response_type ~= "code" then
    return "response_type must be code"
  elseif not client then
    return "unknown client_id"
  elseif not registered(client, wish.redirect_uri) then
    return "redirect_uri is not registered"
  end
end

local function wish_problem(wish)
  local set, list = grants.scopes(wish.scope)
  if not set then
    return "unknown scope " .. list
  elseif #list == 0 then
    return "scope missing"
  elseif not wish.state or wish.state == "" or #wish.state > 500 then
    return "state must have 1 to 500 characters"
  elseif not wish.code_challenge or #wish.code_challenge < 43
    or #wish.code_challenge > 128 then
    return "code_challenge must have 43 to 128 characters"
  end
end

-- The wish in a query or form; nil and the refusal page when it is none.
local function wish_of(request, values)
  local wish, wrong = {}, nil
  for _, name in ipairs(names) do
    local list = values[name] or {}
    wish[name] = list[1]
    wrong = wrong or list[2] and name .. " is repeated"
  end
  local client = state.app_by("client_id", wish.client_id or "")
  wrong = wrong or client_problem(client, wish) or wish_problem(wish)
  if wrong then
    request:record("consent: " .. wrong)
    return nil, function()
      return html.refusal("You weren't able to give access to the app: " .. wrong
        .. ".")
    end
  end
  wish.client = client
  return wish
end

local function redirect(wish, list)
  local joint = wish.redirect_uri:find("?", 1, true) and "&" or "?"
  return 302, "", { Location = wish.redirect_uri .. joint .. uri.query(list) }
end

local function decide(request, wish, decision, username)
  if decision ~= "allow" then
    return redirect(wish, { { "error", "access_denied" }, { "state", wish.state } })
  end
  local method = wish.code_challenge_method
  if method ~= "S256" and method ~= "plain" then
    request:record("consent: code_challenge_method is taken for plain")
  end
  local _, scopes = grants.scopes(wish.scope)
  return redirect(wish, { { "state", wish.state }, { "code", grants.new_code {
    app = wish.client, user = state.user(username), scopes = scopes,
    redirect_uri = wish.redirect_uri, challenge = wish.code_challenge,
    method = method == "S256" and "S256" or "plain",
  } } })
end

app.route("GET", path, {}, function(request)
  local wish, refusal = wish_of(request, request.query)
  if not wish then
    return refusal()
  end
  if state.settings.auto_consent then
    return decide(request, wish, state.settings.auto_consent)
  end
  local _, scopes = grants.scopes(wish.scope)
  local fields = {}
  for _, name in ipairs(names) do
    fields[#fields + 1] = wish[name] and { name, wish[name] }
  end
  return html.consent {
    app = wish.client, scopes = scopes, action = path, fields = fields,
    users = state.user_list(),
  }
end)

app.route("POST", path, {}, function(request)
  local form = request.form or {}
  local wish, refusal = wish_of(request, form)
  if not wish then
    return refusal()
  end
  return decide(request, wish, (form.decision or {})[1], (form.user or {})[1])
end)

return {}
