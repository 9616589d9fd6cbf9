/*
** lsign.h
** The Lua side of signing: encodings, digests, random text, PKCE and Basic
** as functions on strings.
*/
#ifndef lsign_h
#define lsign_h

#include "compat.h"

#pragma GCC visibility push(hidden)

/* Adds the functions listed in lsign.c to the table on the top
   of the stack, and leaves it there. Answers 0: it pushes nothing. */
int lsign_open (lua_State *L);

#pragma GCC visibility pop

#endif
