local encode = require "twitter.encode"

describe("twitter.encode", function()
  describe("scalar", function()
    it("writes whole numbers without a fraction or an exponent", function()
      assert.equal("10", encode.scalar(10))
      assert.equal("10", encode.scalar(10.0))
      assert.equal("1700000000000", encode.scalar(1700000000000))
      assert.equal("0.5", encode.scalar(0.5))
    end)

    it("writes booleans as words", function()
      assert.equal("true", encode.scalar(true))
      assert.equal("false", encode.scalar(false))
    end)

    it("refuses numbers that may have lost digits", function()
      local text, message = encode.scalar(2 ^ 60)
      assert.is_nil(text)
      assert.matches("use a string", message)
    end)

    it("refuses what is no number at all", function()
      assert.is_nil((encode.scalar(0 / 0)))
      assert.is_nil((encode.scalar(math.huge)))
      assert.is_nil((encode.scalar({})))
      assert.is_nil((encode.scalar(nil)))
    end)
  end)

  describe("pairs", function()
    it("sorts the names of a table", function()
      assert.same({ { "a", "1" }, { "b", "x" } },
        encode.pairs { b = "x", a = 1 })
    end)

    it("repeats the name for each item of a list", function()
      assert.same({ { "ids", "1" }, { "ids", "2" } },
        encode.pairs { ids = { "1", "2" } })
    end)

    it("keeps the order of a list of pairs, duplicates included", function()
      assert.same({ { "b", "1" }, { "a", "2" }, { "b", "3" } },
        encode.pairs { { "b", "1" }, { "a", 2 }, { "b", "3" } })
    end)

    it("refuses lists with holes or names in them", function()
      for _, fields in ipairs { { ids = { "1", nil, "3" } },
        { ids = { "1", x = "2" } }, { { "a", "1" }, b = "2" } } do
        local list, message = encode.pairs(fields)
        assert.is_nil(list)
        assert.matches("list", message)
      end
    end)

    it("names the field that cannot be sent", function()
      local list, message = encode.pairs { when = print }
      assert.is_nil(list)
      assert.matches("'when' cannot be a function", message)
    end)
  end)

  it("joins by RFC 3986: a space is %20", function()
    assert.equal("q=a%20b%2Bc&e=", encode.join { { "q", "a b+c" },
      { "e", "" } })
  end)

  it("appends to a query that is already there", function()
    assert.equal("http://h/p?a=1", encode.with_query("http://h/p", "a=1"))
    assert.equal("http://h/p?z=0&a=1",
      encode.with_query("http://h/p?z=0", "a=1"))
    assert.equal("http://h/p", encode.with_query("http://h/p", ""))
  end)

  it("lets nothing into a path that would change it", function()
    assert.equal("a%20b", encode.segment("a b"))
    for _, bad in ipairs { "", ".", "..", "a/b", "a\\b" } do
      assert.is_nil((encode.segment(bad)))
    end
  end)

  it("reads a query; a name that comes again makes a list", function()
    assert.same({ a = "1 2", b = "" }, encode.read_query("a=1+2&b"))
    assert.same({ a = { "1", "2", "3" } },
      encode.read_query("a=1&a=2&a=3"))
    assert.is_nil((encode.read_query("a=%zz")))
  end)
end)
