/*
** compat.h
** Everything in this project that depends on the version of Lua. Shims carry
** names of their own and are reached by macro, because LuaJIT's headers
** already declare some of Lua's, and because an object built against the
** headers of Lua 5.1 must also load in LuaJIT.
*/
#ifndef compat_h
#define compat_h

#include <stddef.h>
#include <string.h>

#include <lua.h>
#include <lauxlib.h>

#if LUA_VERSION_NUM < 502

#define lua_rawlen            lua_objlen
#define luaL_setfuncs(L,l,n)  compat_setfuncs(L, l, n)
#define luaL_testudata(L,i,n) compat_testudata(L, i, n)

/* Sets the functions of 'l' in the table on the top; no upvalues here. */
static inline void compat_setfuncs (lua_State *L, const luaL_Reg *l, int n) {
  (void)n;
  for (; l->name != NULL; l++) {
    lua_pushcfunction(L, l->func);
    lua_setfield(L, -2, l->name);
  }
}

/* The userdata at 'index' if its metatable is 'name', or else NULL. */
static inline void *compat_testudata (lua_State *L, int index,
                                      const char *name) {
  void *udata = lua_touserdata(L, index);
  if (udata == NULL || !lua_getmetatable(L, index)) return NULL;
  luaL_getmetatable(L, name);
  if (!lua_rawequal(L, -1, -2)) udata = NULL;
  lua_pop(L, 2);
  return udata;
}

#endif

/* Sizes of files: integers where Lua has them of 64 bits. */
#if LUA_VERSION_NUM >= 503
#define compat_pushsize(L,n)  lua_pushinteger(L, (lua_Integer)(n))
#else
#define compat_pushsize(L,n)  lua_pushnumber(L, (lua_Number)(n))
#endif

#endif
