-- The sandbox is strict about what is asked: bodies, queries, posts and
-- uploads, each with one thing wrong.

local json = require "twitter.json"
local sandbox = require "support.sandbox"
local twitter = require "twitter"

local function read(name)
  local file = assert(io.open("spec/fixtures/" .. name, "rb"))
  local bytes = file:read("*a")
  file:close()
  return bytes
end

describe("the sandbox", function()
  local box, client, texts

  setup(function()
    box, texts = assert(sandbox.start()), 0
    client = assert(twitter.new(box:parameters("oauth2")))
  end)
  teardown(function() box:stop() end)
  before_each(function() assert(box:control("DELETE", "/requests")) end)

  local function noted()
    local list = assert(box:control("GET", "/requests")).requests
    return table.concat(list[#list].problems, "; ")
  end

  local function settings(values)
    assert(box:control("POST", "/settings", values))
  end

  local function assert_refused(status, note, value, err)
    assert.is_nil(value)
    assert.equal(status, err.status)
    assert.matches(note, noted())
    return err
  end

  local function new_text()
    texts = texts + 1
    return "text " .. texts
  end

  -- A post whose body is exactly this, but for the text.
  local function post(body, text)
    body.text = text or body.text or new_text()
    return client:request("POST", "/2/tweets", { json = body })
  end

  describe("rejects in a post", function()
    it("nothing that is right", function()
      assert(post {})
      assert.equal("", noted())
    end)

    it("a key that X does not know", function()
      assert_refused(400, "%$%.txt: is not defined", post { txt = "x" })
      assert_refused(400, "%$%.poll%.option: is not defined", post {
        poll = { option = { "a", "b" }, duration_minutes = 5 } })
    end)

    it("a value of the wrong type", function()
      assert_refused(400, "string expected", post { reply = {
        in_reply_to_tweet_id = 5 } })
      assert_refused(400, "array expected", post { media = {
        media_ids = "1" } })
    end)

    it("a missing text, an empty one, one that is not UTF-8", function()
      assert_refused(400, "text: is missing", client:request("POST",
        "/2/tweets", { json = { nullcast = false } }))
      assert_refused(400, "must not be empty", post({}, " "))
      assert_refused(400, "UTF%-8", client:request("POST", "/2/tweets", {
        body = '{"text":"\255"}', headers = {
          ["Content-Type"] = "application/json" } }))
    end)

    it("a text of more than 280 weighted characters", function()
      assert(post({}, new_text() .. (" "):rep(3) .. ("a"):rep(260)))
      assert_refused(403, "too long: 281", post({}, ("a"):rep(281)))
      assert_refused(403, "too long: 282", post({}, ("漢"):rep(141)))
      assert(post({}, ("漢"):rep(140)))
    end)

    it("what was posted before", function()
      local text = new_text()
      assert(post({}, text))
      local err = assert_refused(403, "duplicate", post({}, text))
      assert.matches("duplicate content", err.detail)
      settings { duplicates = false }
      assert(post({}, text))
      settings { duplicates = true }
    end)

    it("what excludes each other", function()
      local poll = { options = { "a", "b" }, duration_minutes = 5 }
      local media = { media_ids = { "1" } }
      assert_refused(400, "together", post { poll = poll, media = media })
      assert_refused(400, "together", post { poll = poll,
        quote_tweet_id = "1" })
      assert_refused(400, "together", post { media = media,
        quote_tweet_id = "1" })
      assert_refused(400, "together", post { card_uri = "x", poll = poll })
    end)

    it("a poll out of its limits", function()
      local function poll(options, minutes)
        return post { poll = { options = options,
          duration_minutes = minutes } }
      end
      assert_refused(400, "minimum of 2", poll({ "a" }, 5))
      assert_refused(400, "maximum of 4", poll({ "a", "b", "c", "d", "e" }, 5))
      assert_refused(400, "minimum value of 5", poll({ "a", "b" }, 4))
      assert_refused(400, "maximum value of 10080", poll({ "a", "b" }, 10081))
      assert_refused(400, "25 characters", poll({ ("a"):rep(26), "b" }, 5))
      assert_refused(400, "at least 1", poll({ "", "b" }, 5))
      assert_refused(400, "integer", poll({ "a", "b" }, 5.5))
      assert_refused(400, "duration_minutes: is missing",
        poll({ "a", "b" }, nil))
    end)

    it("a reply or quote of what does not exist", function()
      assert_refused(403, "unknown post", post { reply = {
        in_reply_to_tweet_id = "1" } })
      assert_refused(403, "Enterprise", post { quote_tweet_id = "1" })
    end)

    it("a body that is no JSON, or does not say that it is", function()
      local function raw(body, content_type)
        return client:request("POST", "/2/tweets", { body = body,
          headers = { ["content-type"] = content_type } })
      end
      assert_refused(400, "", raw("{", "application/json"))
      local err = assert_refused(400, "", raw('{"text":"x"}', "text/plain"))
      assert.matches("content%-type", tostring(err))
    end)
  end)

  describe("rejects in a query", function()
    it("a parameter that the operation does not know", function()
      assert_refused(400, "unknown parameter user_fields", client:request(
        "GET", "/2/users/me", { query = { user_fields = "name" } }))
      settings { strict_query = false }
      assert(client:request("GET", "/2/users/me", { query = {
        user_fields = "name" } }))
      assert.matches("unknown parameter user_fields", noted())
      settings { strict_query = true }
    end)

    it("a list as a repeated key", function()
      assert_refused(400, "repeated parameter user.fields", client:request(
        "GET", "/2/users/me", { query = {
          ["user.fields"] = { "name", "id" } } }))
      assert(client:request("GET", "/2/users/me", { query = {
        ["user.fields"] = "name,id" } }))
    end)

    it("an unknown path and a wrong method", function()
      assert_refused(404, "no such route", client:request("GET", "/2/nothing"))
      local err = assert_refused(405, "no such route",
        client:request("PUT", "/2/tweets"))
      assert.is_string(err.headers.allow)
    end)
  end)

  describe("rejects in an upload", function()
    local picture = read("picture.png")

    local function initialize(total, changes)
      local body = { media_type = "image/png", media_category = "tweet_image",
        total_bytes = total or #picture }
      for name, value in pairs(changes or {}) do body[name] = value end
      return client:request("POST", "/2/media/upload/initialize",
        { json = body })
    end

    local function append(id, index, bytes, as)
      return (as or client):request("POST", "/2/media/upload/" .. id
        .. "/append", { multipart = {
          { name = "media", data = bytes, filename = "media" },
          { "segment_index", index },
        } })
    end

    local function finalize(id)
      return client:request("POST", "/2/media/upload/" .. id .. "/finalize")
    end

    local function begun(total)
      return assert(initialize(total)).data.id
    end

    it("nothing that is right", function()
      local id, half = begun(), math.floor(#picture / 2)
      assert(append(id, 0, picture:sub(1, half)))
      assert(append(id, 1, picture:sub(half + 1)))
      local media = assert(finalize(id)).data
      assert.equal(#picture, media.size)
      assert(post { media = { media_ids = { id } } })
      assert.equal("", noted())
    end)

    it("no segment, and a segment that was left out", function()
      local id = begun()
      assert_refused(400, "no segment", finalize(id))
      assert(append(id, 1, picture))
      assert_refused(400, "not contiguous", finalize(id))
    end)

    it("sizes that do not add up", function()
      local id = begun()
      assert(append(id, 0, picture:sub(1, -2)))
      assert_refused(400, "add up to", finalize(id))
      id = begun(#picture - 1)
      assert(append(id, 0, picture))
      assert_refused(400, "add up to", finalize(id))
    end)

    it("a request larger than the edge allows, with an empty 413", function()
      local err = assert_refused(413, "larger than the edge", append(begun(),
        0, ("x"):rep(5 * 1024 * 1024)))
      assert.same(nil, err.detail)
      assert.equal("http", err.kind)
      assert.matches("chunk_size", err.hint)
    end)

    it("a segment's index beyond 999", function()
      assert_refused(400, "segment_index", append(begun(), 1000, "x"))
    end)

    it("an id that nobody has, and one that is none", function()
      assert_refused(400, "unknown id", append("1", 0, "x"))
      assert_refused(400, "unknown id", finalize("1"))
      assert_refused(400, "not valid", finalize("abc"))
      assert_refused(404, "unknown id", client:request("GET",
        "/2/media/upload", { query = { media_id = "1" } }))
    end)

    it("another account's upload, there and in a post", function()
      local id = begun()
      local neighbour = assert(twitter.new(box:parameters("oauth2",
        { user = "neighbour" })))
      assert_refused(403, "another account", append(id, 0, picture, neighbour))
      assert(append(id, 0, picture))
      assert(finalize(id))
      assert_refused(400, "another account", neighbour:request("POST",
        "/2/tweets", { json = { text = new_text(),
          media = { media_ids = { id } } } }))
    end)

    it("a category, type or size that X does not take", function()
      assert_refused(400, "media_category", initialize(nil,
        { media_category = "tweet_picture" }))
      assert_refused(400, "media_type", initialize(nil,
        { media_type = "image/svg" }))
      assert_refused(400, "file size", initialize(0))
      assert_refused(400, "total_bytes", initialize("many"))
      assert_refused(400, "file size", initialize(6 * 1024 * 1024))
      assert_refused(400, "not defined", initialize(nil, { name = "x" }))
    end)

    it("bytes that are not of the declared type", function()
      local gif = read("animation.gif")
      local id = begun(#gif)
      assert(append(id, 0, gif))
      assert_refused(400, "declared as image/png", finalize(id))
    end)

    it("in a post: media that is unknown, unfinished or doubled", function()
      assert_refused(400, "unknown or expired", post {
        media = { media_ids = { "1" } } })
      local id = begun()
      assert_refused(400, "not ready", post { media = { media_ids = { id } } })
      assert(append(id, 0, picture))
      assert(finalize(id))
      assert_refused(400, "repeated", post {
        media = { media_ids = { id, id } } })
    end)

    it("an early question for the status, which it notes", function()
      settings { processing = { polls = 5, check_after_secs = 60 } }
      local video = read("video.mp4")
      local id = assert(initialize(#video, { media_type = "video/mp4",
        media_category = "tweet_video" })).data.id
      assert(append(id, 0, video))
      assert(finalize(id))
      assert(client:request("GET", "/2/media/upload",
        { query = { media_id = id } }))
      assert.matches("before check_after_secs", noted())
      settings { processing = json.null }
    end)

    it("a token without the scope, and an app's", function()
      local scope = "tweet.read tweet.write users.read"
      local ids, err = twitter.upload_attachments_array(
        "spec/fixtures/picture.png", "tweet_image",
        box:parameters("oauth2", { scope = scope }))
      assert_refused(403, "media.write missing", ids, err)
      local app = assert(twitter.new(box:parameters("app")))
      local value
      value, err = app:request("POST", "/2/media/upload/initialize",
        { json = {} })
      assert_refused(403, "", value, err)
    end)
  end)
end)
