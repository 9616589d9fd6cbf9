/*
** lfields.c
** See lfields.h for the idea.
*/
#include "twitter.h"

#include "lfields.h"


void lfields_push (lua_State *L, int table, const char *name) {
  lua_pushstring(L, name);
  lua_rawget(L, table);
}


lua_Number lfields_number (lua_State *L, int table, const char *name,
                           lua_Number least, lua_Number most,
                           lua_Number otherwise) {
  lfields_push(L, table, name);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return otherwise;
  }
  lua_Number n = lua_tonumber(L, -1);
  if (lua_type(L, -1) != LUA_TNUMBER || !(n >= least && n <= most))
    luaL_error(L, "'%s' is out of range", name);
  lua_pop(L, 1);
  return n;
}


int lfields_boolean (lua_State *L, int table, const char *name) {
  lfields_push(L, table, name);
  int truth = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return truth;
}


long lfields_milliseconds (lua_State *L, int table, const char *name,
                           lua_Number otherwise) {
  lua_Number seconds = lfields_number(L, table, name, 0, 1e6, otherwise);
  if (seconds == 0) return 0;
  long ms = (long)(seconds * 1000);
  return ms > 0 ? ms : 1;
}


/* Control bytes would end a header line, a NUL the string itself. */
static int is_clean (const char *text, size_t n) {
  for (size_t i = 0; i < n; i++)
    if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) return 0;
  return 1;
}


const char *lfields_push_string (lua_State *L, int table, const char *name) {
  size_t n;
  lfields_push(L, table, name);
  if (lua_isnil(L, -1)) return NULL;
  const char *text = lua_type(L, -1) == LUA_TSTRING
                   ? lua_tolstring(L, -1, &n) : NULL;
  if (text == NULL || !is_clean(text, n))
    luaL_error(L, "'%s' is no clean string", name);
  return text;
}
