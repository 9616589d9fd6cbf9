local core = require "twitter.core"

describe("core.utf8_length", function()
  it("counts characters", function()
    assert.equal(0, core.utf8_length(""))
    assert.equal(5, core.utf8_length("Hello"))
    assert.equal(4, core.utf8_length("ä€😀\0"))
  end)

  it("tells where the first bad byte is", function()
    for text, position in pairs {
      ["\128"] = 1, ["ab\255"] = 3, ["\192\128"] = 1, ["\224\128\128"] = 1,
      ["\237\160\128"] = 1, ["\244\144\128\128"] = 1, ["€\226\130"] = 4,
      ["\240\159\152"] = 1, ["a\194"] = 2,
    } do
      local count, at = core.utf8_length(text)
      assert.is_nil(count)
      assert.equal(position, at)
    end
  end)
end)

describe("core.json_string", function()
  it("escapes what must be escaped and nothing else", function()
    assert.equal('"a\\"b\\\\c/d"', core.json_string('a"b\\c/d'))
    assert.equal('"\\b\\f\\n\\r\\t"', core.json_string("\b\f\n\r\t"))
    assert.equal('"\\u0000\\u001f\\u007f"', core.json_string("\0\31\127"))
    assert.equal('"ä€😀"', core.json_string("ä€😀"))
  end)

  it("takes long strings", function()
    local long = ('"\n\1'):rep(5000)
    assert.equal(2 + 5000 * 10, #core.json_string(long))
  end)

  it("refuses what is not UTF-8", function()
    local text, at = core.json_string("ok\200")
    assert.is_nil(text)
    assert.equal(3, at)
  end)
end)
