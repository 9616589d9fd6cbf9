-- The rock: its list of files is the tree's, LuaRocks accepts it, and what it
-- builds and installs for the running Lua works without this tree.

local json = require "cjson"

local sandbox = require "support.sandbox"

local rockspec_path = "rockspec/twitter-api-scm-1.rockspec"

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- What a shell command prints (both streams), and whether it succeeded.
local function run(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1; echo $?"))
  local text = pipe:read("*a")
  pipe:close()
  local output, status = text:match("^(.*)%f[%d](%d+)\n$")
  return output, status == "0"
end

local function check(command)
  local output, ok = run(command)
  assert(ok, command .. "\n" .. output)
  return output
end

local function lines(command)
  local list = {}
  for line in check(command):gmatch("[^\n]+") do list[#list + 1] = line end
  table.sort(list)
  return list
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

--- A rockspec is Lua that sets globals.
local function read_rockspec()
  local fields = {}
  local chunk
  if setfenv then
    chunk = setfenv(assert(loadfile(rockspec_path)), fields)
  else
    chunk = assert(loadfile(rockspec_path, "t", fields))
  end
  chunk()
  return fields
end

--- What to change in the rockspec.
local function differences(expected, listed)
  local list = {}
  for name, path in pairs(expected) do
    if listed[name] ~= path then
      list[#list + 1] = ("add %q = %q"):format(name, path)
    end
  end
  for name, path in pairs(listed) do
    if not expected[name] then
      list[#list + 1] = ("remove %q = %q"):format(name, path)
    end
  end
  table.sort(list)
  return list
end

local rockspec = read_rockspec()

describe("the rockspec", function()
  it("passes luarocks lint", function()
    check("luarocks lint " .. rockspec_path)
  end)

  it("lists every C file", function()
    local listed = {}
    for _, path in ipairs(rockspec.build.modules["twitter.core"].sources) do
      listed[path] = path
    end
    local expected = {}
    for _, path in ipairs(lines "ls src/*.c") do expected[path] = path end
    assert.same({}, differences(expected, listed))
  end)

  it("lists every Lua module", function()
    local expected = {}
    for _, path in ipairs(lines "find lua -name '*.lua' ! -name '*.d.lua'") do
      local name = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", "")
      expected[name:gsub("/", ".")] = path
    end
    local listed = {}
    for name, path in pairs(rockspec.build.modules) do
      if type(path) == "string" then listed[name] = path end
    end
    assert.same({}, differences(expected, listed))
  end)
end)

describe("the rock", function()
  local version = _VERSION:match("%d%.%d")
  local lua = os.getenv "LUA" or arg[-1]
  local folder

  --- A copy to build in (LuaRocks writes objects beside the sources) and a
  --- configuration that makes LuaRocks ask nobody: the dependencies are here.
  local function prepare()
    folder = check("mktemp -d"):gsub("%s+$", "")
    check(("mkdir %s/source && cp -R src lua rockspec LICENSE %s/source"):format(
      folder, folder))
    write(folder .. "/config.lua", [[
      rocks_servers = {}
      rocks_provided = { ["lua-cjson"] = "2.1.0-1" }
    ]])
  end

  --- LuaRocks looks for Lua in PATH; it shall not take the wrappers that the
  --- sanitizer and valgrind runs put there.
  local function luarocks(command)
    return check(("cd %s/source && LUAROCKS_CONFIG=%s/config.lua "
      .. "PATH=$(echo $PATH | sed 's,[^:]*/build/[^:]*:,,g') "
      .. "luarocks --lua-version=%s --tree=%s/tree %s"):format(
      folder, folder, version, folder, command))
  end

  --- Runs Lua code where only the installed rock can be found.
  local function run_installed(code)
    write(folder .. "/program.lua", code)
    local tree = ("%s/tree/%%s/lua/%s"):format(folder, version)
    return check(("cd / && LUA_PATH='%s/?.lua;%s/?/init.lua;;' "
      .. "LUA_CPATH='%s/?.so;;' %s %s/program.lua"):format(
      tree:format("share"), tree:format("share"), tree:format("lib"),
      quote(lua), folder))
  end

  setup(function()
    prepare()
    luarocks("make " .. rockspec_path)
  end)

  teardown(function()
    if folder then os.execute("rm -rf " .. quote(folder)) end
  end)

  it("installs the module", function()
    local output = run_installed [[
      print(package.searchpath and package.searchpath("twitter.core",
        package.cpath) or "no searchpath")
      print(require("twitter.core").version, type(require("twitter").new))
    ]]
    assert.matches("%d+%.%d+%.%d+%s+function", output)
    if not output:find("no searchpath", 1, true) then
      assert.truthy(output:find(folder .. "/tree/", 1, true), output)
    end
  end)

  it("installs what the rockspec lists and nothing else", function()
    local installed = lines(("cd %s/tree/share/lua/%s && "
      .. "find twitter -name '*.lua'"):format(folder, version))
    local listed = lines "cd lua && find twitter -name '*.lua'"
    assert.same(listed, installed)
  end)

  it("posts", function()
    local box = assert(sandbox.start())
    write(folder .. "/parameters.json", json.encode(box:parameters "oauth2"))
    local ok, output = pcall(run_installed, ([[
      local post, facts = require("twitter").create_text_tweet(
        "posted by the rock", %q)
      assert(post, facts)
      print(facts.status, post.data.text)
    ]]):format(folder .. "/parameters.json"))
    box:stop()
    assert(ok, output)
    assert.equal("201\tposted by the rock\n", output)
  end)
end)
