/*
** lsigner.h
** The OAuth 1.0a signer as a Lua object: one set of credentials, from which
** Authorization headers are asked for. It shows its secrets to nobody.
*/
#ifndef lsigner_h
#define lsigner_h

#include "compat.h"

#pragma GCC visibility push(hidden)

/* Adds 'signer' to the table on the top of the stack, and leaves it there.
   Answers 0: it pushes nothing. */
int lsigner_open (lua_State *L);

#pragma GCC visibility pop

#endif
