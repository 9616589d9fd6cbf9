-- What a person can do about an error. Each row names what it looks for (a
-- problem, a title, a status, words of the detail or of an entry in `errors`)
-- and the advice; the first row whose conditions all hold is taken, so the
-- particular stands before the general.

local LOGIN = "the user has to sign in again: get_authorization_link, then "
  .. "get_token"
local PERMISSION = "set the app's permission to read and write in X's "
  .. "console, then create the access token anew: a permission is frozen "
  .. "into a token when it is issued"
local ENROLL = "the app has no access to this endpoint: attach it to a "
  .. "project and a plan in X's console"
local DUPLICATE = "the account posted this text recently; if an earlier "
  .. "attempt ended without an answer, it did take effect"
local CREDENTIAL = "the credential is missing, wrong, expired or revoked"
local USER_TOKEN = "the access_token is wrong, expired or revoked: refresh it "
  .. "with refresh_token, or sign in again"

local rows = {
  -- credentials
  { problem = "v1:135", clock = true },
  { problem = "v1:89", hint = CREDENTIAL },
  { problem = "v1:32", hint = "check the four oauth_ keys: they must belong "
      .. "to the same app" },
  { problem = "v1:99", hint = "check oauth_consumer_key and "
      .. "oauth_consumer_secret" },
  { problem = "v1:215", hint = CREDENTIAL },
  { problem = "v1:220", hint = "this endpoint needs a user's credentials" },
  { problem = "v1:261", hint = PERMISSION },
  { problem = "v1:326", hint = "the account is locked: its owner has to sign "
      .. "in at x.com and unlock it" },
  { problem = "v1:415", hint = "enter redirect_uri in X's console, exactly as "
      .. "it is given here" },
  { problem = "v1:416", hint = "X has suspended the app" },
  { problem = "v1:417", hint = "enter redirect_uri in X's console: this app "
      .. "may not use a PIN" },
  { problem = "oauth:invalid_request", words = "authorization code",
    hint = "a code works once and for 30 seconds; start the sign-in again" },
  { problem = "oauth:invalid_request", words = "code verifier",
    hint = "pass the session that came with the authorization link" },
  { problem = "oauth:invalid_request", words = "redirect uri",
    hint = "use the redirect_uri of the authorization link" },
  { problem = "oauth:invalid_request", words = "the token was invalid",
    hint = "the refresh token is spent, revoked or expired; " .. LOGIN },
  { problem = "oauth:invalid_grant",
    hint = "the code or refresh token is spent, revoked or expired; "
      .. LOGIN },
  { problem = "oauth:invalid_client", hint = "check client_id and "
      .. "client_secret" },
  { problem = "oauth:unauthorized_client", hint = "check client_secret: a "
      .. "confidential client must send it" },
  { problem = "oauth:invalid_scope", hint = "check scope: names are separated "
      .. "by spaces" },
  { problem = "oauth1-permissions", hint = PERMISSION },
  { problem = "unsupported-authentication", hint = "this endpoint does not "
      .. "take this kind of credential; a user's is access_token, or the "
      .. "four oauth_ keys; an app's is bearer_token" },
  -- plans and money
  { problem = "client-forbidden", reason = "official-client-forbidden",
    hint = "X refuses this endpoint to apps that are not its own" },
  { problem = "client-forbidden", hint = ENROLL },
  { problem = "v1:453", hint = ENROLL },
  { problem = "credits", hint = "the account has no credits left: buy some in "
      .. "X's console" },
  { title = "CreditsDepleted", hint = "the account has no credits left: buy "
      .. "some in X's console" },
  { title = "SpendCapReached", hint = "the spending limit of this billing "
      .. "cycle is reached: raise it in X's console" },
  { problem = "usage-capped", hint = "a usage cap is reached: waiting for the "
      .. "rate limit does not help" },
  -- posts
  { problem = "v1:187", hint = DUPLICATE },
  { words = "duplicate content", hint = DUPLICATE },
  { words = "media IDs are invalid", hint = "media ids expire, belong to the "
      .. "account that uploaded them, and are valid only after processing" },
  { words = "Reply to this conversation", hint = "only accounts that the "
      .. "author mentioned or answered may reply" },
  { words = "not permitted to perform this action", hint = "X does not say "
      .. "why: the text may be too long for the account, look automated, or "
      .. "mention or quote what this account may not" },
  { words = "permitted to access this feature", hint = "the account's "
      .. "subscription does not include this" },
  { problem = "v1:186", hint = "the text is too long for this account" },
  -- streams
  { issue = "TooManyConnections", hint = "close the other connection, or wait "
      .. "until X notices that it is gone" },
  { issue = "RuleConfigurationIssue", hint = "add a rule before connecting" },
  -- what the status alone tells
  { status = 401, clock = true },
  { status = 401, scheme = "oauth2", hint = USER_TOKEN },
  { status = 401, hint = CREDENTIAL },
  { status = 403, format = "html", hint = "X's edge refused this, not the "
      .. "API: check user_agent, and the network it comes from" },
  { status = 403, title = "Forbidden", detail = "Forbidden",
    hint = "often a missing scope: ask for it in scope and sign in again" },
  { status = 410, hint = "X has removed this endpoint" },
  { status = 413, hint = "send less at once: see chunk_size" },
  { may_have_acted = true, hint = "it may have taken effect: look before "
      .. "repeating it" },
}

local CLOCK_TOLERANCE = 60  -- seconds that nobody needs to hear about

local hints = {}


local function has_words(facts, words)
  if facts.detail and facts.detail:find(words, 1, true) then return true end
  for _, item in ipairs(facts.errors) do
    if item.message and item.message:find(words, 1, true) then return true end
  end
  return false
end


-- Fields that are compared as they stand.
local compared = {
  "problem", "title", "status", "format", "detail", "may_have_acted",
  "scheme",
}


local function applies(row, facts, extra)
  for _, name in ipairs(compared) do
    if row[name] ~= nil and row[name] ~= facts[name] then return false end
  end
  if row.reason and row.reason ~= extra.reason then return false end
  if row.issue and row.issue ~= extra.connection_issue then return false end
  return row.words == nil or has_words(facts, row.words)
end


local function clock_hint(skew)
  if not skew or math.abs(skew) < CLOCK_TOLERANCE then return nil end
  return ("this machine's clock is %d seconds %s X's: set it"):format(
    math.abs(skew), skew > 0 and "ahead of" or "behind")
end


--- Finds the advice for a failure.
---@param facts table `{ status, format, problem, title, detail, errors, body,
---  may_have_acted, scheme }`
---@param skew? integer seconds the local clock is ahead of the server's
---@return string? hint
function hints.find(facts, skew)
  local extra = facts.body or {}
  if not extra.connection_issue and not extra.reason and facts.errors[1] then
    extra = facts.errors[1]
  end
  for _, row in ipairs(rows) do
    if applies(row, facts, extra) then
      local hint = row.clock and clock_hint(skew) or row.hint
      if hint then return hint end
    end
  end
  return nil
end


return hints
