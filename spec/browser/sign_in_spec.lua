-- The site of spec/app in a real browser: what a person sees and does there,
-- from the first visit to the post on the timeline. Pictures of the pages are
-- left in build/screenshots.

local app = require "support.app"
local webdriver = require "support.webdriver"

local function is_possible()
  local possible, reason = app.is_possible()
  if possible then possible, reason = webdriver.is_possible() end
  if os.getenv "BROWSER" == "none" then
    possible, reason = false, "skipped: BROWSER=none"
  elseif (os.getenv "BUILD" or ""):find("valgrind", 1, true) then
    possible, reason = false, "skipped: nothing here is under valgrind"
  end
  return possible, reason
end

local possible, reason = is_possible()
if not possible then
  describe("the sign-in page in a browser", function() pending(reason) end)
  return
end

local daemon = require "support.daemon"
local sandbox = require "support.sandbox"

local SHOTS = "build/screenshots"
local look = daemon.read "spec/browser/look.js"

-- Code points of the WebDriver protocol for keys.
local TAB, ENTER = "\238\128\132", "\238\128\135"

describe("the sign-in page in a browser", function()
  local box, site, driver, root, wide

  setup(function()
    os.execute("mkdir -p " .. SHOTS)
    root = daemon.root()
    box = assert(sandbox.start())
    site = assert(app.start { sandbox = box })
    driver = assert(webdriver.start {
      names = { ["pbs.twimg.com"] = site.pictures },
    })
    wide = driver:browser()
  end)

  teardown(function()
    if driver then driver:stop() end
    if site then site:stop() end
    if box then box:stop() end
  end)

  -- The page is fit for everybody; a picture of it is kept.
  local function assert_fit(browser, name)
    for _, scheme in ipairs { "dark", "light" } do
      browser:prefer(scheme)
      assert.same({}, browser:run(look), name .. ", " .. scheme)
    end
    browser:screenshot(("%s/%s.png"):format(SHOTS, name))
  end

  local function assert_headline(browser, words)
    browser:wait_for("main h1", words)
  end

  local function to_consent(browser)
    browser:open(site.url .. "/sign-in")
    browser:wait_for "button[value=allow]"
  end

  local function sign_in(browser, user)
    to_consent(browser)
    if user then browser:type("select", user) end
    browser:click "button[value=allow]"
    browser:wait_for "textarea"
  end

  local function sign_out(browser)
    browser:open(site.url)
    if browser:find ".account button" then
      browser:click ".account button"
      browser:wait_for 'main a[href="/sign-in"]'
    end
  end

  local function fill_in(browser, text, path)
    browser:type("#picture", path:sub(1, 1) == "/" and path
      or root .. "/spec/fixtures/" .. path)
    browser:type("#text", text)
  end

  local function press_post(browser)
    browser:click ".post button"
  end

  -- A file of so many bytes that begins as a picture does.
  local function large_picture(bytes)
    local path = driver.folder .. "/large.png"
    local head = daemon.read "spec/fixtures/picture.png"
    daemon.write(path, head .. ("\0"):rep(bytes - #head))
    return path
  end

  local function picture_is_drawn(browser, selector)
    return browser:run([[
      const image = document.querySelector(arguments[0]);
      return image.decode().then(() => image.naturalWidth > 0 &&
        image.getBoundingClientRect().width > 100);
    ]], selector)
  end

  after_each(function()
    sign_out(wide)
  end)

  it("signs a person in", function()
    wide:open(site.url)
    assert_headline(wide, "Send a picture to your followers")
    assert_fit(wide, "welcome")
    wide:click "main .button"
    wide:wait_for "button[value=allow]"
    wide:screenshot(SHOTS .. "/consent.png")
    wide:click "button[value=allow]"
    wide:wait_for "textarea"
    assert.equal(site.url .. "/", wide:url())
    assert_headline(wide, "Hello, Sand Box")
    assert_fit(wide, "form")
  end)

  it("keeps one cookie, out of every script's reach", function()
    sign_in(wide)
    local cookies = wide:cookies()
    assert.equal(1, #cookies)
    assert.equal("__Host-user", cookies[1].name)
    assert.is_true(cookies[1].httpOnly)
    assert.is_true(cookies[1].secure)
    assert.equal("Lax", cookies[1].sameSite)
    assert.equal("", wide:run "return document.cookie")
  end)

  it("takes no for an answer, and goes on from there", function()
    to_consent(wide)
    wide:click "button[value=deny]"
    assert_headline(wide, "You did not give access")
    assert_fit(wide, "denied")
    wide:click "main .button"
    wide:wait_for "button[value=allow]"
    wide:click "button[value=allow]"
    assert_headline(wide, "Hello, Sand Box")
  end)

  it("posts a picture and shows it, and so does the timeline", function()
    sign_in(wide)
    fill_in(wide, "Seen in a browser: <b>bold</b> & \"quoted\"", "picture.jpg")
    wide:screenshot(SHOTS .. "/filled.png")
    press_post(wide)
    assert_headline(wide, "Your post is on X")
    assert.equal("Seen in a browser: <b>bold</b> & \"quoted\"",
      wide:text "article .text")
    assert.is_true(picture_is_drawn(wide, "article img"))
    assert_fit(wide, "posted")
    wide:open(box.timeline_url)
    assert.truthy(wide:text("article"):find("Seen in a browser", 1, true))
    assert.is_true(picture_is_drawn(wide, "article img"))
    wide:screenshot(SHOTS .. "/timeline.png")
  end)

  it("refuses an answer that was tampered with", function()
    to_consent(wide)
    wide:run "document.querySelector('[name=state]').value = 'another'"
    wide:click "button[value=allow]"
    assert_headline(wide, "This sign-in does not fit")
    assert_fit(wide, "wrong-state")
  end)

  it("does not sign in twice by the back button", function()
    sign_in(wide)
    wide:back()
    wide:wait_for "button[value=allow]"
    wide:click "button[value=allow]"
    assert_headline(wide, "This sign-in is over")
    assert_fit(wide, "replay")
    wide:click "main .button"
    assert_headline(wide, "Hello, Sand Box")
  end)

  it("does not take the same redirect again", function()
    wide:requests()
    sign_in(wide)
    local redirect
    for _, url in ipairs(wide:requests()) do
      redirect = url:find("/callback?", 1, true) and url or redirect
    end
    wide:open(redirect)
    assert_headline(wide, "This sign-in is over")
    assert.equal("Back to the start", wide:text "main .button")
  end)

  it("shows nobody's page by the back button after signing out", function()
    sign_in(wide)
    wide:open(site.url .. "/nothing")
    wide:click ".account button"
    wide:wait_for 'main a[href="/sign-in"]'
    wide:back()
    wide:back()
    wide:wait_for "main"
    assert.is_nil(wide:text("body"):find("Sand Box", 1, true))
  end)

  it("says what is wrong with a file, and keeps the words", function()
    sign_in(wide)
    fill_in(wide, "Words I would not type again", "captions.srt")
    press_post(wide)
    wide:wait_for "[role=alert]"
    assert.truthy(wide:text("[role=alert]")
      :find("This file is not a picture", 1, true))
    assert.equal("Words I would not type again",
      wide:run "return document.querySelector('textarea').value")
    assert_fit(wide, "not-a-picture")
  end)

  it("says what is too large, for X and for nginx", function()
    for _, megabytes in ipairs { 6, 9, 40 } do
      sign_in(wide)
      fill_in(wide, "Too large", large_picture(megabytes * 1024 * 1024))
      press_post(wide)
      wide:wait_for(megabytes == 6 and "[role=alert]" or "main > p > .button")
      assert.truthy(wide:text("main")
        :find("This picture is too large", 1, true))
      assert_fit(wide, "too-large-" .. megabytes)
    end
  end)

  it("does not send a form without a picture", function()
    sign_in(wide)
    wide:type("#text", "Without")
    press_post(wide)
    assert.is_true(wide:run "return document.querySelector(':invalid') !== null")
    assert.equal(site.url .. "/", wide:url())
  end)

  it("works by keyboard alone", function()
    wide:open(site.url)
    wide:press { TAB, TAB }
    assert.equal("Sign in with X",
      wide:run "return document.activeElement.textContent")
    assert.not_equal("none", wide:run
      "return getComputedStyle(document.activeElement).outlineStyle")
    wide:screenshot(SHOTS .. "/focus.png")
    wide:press { ENTER }
    wide:wait_for "button[value=allow]"
    wide:click "button[value=allow]"
    wide:wait_for "textarea"
    local order = {}
    for i = 1, 5 do
      wide:press { TAB }
      order[i] = wide:run [[const at = document.activeElement;
        return at.id || at.textContent]]
    end
    assert.same({ "Postcard", "Sign out", "picture", "text", "Post to X" },
      order)
  end)

  it("keeps two people apart", function()
    local other = driver:browser()
    sign_in(wide, "sandbox")
    sign_in(other, "neighbour")
    fill_in(wide, "From the one", "picture.jpg")
    fill_in(other, "From the other", "picture.png")
    press_post(other)
    press_post(wide)
    assert_headline(wide, "Your post is on X")
    assert_headline(other, "Your post is on X")
    assert.equal("@sandbox", wide:text ".author span")
    assert.equal("@neighbour", other:text ".author span")
    assert.equal("From the one", wide:text "article .text")
    assert.equal("From the other", other:text "article .text")
    other:screenshot(SHOTS .. "/other.png")
    sign_out(other)
    wide:open(site.url)
    assert_headline(wide, "Hello, Sand Box")
  end)

  it("fits on a phone", function()
    box:control("POST", "/users", { username = "fifteen_letters",
      name = "Wolfeschlegelsteinhausenbergerdorff" })
    local phone = driver:browser { width = 320, height = 568 }
    phone:open(site.url)
    assert_fit(phone, "phone-welcome")
    sign_in(phone, "fifteen_letters")
    assert_fit(phone, "phone-form")
    fill_in(phone, ("Averylongwordwithoutanyspace"):rep(5), "picture.jpg")
    press_post(phone)
    assert_headline(phone, "Your post is on X")
    assert.is_true(picture_is_drawn(phone, "article img"))
    assert_fit(phone, "phone-posted")
    phone:prefer "dark"
    phone:screenshot(SHOTS .. "/phone-dark.png")
    phone:open(site.url .. "/callback?state=a&code=b")
    assert_headline(phone, "This sign-in is over")
    assert_fit(phone, "phone-problem")
  end)

  -- The browser tells what the site had it do, and of every status from 400 on,
  -- which is what the pages of problems are sent with. X's own page, in the
  -- sandbox, has no icon.
  local function is_expected(entry)
    return entry.level == "INFO"
      or entry.message:find(box.web_url .. "/favicon.ico", 1, true)
      or entry.message:find(site.url, 1, true)
      and entry.message:find("responded with a status of 4", 1, true)
  end

  it("has left the console empty, and the machine alone", function()
    for _, browser in ipairs(driver.browsers) do
      for _, entry in ipairs(browser:log "browser") do
        assert.truthy(is_expected(entry), entry.message)
      end
      browser:close()
      local connections = browser:connections()
      assert.is_true(#connections > 0)
      for _, address in ipairs(connections) do
        assert.truthy(address:find("^127%.0%.0%.1:"), address)
      end
    end
    wide = driver:browser()
  end)
end)
