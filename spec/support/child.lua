-- Interpreters of their own for specs: how a process starts, forks, is
-- signalled and ends can only be looked at from outside.
--
--   local child = require "support.child"
--   local output, status = child.run("print(1)")

local child = {}

-- The interpreter that runs the spec, and where its modules are.
child.lua = os.getenv("LUA") or arg[-1]
child.build = (os.getenv("BUILD") or "build") .. "/"
  .. child.lua:match("[^/]*$")

function child.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

---@param command string
---@return string output of both streams
---@return integer status
function child.shell(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1; echo \"[$?]\""))
  local text = pipe:read("*a")
  pipe:close()
  local output, status = text:match("^(.*)%[(%d+)%]\n$")
  return output, tonumber(status)
end

-- Where the headers of this Lua are; LuaJIT's module is named otherwise.
child.lua_flags = ("$(pkg-config --cflags %s 2>/dev/null || echo "
  .. "-I/usr/include/luajit-2.1)"):format(child.lua:match("[^/]*$"))

---Builds spec/support/<name>.c; `flags` may use the shell. Built aside and
---moved into place, so that two may build at once.
---@param name string
---@param target string below `child.build`
---@param flags string
---@return string path
function child.compile(name, target, flags)
  local path = child.build .. "/" .. target
  local output, status = child.shell(("unset LD_PRELOAD; mkdir -p %s && "
    .. "${CC:-cc} -std=gnu99 -O1 -Wall -Wextra -o %s.$$ spec/support/%s.c %s "
    .. "&& mv %s.$$ %s"):format(child.build, path, name, flags, path, path))
  assert(status == 0, output)
  return path
end

---Builds a C module that scripts can require, and answers the line that lets
---them: "package.cpath = ...".
---@param name string
---@return string code
function child.module(name)
  child.compile(name, name .. ".so", "-fPIC -shared " .. child.lua_flags)
  return ("package.cpath = %q .. package.cpath\n")
    :format("./" .. child.build .. "/?.so;")
end

---A table of strings and numbers as Lua code.
---@param fields table
---@return string
function child.literal(fields)
  local parts = {}
  for name, value in pairs(fields) do
    parts[#parts + 1] = ("[%q] = %q"):format(name, value)
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

---Runs a script; with `parameters`, `twitter`, `core` and a `client` are at
---hand in it.
---@param script string
---@param parameters table?
---@param before string? put before the command
---@return string output
---@return integer status
function child.run(script, parameters, before)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  if parameters then
    file:write("local twitter, core = require 'twitter', require "
      .. "'twitter.core'\nlocal parameters = ", child.literal(parameters),
      "\nlocal client = assert(twitter.new(parameters))\n")
  end
  file:write(script)
  file:close()
  local output, status = child.shell((before or "") .. " "
    .. child.quote(child.lua) .. " " .. path)
  os.remove(path)
  return output, status
end

return child
