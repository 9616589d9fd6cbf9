-- Runs inside the nginx of app.lua: lets time pass for the site. The records of
-- its sessions become older by the seconds that are asked for.

local json = require "cjson"

local aging = {}


local function age_all(dict, age)
  for _, key in ipairs(dict:get_keys(0)) do
    local text = dict:get(key)
    if type(text) == "string" and text:sub(1, 1) == "{" then
      local record = json.decode(text)
      age(record)
      dict:set(key, json.encode(record), dict:ttl(key))
    end
  end
end


---Answers the running request, such as `/?seconds=700`.
function aging.pass()
  local seconds = tonumber(ngx.var.arg_seconds)
  age_all(ngx.shared.sign_ins, function(session)
    session.created_at = session.created_at - seconds
  end)
  age_all(ngx.shared.sessions, function(record)
    record.token.expires_at = record.token.expires_at - seconds
  end)
  ngx.say("ok")
end

return aging
