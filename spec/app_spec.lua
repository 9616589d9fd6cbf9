-- The site of spec/app, a page to sign in with X and to post a picture, in a
-- real nginx: what each of its visitors meets, over plain HTTP.

local app = require "support.app"

local daemon = require "support.daemon"

describe("the README on the sign-in page", function()
  it("shows the site's own lines", function()
    local readme = daemon.read "README.md"
    local section = readme:match("\n## In nginx: a sign%-in page\n(.-)\n## ")
    local site = daemon.read "spec/app/nginx.conf"
      .. daemon.read "spec/app/sign_in.lua" .. daemon.read "spec/app/posts.lua"
    local shown = 0
    for code in section:gmatch("```%l[%l ]*\n(.-)```") do
      shown = shown + 1
      assert.truthy(site:find(code, 1, true), code)
    end
    assert.equal(3, shown)
  end)
end)

local possible, reason = app.is_possible()
if not possible then
  describe("the sign-in page", function() pending(reason) end)
  return
end

local sandbox = require "support.sandbox"
local twitter = require "twitter"
local visitors = require "support.visitor"

local assert_page = visitors.assert_page

local picture = daemon.read "spec/fixtures/picture.png"

describe("the sign-in page", function()
  local box, site

  setup(function()
    box = assert(sandbox.start())
    site = assert(app.start { sandbox = box })
  end)

  teardown(function()
    if site then site:stop() end
    if box then box:stop() end
  end)

  local function visitor(http_version)
    return visitors.new(site, box, http_version)
  end

  local function signed_in(user, http_version)
    return visitors.signed_in(site, box, user, http_version)
  end

  describe("for a stranger", function()
    it("offers to sign in", function()
      local answer = visitor():get "/"
      assert_page(answer, 200, "Sign in with X")
      assert.is_nil(answer.headers["set-cookie"])
    end)

    it("sends the security headers, also with what nginx answers", function()
      for _, path in ipairs { "/", "/nothing", "/static/style.css" } do
        local headers = visitor():get(path).headers
        assert.truthy(headers["content-security-policy"]
          :find("default-src 'none'", 1, true))
        assert.equal("nosniff", headers["x-content-type-options"])
        assert.equal("no-referrer", headers["referrer-policy"])
        assert.truthy(headers["strict-transport-security"])
      end
    end)

    it("is never kept by a cache", function()
      assert.equal("no-store", visitor():get("/").headers["cache-control"])
    end)

    it("serves its style and its icon, and none of its programs", function()
      local person = visitor()
      assert.equal("text/css",
        person:get("/static/style.css").headers["content-type"])
      assert.equal("image/svg+xml",
        person:get("/static/icon.svg").headers["content-type"])
      for _, path in ipairs { "/site.lua", "/static/../site.lua",
        "/static/..%2fsite.lua", "/app/site.lua", "/nginx.conf" } do
        assert.equal(404, person:get(path).status, path)
      end
    end)

    it("says which page there is not", function()
      assert_page(visitor():get "/nothing", 404, "There is no such page")
    end)

    it("says what a page does not take", function()
      local answer = visitor():post("/", {})
      assert_page(answer, 405, "This cannot be done here")
      assert.equal("GET, HEAD", answer.headers.allow)
      assert.equal("POST", visitor():get("/sign-out").headers.allow)
    end)

    it("answers HEAD without a body", function()
      local answer = visitor():request("HEAD", "/")
      assert.equal(200, answer.status)
      assert.equal("", answer.body or "")
    end)

    it("shows no post", function()
      assert_page(visitor():get "/posts/20", 403, "You are signed out")
    end)

    it("posts nothing", function()
      local answer = visitor():upload("/posts", { { "csrf", "" },
        { "text", "Hello" }, { "picture", picture, "a.png" } })
      assert_page(answer, 403, "You are signed out")
    end)
  end)

  describe("signing in", function()
    it("binds the sign-in to the browser for ten minutes", function()
      local answer = visitor():get "/sign-in"
      assert.equal(303, answer.status)
      assert.equal(box.authorize_url, answer.headers.location:match("^[^?]*"))
      local cookie = answer.headers["set-cookie"]
      assert.truthy(cookie:find("^__Host%-sign_in=[%w_-]+; "))
      for _, word in ipairs { "; Path=/", "; HttpOnly", "; SameSite=Lax",
        "; Secure", "; Max-Age=600" } do
        assert.truthy(cookie:find(word, 1, true), word)
      end
    end)

    it("keeps state and verifier out of the cookie", function()
      local answer = visitor():get "/sign-in"
      local state = answer.headers.location:match("state=([^&]*)")
      assert.is_nil(answer.headers["set-cookie"]:find(state, 1, true))
    end)

    it("ends at the start page, which knows the person", function()
      local person = visitor()
      local answer = person:sign_in()
      assert.equal(303, answer.status)
      assert.equal("/", answer.headers.location)
      local page = person:get "/"
      assert_page(page, 200, "Hello, Sand Box")
      assert.truthy(page.body:find("@sandbox", 1, true))
      assert.truthy(page.body:find("Sign out", 1, true))
    end)

    it("takes the sign-in cookie back and gives a session", function()
      local person = visitor()
      local lines = person:sign_in().headers["set-cookie"]
      local text = table.concat(lines, "\n")
      assert.truthy(text:find("__Host-sign_in=; ", 1, true))
      local session = text:match("__Host%-user=([^\n]*)")
      for _, word in ipairs { "; Path=/", "; HttpOnly", "; SameSite=Lax",
        "; Secure" } do
        assert.truthy(session:find(word, 1, true), word)
      end
      assert.is_nil(session:find("Max-Age", 1, true))
      assert.equal(43, #person.cookies["__Host-user"])
    end)

    it("gives a new session with each sign-in and ends the old", function()
      local person = signed_in()
      local old = person.cookies["__Host-user"]
      person:sign_in()
      assert.not_equal(old, person.cookies["__Host-user"])
      local thief = visitor()
      thief.cookies["__Host-user"] = old
      assert_page(thief:get "/", 200, "Sign in with X")
    end)

    it("does not take a session that was made up", function()
      local person = visitor()
      person.cookies["__Host-user"] = ("a"):rep(43)
      assert_page(person:get "/", 200, "Sign in with X")
      person.cookies["__Host-user"] = "lock " .. ("a"):rep(38)
      assert_page(person:get "/", 200, "Sign in with X")
    end)

    it("takes no for an answer", function()
      local person = visitor()
      local answer = person:get(person:consent("sandbox", "deny"))
      assert_page(answer, 403, "You did not give access")
      assert_page(person:get "/", 200, "Sign in with X")
    end)

    it("works once: the same redirect again is refused", function()
      local person = visitor()
      local redirect = person:consent()
      local cookies = { ["__Host-sign_in"] = person.cookies["__Host-sign_in"] }
      assert.equal(303, person:get(redirect).status)
      local replay = visitor()
      replay.cookies = cookies
      assert_page(replay:get(redirect), 400, "This sign-in is over")
      assert_page(person:get(redirect), 400, "This sign-in is over")
      assert.truthy(person:get(redirect).body:find("Back to the start", 1, true))
      assert_page(person:get "/", 200, "Hello, Sand Box")
    end)

    it("serves one of many that come at the same moment", function()
      local person = visitor()
      local redirect = person:consent()
      local cookie = person.cookies["__Host-sign_in"]
      local tasks = {}
      for i = 1, 8 do
        tasks[i] = function()
          local twin = visitor()
          twin.cookies["__Host-sign_in"] = cookie
          return twin:get(redirect).status
        end
      end
      local counts = {}
      for _, result in ipairs(twitter.parallel(tasks)) do
        counts[result[1]] = (counts[result[1]] or 0) + 1
      end
      assert.same({ [303] = 1, [400] = 7 }, counts)
    end)

    it("refuses a state that is not this browser's", function()
      local person = visitor()
      local redirect = person:consent():gsub("state=%w+", "state=another")
      assert_page(person:get(redirect), 400, "This sign-in does not fit")
      assert_page(person:get "/", 200, "Sign in with X")
    end)

    it("refuses somebody else's redirect", function()
      local victim, attacker = visitor(), visitor()
      local theirs = attacker:consent("neighbour")
      victim:get "/sign-in"
      assert_page(victim:get(theirs), 400, "This sign-in does not fit")
    end)

    it("refuses a redirect in a browser that began nothing", function()
      local redirect = visitor():consent()
      assert_page(visitor():get(redirect), 400, "This sign-in is over")
    end)

    it("refuses a redirect that comes late", function()
      local person = visitor()
      local redirect = person:consent()
      site:let_pass(601)
      assert_page(person:get(redirect), 400, "That took too long")
    end)

    it("refuses a code that X refuses", function()
      local person = visitor()
      local redirect = person:consent():gsub("code=[^&]+", "code=made-up")
      assert_page(person:get(redirect), 400, "X did not complete the sign-in")
    end)

    it("understands no redirect without a code, or with two", function()
      for _, change in ipairs { "", "code=", "code=a&code=b", "code" } do
        local person = visitor()
        local redirect = person:consent():gsub("code=[^&]+", change)
        assert_page(person:get(redirect), 400,
          "X did not complete the sign-in")
      end
    end)

    it("says so when X cannot be reached", function()
      local person = visitor()
      local redirect = person:consent()
      box:control("POST", "/faults", { match = { path = "/2/oauth2/token" },
        fault = { kind = "status", status = 503 } })
      assert_page(person:get(redirect), 502, "X cannot be reached")
    end)

    it("writes no code into a log", function()
      visitor():sign_in()
      visitors.assert_clean(site:log())
    end)
  end)

  it("never mixes two people, whatever they do at once", function()
    local names = { "sandbox", "neighbour", "premium" }
    local people, tasks = {}, {}
    for i, name in ipairs(names) do people[i] = signed_in(name, "1.1") end
    for i = 1, 12 do
      local place = (i - 1) % #names + 1
      tasks[i] = function()
        local person = people[place]
        local text = ("%s says %d"):format(names[place], i)
        local location = person:post_picture(text, picture .. i).headers.location
        return names[place], text, person:get(location).body
      end
    end
    for _, result in ipairs(twitter.parallel(tasks)) do
      assert.truthy(result[3]:find("<span>@" .. result[1] .. "</span></p>", 1,
        true))
      assert.truthy(result[3]:find(result[2], 1, true))
    end
    for _, post in ipairs(box:control("GET", "/state").posts) do
      local author = post.sent_text:match("^(%l+) says %d+$")
      if author then assert.equal(author, post.author) end
    end
  end)

  it("escapes the names that X tells", function()
    box:control("POST", "/users",
      { username = "quoter", name = "<script>alert('1')</script> & {csrf}" })
    local person = signed_in "quoter"
    local page = person:get("/").body
    assert.is_nil(page:find("<script", 1, true))
    assert.truthy(page:find("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; "
      .. "&amp; {csrf}", 1, true))
  end)

  it("serves others while X takes its time", function()
    local lonely = assert(app.start { sandbox = box, workers = 1 })
    local person, done = visitors.new(lonely, box), {}
    person:sign_in()
    box:control("POST", "/faults", { match = { path = "/2/tweets" },
      fault = { kind = "delay", seconds = 0.5 } })
    twitter.parallel {
      function()
        assert.equal(303, person:post_picture("Slow", picture).status)
        done[#done + 1] = "post"
      end,
      function()
        local is_waiting
        repeat
          is_waiting = #box:control("GET", "/faults").faults == 0
          assert.equal(200, visitors.new(lonely, box):get("/").status)
        until is_waiting
        done[#done + 1] = "pages"
      end,
    }
    assert.same({ "pages", "post" }, done)
    lonely:stop()
  end)

  it("does without TLS, and says nothing of Secure then", function()
    local plain = assert(app.start { sandbox = box, tls = false })
    local person = visitors.new(plain, box)
    local cookie = person:get("/sign-in").headers["set-cookie"]
    assert.truthy(cookie:find("^sign_in="))
    assert.is_nil(cookie:find("Secure", 1, true))
    assert.equal(303, person:sign_in().status)
    assert_page(person:get "/", 200, "Hello, Sand Box")
    plain:stop()
  end)

  it("has logged no secret and no fault of its own", function()
    visitors.assert_clean(site:log())
  end)
end)
