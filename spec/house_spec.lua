-- The tree keeps its promises: which file may know which library, what a C
-- file looks like, what lies at the top, what the shared object exports.

local function shell_lines(command)
  local list = {}
  local pipe = assert(io.popen(command))
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function lines_of(path)
  local list = {}
  for line in (read(path) .. "\n"):gmatch("(.-)\n") do list[#list + 1] = line end
  if list[#list] == "" then list[#list] = nil end
  return list
end

local c_files = shell_lines "LC_ALL=C ls src/*.c"
local headers = shell_lines "LC_ALL=C ls src/*.h"
local lua_files = shell_lines "find lua -name '*.lua' | LC_ALL=C sort"

local c_and_headers = {}
for _, list in ipairs { c_files, headers } do
  for _, path in ipairs(list) do c_and_headers[#c_and_headers + 1] = path end
end

local function base(path)
  return path:match("[^/]+$")
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

--- The text of a file without its comments (good enough for these greps: no
--- string in the tree holds the mark of a comment before a banned word).
local function code_of(path)
  local text = read(path)
  if path:find("%.lua$") then
    return (text:gsub("%-%-%[%[.-%]%]", ""):gsub("%-%-[^\n]*", ""))
  end
  return (text:gsub("/%*.-%*/", ""))
end

--- The files of `list` whose code has `pattern`, except those `allowed`.
local function strangers(list, pattern, allowed)
  local found = {}
  for _, path in ipairs(list) do
    if code_of(path):find(pattern) and not allowed(path) then
      found[#found + 1] = path
    end
  end
  return found
end

local function only(...)
  local names = {}
  for _, name in ipairs { ... } do names[name] = true end
  return function(path) return names[base(path)] end
end

local function none()
  return false
end

-- The binding is every file whose name begins with an l.
local function binding(path)
  return base(path):find("^l") or base(path) == "compat.h"
end

describe("the layers", function()
  local function keeps(what, list, pattern, allowed)
    it("keep " .. what, function()
      assert.same({}, strangers(list, pattern, allowed))
    end)
  end

  keeps("OpenSSL in crypto.c", c_and_headers, "#%s*include%s*<openssl/",
    only "crypto.c")
  keeps("libcurl in body.c, easy.c, transfer.c and engine.c", c_and_headers,
    "#%s*include%s*<curl/", only("body.c", "easy.c", "transfer.c", "engine.c"))
  keeps("threads in mailbox.c and worker.c", c_and_headers,
    "#%s*include%s*<pthread%.h>", only("mailbox.c", "worker.c"))
  keeps("Lua in the binding", c_and_headers,
    '#%s*include%s*[<"]lu?a%w*%.h', binding)
  keeps("a lua_State out of everything below the binding", c_and_headers,
    "lua_State", binding)
  keeps("the versions of Lua in compat.h", c_and_headers, "LUA_VERSION_NUM",
    only "compat.h")
  keeps("the binding's headers in the binding", c_and_headers,
    '#%s*include%s*"l[^"]*%.h"', binding)
  keeps("nginx in the transport and its token store", lua_files,
    "%f[%w_]ngx%f[^%w_]", only("transport.lua", "nginx.lua", "shared_dict.lua"))
  keeps("cjson in json.lua", lua_files, "cjson", only "json.lua")
end)

describe("a C file", function()
  it("begins by saying what it is for", function()
    for _, path in ipairs(c_and_headers) do
      local opening = "^/%*\n%*%* " .. base(path):gsub("%.", "%%.") .. "\n%*%* %u"
      assert.truthy(read(path):find(opening), path)
    end
  end)

  it("has a header of its name, unless it is the door", function()
    for _, path in ipairs(c_files) do
      local header = path:gsub("%.c$", ".h")
      assert.truthy(exists(header) or base(path) == "lcore.c", path)
    end
  end)

  it("includes twitter.h before anything else", function()
    for _, path in ipairs(c_files) do
      local first = code_of(path):match("#%s*include%s*([^\n]*)")
      assert.equal('"twitter.h"', first, path)
    end
  end)

  it("guards its header with the header's name", function()
    for _, path in ipairs(headers) do
      local guard = base(path):gsub("%.", "_")
      local text = code_of(path)
      assert.truthy(text:find("#ifndef " .. guard .. "\n#define " .. guard, 1,
        true), path)
    end
  end)

  it("stays within 80 columns and 500 lines", function()
    for _, path in ipairs(c_and_headers) do
      local lines = lines_of(path)
      assert.truthy(#lines <= 500, path .. " has " .. #lines .. " lines")
      for number, line in ipairs(lines) do
        local place = path .. ":" .. number
        assert.truthy(#line <= 80, place .. " is too wide")
        assert.is_nil(line:find("%s$"), place .. " ends with a space")
        assert.is_nil(line:find("\t"), place .. " has a tab")
      end
    end
  end)

  it("has no function of more than 60 lines", function()
    for _, path in ipairs(c_files) do
      local start, name
      for number, line in ipairs(lines_of(path)) do
        local called = line:match("^[%a_].-([%w_]+) ?%(")
        if called then start, name = number, called end
        if line == "}" and start then
          local length = number - start + 1
          assert.truthy(length <= 60, ("%s: %s has %d lines"):format(path, name,
            length))
          start = nil
        end
      end
    end
  end)

  it("calls nothing that overruns, hides errors or shares a buffer", function()
    for _, name in ipairs { "strcpy", "strcat", "sprintf", "vsprintf", "atoi",
        "atol", "atof", "gets", "strtok", "strdupa", "alloca", "tmpnam",
        "mktemp", "rand", "srand", "localtime", "gmtime", "ctime", "asctime",
        "system", "setenv", "putenv", "exit", "abort" } do
      assert.same({}, strangers(c_and_headers, "%f[%w_]" .. name .. "%s*%(",
        none), name)
    end
  end)
end)

describe("the tree", function()
  it("has nothing else at its top", function()
    local known = { src = true, lua = true, spec = true, rockspec = true,
      build = true, Makefile = true, ["README.md"] = true, LICENSE = true,
      ["CHANGELOG.md"] = true }
    for _, name in ipairs(shell_lines "ls -A") do
      assert.truthy(known[name] or name:find("^%."), name)
    end
  end)

  it("says at the top of every Lua file what it is for", function()
    for _, path in ipairs(lua_files) do
      assert.truthy(read(path):find("^%-%-"), path)
    end
  end)

  it("leaves nothing for later", function()
    local marks = { "TO" .. "DO", "FIX" .. "ME", "X" .. "XX" }
    for _, list in ipairs { c_and_headers, lua_files } do
      for _, path in ipairs(list) do
        for _, mark in ipairs(marks) do
          assert.is_nil(read(path):find("%f[%w]" .. mark .. "%f[%W]"), path)
        end
      end
    end
  end)
end)

describe("the shared object", function()
  local function shared_object()
    for template in package.cpath:gmatch("[^;]+") do
      local path = template:gsub("%?", "twitter/core")
      if exists(path) then return path end
    end
  end

  it("exports luaopen_twitter_core alone", function()
    local path = assert(shared_object(), "not built")
    if #shell_lines "command -v nm" == 0 then return pending "no nm here" end
    assert.same({ "luaopen_twitter_core" }, shell_lines(
      "nm -D --defined-only " .. path .. " | awk '{ print $3 }'"))
  end)
end)
