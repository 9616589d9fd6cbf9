/*
** ltext.h
** The Lua side of text.h.
*/
#ifndef ltext_h
#define ltext_h

#include "compat.h"

#pragma GCC visibility push(hidden)

/* Adds 'utf8_length' and 'json_string' to the table on the top of the
   stack. */
int ltext_open (lua_State *L);

#pragma GCC visibility pop

#endif
