local cjson = require "cjson"
local json = require "twitter.json"

local math_type = rawget(math, "type")


-- `count` tables inside each other.
local function nested(count)
  local value = "x"
  for _ = 1, count do value = { value } end
  return value
end


describe("json.decode", function()
  it("decodes objects, lists and scalars", function()
    assert.are.same({ data = { id = "1", list = { 1, 2.5, true, "é" } } },
      json.decode '{"data":{"id":"1","list":[1,2.5,true,"\\u00e9"]}}')
    assert.are.equal("x", json.decode '"x"')
    assert.is_true(json.decode "true")
    assert.are.same({}, json.decode "[]")
  end)

  it("keeps integers above 2^53 as strings with their digits", function()
    local value = json.decode(
      '{"id":1284554329119236097,"n":-9223372036854775808}')
    assert.are.equal("1284554329119236097", value.id)
    assert.are.equal("-9223372036854775808", value.n)
  end)

  it("keeps smaller integers as exact numbers", function()
    local value = json.decode(
      "[9007199254740992,-9007199254740992,1792000000123]")
    assert.are.equal(9007199254740992, value[1])
    assert.are.equal(-9007199254740992, value[2])
    assert.are.equal(1792000000123, value[3])
  end)

  it("makes Lua integers where Lua has them", function()
    local value = json.decode '{"count":3,"list":[75,{"n":0}],"ratio":0.5}'
    assert.are.equal("3", tostring(value.count))
    assert.are.equal("75", tostring(value.list[1]))
    assert.are.equal("0", tostring(value.list[2].n))
    assert.are.equal(0.5, value.ratio)
    assert.are.equal("12", tostring(json.decode "12"))
    if math_type then
      assert.are.equal("integer", math_type(value.count))
    end
  end)

  it("turns null into json.null", function()
    local value = json.decode '{"a":null,"b":[null]}'
    assert.are.equal(json.null, value.a)
    assert.are.equal(json.null, value.b[1])
    assert.are.equal(json.null, json.decode "null")
    assert.is_truthy(json.null)
  end)

  it("refuses what is no JSON, with a message", function()
    for _, text in ipairs { "", " ", "{", "[1,]", "{'a':1}", "[NaN]", "[nan]",
        "[inf]", "[-inf]", "[Infinity]", "[0x10]", "[012]", "[1 2]", "nul",
        '["\\ud800"]', "[1]]", "<html>", "{1284554329119236097:1}",
        "[01284554329119236097]" } do
      local value, message = json.decode(text)
      assert.is_nil(value, text)
      assert.are.equal("string", type(message))
    end
  end)

  it("never quotes the text in a message", function()
    for _, text in ipairs { "sup3rsecret", '{"a":sup3rsecret}',
        '"sup3rsecret' } do
      local _, message = json.decode(text)
      assert.is_nil(message:find("sup3r", 1, true))
    end
  end)

  it("answers a message for what is no string", function()
    for _, value in ipairs { 12, true, {}, print } do
      local decoded, message = json.decode(value)
      assert.is_nil(decoded)
      assert.are.equal("string expected, got " .. type(value), message)
    end
    assert.is_nil((json.decode(nil)))
  end)

  it("limits nesting", function()
    assert.is_table(json.decode(("["):rep(128) .. ("]"):rep(128)))
    local value, message = json.decode(("["):rep(129) .. ("]"):rep(129))
    assert.is_nil(value)
    assert.is_truthy(message:find("nested"))
    assert.is_nil((json.decode(("["):rep(100000))))
  end)
end)


describe("json.encode", function()
  it("encodes scalars", function()
    assert.are.equal('"a"', json.encode "a")
    assert.are.equal("true", json.encode(true))
    assert.are.equal("false", json.encode(false))
    assert.are.equal("null", json.encode(json.null))
  end)

  it("encodes objects and lists", function()
    assert.are.equal('{"text":"hi"}', json.encode { text = "hi" })
    assert.are.equal('["1",2,[true]]', json.encode { "1", 2, { true } })
    assert.are.equal("{}", json.encode {})
    assert.are.same({ a = { b = { "c" } }, d = "e" },
      cjson.decode(json.encode { a = { b = { "c" } }, d = "e" }))
  end)

  it("escapes strings and keys", function()
    for _, text in ipairs { 'q"uote', "back\\slash", "line\nfeed", "nul\0",
        "\27[31m", "tab\t", "\127", "é𝕏", "a/b", "" } do
      assert.are.equal(text, cjson.decode(json.encode { text })[1])
      assert.are.equal(1, cjson.decode(json.encode { [text] = 1 })[text])
    end
    assert.is_nil(json.encode("\r\n\0\27"):find("%c"))
  end)

  it("writes integers exactly", function()
    local cases = { [17179869184] = "17179869184",
      [1792000000123] = "1792000000123", [0] = "0", [-7] = "-7",
      [123456789012345] = "123456789012345",
      [9007199254740991] = "9007199254740991",
      [2 ^ 53] = "9007199254740992", [-2 ^ 53] = "-9007199254740992" }
    for number, text in pairs(cases) do
      assert.are.equal(text, json.encode(number))
    end
    assert.are.equal("3", json.encode(3.0))
  end)

  it("writes fractions so that they read back the same", function()
    for _, number in ipairs { 0.5, 0.1, 1 / 3, -122.40061283838, 1e-300,
        1.7976931348623157, 2 ^ -1074, 123456.789 } do
      local text = json.encode(number)
      assert.are.equal(number, tonumber(text))
      assert.is_nil(text:find(",", 1, true))
    end
    assert.are.equal("0.1", json.encode(0.1))
  end)

  it("refuses numbers that are not exact or not finite", function()
    for _, number in ipairs { 2 ^ 53 + 2, -2 ^ 60, 1e300, math.huge,
        -math.huge, 0 / 0 } do
      local text, message = json.encode { data = { number } }
      assert.is_nil(text)
      assert.is_truthy(message:find("(at data[1])", 1, true), message)
    end
  end)

  if math_type then
    it("writes all 64 bits of a Lua integer", function()
      for _, digits in ipairs { "1880028106020515841",
          "9223372036854775807", "-9223372036854775807" } do
        assert.are.equal(digits, json.encode(tonumber(digits)))
      end
    end)
  end

  it("writes empty lists where they are marked", function()
    assert.are.equal("[]", json.encode(json.empty_array))
    assert.are.equal('{"ids":[]}', json.encode { ids = json.empty_array })
    assert.are.equal('[[],{"a":[[]]}]',
      json.encode { json.empty_array, { a = { json.empty_array } } })
    assert.are.equal("[]", json.encode(json.array()))
    assert.are.equal('{"ids":[]}', json.encode { ids = json.array {} })
    assert.are.equal("[1,2]", json.encode(json.array { 1, 2 }))
  end)

  it("keeps strings that look like empty lists", function()
    for _, text in ipairs { "[]", '["[]"]', "{}", "\0[]", "null" } do
      assert.are.equal(text,
        cjson.decode(json.encode { json.empty_array, text })[2])
    end
  end)

  it("keeps empty_array empty", function()
    assert.has_error(function() json.empty_array[1] = 1 end,
      "json.empty_array stays empty")
    assert.are.equal("[]", tostring(json.empty_array))
  end)

  it("refuses invalid UTF-8 and says where", function()
    local bad = { "\128", "a\255", "\192\128", "\224\128\128", "\237\160\128",
      "\240\128\128\128", "\244\144\128\128", "\194", "\226\130", "ok\245" }
    for _, text in ipairs(bad) do
      local encoded, message =
        json.encode { poll = { options = { "x", text } } }
      assert.is_nil(encoded)
      assert.is_truthy(message:find("invalid UTF%-8 at byte %d+ "), message)
      assert.is_truthy(message:find("(at poll.options[2])", 1, true), message)
    end
    local _, message = json.encode { text = "abc\255" }
    assert.are.equal("invalid UTF-8 at byte 4 (at text)", message)
    _, message = json.encode { ["\255"] = 1 }
    assert.are.equal("invalid UTF-8 at byte 1 of a key", message)
  end)

  it("accepts every length of UTF-8", function()
    local text = "a\194\128\223\191\224\160\128\237\159\191\238\128\128"
      .. "\240\144\128\128\244\143\191\191"
    assert.are.equal(text, cjson.decode(json.encode { text })[1])
  end)

  it("refuses lists with holes and mixed tables", function()
    for _, list in ipairs { { 1, nil, 3 }, { [2] = "x" }, { [0] = "x" },
        { [1.5] = "x" }, { 1, 2, name = 3 }, { [1e15] = 1 },
        { [true] = 1 }, json.array { name = 1 } } do
      local text, message = json.encode { v = list }
      assert.is_nil(text)
      assert.is_truthy(message:find("(at v", 1, true), message)
    end
  end)

  it("limits nesting, so a cycle ends", function()
    assert.is_string(json.encode(nested(128)))
    assert.is_nil((json.encode(nested(129))))
    local cycle = {}
    cycle.self = cycle
    local text, message = json.encode(cycle)
    assert.is_nil(text)
    assert.is_truthy(message:find("nested more than 128 deep", 1, true))
  end)

  it("refuses values without a JSON form", function()
    for _, value in ipairs { print, coroutine.create(function() end),
        io.stdout } do
      local text, message = json.encode { a = { value } }
      assert.is_nil(text)
      assert.are.equal("no JSON form for a " .. type(value) .. " (at a[1])",
        message)
    end
    assert.is_nil((json.encode(nil)))
  end)

  it("never quotes odd keys", function()
    local _, message = json.encode { ["sup3r secret\n"] = print }
    assert.are.equal("no JSON form for a function (at ?)", message)
  end)

  it("calls no metamethods and writes nothing into its argument", function()
    local function refuse() error "called" end
    local value = setmetatable({}, { __index = refuse, __pairs = refuse,
      __len = refuse })
    assert.are.equal("{}", json.encode(value))
    local list = { "a", { b = json.array {} } }
    json.encode(list)
    assert.is_nil(getmetatable(list))
  end)
end)


describe("json.array", function()
  it("raises for what it cannot mark", function()
    assert.has_error(function() json.array "x" end,
      "bad argument #1 to 'array' (table expected, got string)")
    assert.has_error(function() json.array(setmetatable({}, {})) end,
      "bad argument #1 to 'array' (it has a metatable of its own)")
  end)

  it("returns the table it was given, marked once or twice", function()
    local list = { 1 }
    assert.are.equal(list, json.array(json.array(list)))
  end)
end)


describe("the host's cjson", function()
  it("is left as it was", function()
    assert.are.equal(14, cjson.encode_number_precision())
    assert.are.equal(1000, cjson.decode_max_depth())
    assert.is_true(cjson.decode_invalid_numbers())
  end)

  it("does not change ours", function()
    local before = cjson.decode_max_depth()
    cjson.decode_max_depth(1)
    local value = json.decode "[[[1]]]"
    cjson.decode_max_depth(before)
    assert.are.same({ { { 1 } } }, value)
  end)
end)


-- What other builds of cjson have beside Debian's: marks for empty lists.
local function load_with_marks()
  local other = setmetatable({ empty_array = io.stdout, array_mt = {},
    empty_array_mt = {} }, { __index = cjson })
  local ours = package.loaded["twitter.json"]
  package.loaded.cjson, package.loaded["twitter.json"] = other, nil
  local ok, loaded = pcall(require, "twitter.json")
  package.loaded.cjson, package.loaded["twitter.json"] = cjson, ours
  assert(ok, loaded)
  return loaded, other
end


describe("another build of cjson", function()
  it("may bring marks of its own for empty lists", function()
    local other_json, other = load_with_marks()
    assert.are.equal('{"a":[]}', other_json.encode { a = other.empty_array })
    assert.are.equal("[[],[],[]]", other_json.encode {
      setmetatable({}, other.array_mt), other_json.empty_array,
      setmetatable({}, other.empty_array_mt) })
    assert.are.equal("[1]", other_json.encode(
      other_json.array(setmetatable({ 1 }, other.array_mt))))
  end)
end)
