-- The public door: `local twitter = require "twitter"`.
--
-- Each function exists twice, as `twitter.name(...)`, which uses the
-- parameters of `twitter.configure`, and as `client:name(...)` of a client
-- made by `twitter.new(parameters)`. All take a parameters table (or the path
-- of a JSON file that holds one) as their last, optional argument. Calls of
-- the API answer `value, facts`; whatever fails, `nil, err`.

local arguments = require "twitter.arguments"
local client = require "twitter.client"
local core = require "twitter.core"
local errors = require "twitter.errors"
local json = require "twitter.json"
local loop = require "twitter.loop"
local oauth2 = require "twitter.oauth2"
local parallel = require "twitter.parallel"
local parameters = require "twitter.parameters"
local request = require "twitter.request"
local tweets = require "twitter.tweets"

local select, unpack = select, table.unpack or unpack

---@alias twitter.parameters table|string parameters, or the path of a JSON file that holds them

---@class twitter.facts the facts of a successful response
---@field status integer
---@field headers table<string, string|string[]> names in lower case
---@field rate_limit? table limit, remaining, reset, window
---@field request_id? string quote it when you report a fault to X
---@field attempts integer
---@field http_version string
---@field elapsed number seconds, all attempts together
---@field on_token_error? string what `on_token` raised

-- What the implementations below answer is described where they are; these
-- are the same functions as an editor shall see them.
---@class twitter
---@field get_authorization_link fun(parameters?: twitter.parameters): string?, twitter.session|twitter.error
---@field get_token fun(code: string, parameters?: twitter.parameters): table?, twitter.facts|twitter.error
---@field refresh_token fun(parameters?: twitter.parameters): table?, twitter.facts|twitter.error
---@field handle_incoming_request_after_authorization fun(request?: table|string, parameters?: twitter.parameters): table?, twitter.facts|twitter.error
---@field create_custom_tweet fun(text?: string, media_ids?: string|table, poll_options?: string[], poll_duration?: integer, parameters?: twitter.parameters): table?, twitter.facts|twitter.error
---@field create_text_tweet fun(text: string, parameters?: twitter.parameters): table?, twitter.facts|twitter.error
---@field create_image_tweet fun(text?: string, pictures: string|table, parameters?: twitter.parameters): table?, twitter.facts|twitter.error
---@field create_gif_tweet fun(text?: string, gifs: string|table, parameters?: twitter.parameters): table?, twitter.facts|twitter.error
---@field create_video_tweet fun(text?: string, videos: string|table, parameters?: twitter.parameters): table?, twitter.facts|twitter.error
---@field create_poll_tweet fun(text?: string, options: string[], duration: integer, parameters?: twitter.parameters): table?, twitter.facts|twitter.error
---@field upload_attachments_array fun(files: string|table, media_category?: string, parameters?: twitter.parameters): string[]?, twitter.error?
---@field request fun(method: string, path_or_url: string, options?: table, parameters?: twitter.parameters): any?, twitter.facts|twitter.error
local twitter = {
  _VERSION = core.version,
  null = json.null,
  empty_array = json.empty_array,
  is_error = errors.is,
}

local OPTIONAL_PARAMETERS = "?table|string"

-- name, implementation, the types of the arguments before `parameters`
local functions = {
  { "get_authorization_link", oauth2.get_authorization_link },
  { "get_token", oauth2.get_token, "string" },
  { "refresh_token", oauth2.refresh_token },
  { "handle_incoming_request_after_authorization", oauth2.handle_redirect,
    "?table|string" },
  { "create_custom_tweet", tweets.create_custom_tweet, "?string",
    "?string|table", "?string|table", "?number" },
  { "create_text_tweet", tweets.create_text_tweet, "string" },
  { "create_image_tweet", tweets.create_image_tweet, "?string",
    "string|table" },
  { "create_gif_tweet", tweets.create_gif_tweet, "?string", "string|table" },
  { "create_video_tweet", tweets.create_video_tweet, "?string",
    "string|table" },
  { "create_poll_tweet", tweets.create_poll_tweet, "?string",
    "string|table", "?number" },
  { "upload_attachments_array", tweets.upload_attachments_array,
    "string|table", "?string" },
  { "request", request.send, "string", "string", "?table" },
}


-- `twitter:name()` and `client.name(client)` are easily written; both would
-- put the arguments one place further.
local function check_call(name, first)
  if first == twitter or client.is(first) then
    error(("calling '%s' with ':' (use twitter.%s(...), or client:%s(...))")
      :format(name, name, name), 3)
  end
end


-- Runs one public function: `own` arguments, then the call's parameters.
local function run(owner, name, implementation, own, ...)
  local context, err = client.context(owner, name, (select(own + 1, ...)))
  if not context then return nil, err end
  if own == 0 then return implementation(context) end
  if own == 1 then return implementation(context, (...)) end
  local given = { ... }
  return implementation(context, unpack(given, 1, own))
end


local function define(default, name, implementation, ...)
  local specification = { ... }
  local own = #specification
  specification[own + 1] = OPTIONAL_PARAMETERS

  twitter[name] = function(...)
    check_call(name, (...))
    arguments.check(name, specification, select("#", ...), ...)
    return run(default, name, implementation, own, ...)
  end

  client.methods[name] = function(self, ...)
    if not client.is(self) then
      error(("calling '%s' on bad self (use client:%s(...))")
        :format(name, name), 2)
    end
    arguments.check(name, specification, select("#", ...), ...)
    return run(self, name, implementation, own, ...)
  end
end


local default = assert(client.new())
for _, row in ipairs(functions) do define(default, unpack(row)) end


--- The parameters there are for a sign-in and for posting, each with its
--- default; those without one are empty strings, which count as not given.
---@return table parameters new with each call
function twitter.get_standard_parameters()
  return parameters.standard()
end


--- A client with parameters of its own.
---@param bound? table|string parameters, or the path of a JSON file
---@return twitter.client? client
---@return twitter.error? err kinds: invalid, file, json
function twitter.new(bound)
  check_call("new", bound)
  arguments.check("new", { OPTIONAL_PARAMETERS }, 1, bound)
  return client.new(bound)
end


--- Sets module-wide parameters, key by key over the earlier ones; called
--- without an argument it forgets them all.
---@param values? table|string parameters, or the path of a JSON file
---@return true? ok
---@return twitter.error? err kinds: invalid, file, json
function twitter.configure(values)
  check_call("configure", values)
  arguments.check("configure", { OPTIONAL_PARAMETERS }, 1, values)
  return client.configure(values)
end


--- Runs functions together, their calls in flight at once.
---@param tasks function[]
---@param options? table `concurrency`: how many at once (16)
---@return table[]? results in the order of the tasks: each a list of what the function returned, with `n`
---@return twitter.error? err kinds: invalid
function twitter.parallel(tasks, options)
  arguments.check("parallel", { "table", "?table" }, 2, tasks, options)
  return parallel.run(tasks, options)
end


--- A loop object, for programs with an event loop of their own.
---@return twitter.loop
function twitter.loop()
  return loop.new()
end


--- `assert` for all Lua versions: those of 5.1 and 5.2 take no error objects.
---@generic T
---@param value T?
---@param err any
---@return T
function twitter.assert(value, err, ...)
  if value then return value, err, ... end
  error(tostring(err), 2)
end

return twitter
