/*
** ltext.c
** The binding of text.c.
*/
#include "twitter.h"

#include "compat.h"
#include "ltext.h"
#include "text.h"

#define ON_STACK    1024
#define MAX_STRING  (64u * 1024u * 1024u)


static const char *check_text (lua_State *L, size_t *n) {
  const char *text = luaL_checklstring(L, 1, n);
  luaL_argcheck(L, *n <= MAX_STRING, 1, "string too long");
  return text;
}


/* nil, the position of the first bad byte */
static int push_bad (lua_State *L, size_t bad) {
  lua_pushnil(L);
  lua_pushinteger(L, (lua_Integer)bad + 1);
  return 2;
}


/* utf8_length(s) -> characters, or nil, position */
static int f_utf8_length (lua_State *L) {
  size_t n, count, bad;
  const char *text = check_text(L, &n);
  if (!text_utf8_length(text, n, &count, &bad)) return push_bad(L, bad);
  lua_pushinteger(L, (lua_Integer)count);
  return 1;
}


/* json_string(s) -> s as a JSON string, or nil, position */
static int f_json_string (lua_State *L) {
  char room[ON_STACK];
  size_t n, count, bad;
  const char *text = check_text(L, &n);
  if (!text_utf8_length(text, n, &count, &bad)) return push_bad(L, bad);
  size_t most = TEXT_JSON_ROOM(n);
  char *start = most <= sizeof room ? room : lua_newuserdata(L, most);
  char *end = text_to_json(start, text, n);
  lua_pushlstring(L, start, (size_t)(end - start));
  return 1;
}


static const luaL_Reg functions[] = {
  {"utf8_length", f_utf8_length},
  {"json_string", f_json_string},
  {NULL, NULL}
};


int ltext_open (lua_State *L) {
  luaL_setfuncs(L, functions, 0);
  return 0;
}
