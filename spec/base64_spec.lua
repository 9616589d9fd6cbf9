local core = require "twitter.core"
local vectors = require "support.vectors"

local function to_url(text)
  return (text:gsub("+", "-"):gsub("/", "_"):gsub("=", ""))
end

describe("base64", function()
  it("writes and reads the known texts", function()
    for _, pair in ipairs(vectors.base64) do
      assert.equal(pair[2], core.base64(pair[1]))
      assert.equal(pair[1], core.unbase64(pair[2]))
      assert.equal(to_url(pair[2]), core.base64url(pair[1]))
      assert.equal(pair[1], core.unbase64url(to_url(pair[2])))
    end
  end)

  it("brings back all bytes at every length", function()
    local bytes = {}
    for byte = 255, 0, -1 do
      bytes[#bytes + 1] = string.char(byte)
      local text = table.concat(bytes)
      assert.equal(text, core.unbase64(core.base64(text)))
      assert.equal(text, core.unbase64url(core.base64url(text)))
      assert.is_nil(core.base64url(text):find("[+/=]"))
    end
  end)

  local function refuses(decode, texts)
    for _, text in ipairs(texts) do
      local decoded, message = decode(text)
      assert.is_nil(decoded, text)
      assert.equal("malformed base64", message)
    end
  end

  it("refuses missing, extra and misplaced padding", function()
    refuses(core.unbase64, { "Zg", "Zg=", "Zg===", "Zm8", "Zm9v=", "=", "==",
      "====", "Z===", "Zg==Zg==", "Zm=v" })
    refuses(core.unbase64url, { "Zg==", "Zm8=", "=", "Z" })
  end)

  it("refuses foreign characters and those of the other kind", function()
    refuses(core.unbase64, { "Zm9\n", " Zm9v   ", "Zm-v", "Zm_v", "Zm9\0",
      "\255m9v" })
    refuses(core.unbase64url, { "Zm+v", "Zm/v", "Zm9v\n", "Z\0" })
  end)

  it("refuses bits that stand for nothing", function()
    refuses(core.unbase64, { "Zh==", "Zm9=" })
    refuses(core.unbase64url, { "Zh", "Zm9" })
  end)
end)
