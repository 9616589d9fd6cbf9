/*
** process.c
** fork, wait and _exit for specs: Lua has none of them.
*/
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lua.h>
#include <lauxlib.h>

int luaopen_process (lua_State *L);


/* fork(): 0 in the child, the child's process id in the parent */
static int p_fork (lua_State *L) {
  lua_pushinteger(L, (lua_Integer)fork());
  return 1;
}


/* wait(id): the exit status, or the signal's number made negative */
static int p_wait (lua_State *L) {
  int status = 0;
  waitpid((pid_t)luaL_checkinteger(L, 1), &status, 0);
  lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status)
                                       : -WTERMSIG(status));
  return 1;
}


/* leave(status): without closing the Lua state and without atexit */
static int p_leave (lua_State *L) {
  _exit((int)luaL_checkinteger(L, 1));
  return 0;
}


int luaopen_process (lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, p_fork);
  lua_setfield(L, -2, "fork");
  lua_pushcfunction(L, p_wait);
  lua_setfield(L, -2, "wait");
  lua_pushcfunction(L, p_leave);
  lua_setfield(L, -2, "leave");
  return 1;
}
