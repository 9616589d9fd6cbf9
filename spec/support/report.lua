-- Output for busted: the terminal output it comes with, and beside it a file
-- (named by SPEC_REPORT) that the test runner counts from. The file grows
-- test by test, so that the work done before a crash is not lost.

local busted = require "busted"

local function terminal(options)
  return require("busted.outputHandlers." .. options.defaultOutput)(options)
end

--- The name of a test with the names around it.
local function full_name(element)
  local names = { element.name or element.descriptor }
  local parent = busted.parent(element)
  while parent and parent.descriptor ~= "suite" do
    table.insert(names, 1, parent.name or parent.descriptor)
    parent = busted.parent(parent)
  end
  return (table.concat(names, " "):gsub("%s+", " "))
end

--- Lines of the report: "begin <name>", "end <status>", and at last
--- "total <passed> <failed> <skipped>".
return function(options)
  local handler = terminal(options)
  local path = os.getenv "SPEC_REPORT"
  if not path then return handler end
  local report = assert(io.open(path, "w"))

  local function write(...)
    report:write(table.concat({ ... }, " "), "\n")
    report:flush()
  end

  busted.subscribe({ "test", "start" }, function(element)
    write("begin", full_name(element))
    return nil, true
  end)
  busted.subscribe({ "test", "end" }, function(_, _, status)
    write("end", status)
    return nil, true
  end)
  busted.subscribe({ "suite", "end" }, function()
    write("total", handler.successesCount,
      handler.failuresCount + handler.errorsCount, handler.pendingsCount)
    return nil, true
  end)
  return handler
end
