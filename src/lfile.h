/*
** lfile.h
** Files for Lua: opened once, read by position, sent without being loaded.
*/
#ifndef lfile_h
#define lfile_h

#include "compat.h"
#include "file.h"

#pragma GCC visibility push(hidden)

/* Adds 'open' and 'scratch' to the table on the top of the stack. */
int lfile_open (lua_State *L);

/* The open file at 'index'; raises when it is none or closed. Borrowed: it
   lives as long as the userdata, take a reference to keep it. */
struct file *lfile_check (lua_State *L, int index);

/* The same, or NULL when the value is no open file. */
struct file *lfile_test (lua_State *L, int index);

#pragma GCC visibility pop

#endif
