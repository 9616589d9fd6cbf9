/*
** lengine.c
** The binding of engine.c. The engine borrows the transfers it runs; each
** belongs to its own userdata, whose collection cancels it, so neither order
** of collection leaves a dangling pointer.
*/
#include "twitter.h"

#include <time.h>

#include "compat.h"
#include "engine.h"
#include "lengine.h"
#include "ltransfer.h"

#define ENGINE_TYPE "twitter.engine"


static struct engine *check_engine (lua_State *L) {
  struct engine **box = luaL_checkudata(L, 1, ENGINE_TYPE);
  luaL_argcheck(L, *box != NULL, 1, "the engine is closed");
  return *box;
}


static int core_engine (lua_State *L) {
  struct engine **box = lua_newuserdata(L, sizeof *box);
  *box = NULL;
  luaL_getmetatable(L, ENGINE_TYPE);
  lua_setmetatable(L, -2);
  *box = engine_new();
  if (*box == NULL) return luaL_error(L, "not enough memory");
  return 1;
}


/* core.now(): seconds of a clock that only moves forward. */
static int core_now (lua_State *L) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  lua_pushnumber(L, (lua_Number)now.tv_sec + (lua_Number)now.tv_nsec / 1e9);
  return 1;
}


static int e_add (lua_State *L) {
  struct engine *e = check_engine(L);
  engine_add(e, ltransfer_check_new(L, 2)->transfer);
  return 0;
}


static int milliseconds (lua_State *L, int index) {
  lua_Number seconds = luaL_checknumber(L, index);
  if (!(seconds > 0)) return 0;
  return seconds > 3600 ? 3600 * 1000 : (int)(seconds * 1000 + 0.999);
}


/* engine:step(seconds): how many are still running? */
static int e_step (lua_State *L) {
  struct engine *e = check_engine(L);
  lua_pushinteger(L, engine_step(e, milliseconds(L, 2)));
  return 1;
}


/* engine:finished(): how many transfers have come to their end so far? */
static int e_finished (lua_State *L) {
  lua_pushnumber(L, (lua_Number)engine_finished(check_engine(L)));
  return 1;
}


/* A transfer that this engine runs, or has run. */
static struct transfer *check_ours (lua_State *L, const struct engine *e,
                                    int index) {
  struct ltransfer *box = ltransfer_check(L, index);
  struct transfer *t = box->transfer;
  luaL_argcheck(L, box->job == NULL
                   && (t->engine == e || t->state == TRANSFER_DONE),
                index, "it is not this engine's");
  return t;
}


/* engine:wait(transfer, seconds): is it done? */
static int e_wait (lua_State *L) {
  struct engine *e = check_engine(L);
  struct transfer *t = check_ours(L, e, 2);
  lua_pushboolean(L, engine_wait(e, t, milliseconds(L, 3)));
  return 1;
}


/* engine:rest(seconds): sleeps, possibly less, while transfers move on. */
static int e_rest (lua_State *L) {
  engine_rest(check_engine(L), milliseconds(L, 2));
  return 0;
}


static int e_cancel (lua_State *L) {
  struct engine *e = check_engine(L);
  engine_cancel(e, check_ours(L, e, 2));
  return 0;
}


static int e_wake (lua_State *L) {
  engine_wake(check_engine(L));
  return 0;
}


/* Also __gc and __close. */
static int e_close (lua_State *L) {
  struct engine **box = luaL_checkudata(L, 1, ENGINE_TYPE);
  engine_free(*box);
  *box = NULL;
  return 0;
}


static const luaL_Reg engine_methods[] = {
  {"add", e_add},
  {"step", e_step},
  {"finished", e_finished},
  {"wait", e_wait},
  {"rest", e_rest},
  {"cancel", e_cancel},
  {"wake", e_wake},
  {"close", e_close},
  {NULL, NULL}
};

static const luaL_Reg engine_metamethods[] = {
  {"__gc", e_close},
  {"__close", e_close},
  {NULL, NULL}
};

static const luaL_Reg engine_functions[] = {
  {"engine", core_engine},
  {"now", core_now},
  {NULL, NULL}
};


int lengine_open (lua_State *L) {
  luaL_newmetatable(L, ENGINE_TYPE);
  luaL_setfuncs(L, engine_metamethods, 0);
  lua_newtable(L);
  luaL_setfuncs(L, engine_methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, engine_functions, 0);
  return 0;
}
