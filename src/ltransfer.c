/*
** ltransfer.c
** The binding of settings.c, body.c and transfer.c. A userdata owns each
** transfer from its birth, so that an error while the request is being read
** from Lua loses nothing. Wrong input answers nil and a message: the Lua
** side has checked before and turns it into an error that names the call.
*/
#include "twitter.h"

#include <string.h>

#include "body.h"
#include "compat.h"
#include "engine.h"
#include "file.h"
#include "lfields.h"
#include "lfile.h"
#include "ltransfer.h"
#include "mailbox.h"
#include "settings.h"
#include "transfer.h"
#include "worker.h"

#define SETTINGS_TYPE "twitter.settings"
#define TRANSFER_TYPE "twitter.transfer"

#define DEFAULT_CEILING (16.0 * 1024 * 1024)  /* of a response */


/* ---- settings ---- */

static void copy_string (lua_State *L, char **field, const char *name) {
  const char *text = lfields_push_string(L, 1, name);
  if (settings_string(field, text) != TWITTER_OK)
    luaL_error(L, "not enough memory");
  lua_pop(L, 1);
}


static void copy_user_agent (lua_State *L, struct settings *s) {
  const char *name = lfields_push_string(L, 1, "user_agent");
  if (name != NULL && name[0] != '\0') {
    lua_pushfstring(L, "User-Agent: %s", name);
    if (settings_string(&s->user_agent, lua_tostring(L, -1)) != TWITTER_OK)
      luaL_error(L, "not enough memory");
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}


static int is_http_1 (lua_State *L) {
  const char *version = lfields_push_string(L, 1, "http_version");
  int answer = version != NULL && strcmp(version, "1.1") == 0;
  lua_pop(L, 1);
  return answer;
}


/* core.settings(table): times in seconds, everything optional. */
static int core_settings (lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  struct settings **box = lua_newuserdata(L, sizeof *box);
  *box = NULL;
  luaL_getmetatable(L, SETTINGS_TYPE);
  lua_setmetatable(L, -2);
  struct settings *s = *box = settings_new();
  if (s == NULL) return luaL_error(L, "not enough memory");
  s->timeout_ms = lfields_milliseconds(L, 1, "timeout", 60);
  s->connect_timeout_ms = lfields_milliseconds(L, 1, "connect_timeout", 10);
  s->stall_timeout_ms = lfields_milliseconds(L, 1, "stall_timeout", 30);
  s->only_http_1 = is_http_1(L);
  copy_string(L, &s->proxy, "proxy");
  copy_string(L, &s->no_proxy, "no_proxy");
  copy_string(L, &s->ca_file, "ca_file");
  copy_string(L, &s->ca_path, "ca_path");
  copy_user_agent(L, s);
  s->max_response = lfields_number(L, 1, "max_response", 0, 9e15,
                                   DEFAULT_CEILING);
  return 1;
}


static int s_gc (lua_State *L) {
  struct settings **box = luaL_checkudata(L, 1, SETTINGS_TYPE);
  settings_release(*box);
  *box = NULL;
  return 0;
}


static struct settings *check_settings (lua_State *L, int index) {
  struct settings **box = luaL_checkudata(L, index, SETTINGS_TYPE);
  luaL_argcheck(L, *box != NULL, index, "the settings are closed");
  return *box;
}


/* ---- building a transfer ---- */

struct ltransfer *ltransfer_check (lua_State *L, int index) {
  struct ltransfer *box = luaL_checkudata(L, index, TRANSFER_TYPE);
  luaL_argcheck(L, box->transfer != NULL, index, "the transfer is closed");
  return box;
}


struct ltransfer *ltransfer_check_new (lua_State *L, int index) {
  struct ltransfer *box = ltransfer_check(L, index);
  luaL_argcheck(L, box->job == NULL && box->transfer->state == TRANSFER_NEW,
                index, "it has been started before");
  return box;
}


static struct transfer *new_transfer (lua_State *L, struct settings *s,
                                      lua_Number ceiling, int secret) {
  struct ltransfer *box = lua_newuserdata(L, sizeof *box);
  box->transfer = NULL;
  box->job = NULL;
  luaL_getmetatable(L, TRANSFER_TYPE);
  lua_setmetatable(L, -2);
  box->transfer = transfer_new(s, (unsigned long long)ceiling, secret);
  return box->transfer;
}


/* Reads { name, value, name, value, ... } at 'index'. */
static enum twitter_result read_headers (lua_State *L, int index,
                                         struct transfer *t) {
  int n = (int)lua_rawlen(L, index);
  if (n % 2 != 0) return TWITTER_INVALID;
  for (int i = 1; i < n; i += 2) {
    size_t name_length, value_length;
    lua_rawgeti(L, index, i);
    lua_rawgeti(L, index, i + 1);
    const char *name = lua_tolstring(L, -2, &name_length);
    const char *value = lua_tolstring(L, -1, &value_length);
    enum twitter_result result = name == NULL || value == NULL
      ? TWITTER_INVALID
      : transfer_header(t, name, name_length, value, value_length);
    lua_pop(L, 2);
    if (result != TWITTER_OK) return result;
  }
  return TWITTER_OK;
}


/* The slice { file =, offset =, length = } on the top; NULL: no open file,
   or a slice that is not within it. On success the file's userdata is left on
   the stack: nothing may close it before it has been shared. */
static struct file *push_slice (lua_State *L, unsigned long long *offset,
                                unsigned long long *length) {
  int slice = lua_gettop(L);
  lua_Number from = lfields_number(L, slice, "offset", 0, 9e15, 0);
  lua_Number n = lfields_number(L, slice, "length", 0, 9e15, -1);
  lfields_push(L, slice, "file");
  struct file *f = lfile_test(L, -1);
  if (f == NULL) return NULL;
  lua_Number size = (lua_Number)f->size;
  if (n < 0) n = size - from;
  if (!(n >= 0 && from + n <= size)) return NULL;
  *offset = (unsigned long long)from;
  *length = (unsigned long long)n;
  return f;
}


static enum twitter_result read_part_source (lua_State *L, int part,
                                             struct body_source *source) {
  size_t n;
  unsigned long long offset, length;
  lfields_push(L, part, "data");
  if (lua_type(L, -1) == LUA_TSTRING) {
    const char *data = lua_tolstring(L, -1, &n);
    return body_part_bytes(source, data, n);
  }
  lua_settop(L, part);
  struct file *f = push_slice(L, &offset, &length);
  if (f == NULL) return TWITTER_INVALID;
  body_part_slice(source, f, offset, length);
  return TWITTER_OK;
}


/* The part { name =, data = | file =, filename =, type = } on the top. */
static enum twitter_result read_part (lua_State *L, struct body *b) {
  int part = lua_gettop(L);
  const char *name = lfields_push_string(L, part, "name");
  const char *filename = lfields_push_string(L, part, "filename");
  const char *type = lfields_push_string(L, part, "type");
  if (name == NULL) return TWITTER_INVALID;
  if (b->count == BODY_MAX_PARTS) return TWITTER_OVER_LIMIT;
  struct body_source *source = body_add_part(b, name, filename, type);
  lua_settop(L, part);
  if (source == NULL) return TWITTER_NO_MEMORY;
  return read_part_source(L, part, source);
}


static enum twitter_result read_multipart (lua_State *L, struct body *b) {
  int list = lua_gettop(L);
  int n = (int)lua_rawlen(L, list);
  for (int i = 1; i <= n; i++) {
    lua_rawgeti(L, list, i);
    enum twitter_result result = lua_istable(L, -1) ? read_part(L, b)
                                                    : TWITTER_INVALID;
    lua_settop(L, list);
    if (result != TWITTER_OK) return result;
  }
  return n > 0 ? TWITTER_OK : TWITTER_INVALID;
}


static enum twitter_result read_body_table (lua_State *L, int index,
                                            struct body *b) {
  unsigned long long offset, length;
  lfields_push(L, index, "multipart");
  if (lua_istable(L, -1)) return read_multipart(L, b);
  lua_pushvalue(L, index);
  struct file *f = push_slice(L, &offset, &length);
  if (f == NULL) return TWITTER_INVALID;
  body_set_slice(b, f, offset, length);
  return TWITTER_OK;
}


/* nil, a string, { file = ... } or { multipart = { ... } } */
static enum twitter_result read_body (lua_State *L, int index,
                                      struct body *b) {
  if (lua_isnoneornil(L, index)) return TWITTER_OK;
  if (lua_istable(L, index)) return read_body_table(L, index, b);
  size_t n;
  const char *bytes = lua_tolstring(L, index, &n);
  if (bytes == NULL) return TWITTER_INVALID;
  return body_set_bytes(b, bytes, n);
}


static int push_refusal (lua_State *L, enum twitter_result result,
                         const char *what) {
  if (result == TWITTER_NO_MEMORY) return luaL_error(L, "not enough memory");
  lua_pushnil(L);
  lua_pushfstring(L, result == TWITTER_OVER_LIMIT ? "%s: too large"
                                                  : "%s: not valid", what);
  return 2;
}


static void read_sink (lua_State *L, int options, struct transfer *t) {
  lfields_push(L, options, "sink");
  if (!lua_isnil(L, -1)) t->sink = file_share(lfile_check(L, -1));
  lua_pop(L, 1);
}


/* Following a redirect is a second sending. */
static void read_options (lua_State *L, int options, struct transfer *t) {
  t->resend = lfields_boolean(L, options, "resend");
  t->timeout_ms = lfields_milliseconds(L, options, "timeout", 0);
  t->redirects = (int)lfields_number(L, options, "redirects", 0, 20, 0);
  if (t->redirects > 0 && !t->resend)
    luaL_error(L, "'redirects' needs 'resend'");
  read_sink(L, options, t);
}


/* core.transfer(settings, method, url, headers, body, options): options are
   max_response (bytes), secret, resend, redirects, sink, timeout (seconds). */
static int core_transfer (lua_State *L) {
  struct settings *s = check_settings(L, 1);
  size_t method_length, url_length;
  const char *method = luaL_checklstring(L, 2, &method_length);
  const char *url = luaL_checklstring(L, 3, &url_length);
  luaL_checktype(L, 4, LUA_TTABLE);
  lua_settop(L, 6);
  int has_options = lua_istable(L, 6);
  lua_Number ceiling = s->max_response;
  if (has_options)
    ceiling = lfields_number(L, 6, "max_response", 0, 9e15, ceiling);
  int secret = has_options && lfields_boolean(L, 6, "secret");
  struct transfer *t = new_transfer(L, s, ceiling, secret);
  if (t == NULL) return luaL_error(L, "not enough memory");
  if (has_options) read_options(L, 6, t);
  enum twitter_result result =
    transfer_target(t, method, method_length, url, url_length);
  if (result != TWITTER_OK) return push_refusal(L, result, "method or URL");
  result = read_headers(L, 4, t);
  if (result != TWITTER_OK) return push_refusal(L, result, "header");
  int box = lua_gettop(L);
  result = read_body(L, 5, &t->body);
  if (result == TWITTER_OK && strcmp(t->method, "HEAD") == 0
      && t->body.kind != BODY_NONE)
    result = TWITTER_INVALID;
  if (result != TWITTER_OK) return push_refusal(L, result, "body");
  lua_settop(L, box);
  return 1;
}


/* ---- reading the result ---- */

static const char *const failure_kinds[] = {
  /* in the order of enum transfer_failure */
  "", "network", "timeout", "tls", "canceled", "too_large", "file",
  "memory", "invalid"
};


/* Pushes the fields as they are kept; core.headers makes a table of them. */
static void push_head (lua_State *L, const struct head *h) {
  lua_pushlstring(L, h->fields.length > 0 ? h->fields.data : "",
                  h->fields.length);
}


/* A field that comes again makes its value a list. */
static void add_header (lua_State *L, const char *name, const char *value) {
  lua_pushstring(L, name);
  lua_pushvalue(L, -1);
  lua_rawget(L, -3);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushstring(L, value);
    lua_rawset(L, -3);
    return;
  }
  if (lua_istable(L, -1)) {
    lua_pushstring(L, value);
    lua_rawseti(L, -2, (int)lua_rawlen(L, -2) + 1);
    lua_pop(L, 2);
    return;
  }
  lua_createtable(L, 2, 0);
  lua_insert(L, -2);
  lua_rawseti(L, -2, 1);
  lua_pushstring(L, value);
  lua_rawseti(L, -2, 2);
  lua_rawset(L, -3);
}


/* core.headers(head): the head of a result as a table. Names are in lower
   case, values are strings, or lists of strings. */
static int core_headers (lua_State *L) {
  size_t n, position = 0;
  const char *name, *value;
  const char *fields = luaL_checklstring(L, 1, &n);
  luaL_argcheck(L, n == 0 || fields[n - 1] == '\0', 1, "no head");
  lua_createtable(L, 0, 16);
  while (head_next(fields, n, &position, &name, &value))
    add_header(L, name, value);
  return 1;
}


static int push_failure (lua_State *L, const struct transfer *t) {
  lua_pushnil(L);
  lua_pushstring(L, failure_kinds[t->failure]);
  lua_pushstring(L, t->message);
  lua_pushboolean(L, transfer_may_have_arrived(t));
  lua_pushinteger(L, (lua_Integer)t->status);
  push_head(L, &t->head);
  return 6;
}


/* While a job travels, its transfer is the I/O thread's: not to be touched. */
static int is_done (const struct ltransfer *box) {
  if (box->job != NULL)
    return mailbox_is_ours(box->job->home) && job_is_done(box->job);
  return box->transfer->state == TRANSFER_DONE;
}


/* transfer:result(), when done: status, head, body, HTTP version, seconds
   -- or nil, kind, message, may it have arrived?, status (0: none), head. The
   head is for core.headers; the body is nil when it went to a sink. */
static int t_result (lua_State *L) {
  struct ltransfer *box = ltransfer_check(L, 1);
  if (!is_done(box)) return luaL_error(L, "the transfer is not done");
  const struct transfer *t = box->transfer;
  if (t->failure != TRANSFER_FINE) return push_failure(L, t);
  lua_pushinteger(L, (lua_Integer)t->status);
  push_head(L, &t->head);
  if (t->sink != NULL) lua_pushnil(L);
  else lua_pushlstring(L, t->response.length > 0 ? t->response.data : "",
                       t->response.length);
  if (t->http_major == 1)
    lua_pushstring(L, t->http_minor == 1 ? "1.1" : "1.0");
  else
    lua_pushstring(L, t->http_major == 2 ? "2" : "3");
  lua_pushnumber(L, t->elapsed);
  return 5;
}


static int t_done (lua_State *L) {
  lua_pushboolean(L, is_done(ltransfer_check(L, 1)));
  return 1;
}


static void forget_job (struct job *job) {
  if (mailbox_is_ours(job->home) && job_abandon(job)) worker_sweep();
}


/* Also __gc and __close. What still runs is canceled. */
static int t_close (lua_State *L) {
  struct ltransfer *box = luaL_checkudata(L, 1, TRANSFER_TYPE);
  struct transfer *t = box->transfer;
  struct job *job = box->job;
  box->transfer = NULL;
  box->job = NULL;
  if (job != NULL) {
    forget_job(job);
    return 0;
  }
  if (t != NULL && t->engine != NULL) engine_cancel(t->engine, t);
  transfer_free(t);
  return 0;
}


static const char *state_of (const struct ltransfer *box) {
  static const char *const states[] = {"new", "running", "done"};
  if (box->transfer == NULL) return "closed";
  if (is_done(box)) return "done";
  return box->job != NULL ? "running" : states[box->transfer->state];
}


static int t_tostring (lua_State *L) {
  struct ltransfer *box = luaL_checkudata(L, 1, TRANSFER_TYPE);
  lua_pushfstring(L, "%s (%s)", TRANSFER_TYPE, state_of(box));
  return 1;
}


static const luaL_Reg transfer_methods[] = {
  {"done", t_done},
  {"result", t_result},
  {"close", t_close},
  {NULL, NULL}
};

static const luaL_Reg transfer_metamethods[] = {
  {"__gc", t_close},
  {"__close", t_close},
  {"__tostring", t_tostring},
  {NULL, NULL}
};

static const luaL_Reg settings_metamethods[] = {
  {"__gc", s_gc},
  {NULL, NULL}
};

static const luaL_Reg transfer_functions[] = {
  {"settings", core_settings},
  {"transfer", core_transfer},
  {"headers", core_headers},
  {NULL, NULL}
};


int ltransfer_open (lua_State *L) {
  luaL_newmetatable(L, SETTINGS_TYPE);
  luaL_setfuncs(L, settings_metamethods, 0);
  lua_pop(L, 1);
  luaL_newmetatable(L, TRANSFER_TYPE);
  luaL_setfuncs(L, transfer_metamethods, 0);
  lua_newtable(L);
  luaL_setfuncs(L, transfer_methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, transfer_functions, 0);
  return 0;
}
