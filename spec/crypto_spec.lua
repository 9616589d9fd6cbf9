local core = require "twitter.core"
local vectors = require "support.vectors"

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

describe("digests", function()
  it("hash the known texts", function()
    for _, pair in ipairs(vectors.sha256) do
      assert.equal(pair[2], hex(core.sha256(pair[1])))
    end
  end)

  it("authenticate the known texts", function()
    for _, v in ipairs(vectors.hmac) do
      if v.sha1 then
        assert.equal(v.sha1, hex(core.hmac_sha1(v.key, v.text)))
      end
      if v.sha256 then
        assert.equal(v.sha256, hex(core.hmac_sha256(v.key, v.text)))
      end
    end
  end)

  it("take an empty key and an empty text", function()
    assert.equal("fbdb1d1b18aa6c08324b7d64b71fb76370690e1d",
      hex(core.hmac_sha1("", "")))
  end)
end)

describe("equal", function()
  it("tells equal strings from others", function()
    assert.is_true(core.equal("", ""))
    assert.is_true(core.equal("a\0b", "a\0b"))
    assert.is_false(core.equal("a\0b", "a\0c"))
    assert.is_false(core.equal("abc", "abcd"))
    assert.is_false(core.equal("", "a"))
  end)
end)

describe("random text", function()
  it("has the length that was asked for", function()
    for _, n in ipairs { 0, 1, 31, 32, 1023, 1024 } do
      assert.equal(n, #core.random(n))
      assert.equal(n, #core.token(n))
    end
  end)

  it("is not asked for more than 1024 bytes", function()
    for _, f in ipairs { core.random, core.token } do
      assert.has_error(function() f(1025) end)
      assert.has_error(function() f(-1) end)
      assert.has_error(function() f(0 / 0) end)
      assert.has_error(function() f("many") end)
    end
  end)

  it("never repeats, also when the pool is refilled", function()
    local seen = {}
    for _ = 1, 2000 do
      local bytes = core.random(16)
      assert.is_nil(seen[bytes])
      seen[bytes] = true
    end
  end)

  it("uses every byte", function()
    local seen, count = {}, 0
    for _ = 1, 100 do
      for char in core.random(1024):gmatch(".") do
        if not seen[char] then seen[char], count = true, count + 1 end
      end
    end
    assert.equal(256, count)
  end)

  it("makes tokens of letters and digits, each as often as another", function()
    local counts, total = {}, 0
    for _ = 1, 200 do
      local token = core.token(1024)
      assert.is_nil(token:find("[^A-Za-z0-9]"))
      total = total + #token
      for char in token:gmatch(".") do
        counts[char] = (counts[char] or 0) + 1
      end
    end
    local chi_squared, kinds = 0, 0
    for _, count in pairs(counts) do
      kinds = kinds + 1
      chi_squared = chi_squared + (count - total / 62) ^ 2 / (total / 62)
    end
    assert.equal(62, kinds)
    assert.is_true(chi_squared < 160)  -- 61 degrees: once in 10^10 by chance
  end)
end)
