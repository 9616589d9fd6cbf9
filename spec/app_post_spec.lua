-- The site of spec/app for a person who is signed in: posting a picture, what
-- can be wrong with it, renewed tokens, signing out.

local app = require "support.app"

local possible, reason = app.is_possible()
if not possible then
  describe("the sign-in page", function() pending(reason) end)
  return
end

local daemon = require "support.daemon"
local sandbox = require "support.sandbox"
local twitter = require "twitter"
local visitors = require "support.visitor"

local assert_page = visitors.assert_page
local picture = daemon.read "spec/fixtures/picture.png"

describe("the sign-in page, for a person who is signed in,", function()
  local box, site

  setup(function()
    box = assert(sandbox.start())
    site = assert(app.start { sandbox = box })
  end)

  teardown(function()
    if site then site:stop() end
    if box then box:stop() end
  end)

  local function signed_in()
    return visitors.signed_in(site, box)
  end

  it("posts a picture and shows what X has", function()
    local person = signed_in()
    local answer = person:post_picture("A picture & <b>words</b>", picture)
    assert.equal(303, answer.status)
    local page = person:get(answer.headers.location)
    assert_page(page, 200, "Your post is on X")
    assert.truthy(page.body:find("A picture &amp; &lt;b&gt;words&lt;/b&gt;", 1,
      true))
    assert.truthy(page.body:find('<img src="https://pbs.twimg.com/media/', 1,
      true))
    assert.truthy(page.body:find("@sandbox", 1, true))
  end)

  it("hands the picture over byte by byte", function()
    local person = signed_in()
    local id = person:post_picture("Every byte", picture).headers.location
      :match("%d+")
    for _, post in ipairs(box:control("GET", "/state").posts) do
      if post.id == id then
        local copy = person:get(box.web_url .. "/media/" .. post.media_ids[1])
        assert.equal(picture, copy.body)
        return
      end
    end
    error "the post is not there"
  end)

  it("takes a picture that nginx had to write to a file", function()
    local large = picture .. ("\0"):rep(3 * 1024 * 1024)
    assert.equal(303, signed_in():post_picture("Large", large).status)
  end)

  it("sends line ends as X wants them", function()
    local person = signed_in()
    local id = person:post_picture("One\r\nTwo", picture).headers.location
      :match("%d+")
    for _, post in ipairs(box:control("GET", "/state").posts) do
      if post.id == id then assert.equal("One\nTwo", post.sent_text) end
    end
  end)

  it("refuses a form without the secret of the session", function()
    local person = signed_in()
    for _, csrf in ipairs { "", ("x"):rep(43), signed_in():csrf() } do
      local answer = person:upload("/posts", { { "csrf", csrf },
        { "text", "Forged" }, { "picture", picture, "a.png" } })
      assert_page(answer, 403, "This form is out of date")
      assert_page(person:post("/sign-out", { { "csrf", csrf } }), 403,
        "This form is out of date")
    end
    assert_page(person:get "/", 200, "Hello, Sand Box")
  end)

  it("refuses a form that cannot be read", function()
    local person = signed_in()
    assert_page(person:post("/posts", { { "csrf", person:csrf() } }), 400,
      "This form cannot be read")
    for _, body in ipairs { "", "--b", "--b\r\n", "--b--", "--b\r\n\r\n--b--",
      '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nbroken' } do
      local answer = person:request("POST", "/posts", body,
        "multipart/form-data; boundary=b")
      assert.truthy(answer.status == 400 or answer.status == 403)
    end
  end)

  it("asks for a picture", function()
    assert_page(signed_in():post_picture("No picture", ""), 422,
      "There is no picture yet")
  end)

  it("refuses what is no picture, and keeps the words", function()
    local answer = signed_in():post_picture('My "words" </textarea>',
      "#!/bin/sh\nno picture\n")
    assert_page(answer, 415, "This file is not a picture")
    assert.truthy(answer.body:find(
      "My &quot;words&quot; &lt;/textarea&gt;</textarea>", 1, true))
  end)

  it("refuses a picture that is too large for X", function()
    local large = picture .. ("\0"):rep(5 * 1024 * 1024)
    local answer = signed_in():post_picture("Too large", large)
    assert_page(answer, 413, "This picture is too large")
    assert.truthy(answer.body:find("Too large</textarea>", 1, true))
  end)

  it("refuses an upload that is too large for nginx", function()
    local huge = picture .. ("\0"):rep(9 * 1024 * 1024)
    local answer = signed_in():post_picture("Huge", huge)
    assert_page(answer, 413, "This picture is too large")
  end)

  it("says what X does not take", function()
    local person = signed_in()
    assert.equal(303, person:post_picture("Said before", picture).status)
    local other = picture .. "\0"
    local answer = person:post_picture(("long "):rep(80), other)
    assert_page(answer, 422, "X did not take this post")
  end)

  it("says when X takes no more", function()
    local person = signed_in()
    box:control("POST", "/faults", { match = { method = "POST",
      path = "/2/tweets" }, fault = { kind = "status", status = 429 } })
    assert_page(person:post_picture("Too many", picture), 429,
      "That was a lot of posts")
  end)

  it("says when it cannot tell", function()
    local person = signed_in()
    box:control("POST", "/faults", { match = { method = "POST",
      path = "/2/tweets" }, fault = { kind = "reset_after" } })
    assert_page(person:post_picture("Perhaps", picture), 502,
      "It is not certain whether this was posted")
  end)

  it("asks to sign in again when X has ended the access", function()
    local person = signed_in()
    box:control("POST", "/faults", { match = { method = "POST",
      path = "/2/media/upload" }, fault = { kind = "status", status = 401 } })
    box:control("POST", "/faults", { match = { method = "POST",
      path = "/2/media/upload/initialize" },
      fault = { kind = "status", status = 401 } })
    assert_page(person:post_picture("No more", picture), 403,
      "X asks you to sign in again")
    box:control("DELETE", "/faults")
    assert_page(person:get "/", 200, "Sign in with X")
  end)

  it("shows no post that there is not", function()
    local person = signed_in()
    assert_page(person:get "/posts/20", 404, "There is no such page")
    assert_page(person:get "/posts/abc", 404, "There is no such page")
    assert_page(person:get("/posts/" .. ("9"):rep(40)), 404,
      "There is no such page")
  end)

  it("renews the token when its two hours are over, once", function()
    local person = signed_in()
    site:let_pass(7200)
    box:control("DELETE", "/requests")
    local tasks = {}
    for i = 1, 4 do
      tasks[i] = function() return person:get("/posts/20").status end
    end
    for _, result in ipairs(twitter.parallel(tasks)) do
      assert.equal(404, result[1])
    end
    local renewals = 0
    for _, entry in ipairs(box:control("GET", "/requests").requests) do
      if entry.path == "/2/oauth2/token" then renewals = renewals + 1 end
    end
    assert.equal(1, renewals)
    assert.equal(303, person:post_picture("After hours", picture).status)
  end)

  it("signs out, and the session is no more", function()
    local person = signed_in()
    local session = person.cookies["__Host-user"]
    local answer = person:post("/sign-out", { { "csrf", person:csrf() } })
    assert.equal(303, answer.status)
    assert.is_nil(person.cookies["__Host-user"])
    person.cookies["__Host-user"] = session
    assert_page(person:get "/", 200, "Sign in with X")
    assert.equal(303, person:post("/sign-out", {}).status)
  end)

  it("has logged no secret and no fault of its own", function()
    visitors.assert_clean(site:log())
  end)
end)
