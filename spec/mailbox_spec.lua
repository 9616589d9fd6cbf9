-- Mailboxes and the I/O thread: jobs go and come back, and neither their
-- number nor the order in which things end, nor forks, signals and the end of
-- the process, leave anything behind. What is tagged "bare" cannot be seen
-- through ThreadSanitizer, which has threads of its own and none after a fork.

local child = require "support.child"
local core = require "twitter.core"
local sandbox = require "support.sandbox"

local load_text = loadstring or load
local with_process = child.module("process")
assert(load_text(with_process))()
local process = require "process"

describe("core.mailbox", function()
  local box, settings, bearer, parameters

  setup(function()
    box = assert(sandbox.start { limits = false })
    parameters = box:parameters("oauth2")
    settings = core.settings { ca_file = box.ca_file }
    bearer = "Bearer " .. parameters.access_token
  end)
  teardown(function() box:stop() end)
  before_each(function() assert(box:control("DELETE", "/faults")) end)

  local function get()
    return assert(core.transfer(settings, "GET", box.api_url .. "/2/users/me",
      { "authorization", bearer }))
  end

  local function stall(times)
    assert(box:control("POST", "/faults", { match = { path = "/2/users/me" },
      times = times, fault = { kind = "stall_before" } }))
  end

  -- The ids that arrive until nothing is under way, in their order.
  local function collect_all(mailbox)
    local ids = {}
    while mailbox:pending() > 0 do
      process.poll(mailbox:descriptor(), 0.05)
      mailbox:drain()
      local id = mailbox:collect()
      while id do
        ids[#ids + 1] = id
        id = mailbox:collect()
      end
    end
    return ids
  end

  describe("hands back", function()
    it("what was submitted, once", function()
      local mailbox, transfer = core.mailbox(), get()
      assert.equal(0, mailbox:pending())
      assert.is_nil(mailbox:collect())
      local id = mailbox:submit(transfer)
      assert.equal(1, mailbox:pending())
      assert.same({ id }, collect_all(mailbox))
      assert.is_true(transfer:done())
      assert.equal(200, (transfer:result()))
      assert.is_nil(mailbox:collect())
      mailbox:close()
    end)

    it("alarms in the order in which they are due", function()
      local mailbox = core.mailbox()
      local late, never = mailbox:alarm(0.05), mailbox:alarm(0.08)
      local soon, now = mailbox:alarm(0.02), mailbox:alarm(0)
      assert.same({ now, soon, late, never }, collect_all(mailbox))
      mailbox:close()
    end)

    it("thousands, each to its own mailbox, ids never used twice", function()
      assert(box:control("DELETE", "/requests"))
      local mailboxes, keep, owner, count = {}, {}, {}, 0
      for i = 1, 4 do mailboxes[i] = core.mailbox() end
      for i = 1, 3000 do
        local which = i % 4 + 1
        local id
        if i % 3 == 0 then
          id = mailboxes[which]:alarm(i % 7 / 100)
        else
          keep[i] = get()
          id = mailboxes[which]:submit(keep[i])
        end
        assert.is_nil(owner[id])
        owner[id] = which
      end
      for which, mailbox in ipairs(mailboxes) do
        for _, id in ipairs(collect_all(mailbox)) do
          assert.equal(which, owner[id])
          owner[id] = nil
          count = count + 1
        end
        mailbox:close()
      end
      assert.equal(3000, count)
      for i = 1, 3000 do
        if keep[i] then assert.equal(200, (keep[i]:result())) end
      end
      local connections, of = 0, {}
      for _, entry in ipairs(box:control("GET", "/requests").requests) do
        if not of[entry.connection] then connections = connections + 1 end
        of[entry.connection] = true
      end
      assert.is_true(connections <= 2)   -- of all four together
    end)
  end)

  describe("forgets", function()
    it("calls that nobody holds, and wakes nobody for them", function()
      stall(3)
      local mailbox = core.mailbox()
      local descriptor = mailbox:descriptor()
      for _ = 1, 3 do mailbox:submit(get()) end
      process.sleep(0.05)
      for _ = 1, 2 do collectgarbage() end
      while mailbox:pending() > 0 do process.sleep(0.001) end
      assert.is_false(process.poll(descriptor, 0))
      assert.is_nil(mailbox:collect())
      mailbox:close()
    end)

    it("calls that were closed before, while and after they travel", function()
      local mailbox = core.mailbox()
      for i = 1, 60 do
        local transfer = get()
        mailbox:submit(transfer)
        if i % 3 == 1 then process.sleep(0.01) end
        if i % 3 == 2 then collect_all(mailbox) end
        transfer:close()
        assert.has_error(function() transfer:result() end)
      end
      while mailbox:pending() > 0 do process.sleep(0.001) end
      mailbox:close()
    end)
  end)

  describe("closes", function()
    it("before, while and after its calls travel, in every order", function()
      for round = 1, 24 do
        local mailbox, transfer = core.mailbox(), get()
        if round % 2 == 0 then mailbox:descriptor() end
        mailbox:submit(transfer)
        mailbox:alarm(1e6)
        if round % 3 == 1 then process.sleep(0.005) end
        if round % 3 == 2 then
          while not transfer:done() do process.sleep(0.001) end
        end
        if round % 4 < 2 then transfer:close() end
        mailbox:close()
        mailbox:close()
        if round % 4 == 2 then transfer:close() end
      end
      collectgarbage()
    end)

    it("and ends what is under way", function()
      stall(1)
      local other = core.mailbox()     -- keeps the thread alive
      other:alarm(1e6)
      local mailbox, transfer = core.mailbox(), get()
      mailbox:submit(transfer)
      process.sleep(0.05)
      assert.is_false(transfer:done())
      mailbox:close()
      while not transfer:done() do process.sleep(0.001) end
      local status, kind = transfer:result()
      assert.is_nil(status)
      assert.equal("canceled", kind)
      other:close()
    end)

    it("also by the thread's end, with the last of them", function()
      stall(1)
      local mailbox, transfer = core.mailbox(), get()
      mailbox:submit(transfer)
      collectgarbage()   -- no other mailbox is left of earlier specs
      mailbox:close()
      while not transfer:done() do process.sleep(0.001) end
      assert.equal("canceled", (select(2, transfer:result())))
    end)
  end)

  it("refuses what cannot be", function()
    local mailbox, transfer = core.mailbox(), get()
    mailbox:submit(transfer)
    assert.has_error(function() mailbox:submit(transfer) end)
    assert.has_error(function() transfer:result() end)
    assert.has_error(function() core.engine():add(transfer) end)
    for _, bad in ipairs { -1, 0 / 0, math.huge, 1e10, "x" } do
      assert.has_error(function() mailbox:alarm(bad) end)
    end
    collect_all(mailbox)
    assert.has_error(function() mailbox:submit(transfer) end)
    mailbox:close()
    for _, name in ipairs { "submit", "alarm", "collect", "pending",
      "descriptor", "drain", "poke" } do
      assert.has_error(function() mailbox[name](mailbox) end)
    end
    assert.is_false(mailbox:is_ours())
  end)

  -- ---- in a process of its own ----

  -- What a thread held that is not in a forked child, or that an exit caught in
  -- the middle, is lost on purpose.
  local no_leaks = 'ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0"'

  -- Functions for scripts: `threads()` lists the ids of the process's threads,
  -- `field(thread, name)` reads one's status.
  local helpers = with_process .. [[
    local process = require "process"
    local function threads()
      local list, pipe = {}, io.popen("ls /proc/" .. process.id() .. "/task")
      for line in pipe:lines() do list[#list + 1] = line end
      pipe:close()
      return list
    end
    local function settled(count)
      for _ = 1, 500 do
        if #threads() == count then return true end
        process.sleep(0.01)
      end
      error("there are " .. #threads() .. " threads")
    end
    local function field(thread, name)
      local file = assert(io.open("/proc/self/task/" .. thread .. "/status"))
      local value = ("\n" .. file:read("*a")):match("\n" .. name .. ":%s*(%S+)")
      file:close()
      return value
    end
    local function transfer()
      return core.transfer(core.settings { ca_file = parameters.ca_file },
        "GET", parameters.api_url .. "/2/users/me",
        { "authorization", "Bearer " .. parameters.access_token })
    end
    local function finish(loop)
      while loop:pending() > 0 do
        process.poll(loop:descriptor(), 30)
        loop:step()
      end
    end
    local before = #threads()   -- a sanitizer may have one of its own
  ]]

  local function run(script, prefix)
    local output, status = child.run(helpers .. script, parameters, prefix)
    assert.equal(0, status, output)
    return output
  end

  describe("starts a thread", function()
    it("with the first job, and ends it with the last mailbox #bare", function()
      run [[
        require "twitter.loop"
        local one, two = core.mailbox(), core.mailbox()
        assert(#threads() == before)
        assert(client:request("GET", "/2/users/me"))
        settled(before)
        for _ = 1, 3 do
          one:alarm(0)
          assert(#threads() == before + 1)
          two:close()
          assert(#threads() == before + 1)
          one:close()
          settled(before)
          one, two = core.mailbox(), core.mailbox()
        end
      ]]
    end)

    it("that gets no signal", function()
      run [[
        local mailbox = core.mailbox()
        local main = threads()[1]
        local mask = field(main, "SigBlk")
        mailbox:alarm(0)
        assert(field(main, "SigBlk") == mask)
        local found
        for _, thread in ipairs(threads()) do
          if field(thread, "Name") == "twitter" then found = thread end
        end
        local blocked = field(found, "SigBlk")
        assert(blocked:find("^f+e7ffbfeff$") or blocked:find("^f+$"), blocked)
      ]]
    end)

    it("that stands still while there is nothing to do", function()
      run [[
        local loop = twitter.loop()
        loop:run(function() assert(client:request("GET", "/2/users/me")) end)
        finish(loop)
        local found
        for _, thread in ipairs(threads()) do
          if field(thread, "Name") == "twitter" then found = thread end
        end
        process.sleep(0.3)
        local switches = field(found, "voluntary_ctxt_switches")
        process.sleep(0.7)
        local now = field(found, "voluntary_ctxt_switches")
        assert(now == switches, switches .. " " .. now)
        loop:close()
      ]]
    end)

    it("or says that it cannot #bare", function()
      local preload = child.compile("nothread", "nothread.so",
        "-fPIC -shared")
      run([[
        local mailbox = core.mailbox()
        local id, message = mailbox:submit(transfer())
        assert(id == nil)
        assert(message == "the I/O thread cannot be started", message)
        assert(mailbox:pending() == 0)
        assert(not pcall(mailbox.alarm, mailbox, 0))
        mailbox:close()
        local loop, value, err = twitter.loop(), nil, nil
        loop:run(function() return client:request("GET", "/2/users/me") end,
          function(...) value, err = ... end)
        assert(value == nil and err.outcome == "not_sent", tostring(err))
        assert(loop:pending() == 0)
        loop:close()
      ]], 'LD_PRELOAD="$PRELOAD ' .. preload .. '"')
    end)
  end)

  it("leaves signals to the program, calls under way or not", function()
    run [[
      local loop = twitter.loop()
      loop:descriptor()
      for _ = 1, 200 do
        loop:run(function() assert(client:request("GET", "/2/users/me")) end)
      end
      for _, number in ipairs { 15, 2, 14, 10, 1 } do
        process.catch(number)
        process.kill(number)
        local got, here = process.caught()
        assert(got == number and here, number)
        loop:step()
      end
      process.alarm(1)
      while loop:pending() > 0 do loop:step() end
      repeat process.sleep(0.01) until process.caught() == 14
      loop:close()
    ]]
  end)

  it("ends a waiting script by Ctrl-C, calls under way or not", function()
    stall(20)
    local output, status = child.run(helpers .. [[
      os.execute("(sleep 0.3; kill -INT " .. process.id() .. ") &")
      local function me() return client:request("GET", "/2/users/me") end
      twitter.parallel { me, me, me }
      print("not reached")
    ]], parameters)
    assert.is_nil(output:find("not reached"))
    assert.is_true(status ~= 0)
    assert.matches("interrupted!", output)
  end)

  for name, ending in pairs {
    ["the end of the script"] = "",
    ["os.exit"] = "os.exit(0)",
    ["os.exit with closing"] = "os.exit(0, true)",
    ["the loop's end first"] = "loop:close()",
    ["an exit while the thread starts"] = "local l = twitter.loop() "
      .. "l:close() l = twitter.loop() l:run(me) os.exit(0)",
  } do
    it("survives " .. name .. ", calls under way", function()
      for _ = 1, 5 do
        run([[
          local function me() return client:request("GET", "/2/users/me") end
          local loop = twitter.loop()
          for _ = 1, 60 do loop:run(me) end
          process.sleep(0.00]] .. math.random(0, 9) .. ") " .. ending)
      end
    end)
  end

  describe("forks #bare", function()
    -- The sanitizer's own allocator may be locked by a thread that the child
    -- does not have.
    if (os.getenv("BUILD") or ""):find("asan", 1, true) then
      pending("is tried without AddressSanitizer")
      return
    end

    it("while calls are under way: parent and child both go on", function()
      run([[
        local good = 0
        local function me()
          assert(client:request("GET", "/2/users/me"))
          good = good + 1
        end
        local loop = twitter.loop()
        for _ = 1, 40 do loop:run(me) end
        for round = 1, 6 do
          local id = process.fork()
          if id == 0 then
            good = 0
            local ok, message = pcall(loop.descriptor, loop)
            assert(not ok and message:find("parent's"), message)
            local own = twitter.loop()
            for _ = 1, 5 do own:run(me) end
            finish(own)
            assert(#twitter.parallel { me, me } == 2)
            assert(good == 7)
            if round % 2 == 0 then process.leave(3) end
            own:close()
            settled(before)
            os.exit(3)
          end
          assert(process.wait(id) == 3)
          loop:step()
        end
        finish(loop)
        assert(good == 40)
        loop:close()
      ]], no_leaks)
    end)

    it("with the thread idle, and children of children", function()
      run([[
        local function one(loop)
          local value
          loop:run(function() return client:request("GET", "/2/users/me") end,
            function(v, err) value = assert(v, err) end)
          finish(loop)
          assert(value)
        end
        local loop = twitter.loop()
        one(loop)
        local id = process.fork()
        if id == 0 then
          local own = twitter.loop()
          one(own)
          local grandchild = process.fork()
          if grandchild == 0 then
            one(twitter.loop())
            os.exit(5)
          end
          assert(process.wait(grandchild) == 5)
          one(own)
          os.exit(4)
        end
        assert(process.wait(id) == 4)
        one(loop)
      ]], no_leaks)
    end)
  end)

  describe("serves several Lua states of one process", function()
    local head = [[
      local twitter = require "twitter"
      local client = assert(twitter.new(parameters))
      local good = 0
      local function me()
        assert(client:request("GET", "/2/users/me"))
        good = good + 1
      end
      local loop = twitter.loop()
      for _ = 1, 20 do loop:run(me) end
    ]]
    local mixed = [[
      me()
      assert(#twitter.parallel { me, me, me } == 3)
      if (NUMBER + ROUND) % 3 ~= 0 then
        while loop:pending() > 0 do loop:step() end
        assert(good == 24)
      end
      if NUMBER % 2 == 0 then loop:close() end
    ]]
    -- Nothing but the I/O thread may touch OpenSSL while the process exits:
    -- what other threads of the program do then is the program's business.
    local only_loop = [[
      for _ = 1, ROUND % 5 do loop:step() end
    ]]
    local host, path

    setup(function()
      host = child.compile("states", "states", ("$(pkg-config --cflags --libs "
        .. "%s 2>/dev/null || pkg-config --cflags --libs luajit) -lpthread")
        :format(child.lua:match("[^/]*$")))
      path = os.tmpname()
    end)
    teardown(function() os.remove(path) end)

    local function states(script, count, rounds, after)
      local file = assert(io.open(path, "wb"))
      file:write("local parameters = ", child.literal(parameters), "\n",
        head, script)
      file:close()
      return child.shell(('%s LD_PRELOAD="$PRELOAD" %s %d %d %s %s'):format(
        after and no_leaks or "", host, count, rounds, path, after or ""))
    end

    it("on four threads", function()
      local output, status = states(mixed, 4, 4)
      assert.equal(0, status, output)
    end)

    it("and is gone after the last #bare", function()
      assert.equal("0 left\n", (states(mixed, 4, 1)))
    end)

    it("and the process may exit meanwhile", function()
      for i = 1, 6 do
        local output, status = states(only_loop, 4, 1000, i * 20000)
        assert.equal(0, status, output)
      end
    end)
  end)
end)
