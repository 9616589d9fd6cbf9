-- core.exact_integers and core.to_integers: what happens to numbers before
-- and after cjson sees them.

local core = require "twitter.core"

local exact = core.exact_integers
local math_type = rawget(math, "type")

local LARGE = "1284554329119236097"


-- The same by the plain way: one byte after the other, strings stepped over.
local function slow_exact(text)
  local out, at = {}, 1
  while at <= #text do
    local piece = text:match('^"[^"\\]*"', at)
    if not piece and text:sub(at, at) == '"' then
      local stop = at + 1
      while stop <= #text and text:sub(stop, stop) ~= '"' do
        stop = stop + (text:sub(stop, stop) == "\\" and 2 or 1)
      end
      piece = text:sub(at, stop)
    end
    local number = not piece and text:match("^-?[%d.eE+-]+", at)
    piece = piece or number or text:sub(at, at)
    at = at + #piece
    local digits = number and number:match("^-?(%d+)$")
    if digits and (#digits > 16
        or #digits == 16 and digits > "9007199254740992") then
      piece = '"' .. piece .. '"'
    end
    out[#out + 1] = piece
  end
  return table.concat(out)
end


describe("exact_integers", function()
  it("returns the very same string when there is nothing to do", function()
    for _, text in ipairs { "", "1", "{}", '{"id":"' .. LARGE .. '"}',
        '{"n":9007199254740992}', ("x"):rep(100000) } do
      assert.are.equal(text, exact(text))
    end
  end)

  it("quotes integers above 2^53", function()
    assert.are.equal('{"id":"' .. LARGE .. '"}',
      exact('{"id":' .. LARGE .. "}"))
    assert.are.equal('["9007199254740993"]', exact("[9007199254740993]"))
    assert.are.equal('["-9007199254740993"]', exact("[-9007199254740993]"))
    assert.are.equal('"' .. LARGE .. '"', exact(LARGE))
    assert.are.equal(' "' .. LARGE .. '" \n', exact(" " .. LARGE .. " \n"))
    assert.are.equal('["' .. ("9"):rep(400) .. '"]',
      exact("[" .. ("9"):rep(400) .. "]"))
  end)

  it("leaves integers up to 2^53 alone", function()
    for _, number in ipairs { "9007199254740992", "-9007199254740992",
        "1000000000000000", "1234567890123", "0" } do
      assert.are.equal("[" .. number .. "]", exact("[" .. number .. "]"))
    end
  end)

  it("leaves fractions, exponents and bad numbers alone", function()
    for _, number in ipairs { LARGE .. ".5", "0." .. LARGE, "1." .. LARGE,
        LARGE .. "e3", "1e" .. LARGE, "0" .. LARGE, LARGE .. "x",
        "+" .. LARGE, "--" .. LARGE, "0x" .. LARGE } do
      local text = '{"n":' .. number .. "}"
      assert.are.equal(text, exact(text))
    end
  end)

  it("never turns a key into a string", function()
    for _, text in ipairs { "{" .. LARGE .. ":1}", '{"a":1,' .. LARGE .. ":2}",
        '{"a":1, ' .. LARGE .. " : 2}" } do
      assert.are.equal(text, exact(text))
    end
  end)

  it("does not look inside strings", function()
    for _, text in ipairs {
      '["ids: ' .. LARGE .. ', more"]',
      '["[' .. LARGE .. ']"]',
      '["a\\",' .. LARGE .. ',\\"b"]',
      '["\\\\\\",' .. LARGE .. ',"]',
      '{"text":", ' .. LARGE .. ' ,"}',
      '["[' .. LARGE .. ',',  -- a string without an end
    } do
      assert.are.equal(text, exact(text))
    end
  end)

  it("finds numbers after strings that end in backslashes", function()
    assert.are.equal('["a\\\\","' .. LARGE .. '"]',
      exact('["a\\\\",' .. LARGE .. "]"))
    assert.are.equal('["\\"","' .. LARGE .. '"]',
      exact('["\\"",' .. LARGE .. "]"))
  end)

  it("finds a number at every offset and of every length", function()
    for offset = 0, 40 do
      for length = 16, 36 do
        local number = ("9"):rep(length)
        local space = (" "):rep(offset)
        assert.are.equal("[" .. space .. '"' .. number .. '",1]',
          exact("[" .. space .. number .. ",1]"))
      end
    end
  end)

  it("finds neighbours", function()
    local quoted = ("[N,N,-N ,N]"):gsub("-?N", "\"%0\""):gsub("N", LARGE)
    assert.are.equal(quoted, exact((("[N,N,-N ,N]"):gsub("N", LARGE))))
  end)

  it("agrees with a plain tokenizer on random texts", function()
    local pieces = { '"a"', '"' .. LARGE .. '"', LARGE, "-" .. LARGE, "12",
      '"x\\"y"', '"\\\\"', "9007199254740992", "9007199254740993", "1.5",
      LARGE .. ".25", LARGE .. "e1", "true", "null", '", ' .. LARGE .. ' ,"',
      '"[' .. LARGE .. ']"', '"\\\\\\","', "1e400" }
    local gaps = { ",", " , ", ",\n\t", ",    " }
    math.randomseed(20261123)
    for _ = 1, 2000 do
      local parts = { "[", pieces[math.random(#pieces)] }
      for _ = 1, math.random(0, 12) do
        parts[#parts + 1] = gaps[math.random(#gaps)]
        parts[#parts + 1] = pieces[math.random(#pieces)]
      end
      parts[#parts + 1] = math.random(2) == 1 and "]" or " ]"
      local text = table.concat(parts)
      assert.are.equal(slow_exact(text), exact(text))
    end
  end)

  it("survives any bytes, NUL included", function()
    math.randomseed(7)
    local alphabet = { '"', "\\", "9", "1", ",", "[", ":", " ", "\0", "\255",
      LARGE, "}" }
    for _ = 1, 3000 do
      local parts = {}
      for i = 1, math.random(0, 60) do
        parts[i] = alphabet[math.random(#alphabet)]
      end
      assert.are.equal("string", type(exact(table.concat(parts))))
    end
  end)

  it("raises for what is no string", function()
    assert.has_error(function() exact({}) end)
  end)
end)


describe("to_integers", function()
  it("leaves other values as they are", function()
    for _, value in ipairs { "text", true, false, 1.5 } do
      assert.are.equal(value, core.to_integers(value))
    end
    assert.is_nil(core.to_integers(nil))
    local object = { a = "b" }
    assert.are.equal(object, core.to_integers(object))
  end)

  if not math_type then return end

  it("makes whole floats integers, at every depth", function()
    local value = core.to_integers {
      3.0, -0.0, 1.5, list = { 1.0, { n = 2.0 ^ 53, deep = { { -7.0 } } } },
      text = "1.0", seven = 7,
    }
    assert.are.equal("integer", math_type(value[1]))
    assert.are.equal("integer", math_type(value[2]))
    assert.are.equal("float", math_type(value[3]))
    assert.are.equal("1", tostring(value.list[1]))
    assert.are.equal("9007199254740992", tostring(value.list[2].n))
    assert.are.equal("-7", tostring(value.list[2].deep[1][1]))
    assert.are.equal("1.0", value.text)
    assert.are.equal("integer", math_type(core.to_integers(2.0)))
  end)

  it("leaves floats that are no exact integers", function()
    local value = core.to_integers { 1e300, 2.0 ^ 53 + 2, math.huge, -math.huge,
      0 / 0 }
    for i = 1, 5 do assert.are.equal("float", math_type(value[i])) end
  end)

  it("bears deep nesting", function()
    local top = {}
    local inner = top
    for _ = 1, 5000 do
      inner[1] = { 1.0 }
      inner = inner[1]
    end
    assert.are.equal(top, core.to_integers(top))
  end)
end)
