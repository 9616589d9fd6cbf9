-- The sandbox's own count of a post's length, checked against known vectors.

local weighted = require "support.sandbox.weighted"

-- UTF-8 by number, so that the invisible ones can be seen here.
local function character(point)
  if point < 0x80 then return string.char(point) end
  if point < 0x800 then
    return string.char(0xC0 + math.floor(point / 64), 0x80 + point % 64)
  end
  local last = string.char(
    0x80 + math.floor(point / 64) % 64, 0x80 + point % 64)
  if point < 0x10000 then
    return string.char(0xE0 + math.floor(point / 4096)) .. last
  end
  return string.char(0xF0 + math.floor(point / 262144),
    0x80 + math.floor(point / 4096) % 64) .. last
end

local function join(...)
  local list = { ... }
  for index, point in ipairs(list) do list[index] = character(point) end
  return table.concat(list)
end

local JOINER = 0x200D
local FAMILY = join(0x1F468, JOINER, 0x1F469, JOINER, 0x1F467, JOINER, 0x1F466)
local ENGLAND = join(0x1F3F4, 0xE0067, 0xE0062, 0xE0065, 0xE006E, 0xE0067,
  0xE007F)

local function counts(name, text, length, valid)
  it("counts " .. name, function()
    local got, sound = weighted.length(text)
    assert.are.equal(length, got)
    assert.are.equal(valid ~= false, sound)
  end)
end


describe("weighted length", function()
  counts("a sentence with a link", "Hi http://test.co", 26)
  counts("a link alone", "http://test.co", 23)
  counts("CJK twice", character(0x6F22):rep(160), 320, false)
  counts("simple emoji twice", character(0x1F600):rep(160), 320, false)
  counts("a joined family as one",
    "H" .. join(0x1F431, 0x263A) .. FAMILY, 7)
  counts("five emoji", join(0x1F637, 0x1F47E, 0x1F621, 0x1F525, 0x1F4A9), 10)
  counts("skin tones and joined professions",
    join(0x1F64B, 0x1F3FD, 0x1F468, JOINER, 0x1F3A4), 4)
  counts("a keycap without selector", join(0x31, 0x20E3), 2)
  counts("a keycap with selector", join(0x31, 0xFE0F, 0x20E3), 2)
  counts("140 families", FAMILY:rep(140), 280)
  counts("141 families as too long", FAMILY:rep(141), 282, false)
  counts("the emoji of Unicode 10", "Unicode 10.0 emoji: "
    .. join(0x1F92A) .. "; " .. join(0x1F9D5) .. "; "
    .. join(0x1F9D5, 0x1F3FE) .. "; " .. ENGLAND, 34)
  counts("a flag as one", join(0x1F1E9, 0x1F1EA), 2)
  counts("an em dash", character(0x2014), 1)
  counts("a bullet", character(0x2022), 2)
  counts("a euro sign", character(0x20AC), 2)
  counts("a copyright sign", character(0xA9), 1)
  counts("a copyright sign drawn as emoji", join(0xA9, 0xFE0F), 2)
  counts("a label of 64 characters as text", ("a"):rep(64) .. ".com", 68)
  counts("a label of 63 characters as link", ("a"):rep(63) .. ".com", 23)
  counts("forbidden characters twice", "ABC" .. join(0x202A, 0xFFFF) .. "ABC"
    .. join(0xFFFE), 12, false)
  counts("a waving hand", "Hello, world! " .. character(0x1F44B), 16)
  counts("nothing as invalid", "", 0, false)
  counts("280 letters", ("a"):rep(280), 280)
  counts("281 letters as too long", ("a"):rep(281), 281, false)
  counts("a decomposed letter as one", "e" .. character(0x301), 1)
  counts("a decomposed syllable as one", join(0x1112, 0x1161, 0x11AB), 2)

  it("lets a premium account write more", function()
    local _, valid = weighted.length(("a"):rep(281), 25000)
    assert.is_true(valid)
  end)

  it("refuses bytes that are not UTF-8", function()
    for _, text in ipairs { "\255", "\192\128", "\237\160\128", "a\226\130" } do
      local _, valid = weighted.length(text)
      assert.is_false(valid)
    end
  end)
end)


describe("links", function()
  local function urls(text)
    local list = {}
    for _, link in ipairs(weighted.links(text)) do
      list[#list + 1] = link.url
    end
    return list
  end

  local function finds(text, expected)
    it("are found in " .. text, function()
      assert.are.same(expected, urls(text))
    end)
  end

  finds("see README.md.", { "README.md" })
  finds("see example.com, x.com/a", { "example.com", "x.com/a" })
  finds("mail me@example.com", {})
  finds("a@b.com and #tag.com $x.com", {})
  finds("(https://example.com/a_(b)).", { "https://example.com/a_(b)" })
  finds("https://example.com/?a=1&b=2!", { "https://example.com/?a=1&b=2" })
  finds("http://127.0.0.1/x and http://localhost/", {})
  finds("https://example.com:8080/x", { "https://example.com:8080/x" })
  finds("no.link2 file.lua 1.5 e.g. this", {})
  finds("https://t.co/" .. ("a"):rep(41), {})
  finds("https://t.co/" .. ("a"):rep(40), { "https://t.co/" .. ("a"):rep(40) })
  finds("https://example.com" .. character(0x306E), { "https://example.com" })
  finds("-example.com _example.com .example.com /example.com", {})
end)
