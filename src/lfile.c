/*
** lfile.c
** The binding of file.c: core.open, core.scratch and the file's methods.
*/
#include "twitter.h"

#include <errno.h>
#include <string.h>

#include "buf.h"
#include "compat.h"
#include "file.h"
#include "lfile.h"

#define FILE_TYPE "twitter.file"
#define MAX_READ  (16u * 1024u * 1024u)  /* bytes asked for at a time */


/* A box is made empty and filled afterwards: no error can lose a file. */
static struct file **new_box (lua_State *L) {
  struct file **box = lua_newuserdata(L, sizeof *box);
  *box = NULL;
  luaL_getmetatable(L, FILE_TYPE);
  lua_setmetatable(L, -2);
  return box;
}


struct file *lfile_test (lua_State *L, int index) {
  struct file **box = luaL_testudata(L, index, FILE_TYPE);
  return box != NULL ? *box : NULL;
}


struct file *lfile_check (lua_State *L, int index) {
  struct file **box = luaL_checkudata(L, index, FILE_TYPE);
  luaL_argcheck(L, *box != NULL, index, "the file is closed");
  return *box;
}


/* nil, message, errno */
static int push_failure (lua_State *L, int why) {
  lua_pushnil(L);
  lua_pushstring(L, why == EINVAL ? "Not a regular file" : strerror(why));
  lua_pushinteger(L, why);
  return 3;
}


static int push_result (lua_State *L, enum twitter_result result) {
  int why = errno;
  if (result == TWITTER_OK) return 1;
  if (result == TWITTER_NO_MEMORY) return luaL_error(L, "not enough memory");
  return push_failure(L, why);
}


static int core_open (lua_State *L) {
  size_t n;
  const char *path = luaL_checklstring(L, 1, &n);
  if (strlen(path) != n) return push_failure(L, ENOENT);
  struct file **box = new_box(L);
  return push_result(L, file_open(box, path));
}


static int core_scratch (lua_State *L) {
  struct file **box = new_box(L);
  return push_result(L, file_scratch(box));
}


static int f_size (lua_State *L) {
  compat_pushsize(L, lfile_check(L, 1)->size);
  return 1;
}


/* file:read(offset, n): up to n bytes, fewer at the end of the file. */
static int f_read (lua_State *L) {
  lua_Number offset = luaL_checknumber(L, 2);
  lua_Number n = luaL_checknumber(L, 3);
  luaL_argcheck(L, offset >= 0 && offset < 9e15, 2, "out of range");
  luaL_argcheck(L, n >= 0 && n <= MAX_READ, 3, "out of range");
  char *bytes = lua_newuserdata(L, (size_t)n + 1);
  struct file *f = lfile_check(L, 1);  /* last: finalizers have run */
  ssize_t got = file_read(f, bytes, (size_t)n, (unsigned long long)offset);
  if (got < 0) return push_failure(L, errno);
  lua_pushlstring(L, bytes, (size_t)got);
  return 1;
}


/* file:append(bytes): of a scratch file only. */
static int f_append (lua_State *L) {
  struct file *f = lfile_check(L, 1);
  size_t n;
  const char *bytes = luaL_checklstring(L, 2, &n);
  lua_pushboolean(L, 1);
  return push_result(L, file_append(f, bytes, n));
}


/* Also __gc and __close; requests under way keep their own reference. */
static int f_close (lua_State *L) {
  struct file **box = luaL_checkudata(L, 1, FILE_TYPE);
  file_release(*box);
  *box = NULL;
  return 0;
}


static int f_tostring (lua_State *L) {
  struct file **box = luaL_checkudata(L, 1, FILE_TYPE);
  lua_pushfstring(L, "%s (%s)", FILE_TYPE, *box ? "open" : "closed");
  return 1;
}


static const luaL_Reg file_methods[] = {
  {"size", f_size},
  {"read", f_read},
  {"append", f_append},
  {"close", f_close},
  {NULL, NULL}
};

static const luaL_Reg file_metamethods[] = {
  {"__gc", f_close},
  {"__close", f_close},
  {"__tostring", f_tostring},
  {NULL, NULL}
};

static const luaL_Reg file_functions[] = {
  {"open", core_open},
  {"scratch", core_scratch},
  {NULL, NULL}
};


int lfile_open (lua_State *L) {
  luaL_newmetatable(L, FILE_TYPE);
  luaL_setfuncs(L, file_metamethods, 0);
  lua_newtable(L);
  luaL_setfuncs(L, file_methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, file_functions, 0);
  return 0;
}
