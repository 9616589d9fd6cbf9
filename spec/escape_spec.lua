local core = require "twitter.core"
local vectors = require "support.vectors"

describe("percent-encoding", function()
  it("writes the known texts", function()
    for _, pair in ipairs(vectors.escapes) do
      assert.equal(pair[2], core.escape(pair[1]))
      assert.equal(pair[1], core.unescape(pair[2]))
    end
  end)

  it("copies exactly letters, digits and -._~", function()
    for byte = 0, 255 do
      local char = string.char(byte)
      local expected = ("%%%02X"):format(byte)
      if byte < 128 and char:find("^[%w%-._~]$") then expected = char end
      assert.equal(expected, core.escape(char))
    end
  end)

  it("brings back all bytes, one by one and together", function()
    local bytes = {}
    for byte = 0, 255 do
      bytes[#bytes + 1] = string.char(byte)
      assert.equal(bytes[#bytes], core.unescape(core.escape(bytes[#bytes])))
    end
    local all = table.concat(bytes):rep(64)
    assert.equal(all, core.unescape(core.escape(all)))
  end)

  it("takes hex digits in either case", function()
    assert.equal("/?\255", core.unescape("%2f%3F%fF"))
  end)

  it("makes a space of a plus only in a form", function()
    assert.equal("a+b c", core.unescape("a+b%20c"))
    assert.equal("a b+c", core.unescape("a+b%2Bc", true))
  end)

  it("answers nil for a percent sign without two hex digits", function()
    for _, text in ipairs { "%", "a%", "%4", "%g0", "%0g", "%%41", "% 1" } do
      local decoded, message = core.unescape(text)
      assert.is_nil(decoded)
      assert.equal("malformed percent-encoding", message)
    end
  end)

  it("raises for what is no string", function()
    assert.has_error(function() core.escape() end)
    assert.has_error(function() core.escape({}) end)
    assert.has_error(function() core.unescape(nil) end)
  end)
end)
