-- The library as a guest in a process: what its children inherit, how it
-- leaves, forks, name servers that never answer, servers that hang up between
-- two requests. Each case runs in an interpreter of its own.

local sandbox = require "support.sandbox"
local twitter = require "twitter"

local lua = os.getenv("LUA") or arg[-1]
local build = (os.getenv("BUILD") or "build") .. "/"
  .. lua:match("[^/]*$")

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function shell(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1; echo \"[$?]\""))
  local text = pipe:read("*a")
  pipe:close()
  local output, status = text:match("^(.*)%[(%d+)%]\n$")
  return output, tonumber(status)
end

-- Builds a helper of C; `flags` may use the shell.
local function build_helper(name, flags)
  local target = build .. "/" .. name .. ".so"
  local output, status = shell(("unset LD_PRELOAD; mkdir -p %s && "
    .. "${CC:-cc} -std=gnu99 -O1 -fPIC -shared %s -o %s.$$ spec/support/%s.c "
    .. "&& mv %s.$$ %s"):format(build, flags, target, name, target, target))
  assert(status == 0, output)
  return target
end

local lua_flags = ("$(pkg-config --cflags %s 2>/dev/null || echo "
  .. "-I/usr/include/luajit-2.1)"):format(lua:match("[^/]*$"))

describe("in a process of its own, the library", function()
  local box

  setup(function() box = assert(sandbox.start()) end)
  teardown(function() box:stop() end)

  -- Runs a script; `client` and the core are at hand in it.
  local function run(script, before)
    local parameters = {}
    for name, value in pairs(box:parameters("oauth2")) do
      parameters[#parameters + 1] = ("[%q] = %q"):format(name, value)
    end
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write("local twitter, core = require 'twitter', require "
      .. "'twitter.core'\n"
      .. "local parameters = {" .. table.concat(parameters, ", ") .. "}\n"
      .. "local client = assert(twitter.new(parameters))\n" .. script)
    file:close()
    local output, status = shell((before or "") .. " " .. quote(lua) .. " "
      .. path)
    os.remove(path)
    return output, status
  end

  it("leaves no descriptor to its children", function()
    local output, status = run([[
      assert(client:request("GET", "/2/users/me"))
      os.execute("ls -l /proc/self/fd")
    ]])
    assert.equal(0, status, output)
    assert.is_nil(output:find("socket:", 1, true), output)
    assert.is_nil(output:find("anon_inode", 1, true), output)
  end)

  for name, ending in pairs {
    ["by running off the end"] = "",
    ["by os.exit"] = "os.exit(0)",
    ["by os.exit with closing"] = "os.exit(0, true)",
    ["by an error"] = "error('on purpose')",
  } do
    it("leaves in order, with a request under way, " .. name, function()
      local output, status = run([[
        local engine = core.engine()
        local settings = core.settings { ca_file = parameters.ca_file }
        local transfers = {}
        for i = 1, 20 do
          transfers[i] = core.transfer(settings, "GET",
            parameters.api_url .. "/2/users/me", {})
          engine:add(transfers[i])
        end
        engine:step(0)
        engine:step(0.01)
      ]] .. ending)
      assert.equal(name == "by an error" and 1 or 0, status, output)
    end)
  end

  it("can be closed in any order while requests are under way", function()
    local output, status = run([[
      local settings = core.settings { ca_file = parameters.ca_file }
      for round = 1, 10 do
        local engine = core.engine()
        local one = core.transfer(settings, "GET", parameters.api_url, {})
        local two = core.transfer(settings, "GET", parameters.api_url, {})
        engine:add(one)
        engine:add(two)
        engine:step(0.001)
        if round % 2 == 0 then one:close() end
        engine:close()
        assert(two:done())
        local _, kind = two:result()
        assert(kind == "canceled", kind)
        collectgarbage()
      end
    ]])
    assert.equal(0, status, output)
  end)

  it("goes on in parent and child after a fork #bare", function()
    build_helper("process", lua_flags)
    local output, status = run(([[
      package.cpath = %q .. package.cpath
      local process = require "process"
      assert(client:request("GET", "/2/users/me"))
      local child = process.fork()
      local who = child == 0 and "child" or "parent"
      for i = 1, 3 do
        assert(client:create_text_tweet(who .. " " .. i))
      end
      if child == 0 then process.leave(7) end
      assert(process.wait(child) == 7)
      assert(client:create_text_tweet("parent again"))
    ]]):format("./" .. build .. "/?.so;"))
    assert.equal(0, status, output)
    local texts = {}
    for _, post in ipairs(assert(box:control("GET", "/state")).posts) do
      texts[post.text or post.sent.text] = true
    end
    for _, text in ipairs { "parent 1", "child 3", "parent again" } do
      assert.is_true(texts[text], text)
    end
  end)

  it("draws random text of their own in parent and child", function()
    build_helper("process", lua_flags)
    local output, status = run(([[
      package.cpath = %q .. package.cpath
      local process = require "process"
      core.token(8)
      local child = process.fork()
      print(core.token(32))
      if child == 0 then io.stdout:flush() process.leave(0) end
      process.wait(child)
    ]]):format("./" .. build .. "/?.so;"))
    assert.equal(0, status, output)
    local first, second = output:match("^(%w+)\n(%w+)\n$")
    assert.are_not.equal(first, second)
  end)

  it("does not wait for a name server that never answers", function()
    local preload = build_helper("slowdns", "")
    local mark = os.tmpname()
    os.remove(mark)
    local output, status = run(([[
      local value, err = twitter.request("GET", "/2/users/me", nil, {
        api_url = "https://api.example.com", bearer_token = "bearer-token",
        timeout = 0.3, max_retries = 0,
      })
      assert(value == nil and err.kind == "timeout", tostring(err))
      assert(err.outcome == "not_sent", tostring(err))
      assert(io.open(%q) == nil, "somebody waited")
      assert(client:request("GET", "/2/users/me"))
      assert(io.open(%q) == nil, "somebody waited")
    ]]):format(mark, mark), "SLOWDNS=" .. mark .. " LD_PRELOAD=" .. preload)
    assert.equal(0, status, output)
    assert.is_nil((io.open(mark)))
  end)

  it("posts once and only once while the server keeps hanging up", function()
    local other = assert(sandbox.start { keepalive_requests = 7,
      limits = false })
    local client = assert(twitter.new(other:parameters("oauth2")))
    local posted, unknown = 0, 0
    for i = 1, 100 do
      assert(client:request("GET", "/2/users/me"))
      local post, err = client:create_text_tweet("number " .. i)
      if post then
        posted = posted + 1
      else
        assert.equal("unknown", err.outcome)
        unknown = unknown + 1
      end
    end
    local made = #assert(other:control("GET", "/state")).posts
    other:stop()
    assert.is_true(made >= posted and made <= posted + unknown)
    assert.is_true(posted >= 90)
  end)
end)
