-- Starts the sandbox inside nginx: checks its own crypto, loads every subject
-- so that it registers its routes, and ends with its owner.

local ffi = require "ffi"
local selfcheck = require "support.sandbox.selfcheck"
local state = require "support.sandbox.state"

pcall(ffi.cdef, "int kill(int pid, int sig);")

local boot = {}

local subjects = {
  "oauth1_login", "oauth2", "oauth2_consent", "users", "posts", "posts_read",
  "media", "media_read", "media_legacy", "page", "plain",
}

---In nginx's init phase.
---@param directory string the sandbox's own
---@param root string the repository
function boot.init(directory, root)
  state.directory, state.root = directory, root
  selfcheck.run()
  for _, name in ipairs(subjects) do
    require("support.sandbox." .. name)
  end
  require "support.sandbox.control"
end

-- When a process began, to tell it from a later one of the same number; nil
-- when it is gone, or dead and only waiting to be collected.
local function birth(pid)
  local file = io.open("/proc/" .. pid .. "/stat")
  if not file then
    return nil
  end
  local text = file:read("*a")
  file:close()
  local state_letter, rest = text:match("%) (%a) (.*)$")
  if not rest or state_letter == "Z" or state_letter == "X" then
    return nil
  end
  return rest:match(("%S+ "):rep(18) .. "(%S+)")
end

---In nginx's init_worker phase: end when the owner is gone.
---@param owner integer a process id
function boot.watch(owner)
  local born = birth(owner)
  if not born and not birth(ngx.worker.pid()) then
    return -- no /proc here
  end
  assert(ngx.timer.every(0.5, function(premature)
    if not premature and (not born or birth(owner) ~= born) then
      os.execute("rm -rf '" .. state.directory .. "'")
      ffi.C.kill(ngx.worker.pid(), 15)
    end
  end))
end

return boot
