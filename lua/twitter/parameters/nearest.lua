-- "Did you mean ...": the known name that a mistyped one is nearest to.

local min = math.min

local LONGEST = 64  -- no name is longer; comparing takes length x length


-- accessToken, access-token and access_token are one name.
local function normal(name)
  return (name:lower():gsub("[^%w]", ""))
end


-- One row of the table of distances: `left` up to its character `i` against
-- every beginning of `right`, from the two rows before.
local function next_row(left, right, i, previous, before)
  local row = { [0] = i }
  local character = left:byte(i)
  for j = 1, #right do
    local other = right:byte(j)
    local cost = character == other and 0 or 1
    row[j] = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + cost)
    if before and j > 1 and character == right:byte(j - 1)
        and left:byte(i - 1) == other then
      row[j] = min(row[j], before[j - 2] + 1)
    end
  end
  return row
end


-- How many characters to add, drop, change or swap with their neighbour.
local function distance(left, right)
  local row, before = { [0] = 0 }, nil
  for j = 1, #right do row[j] = j end
  for i = 1, #left do
    row, before = next_row(left, right, i, row, before), row
  end
  return row[#right]
end


--- The candidate that a mistyped name was meant to be.
---@param name string
---@param candidates string[]
---@return string? candidate nil when none is near; of equals the first
return function(name, candidates)
  if type(name) ~= "string" or #name > LONGEST then return nil end
  local wanted = normal(name)
  local best, smallest = nil, math.floor(#wanted * 0.4) + 1
  for _, candidate in ipairs(candidates) do
    local other = normal(candidate)
    if math.abs(#other - #wanted) < smallest then
      local steps = distance(wanted, other)
      if steps < smallest then best, smallest = candidate, steps end
    end
  end
  return best
end
