-- The README is true: each of its Lua blocks runs, in order, against the
-- sandbox, and its table of parameters is the one the library has.

local browser = require "support.browser"
local json = require "twitter.json"
local parameters = require "twitter.parameters"
local sandbox = require "support.sandbox"
local twitter = require "twitter"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local readme = read("README.md")

-- The reader's files, as there are files here.
local files = {
  ["cat.jpg"] = "spec/fixtures/picture.jpg",
  ["dog.png"] = "spec/fixtures/picture.png",
  ["wave.gif"] = "spec/fixtures/animation.gif",
  ["clip.mp4"] = "spec/fixtures/video.mp4",
}

local function blocks()
  local list, line = {}, 1
  for before, code in readme:gmatch("(.-)```lua\n(.-)```") do
    line = line + select(2, before:gsub("\n", "")) + 1
    list[#list + 1] = { line = line, code = code }
    line = line + select(2, code:gsub("\n", ""))
  end
  return list
end

local function load_with(code, name, environment)
  if setfenv then
    return setfenv(assert(loadstring(code, name)), environment)
  end
  return assert(load(code, name, "t", environment))
end

describe("README", function()
  local box, path, environment, printed

  setup(function()
    box = assert(sandbox.start { processing = { polls = 1,
      check_after_secs = 0.02 } })
    path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write((assert(json.encode(box:parameters()))))
    file:close()
    local login = box:parameters("oauth2")
    environment = setmetatable({
      twitter = twitter,
      CLIENT_ID = login.client_id, CLIENT_SECRET = login.client_secret,
      ACCESS_TOKEN = login.access_token, REFRESH_TOKEN = login.refresh_token,
      print = function(...) printed[#printed + 1] = { ... } end,
      save = function(...) printed[#printed + 1] = { ... } end,
      open_in_browser = function(link)
        return (assert(browser.decide(link, box.ca_file, "allow")))
      end,
    }, { __index = _G })
  end)

  teardown(function()
    twitter.configure()
    box:stop()
    os.remove(path)
  end)

  before_each(function()
    printed = {}
    assert(box:control("DELETE", "/requests"))
  end)

  local function ready(code)
    code = code:gsub('"([%w]+%.%w+)"', function(name)
      if name == "twitter.json" then return ("%q"):format(path) end
      return files[name] and ("%q"):format(files[name])
    end)
    return (code:gsub("https://example%.com/callback",
      (box:parameters("oauth2").redirect_uri:gsub("%%", "%%%%"))))
  end

  local function assert_nothing_refused()
    for _, entry in ipairs(assert(box:control("GET", "/requests")).requests) do
      assert.is_true(entry.status < 400, entry.method .. " " .. entry.path)
    end
  end

  for _, block in ipairs(blocks()) do
    it("runs the block at line " .. block.line, function()
      -- what other blocks read back
      local post = twitter.create_text_tweet("to be read back, line "
        .. block.line)
      environment.ID = post and post.data.id
      load_with(ready(block.code), "=README.md:" .. block.line, environment)()
      assert_nothing_refused()
    end)
  end

  it("has blocks at all", function()
    assert.is_true(#blocks() >= 8)
  end)

  it("lists every parameter with its type, default and choices", function()
    local listed = {}
    for name, kind, default, text in readme:gmatch(
      "\n| `([%w_]+)` | ([^|]*) | ([^|]*) | ([^\n]*) |%f[\n]") do
      listed[name] = { kind, default:match("^`(.*)`$") or default, text }
    end
    for _, row in ipairs(parameters.known) do
      local entry = assert(listed[row.name], row.name .. " is not listed")
      local default = row.default
      if type(default) == "number" then default = ("%.14g"):format(default) end
      if row.name == "user_agent" then
        default = default:gsub("/.*", "/VERSION")
      end
      assert.equal(row.type .. (row.unit and ", " .. row.unit or ""), entry[1])
      assert.equal(default or "", entry[2], row.name)
      local text = row.description .. (row.choices
        and ": `" .. table.concat(row.choices, "`, `") .. "`" or "")
      assert.equal(text, entry[3])
      listed[row.name] = nil
    end
    for _, name in ipairs { "invalid", "auth", "rate_limit", "http", "json",
      "file", "canceled", "not_sent", "refused", "unknown" } do
      listed[name] = nil
    end
    assert.is_nil((next(listed)))
  end)
end)
