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
local json = require "twitter.json"
local lazy = require "twitter.lazy"
local parameters = require "twitter.parameters"
local transport = require "twitter.transport"

local background = lazy.module "twitter.background"
local errors = lazy.module "twitter.errors"
local loop = lazy.module "twitter.loop"
local parallel = lazy.module "twitter.parallel"

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
}

local OPTIONAL_PARAMETERS = arguments.specify "?table|string"

-- name, where it is implemented, the types of the arguments before
-- `parameters`
local functions = {
  { "get_authorization_link", "oauth2.get_authorization_link" },
  { "get_token", "oauth2.get_token", "string" },
  { "refresh_token", "oauth2.refresh_token" },
  { "handle_incoming_request_after_authorization", "oauth2.handle_redirect",
    "?table|string" },
  { "create_custom_tweet", "tweets.create_custom_tweet", "?string",
    "?string|table", "?string|table", "?number" },
  { "create_text_tweet", "tweets.create_text_tweet", "string" },
  { "create_image_tweet", "tweets.create_image_tweet", "?string",
    "string|table" },
  { "create_gif_tweet", "tweets.create_gif_tweet", "?string",
    "string|table" },
  { "create_video_tweet", "tweets.create_video_tweet", "?string",
    "string|table" },
  { "create_poll_tweet", "tweets.create_poll_tweet", "?string",
    "string|table", "?number" },
  { "upload_attachments_array", "tweets.upload_attachments_array",
    "string|table", "?string" },
  { "request", "request.send", "string", "string", "?table" },
}


-- `twitter:name()` and `client.name(client)` are easily written; both would
-- put the arguments one place further.
local function check_call(name, first)
  if first == twitter or client.is(first) then
    error(("calling '%s' with ':' (use twitter.%s(...), or client:%s(...))")
      :format(name, name, name), 3)
  end
end


local modules = {
  oauth2 = lazy.module "twitter.oauth2",
  request = lazy.module "twitter.request",
  tweets = lazy.module "twitter.tweets",
}


local function implementation_of(row)
  if not row.implementation then
    local module, name = row.place:match("^(.*)%.(.*)$")
    row.implementation = modules[module][name]
  end
  return row.implementation
end


-- The argument behind the function's own: the call's parameters.
local function parameters_of(own, a, b, c, d, e)
  if own == 0 then return a end
  if own == 1 then return b end
  if own == 2 then return c end
  if own == 3 then return d end
  return e
end


local function perform(context, row, a, b, c, d)
  local own, implementation = row.own, implementation_of(row)
  if own == 0 then return implementation(context) end
  if own == 1 then return implementation(context, a) end
  if own == 2 then return implementation(context, a, b) end
  if own == 3 then return implementation(context, a, b, c) end
  return implementation(context, a, b, c, d)
end


local function run(owner, row, a, b, c, d, e)
  local context, err = client.context(owner, row.name,
    parameters_of(row.own, a, b, c, d, e))
  if not context then return nil, err end
  return perform(context, row, a, b, c, d)
end


-- The parameters are those of now, whenever the call's turn comes.
local function send(owner, row, a, b, c, d, e)
  local context, err = client.context(owner, row.name,
    parameters_of(row.own, a, b, c, d, e))
  if not context then return nil, err end
  return background.send(row.name, context.parameters.send_queue, function()
    return perform(context, row, a, b, c, d)
  end)
end


local rows = {}

-- The row of a function that is to be called later. What is no name might be
-- a secret in the wrong place.
local function row_named(name)
  local row = rows[name]
  if row then return row end
  local shown = type(name)
  if shown == "string" and name:find("^[%l_]+$") then
    shown = "'" .. name .. "'"
  end
  error(("bad argument #1 to 'send' (name of a function expected, got %s)")
    :format(shown), 3)
end


local function read_row(fields)
  local row = { name = fields[1], place = fields[2], own = #fields - 2 }
  for i = 3, #fields do row[i - 2] = arguments.specify(fields[i]) end
  row[row.own + 1] = OPTIONAL_PARAMETERS
  return row
end


local function define(default, row)
  local name = row.name
  rows[name] = row

  twitter[name] = function(a, b, c, d, e)
    check_call(name, a)
    arguments.check(name, row, a, b, c, d, e)
    return run(default, row, a, b, c, d, e)
  end

  client.methods[name] = function(self, a, b, c, d, e)
    if not client.is(self) then
      error(("calling '%s' on bad self (use client:%s(...))")
        :format(name, name), 2)
    end
    arguments.check(name, row, a, b, c, d, e)
    return run(self, row, a, b, c, d, e)
  end
end


local default = assert(client.new())
for _, fields in ipairs(functions) do define(default, read_row(fields)) end


--- Is the value an error object of this library?
---@param value any
---@return boolean
function twitter.is_error(value)
  return errors.is(value)
end


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
  arguments.check("new", { OPTIONAL_PARAMETERS }, bound)
  return client.new(bound)
end


--- Sets module-wide parameters, key by key over the earlier ones; called
--- without an argument it forgets them all.
---@param values? table|string parameters, or the path of a JSON file
---@return true? ok
---@return twitter.error? err kinds: invalid, file, json
function twitter.configure(values)
  check_call("configure", values)
  arguments.check("configure", { OPTIONAL_PARAMETERS }, values)
  return client.configure(values)
end


local FLUSH = { arguments.specify "?number" }

--- Makes a call without waiting for it: `twitter.send("create_text_tweet",
--- "hi")`, with the arguments that the function takes. It works in every
--- phase of nginx's workers, those that may not wait included; at most 16
--- calls are under way at once, the others wait their turn (see the parameter
--- `send_queue`). What became of them is counted (`send_stats`), and each
--- failure is logged: to nginx's error log, or to the standard error. A script
--- waits with `flush` before it ends.
---@param name string of the function
---@param ... any its arguments; tables are not to be changed until it is done
---@return true? ok
---@return twitter.error? err kinds: invalid (with `problem` "queue-full": too many wait), file, json
function twitter.send(name, ...)
  check_call("send", name)
  local row = row_named(name)
  arguments.check(name, row, ...)
  return send(default, row, ...)
end


function client.methods.send(self, name, ...)
  if not client.is(self) then
    error("calling 'send' on bad self (use client:send(...))", 2)
  end
  local row = row_named(name)
  arguments.check(name, row, ...)
  return send(self, row, ...)
end


--- What became of the calls that were sent, in this Lua state.
---@return { queued: integer, running: integer, sent: integer, failed: integer, dropped: integer } stats `dropped`: refused by `send`
function twitter.send_stats()
  return background.stats()
end


--- Waits until no call that was sent waits or is under way.
---@param seconds? number at most (60)
---@return true? ok
---@return twitter.error? err kinds: timeout, invalid
function twitter.flush(seconds)
  arguments.check("flush", FLUSH, seconds)
  return background.flush(seconds)
end


local PARALLEL = { arguments.specify "table", arguments.specify "?table" }

--- Runs functions together, their calls in flight at once.
---@param tasks function[]
---@param options? table `concurrency`: how many at once (16)
---@return table[]? results in the order of the tasks: each a list of what the function returned, with `n`
---@return twitter.error? err kinds: invalid
function twitter.parallel(tasks, options)
  check_call("parallel", tasks)
  arguments.check("parallel", PARALLEL, tasks, options)
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

if transport.is_server() then lazy.load_all() end

return twitter
