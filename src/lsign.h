/*
** lsign.h
** The Lua side of signing: encodings, digests, random text, PKCE and Basic
** as functions on strings, and (in lsigner.c) the OAuth 1.0a signer.
*/
#ifndef lsign_h
#define lsign_h

#include "buf.h"
#include "compat.h"
#include "crypto.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

/* One per Lua state, kept in the registry until the state closes: memory that
   a function may still hold when Lua raises an error belongs here. */
struct lsign_workspace {
  struct crypto_pool *pool;   /* NULL once the state is closing */
  struct buf scratch;         /* secret; used by one function at a time */
};

/* Adds the functions listed in lsign.c, and 'signer', to the table on the top
   of the stack, and leaves it there. Answers 0: it pushes nothing. */
int lsign_open (lua_State *L);

/* The pool of random bytes; raises an error if the state is closing. */
struct crypto_pool *lsign_pool (lua_State *L,
                                const struct lsign_workspace *workspace);

/* Raises what has no other way out: no memory, or a failure of OpenSSL. */
int lsign_raise (lua_State *L, enum twitter_result result);

#pragma GCC visibility pop

#endif
