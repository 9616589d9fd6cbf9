-- Can the running coroutine yield where it is? A task that calls us from
-- within `pcall`, a sort or an iterator cannot, on some Luas, and then has to
-- wait in another way.
--
-- Lua 5.3, 5.4 and LuaJIT can tell. Lua 5.2 cannot yield through functions of
-- C other than `pcall` and `xpcall`, and the stack shows those. Lua 5.1 can
-- yield through neither `pcall` nor metamethods nor the iterators of `for`,
-- and its stack does not show them all; but each of these takes one of the
-- levels that it lets C nest, and so does each parenthesis that it parses.

local yieldable = {}


--- Called by the coroutine of a task just after it was resumed.
function yieldable.note() end

--- Called when a coroutine is to be resumed that will not call `note`: until
--- it does so again it is taken for one that cannot yield.
---@param task thread
function yieldable.forget(task) end  -- luacheck: ignore


-- ---- where Lua can tell ----

yieldable.here = rawget(coroutine, "isyieldable")

if yieldable.here then return yieldable end


-- ---- LuaJIT, where something replaced its coroutine library ----

-- nginx does. Trying it out would yield to nginx, which `require` forbids.
if rawget(_G, "jit") then
  function yieldable.here()
    return coroutine.running() ~= nil
  end
  return yieldable
end


-- ---- Lua 5.2 ----

local passes = { [pcall] = true, [xpcall] = true }

local function no_foreign_function()
  local level = 2
  local info = debug.getinfo(level, "Sf")
  while info do
    if info.what == "C" and not passes[info.func] then return false end
    level = level + 1
    info = debug.getinfo(level, "Sf")
  end
  return true
end


local function yields_through_pcall()
  local probe = coroutine.create(function() pcall(coroutine.yield) end)
  coroutine.resume(probe)
  return coroutine.status(probe) == "suspended"
end

if yields_through_pcall() then
  yieldable.here = no_foreign_function
  return yieldable
end


-- ---- Lua 5.1 ----

local texts = {}

local function parses(depth)
  local text = texts[depth]
  if not text then
    text = "return " .. ("("):rep(depth) .. "1" .. (")"):rep(depth)
    texts[depth] = text
  end
  return loadstring(text) ~= nil
end


-- How deep it went when the coroutine was resumed: as deep as that it goes
-- until something of C stands between.
local noted = setmetatable({}, { __mode = "k" })
local latest = 100

function yieldable.note()
  while parses(latest + 1) do latest = latest + 1 end
  while not parses(latest) do latest = latest - 1 end
  noted[coroutine.running()] = latest
end


function yieldable.forget(task)
  noted[task] = nil
end


--- Can the task that runs yield here?
---@return boolean
function yieldable.here()
  local depth = noted[coroutine.running()]
  return depth ~= nil and parses(depth)
end

return yieldable
