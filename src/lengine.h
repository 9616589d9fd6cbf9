/*
** lengine.h
** Engines for Lua.
*/
#ifndef lengine_h
#define lengine_h

#include "compat.h"

#pragma GCC visibility push(hidden)

/* Adds 'engine' and 'now' to the table on the top of the stack. */
int lengine_open (lua_State *L);

#pragma GCC visibility pop

#endif
