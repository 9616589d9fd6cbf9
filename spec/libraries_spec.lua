-- The libraries that the module meets when it is loaded: a libcurl that would
-- block, or one with another OpenSSL than the process, is refused with the
-- reason. Each case runs in an interpreter of its own, where the libraries
-- are made to say what the case needs.

local lua = os.getenv("LUA") or arg[-1]
local build = (os.getenv("BUILD") or "build") .. "/" .. lua:match("[^/]*$")

local function shell(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

describe("at load, the module", function()
  local preload = build .. "/unfit.so"

  setup(function()
    local output = shell(("unset LD_PRELOAD; mkdir -p %s && ${CC:-cc} "
      .. "-std=gnu99 -O1 -fPIC -shared -o %s.$$ spec/support/host/unfit.c "
      .. "-Wl,--no-as-needed -lcurl -lcrypto -ldl && mv %s.$$ %s"):format(build, preload,
      preload, preload))
    assert.equal("", output)
  end)

  local function load_with(variables)
    return shell(("%s LD_PRELOAD=$PWD/%s %s -e \"local ok, message = "
      .. "pcall(require, 'twitter.core') print(ok, not ok and message)\""):format(
      variables, preload, lua))
  end

  it("accepts what is here", function()
    assert.equal("true\tfalse\n", load_with(""))
  end)

  for _, case in ipairs {
    { "30000130", "OpenSSL/3.0.19", true },
    { "30200000", "OpenSSL/3.2.0-beta1", true },
    { "101010ef", "OpenSSL/1.1.1n", true },
    { "1010100f", "OpenSSL/1.1.1", true },
    { "30000130", "GnuTLS/3.7.9", true },
    { "30000130", "BoringSSL", true },
    { "30000130", "OpenSSL/3.0.1", false },
    { "30000010", "OpenSSL/3.0.19", false },
    { "30000130", "OpenSSL/1.1.1n", false },
    { "101010ef", "OpenSSL/3.0.19", false },
    { "1010100f", "OpenSSL/1.1.1n", false },
  } do
    local number, tls, fits = case[1], case[2], case[3]
    it(("%s OpenSSL %s beside libcurl's %s"):format(
        fits and "accepts" or "refuses", number, tls), function()
      local said = load_with(("UNFIT_NUMBER=%s UNFIT_TLS=%s"):format(number,
        tls))
      if fits then
        assert.equal("true\tfalse\n", said)
      else
        assert.matches("^false\ttwitter cannot be used: libcurl uses "
          .. tls:gsub("%p", "%%%0") .. ", but this process has OpenSSL "
          .. "%d[%w.]* as well; the two would be mixed up\n$", said)
      end
    end)
  end

  it("refuses a libcurl that blocks while it looks up names", function()
    assert.matches("^false\ttwitter cannot be used: libcurl [%d.]+%S* of this "
      .. "system looks up names without letting the program go on",
      load_with("UNFIT_DNS=1"))
  end)
end)
