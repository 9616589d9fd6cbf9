-- What holds on Lua 5.1 to 5.4 and LuaJIT alike.
std = "min"
max_line_length = 100
max_comment_line_length = 200  -- an annotation for editors is one line
exclude_files = { "build" }

-- what one Lua has and another lacks: `table.unpack or unpack`
read_globals = {
  "loadstring", "setfenv", "unpack",
  table = { fields = { "unpack" } },
  math = { fields = { "mininteger", "tointeger", "type" } },
}

files["spec"].std = "min+busted"
-- these run inside nginx, the rest of the specs' support does not
files["spec/support/sandbox"].std = "min+ngx_lua"
files["spec/support/aging.lua"].std = "min+ngx_lua"
files["spec/app"].std = "min+ngx_lua"
files["lua/twitter/tokens/shared_dict.lua"].read_globals = { "ngx" }
