/*
** ldigits.h
** The Lua side of digits.h, and its companion for Lua versions that tell
** integers from floats: two helpers of the JSON module.
*/
#ifndef ldigits_h
#define ldigits_h

#include "twitter.h"
#include "compat.h"

#pragma GCC visibility push(hidden)

/* Adds 'exact_integers' and 'to_integers' to the table on the top of the
   stack, and leaves it there. Answers 0: it pushes nothing. */
int ldigits_open (lua_State *L);

#pragma GCC visibility pop

#endif
