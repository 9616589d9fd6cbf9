/*
** lworkspace.c
** See lworkspace.h for the idea.
*/
#include "twitter.h"

#include "lworkspace.h"

#define WORKSPACE  "twitter.workspace"


int lworkspace_raise (lua_State *L, enum twitter_result result) {
  if (result == TWITTER_NO_MEMORY) return luaL_error(L, "not enough memory");
  return luaL_error(L, "OpenSSL failed");
}


struct crypto_pool *lworkspace_pool (lua_State *L,
                                     const struct workspace *workspace) {
  if (workspace->pool == NULL) luaL_error(L, "the Lua state is closing");
  return workspace->pool;
}


static int workspace_gc (lua_State *L) {
  struct workspace *workspace = luaL_checkudata(L, 1, WORKSPACE);
  crypto_pool_free(workspace->pool);
  workspace->pool = NULL;
  return 0;
}


void lworkspace_push (lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, WORKSPACE ".value");
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  struct workspace *workspace = lua_newuserdata(L, sizeof *workspace);
  workspace->pool = NULL;
  luaL_newmetatable(L, WORKSPACE);
  lua_pushcfunction(L, workspace_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  enum twitter_result result = crypto_pool_new(&workspace->pool);
  if (result != TWITTER_OK) lworkspace_raise(L, result);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, WORKSPACE ".value");
}
