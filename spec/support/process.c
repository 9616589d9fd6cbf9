/*
** process.c
** What specs need of POSIX and Lua has not: fork and wait, signals, poll,
** sleep.
*/
#include <poll.h>
#include <pthread.h>
#include <signal.h>
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


/* id(): the process's own */
static int p_id (lua_State *L) {
  lua_pushinteger(L, (lua_Integer)getpid());
  return 1;
}


static volatile sig_atomic_t caught;
static pthread_t catcher;

static void on_signal (int number) {
  caught = number;
  catcher = pthread_self();
}


/* catch(number): from now on it is noted and does nothing else */
static int p_catch (lua_State *L) {
  struct sigaction action = { .sa_handler = on_signal };
  sigaction((int)luaL_checkinteger(L, 1), &action, NULL);
  return 0;
}


/* caught(): the last signal's number, 0: none; and did this thread get it? */
static int p_caught (lua_State *L) {
  lua_pushinteger(L, caught);
  lua_pushboolean(L, pthread_equal(catcher, pthread_self()));
  caught = 0;
  return 2;
}


/* kill(number): sends this very process a signal */
static int p_kill (lua_State *L) {
  kill(getpid(), (int)luaL_checkinteger(L, 1));
  return 0;
}


/* alarm(seconds) */
static int p_alarm (lua_State *L) {
  alarm((unsigned)luaL_checkinteger(L, 1));
  return 0;
}


/* poll(descriptor, seconds): is it readable by then? */
static int p_poll (lua_State *L) {
  struct pollfd one = { (int)luaL_checkinteger(L, 1), POLLIN, 0 };
  int n = poll(&one, 1, (int)(luaL_checknumber(L, 2) * 1000));
  lua_pushboolean(L, n > 0);
  return 1;
}


/* sleep(seconds) */
static int p_sleep (lua_State *L) {
  poll(NULL, 0, (int)(luaL_checknumber(L, 1) * 1000));
  return 0;
}


int luaopen_process (lua_State *L) {
  static const luaL_Reg functions[] = {
    {"fork", p_fork}, {"wait", p_wait}, {"leave", p_leave}, {"id", p_id},
    {"catch", p_catch}, {"caught", p_caught}, {"kill", p_kill},
    {"alarm", p_alarm}, {"poll", p_poll}, {"sleep", p_sleep}, {NULL, NULL}
  };
  lua_newtable(L);
  for (const luaL_Reg *f = functions; f->name != NULL; f++) {
    lua_pushcfunction(L, f->func);
    lua_setfield(L, -2, f->name);
  }
  return 1;
}
