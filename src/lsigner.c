/*
** lsigner.c
** See lsigner.h for the idea. The handle exists, dead, before the signer is
** made, and the signer keeps its own memory: an error from Lua at any place
** leaves nothing behind but a request that the next one forgets.
*/
#include "twitter.h"

#include <string.h>

#include "lsigner.h"
#include "lworkspace.h"
#include "oauth1.h"

#define SIGNER  "twitter.signer"

#define MAX_TIMESTAMP  1e15   /* seconds: exact in a double, fits a long long */

/* Arguments of the methods, and where the options are put one by one. */
#define METHOD_INDEX   2
#define URL_INDEX      3
#define FORM_INDEX     4
#define OPTIONS_INDEX  5

struct handle {
  struct oauth1_signer *signer;        /* NULL when closed */
  struct workspace *workspace;
};

/* What the parts of 'options' that matter after the beginning are. */
struct extras {
  struct span realm;
  int index;           /* where the list of pairs is; 0 when there is none */
};

static const char *const fault_texts[] = {
  [OAUTH1_NO_FAULT] = "the request cannot be signed",
  [OAUTH1_BAD_METHOD] = "not a method of HTTP",
  [OAUTH1_BAD_URL] = "not an absolute http or https URL as it is sent",
  [OAUTH1_USERINFO] = "user name or password in the URL",
  [OAUTH1_BAD_QUERY] = "malformed percent-encoding in the URL's query",
  [OAUTH1_BAD_TIMESTAMP] = "a timestamp before 1970",
  [OAUTH1_BAD_REALM] = "a realm that cannot be quoted",
  [OAUTH1_RESERVED] = "a parameter that the signer sends itself",
  [OAUTH1_TOO_LONG] = "too many or too long parameters"
};


/* The methods have the metatable as their upvalue: comparing it directly is
   cheaper than luaL_checkudata's look-up, which then words the error. */
static struct handle *check_handle (lua_State *L) {
  void *handle = lua_touserdata(L, 1);
  if (handle != NULL && lua_getmetatable(L, 1)) {
    int same = lua_rawequal(L, -1, lua_upvalueindex(1));
    lua_pop(L, 1);
    if (same) return handle;
  }
  return luaL_checkudata(L, 1, SIGNER);
}


static struct handle *check_open (lua_State *L) {
  struct handle *handle = check_handle(L);
  luaL_argcheck(L, handle->signer != NULL, 1, "signer is closed");
  return handle;
}


static struct span check_span (lua_State *L, int arg) {
  struct span span;
  span.data = luaL_checklstring(L, arg, &span.length);
  return span;
}


/* Like check_span; nil and nothing are "not given". */
static struct span optional_span (lua_State *L, int arg) {
  struct span absent = { NULL, 0 };
  return lua_isnoneornil(L, arg) ? absent : check_span(L, arg);
}


/* The name or the value of a pair, on the top of the stack. */
static int get_span (lua_State *L, struct span *span) {
  if (!lua_isstring(L, -1)) return 0;  /* a number will do, too */
  span->data = lua_tolstring(L, -1, &span->length);
  return 1;
}


/* Adds the pairs of the list at 'index', an argument or part of one. */
static enum twitter_result add_pairs (lua_State *L, int arg, int index,
                                      struct oauth1_signer *signer,
                                      enum oauth1_place place) {
  struct span name = { NULL, 0 }, value = { NULL, 0 };
  enum twitter_result result = TWITTER_OK;
  for (int i = 1; result == TWITTER_OK; i++) {
    lua_rawgeti(L, index, i);
    if (lua_isnil(L, -1)) break;
    luaL_argcheck(L, lua_istable(L, -1), arg, "list of pairs expected");
    lua_rawgeti(L, -1, 1);
    luaL_argcheck(L, get_span(L, &name), arg, "name of a pair is no string");
    lua_rawgeti(L, -2, 2);
    luaL_argcheck(L, get_span(L, &value), arg, "value of a pair is no string");
    result = oauth1_add(signer, place, name, value);
    lua_pop(L, 3);
  }
  if (result == TWITTER_OK) lua_pop(L, 1);
  return result;
}


static long long get_timestamp (lua_State *L, int index) {
  if (lua_isnil(L, index)) return 0;
  luaL_argcheck(L, lua_isnumber(L, index), OPTIONS_INDEX,
                "timestamp is no number");
  lua_Number seconds = lua_tonumber(L, index);
  luaL_argcheck(L, seconds >= 1 && seconds <= MAX_TIMESTAMP, OPTIONS_INDEX,
                "timestamp out of range");
  return (long long)seconds;
}


/* Pushes the field 'name' of the options, a string or nil. */
static struct span push_text_option (lua_State *L, const char *name) {
  struct span span = { NULL, 0 };
  lua_getfield(L, OPTIONS_INDEX, name);
  if (lua_isnil(L, -1)) return span;
  luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, OPTIONS_INDEX,
                "nonce or realm is no string");
  span.data = lua_tolstring(L, -1, &span.length);
  return span;
}


/* The values stay on the stack, which keeps their bytes alive. */
static void read_options (lua_State *L, struct oauth1_request *request,
                          struct extras *extras) {
  luaL_checktype(L, OPTIONS_INDEX, LUA_TTABLE);
  request->nonce = push_text_option(L, "nonce");
  extras->realm = push_text_option(L, "realm");
  lua_getfield(L, OPTIONS_INDEX, "timestamp");
  request->timestamp = get_timestamp(L, -1);
  lua_getfield(L, OPTIONS_INDEX, "version");
  request->without_version = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
  lua_getfield(L, OPTIONS_INDEX, "extra");
  if (lua_isnil(L, -1)) return;
  luaL_argcheck(L, lua_istable(L, -1), OPTIONS_INDEX, "extra is no table");
  extras->index = lua_gettop(L);
}


static enum twitter_result run (lua_State *L, struct handle *handle,
                                struct extras *extras) {
  struct oauth1_request request = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 },
                                    0, 0 };
  struct oauth1_signer *signer = handle->signer;
  request.method = check_span(L, METHOD_INDEX);
  request.url = check_span(L, URL_INDEX);
  if (!lua_isnoneornil(L, OPTIONS_INDEX)) read_options(L, &request, extras);
  int with_form = !lua_isnoneornil(L, FORM_INDEX);
  if (with_form) luaL_checktype(L, FORM_INDEX, LUA_TTABLE);
  enum twitter_result result =
    oauth1_begin(signer, &request, lworkspace_pool(L, handle->workspace));
  if (result == TWITTER_OK && with_form)
    result = add_pairs(L, FORM_INDEX, FORM_INDEX, signer, OAUTH1_IN_BODY);
  if (result == TWITTER_OK && extras->index != 0)
    result = add_pairs(L, OPTIONS_INDEX, extras->index, signer,
                       OAUTH1_IN_HEADER);
  return result == TWITTER_OK ? oauth1_finish(signer) : result;
}


/* Pushes nil and what was wrong with the request; raises the rest. */
static int push_refusal (lua_State *L, const struct oauth1_signer *signer,
                         enum twitter_result result) {
  if (result != TWITTER_INVALID && result != TWITTER_OVER_LIMIT)
    return lworkspace_raise(L, result);
  lua_pushnil(L);
  lua_pushstring(L, fault_texts[oauth1_fault(signer)]);
  return 2;
}


static int push_span (lua_State *L, struct span span) {
  lua_pushlstring(L, span.data, span.length);
  return 1;
}


/* signer:header(method, url [, form [, options]])
   -> the value of the Authorization header, or nil, message */
static int m_header (lua_State *L) {
  struct span header;
  struct handle *handle = check_open(L);
  struct extras extras = { { NULL, 0 }, 0 };
  enum twitter_result result = run(L, handle, &extras);
  if (result == TWITTER_OK)
    result = oauth1_header(handle->signer, extras.realm, &header);
  if (result != TWITTER_OK) return push_refusal(L, handle->signer, result);
  return push_span(L, header);
}


/* signer:signature(method, url [, form [, options]])
   -> the signature in base64, or nil, message */
static int m_signature (lua_State *L) {
  struct handle *handle = check_open(L);
  struct extras extras = { { NULL, 0 }, 0 };
  enum twitter_result result = run(L, handle, &extras);
  if (result != TWITTER_OK) return push_refusal(L, handle->signer, result);
  return push_span(L, oauth1_signature(handle->signer));
}


/* signer:base_string(method, url [, form [, options]])
   -> what would be signed, or nil, message. It holds no secret, but the token
   itself stands in it: it is for a developer's eyes, not for a log. */
static int m_base_string (lua_State *L) {
  struct handle *handle = check_open(L);
  struct extras extras = { { NULL, 0 }, 0 };
  enum twitter_result result = run(L, handle, &extras);
  if (result != TWITTER_OK) return push_refusal(L, handle->signer, result);
  return push_span(L, oauth1_base_string(handle->signer));
}


/* signer:close(); also for __gc and __close */
static int m_close (lua_State *L) {
  struct handle *handle = check_handle(L);
  oauth1_free(handle->signer);
  handle->signer = NULL;
  return 0;
}


static int m_tostring (lua_State *L) {
  struct handle *handle = check_handle(L);
  if (handle->signer == NULL) lua_pushliteral(L, SIGNER " (closed)");
  else lua_pushfstring(L, SIGNER " (%p)", (void *)handle);
  return 1;
}


/* signer(consumer_key, consumer_secret [, token, token_secret]) -> signer */
static int f_signer (lua_State *L) {
  struct oauth1_credentials c;
  c.consumer_key = check_span(L, 1);
  c.consumer_secret = check_span(L, 2);
  c.token = optional_span(L, 3);
  c.token_secret = c.token.data != NULL ? check_span(L, 4)
                                        : optional_span(L, 4);
  luaL_argcheck(L, c.token.data != NULL || c.token_secret.data == NULL, 4,
                "token secret without token");
  luaL_argcheck(L, c.token.data == NULL || c.token.length > 0, 3,
                "empty string");
  struct handle *handle = lua_newuserdata(L, sizeof *handle);
  handle->signer = NULL;
  handle->workspace = lua_touserdata(L, lua_upvalueindex(1));
  luaL_getmetatable(L, SIGNER);
  lua_setmetatable(L, -2);
  enum twitter_result result = oauth1_new(&handle->signer, &c);
  if (result == TWITTER_INVALID)
    return luaL_error(L, "bad argument to 'signer' (a credential is empty, "
                         "too long, or has a NUL or a line break in it)");
  return result == TWITTER_OK ? 1 : lworkspace_raise(L, result);
}


static const luaL_Reg methods[] = {
  {"header", m_header},
  {"signature", m_signature},
  {"base_string", m_base_string},
  {"close", m_close},
  {NULL, NULL}
};


static const luaL_Reg metamethods[] = {
  {"__gc", m_close},
  {"__close", m_close},
  {"__tostring", m_tostring},
  {NULL, NULL}
};


/* Sets functions in the table on the top; the metatable at 'meta' becomes the
   upvalue of each. */
static void set_functions (lua_State *L, const luaL_Reg *list, int meta) {
  for (; list->name != NULL; list++) {
    lua_pushvalue(L, meta);
    lua_pushcclosure(L, list->func, 1);
    lua_setfield(L, -2, list->name);
  }
}


int lsigner_open (lua_State *L) {
  luaL_newmetatable(L, SIGNER);
  int meta = lua_gettop(L);
  set_functions(L, metamethods, meta);
  lua_newtable(L);
  set_functions(L, methods, meta);
  lua_setfield(L, meta, "__index");
  lua_pop(L, 1);
  lworkspace_push(L);
  lua_pushcclosure(L, f_signer, 1);
  lua_setfield(L, -2, "signer");
  return 0;
}
