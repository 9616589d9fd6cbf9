-- What a program started by a spec needs around it: a private folder, free
-- ports, and an end when its owner ends, however that happens.

local daemon = {}


---@param text any
---@return string # one word for the shell
function daemon.quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end


---Runs a command.
---@param command string
---@return string output
function daemon.shell(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return text
end


---@param path string
---@return string? text
function daemon.read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end


---@param path string
---@param text string
function daemon.write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  file:close()
end


---A folder that only this user can look into.
---@param name string
---@return string path
function daemon.folder(name)
  local path = daemon.shell(("umask 077; mktemp -d "
    .. "\"${TMPDIR:-/tmp}/twitter-%s.XXXXXX\""):format(name))
  return (assert(path:match("^(/%S+)\n$"), "no temporary folder"))
end


---The absolute path of the repository.
---@return string
function daemon.root()
  return (daemon.shell("pwd"):gsub("\n", ""))
end


---Ports below the range that the system hands out for outgoing connections.
---@param count integer
---@return integer[]
function daemon.ports(count)
  local text = daemon.shell(("shuf -i 10240-32000 -n %d"):format(count))
  local ports = {}
  for port in text:gmatch("%d+") do ports[#ports + 1] = tonumber(port) end
  return ports
end


-- Is a process at work, and not dead and waiting to be collected?
local ALIVE = [[
alive() {
  read -r stat < "/proc/$1/stat" || return 1
  case ${stat##*) } in Z*|X*) return 1 ;; esac
}
]]

-- Ends it once the owner is gone, and tidies up. A program that leads a session
-- takes all of it along; a folder that is gone says that it has ended.
local WATCH = ALIVE .. [[
owner=$PPID
( cd /
  while alive "$owner" && [ -d %s ]; do sleep 0.5; done
  [ -d %s ] || exit
  pkill -s %d || kill %d
  sleep 1
  rm -rf %s ) > /dev/null 2>&1 < /dev/null &
]]


---Ties a running program and its folder to this process.
---@param pid integer
---@param folder string
function daemon.tie(pid, folder)
  folder = daemon.quote(folder)
  os.execute(WATCH:format(folder, folder, pid, pid, folder))
end


local STOP = ALIVE .. [[
exec 2> /dev/null
kill %d
for _ in $(seq 500); do
  alive %d || break
  sleep 0.01
done
rm -rf %s
]]


---Ends a program and removes its folder.
---@param pid integer
---@param folder string
function daemon.stop(pid, folder)
  os.execute((STOP:format(pid, pid, daemon.quote(folder))))
end

return daemon
