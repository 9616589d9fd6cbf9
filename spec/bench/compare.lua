-- What the rows of the benchmark share: running a program, letting several
-- take turns on a noisy machine, medians, and the table of results.

local compare = {}

local rows = {}


--- Runs a command that ends well; its output.
---@param command string
---@return string
function compare.shell(command)
  local pipe = assert(io.popen(command .. " && echo finished"))
  local text = pipe:read("*a")
  pipe:close()
  local output = text:match("^(.*)finished\n$")
  return output or error("failed: " .. command .. "\n" .. text)
end


--- A command line of these words.
---@param words string[]
---@return string
function compare.command(words)
  local quoted = {}
  for i, word in ipairs(words) do
    quoted[i] = "'" .. word:gsub("'", "'\\''") .. "'"
  end
  return table.concat(quoted, " ")
end


--- Calls each function once a round, in turns, and keeps what they answer.
---@param rounds integer
---@param sides table<string, fun(): number>
---@return table<string, number[]> values sorted
function compare.take_turns(rounds, sides)
  local names, values = {}, {}
  for name in pairs(sides) do
    names[#names + 1], values[name] = name, {}
  end
  table.sort(names)
  for round = 1, rounds do
    for _, name in ipairs(names) do values[name][round] = sides[name]() end
  end
  for _, name in ipairs(names) do table.sort(values[name]) end
  return values
end


--- The middle of a sorted list.
---@param list number[]
---@return number
function compare.median(list)
  local middle = #list / 2
  if middle % 1 ~= 0 then return list[middle + 0.5] end
  return (list[middle] + list[middle + 1]) / 2
end


--- "12.3 (11.0 to 15.9)"
---@param list number[] sorted
---@param form string how a number is written
---@return string
function compare.spread(list, form)
  return (form .. " (" .. form .. " to " .. form .. ")")
    :format(compare.median(list), list[1], list[#list])
end


--- How busy the machine was lately, for the reader to judge the noise by.
---@return string
function compare.load_average()
  local file = assert(io.open("/proc/loadavg"))
  local text = file:read("*a"):match("^%S+ %S+")
  file:close()
  return text
end


--- A line of information, beside the rows.
function compare.say(form, ...)
  print("  " .. form:format(...))
  io.stdout:flush()
end


--- Adds a row.
---@param name string
---@param ours number
---@param limit number
---@param unit string
---@param goal string "<= 1.10", of the ratio ours / limit
function compare.row(name, ours, limit, unit, goal)
  rows[#rows + 1] = { name = name, ours = ours, limit = limit, unit = unit,
    ratio = ours / limit, goal = goal }
end


local function reached(row)
  local sign, bound = row.goal:match("^([<>])= (%S+)$")
  if sign == "<" then return row.ratio <= tonumber(bound) end
  return row.ratio >= tonumber(bound)
end


--- Prints all rows and writes them to a file, separated by tabs.
---@param path string
function compare.finish(path)
  local file = assert(io.open(path, "w"))
  file:write("row\tours\tlimit\tunit\tratio\tgoal\n")
  print(("\n%-18s %10s %10s  %-16s %6s  %-8s %s"):format("row", "ours",
    "limit", "unit", "ratio", "goal", "reached"))
  for _, row in ipairs(rows) do
    print(("%-18s %10.1f %10.1f  %-16s %6.3f  %-8s %s"):format(row.name,
      row.ours, row.limit, row.unit, row.ratio, row.goal,
      reached(row) and "yes" or "no"))
    file:write(("%s\t%.3f\t%.3f\t%s\t%.3f\t%s\n"):format(row.name, row.ours,
      row.limit, row.unit, row.ratio, row.goal))
  end
  assert(file:close())
end

return compare
