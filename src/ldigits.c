/*
** ldigits.c
** See ldigits.h for the idea.
*/
#include "twitter.h"

#include "compat.h"
#include "digits.h"
#include "ldigits.h"

#define DEPTH_CEILING 1000  /* tables inside tables that are looked into */


/* text -> the same JSON text with integers above 2^53 in quotes; the very
   same string when there are none. */
static int exact_integers (lua_State *L) {
  size_t length, start, end, copied = 0;
  const char *text = luaL_checklstring(L, 1, &length);
  struct digits_scan scan;
  digits_scan_init(&scan, text, length);
  lua_settop(L, 1);  /* the text stays anchored below the buffer */
  if (!digits_scan_next(&scan, &start, &end)) return 1;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  do {
    luaL_addlstring(&b, text + copied, start - copied);
    luaL_addchar(&b, '"');
    luaL_addlstring(&b, text + start, end - start);
    luaL_addchar(&b, '"');
    copied = end;
  } while (digits_scan_next(&scan, &start, &end));
  luaL_addlstring(&b, text + copied, length - copied);
  luaL_pushresult(&b);
  return 1;
}


#ifdef LUA_MAXINTEGER  /* this Lua has integers beside floats */

#define LARGEST 9007199254740992.0  /* 2^53: above it digits are lost */


/* Answers whether the number on the top is a float without a fraction, and
   writes its value as an integer. */
static int is_whole_float (lua_State *L, lua_Integer *whole) {
  if (lua_isinteger(L, -1)) return 0;
  lua_Number number = lua_tonumber(L, -1);
  if (!(number >= -LARGEST && number <= LARGEST)) return 0;
  *whole = (lua_Integer)number;
  return (lua_Number)*whole == number;
}


/* The table on the top; leaves the stack as it was. Only values that exist
   are assigned to, which a traversal allows. */
static void convert_table (lua_State *L, int depth) {
  lua_Integer whole;
  if (depth > DEPTH_CEILING) return;
  luaL_checkstack(L, 4, "JSON value nested too deeply");
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    int type = lua_type(L, -1);
    if (type == LUA_TTABLE) {
      convert_table(L, depth + 1);
    }
    else if (type == LUA_TNUMBER && is_whole_float(L, &whole)) {
      lua_pushvalue(L, -2);
      lua_pushinteger(L, whole);
      lua_rawset(L, -5);
    }
  }
}


/* value -> the same value; floats without a fraction, also in the tables
   inside it, have become integers. For freshly decoded trees: a cycle would
   be walked around until the ceiling of depth. */
static int to_integers (lua_State *L) {
  lua_Integer whole;
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  if (lua_istable(L, 1))
    convert_table(L, 1);
  else if (lua_type(L, 1) == LUA_TNUMBER && is_whole_float(L, &whole))
    lua_pushinteger(L, whole);
  return 1;
}

#else

static int to_integers (lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  return 1;
}

#endif


static const luaL_Reg functions[] = {
  {"exact_integers", exact_integers},
  {"to_integers", to_integers},
  {NULL, NULL}
};


int ldigits_open (lua_State *L) {
  luaL_setfuncs(L, functions, 0);
  return 0;
}
