-- Every phase of nginx: a call works where waiting is possible, and elsewhere
-- says so at once, naming the phase and what to do; a call that is sent works
-- in all of them.

local host = require "support.host.nginx"
local sandbox = require "support.sandbox"

-- `try(name)` makes a call and sends another one, and notes what both said.
local init = [[
  local twitter = require "twitter"
  assert(twitter.configure(os.getenv "PARAMETERS"))
  local notes = ngx.shared.counters

  local function said(value, err)
    if value then return "done" end
    return ("%s %s %s"):format(err.kind, err.outcome, tostring(err))
  end

  function try(name)
    local turn = notes:incr("turn " .. name, 1, 0)
    if turn > 1 then return end
    notes:set("call " .. name,
      said(twitter.create_text_tweet("call " .. name)))
    notes:set("parallel " .. name,
      said(twitter.parallel { function() end }))
    notes:set("send " .. name,
      said(twitter.send("create_text_tweet", "send " .. name)))
  end

  if twitter.send("create_text_tweet", "x") then error("sent in init") end
  local _, err = twitter.send("create_text_tweet", "x")
  in_init = said(nil, err)
]]

local http = [[
  upstream behind_balancer {
    server 0.0.0.1;
    balancer_by_lua_block {
      try "balancer"
      assert(require("ngx.balancer").set_current_peer("127.0.0.1", %(port)))
    }
  }
  exit_worker_by_lua_block {
    local value, err = require("twitter").create_text_tweet("too late")
    ngx.log(ngx.NOTICE, "a call: ", err.kind, " ", tostring(err))
    value, err = require("twitter").send("create_text_tweet", "too late")
    ngx.log(ngx.NOTICE, "a sent call: ", err.kind, " ", tostring(err))
  }
  ssl_session_fetch_by_lua_block { try "ssl_session_fetch" }
  ssl_session_store_by_lua_block { try "ssl_session_store" }
  server {
    listen 127.0.0.1:%(secure) ssl;
    ssl_certificate CERTIFICATES/server.pem;
    ssl_certificate_key CERTIFICATES/server.key;
    ssl_protocols TLSv1.2;
    ssl_session_tickets off;
    ssl_certificate_by_lua_block { try "ssl_certificate" }
    ssl_client_hello_by_lua_block { try "ssl_client_hello" }
    location / { return 200 "secure"; }
  }
]]

local server = [[
    server_rewrite_by_lua_block { try "server_rewrite" }
    location = /all {
      set_by_lua_block $set { try "set" return 1 }
      rewrite_by_lua_block { try "rewrite" }
      access_by_lua_block { try "access" }
      content_by_lua_block {
        try "content"
        local done = require("ngx.semaphore").new()
        ngx.timer.at(0, function() try "timer" done:post() end)
        done:wait(10)
        ngx.print("all")
      }
      header_filter_by_lua_block { try "header_filter" }
      body_filter_by_lua_block { try "body_filter" }
      log_by_lua_block { try "log" }
    }
    location = /balanced {
      proxy_pass http://behind_balancer/init;
    }
]]

local may_wait = { "server_rewrite", "rewrite", "access", "content", "timer",
  "ssl_certificate" }

local may_not = { "init_worker", "set", "header_filter", "body_filter", "log",
  "balancer", "ssl_client_hello", "ssl_session_store", "ssl_session_fetch" }

host.describe("in nginx's phases", function()
  local box, nginx, notes

  -- Opens a TLS session and takes it up again.
  local function visit_twice()
    local pipe = io.popen(("openssl s_client -connect 127.0.0.1:%d -tls1_2 "
      .. "-reconnect < /dev/null 2>&1"):format(nginx.secure))
    local output = pipe:read("*a")
    pipe:close()
    return output
  end

  local function note(name)
    local response = nginx:get("/note?" .. name:gsub(" ", "%%20"))
    return response.body
  end

  setup(function()
    box = assert(sandbox.start { limits = false })
    nginx = assert(host.start {
      parameters = box:parameters("oauth2"), init = init,
      init_worker = [[ try "init_worker" ]],
      http = http:gsub("CERTIFICATES", box.directory), server = server,
      locations = {
        ["/note"] = [[ ngx.print(ngx.shared.counters:get(
          ngx.unescape_uri(ngx.var.args)) or "nothing") ]],
        ["/init"] = [[ ngx.print(in_init) ]],
        ["/stats"] = [[
          local twitter = require "twitter"
          assert(twitter.flush(10))
          local stats = twitter.send_stats()
          ngx.print(stats.sent, " ", stats.failed, " ", stats.dropped, " ",
            stats.queued + stats.running)
        ]],
      },
    })
    assert.equal("all", nginx:get("/all").body)
    assert.matches("^invalid", nginx:get("/balanced").body)
    visit_twice()
    notes = nginx:get("/stats").body
  end)

  teardown(function()
    nginx:stop()
    box:stop()
  end)

  for _, phase in ipairs(may_wait) do
    it("a call waits in " .. phase .. "_by_lua", function()
      assert.equal("done", note("call " .. phase))
      assert.equal("done", note("parallel " .. phase))
    end)
  end

  for _, phase in ipairs(may_not) do
    it("a call says that it cannot wait in " .. phase .. "_by_lua", function()
      for _, kind in ipairs { "call", "parallel" } do
        local said = note(kind .. " " .. phase)
        assert.matches("^invalid not_sent ", said)
        assert.truthy(said:find("cannot wait in " .. phase .. "_by_lua*: use "
          .. "twitter.send, which does not wait, or make the call in a timer "
          .. "(ngx.timer.at)", 1, true), said)
      end
    end)
  end

  it("a call can be sent from all of them", function()
    local posts = {}
    for _, post in ipairs(assert(box:control("GET", "/state")).posts) do
      posts[post.text] = true
    end
    for _, list in ipairs { may_wait, may_not } do
      for _, phase in ipairs(list) do
        assert.equal("done", note("send " .. phase))
        assert.is_true(posts["send " .. phase], phase)
      end
    end
    assert.equal(("%d 0 0 0"):format(#may_wait + #may_not), notes)
  end)

  it("nothing can be sent in init", function()
    assert.equal("invalid not_sent create_text_tweet: nothing can be sent in "
      .. "init_by_lua*, whose process makes no calls: use "
      .. "init_worker_by_lua* (not sent)", nginx:get("/init").body)
  end)

  it("nothing can be done in exit_worker", function()
    nginx:signal("HUP")
    assert.truthy(host.wait_for(function()
      return nginx:log():find("a sent call", 1, true)
    end))
    local log = nginx:log()
    assert.matches("a call: invalid create_text_tweet: no call can be made in "
      .. "exit_worker_by_lua%*: the worker is about to end %(not sent%)", log)
    assert.matches("a sent call: invalid create_text_tweet: nothing can be "
      .. "sent in exit_worker_by_lua%*", log)
  end)

  it("nothing of it goes wrong otherwise", function()
    assert.equal("", nginx:faults())
  end)
end)
