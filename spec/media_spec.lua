-- Media upload against the sandbox, which reassembles every file and checks
-- sizes, segments and types.

local sandbox = require "support.sandbox"
local twitter = require "twitter"

local FIXTURES = "spec/fixtures/"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end

describe("media upload", function()
  local box, client

  setup(function()
    box = assert(sandbox.start { processing = { polls = 2,
      check_after_secs = 0.05 } })
    client = assert(twitter.new(box:parameters("oauth2")))
  end)
  teardown(function() box:stop() end)

  local function requests(path)
    local count = 0
    for _, entry in ipairs(assert(box:control("GET", "/requests")).requests) do
      if entry.path:find(path) then count = count + 1 end
    end
    return count
  end

  before_each(function() assert(box:control("DELETE", "/requests")) end)

  for name, category in pairs {
    ["picture.jpg"] = "tweet_image", ["picture.png"] = "tweet_image",
    ["picture.webp"] = "tweet_image", ["animation.gif"] = "tweet_gif",
    ["video.mp4"] = "tweet_video",
  } do
    it("takes " .. name .. " as " .. category, function()
      local ids = assert(client:upload_attachments_array(FIXTURES .. name,
        category))
      assert.equal(1, #ids)
      assert.matches("^%d+$", ids[1])
    end)
  end

  it("answers the ids of several files in their order", function()
    local ids = assert(client:upload_attachments_array({
      FIXTURES .. "picture.jpg", FIXTURES .. "picture.png" }, "tweet_image"))
    assert.equal(2, #ids)
    assert.are_not.equal(ids[1], ids[2])
    assert(client:create_custom_tweet("two of them", ids))
  end)

  it("takes bytes, named and plain", function()
    local bytes = read(FIXTURES .. "picture.png")
    assert(client:upload_attachments_array({ data = bytes }, "tweet_image"))
    assert(client:upload_attachments_array(bytes, "tweet_image"))
  end)

  it("downloads from a URL", function()
    assert(client:upload_attachments_array(
      box.plain_url .. "/fixtures/picture.jpg", "tweet_image"))
  end)

  it("chooses the category by the file when none is given", function()
    assert(client:create_custom_tweet("a video",
      { FIXTURES .. "video.mp4" }))
  end)

  it("sends a file in chunks of the chosen size", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(read(FIXTURES .. "video.mp4"), ("\0"):rep(200 * 1024))
    file:close()
    local ids, err = client:upload_attachments_array(path, "tweet_video",
      { chunk_size = 65536 })
    os.remove(path)
    assert(ids, err)
    assert.equal(4, requests("/append$"))
  end)

  it("asks for the status only where X says there is work left", function()
    assert(client:upload_attachments_array(FIXTURES .. "picture.jpg"))
    assert.equal(0, requests("^/2/media/upload$"))
    assert(client:upload_attachments_array(FIXTURES .. "video.mp4"))
    assert.is_true(requests("^/2/media/upload$") >= 2)
  end)

  it("reports progress from nothing to all", function()
    local calls = {}
    assert(client:upload_attachments_array(FIXTURES .. "picture.png", nil, {
      progress = function(sent, total, file)
        calls[#calls + 1] = { sent, total, file }
      end,
    }))
    local size = #read(FIXTURES .. "picture.png")
    assert.same({ 0, size, FIXTURES .. "picture.png" }, calls[1])
    assert.same({ size, size, FIXTURES .. "picture.png" }, calls[#calls])
  end)

  it("speaks the old protocol with media_api = \"1.1\"", function()
    local parameters = box:parameters("oauth1")
    parameters.media_api, parameters.chunk_size = "1.1", 65536
    local old = assert(twitter.new(parameters))
    for _, name in ipairs { "picture.jpg", "animation.gif", "video.mp4" } do
      local ids = assert(old:upload_attachments_array(FIXTURES .. name))
      assert.matches("^%d+$", ids[1])
    end
  end)

  describe("refuses", function()
    local function refused(kind, pattern, ids, err)
      assert.is_nil(ids)
      assert.equal(kind, err.kind)
      assert.equal("not_sent", err.outcome)
      assert.matches(pattern, err.message)
      assert.same({}, err.media_ids)
      assert.equal(0, requests("/initialize$"))
    end

    it("a file that is missing, a directory, empty", function()
      refused("file", "No such file",
        client:upload_attachments_array("/nonexistent/picture.jpg"))
      refused("file", "[Dd]irectory", client:upload_attachments_array("/tmp"))
      local path = os.tmpname()
      refused("file", "empty", client:upload_attachments_array(path))
      os.remove(path)
    end)

    it("a type that X does not take", function()
      refused("invalid", "of no type that X takes",
        client:upload_attachments_array("spec/media_spec.lua"))
    end)

    it("a video where a picture is wanted", function()
      refused("invalid", "video/mp4", client:upload_attachments_array(
        FIXTURES .. "video.mp4", "tweet_image"))
    end)

    it("a URL that is neither http nor https", function()
      refused("invalid", "only http and https",
        client:upload_attachments_array("file:///etc/passwd"))
    end)

    it("a URL that answers 404", function()
      refused("file", "HTTP 404",
        client:upload_attachments_array(box.plain_url .. "/missing"))
    end)

    it("a URL that never ends", function()
      refused("file", "max_download", client:upload_attachments_array(
        box.plain_url .. "/endless", nil, { max_download = 100000 }))
    end)
  end)

  it("looks at every file before it sends the first", function()
    local ids, err = client:upload_attachments_array({
      FIXTURES .. "picture.jpg", "/nonexistent/picture.jpg" }, "tweet_image")
    assert.is_nil(ids)
    assert.same({}, err.media_ids)
    assert.equal(2, err.file_index)
    assert.equal(0, requests("/initialize$"))
  end)

  it("tells which ids were uploaded before the one that failed", function()
    assert(box:control("POST", "/faults", { skip = 1,
      match = { path = "/2/media/upload/initialize" },
      fault = { kind = "not_permitted" } }))
    local ids, err = client:upload_attachments_array({
      FIXTURES .. "picture.jpg", FIXTURES .. "picture.png" }, "tweet_image")
    assert.is_nil(ids)
    assert.equal(403, err.status)
    assert.equal(1, #err.media_ids)
    assert.equal(2, err.file_index)
  end)

  it("gives the reason when X cannot process a file", function()
    assert(box:control("POST", "/settings", { processing = { polls = 1,
      check_after_secs = 0.05, fail = { code = 1, name = "InvalidMedia",
        message = "the video is too long" } } }))
    local ids, err = client:upload_attachments_array(FIXTURES .. "video.mp4")
    assert(box:control("POST", "/settings", { processing = { polls = 2,
      check_after_secs = 0.05 } }))
    assert.is_nil(ids)
    assert.equal("http", err.kind)
    assert.equal("refused", err.outcome)
    assert.matches("InvalidMedia: the video is too long", err.message)
  end)

  it("stops waiting after processing_timeout", function()
    assert(box:control("POST", "/settings", { processing = { polls = 1000,
      check_after_secs = 0.05 } }))
    local ids, err = client:upload_attachments_array(FIXTURES .. "video.mp4",
      nil, { processing_timeout = 0.2 })
    assert(box:control("POST", "/settings", { processing = { polls = 2,
      check_after_secs = 0.05 } }))
    assert.is_nil(ids)
    assert.equal("timeout", err.kind)
  end)

  it("repeats a segment that was lost on the way", function()
    assert(box:control("POST", "/faults", {
      match = { path = "/2/media/upload/%d+/append" },
      fault = { kind = "reset_after" },
    }))
    assert(client:upload_attachments_array(FIXTURES .. "picture.jpg"))
    assert.equal(2, requests("/append$"))
  end)

  it("notices a file that becomes shorter while it is sent", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "wb"))
    file:write(read(FIXTURES .. "video.mp4"), ("\0"):rep(300 * 1024))
    file:close()
    local ids, err = client:upload_attachments_array(path, "tweet_video", {
      chunk_size = 65536,
      progress = function(sent)
        if sent == 65536 then assert(io.open(path, "wb")):close() end
      end,
    })
    os.remove(path)
    assert.is_nil(ids)
    assert.equal("file", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.matches("shorter", err.message)
  end)
end)
