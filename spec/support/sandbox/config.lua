-- Writes the nginx.conf of a sandbox. Plain Lua: it runs in the launcher.

local config = {}

local main = [[
%(modules)
daemon on;
master_process off;
worker_processes 1;
pid %(directory)/nginx.pid;
error_log %(directory)/error.log info;
events {
  worker_connections 4096;
}
http {
%(temporary)
  access_log off;
  server_tokens off;
  default_type application/octet-stream;
  client_max_body_size 0;
  client_body_buffer_size 64k;
  keepalive_requests %(keepalive_requests);
  lua_package_path "%(root)/spec/?.lua;;";
  lua_max_pending_timers 4096;
  lua_socket_log_errors off;
  ssl_certificate %(directory)/server.pem;
  ssl_certificate_key %(directory)/server.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_cache builtin:1000;
  gzip on;
  gzip_types application/json application/problem+json;
  init_by_lua_block {
    require("support.sandbox.boot").init("%(directory)", "%(root)")
  }
  init_worker_by_lua_block {
    require("support.sandbox.boot").watch(%(owner))
  }
%(servers)
}
]]

local secure = [[
  server {
    listen 127.0.0.1:%(port) ssl%(http2) backlog=1024;
    lua_check_client_abort on;
    error_page 494 =431 /431;
    location / {
      content_by_lua_block { require("support.sandbox.app").serve("%(name)") }
    }
    location = /431 { internal; return 431 ""; }
  }
]]

local plain = [[
  server {
    listen 127.0.0.1:%(port);
    lua_check_client_abort on;
    location / {
      content_by_lua_block { require("support.sandbox.app").serve("plain") }
    }
  }
]]

local control = [[
  server {
    listen 127.0.0.1:%(port);
    client_body_buffer_size 8m;
    location / {
      content_by_lua_block { require("support.sandbox.control").serve() }
    }
  }
]]

local function fill(template, values)
  return (template:gsub("%%%((%w+_?%w*)%)", function(name)
    return tostring(values[name])
  end))
end

local function exists(path)
  local file = io.open(path, "rb")
  return file and file:close() and true
end

-- Builds with Lua inside, such as OpenResty, need no module.
local function modules(version)
  local folders = {
    version:match("%-%-modules%-path=(%S+)") or "/usr/lib/nginx/modules",
    "/usr/lib/nginx/modules", "/usr/lib64/nginx/modules",
    "/usr/share/nginx/modules",
  }
  for _, folder in ipairs(folders) do
    local lua = folder .. "/ngx_http_lua_module.so"
    local ndk = folder .. "/ndk_http_module.so"
    if exists(lua) then
      return (exists(ndk) and "load_module " .. ndk .. ";\n" or "")
        .. "load_module " .. lua .. ";"
    end
  end
  return ""
end

-- Every temporary folder nginx would otherwise make in a system place.
local function temporary(version, directory)
  local lines = {}
  for _, kind in ipairs { "client_body", "proxy", "fastcgi", "uwsgi", "scgi" } do
    if not version:find("--without-http_" .. kind .. "_module", 1, true) then
      lines[#lines + 1] = ("  %s_temp_path %s/%s;"):format(kind, directory, kind)
    end
  end
  return table.concat(lines, "\n")
end

---@param values table directory, root, owner, keepalive_requests, http2,
---  version (what `nginx -V` says), ports { api, upload, web, plain, control }
---@return string
function config.text(values)
  local servers = {}
  for _, name in ipairs { "api", "upload", "web" } do
    servers[#servers + 1] = fill(secure, {
      name = name, port = values.ports[name],
      http2 = values.http2 and " http2" or "",
    })
  end
  servers[#servers + 1] = fill(plain, {
    port = values.ports.plain, root = values.root,
  })
  servers[#servers + 1] = fill(control, { port = values.ports.control })
  return fill(main, {
    directory = values.directory, root = values.root, owner = values.owner,
    keepalive_requests = values.keepalive_requests,
    modules = modules(values.version),
    temporary = temporary(values.version, values.directory),
    servers = table.concat(servers, "\n"),
  })
end

return config
