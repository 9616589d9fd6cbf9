local core = require "twitter.core"

describe("core.open", function()
  local path

  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  local function write(text)
    local file = assert(io.open(path, "wb"))
    file:write(text)
    file:close()
  end

  it("reads by position", function()
    write("0123456789")
    local file = assert(core.open(path))
    assert.equal(10, file:size())
    assert.equal("345", file:read(3, 3))
    assert.equal("89", file:read(8, 100))
    assert.equal("", file:read(10, 5))
    file:close()
  end)

  it("keeps bytes of every value", function()
    local bytes = {}
    for i = 0, 255 do bytes[#bytes + 1] = string.char(i) end
    write(table.concat(bytes))
    local file = assert(core.open(path))
    assert.equal(table.concat(bytes), file:read(0, 256))
  end)

  it("tells why a file cannot be opened", function()
    local file, message = core.open("/nonexistent/file")
    assert.is_nil(file)
    assert.matches("No such file", message)
    file, message = core.open("/tmp")
    assert.is_nil(file)
    assert.matches("[Dd]irectory", message)
    file, message = core.open("/dev/null")
    assert.is_nil(file)
    assert.matches("Not a regular file", message)
  end)

  it("does not open what a NUL byte hides", function()
    write("secret")
    assert.is_nil((core.open(path .. "\0.png")))
  end)

  it("raises when a closed file is used, and closes twice", function()
    write("x")
    local file = assert(core.open(path))
    file:close()
    file:close()
    assert.has_error(function() file:size() end)
    assert.matches("closed", tostring(file))
  end)
end)

describe("core.scratch", function()
  it("makes a file without a name that takes bytes", function()
    local file = assert(core.scratch())
    file:append("hello ")
    file:append("world")
    assert.equal(11, file:size())
    assert.equal("world", file:read(6, 5))
    file:close()
  end)
end)
