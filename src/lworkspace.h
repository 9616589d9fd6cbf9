/*
** lworkspace.h
** What signing keeps for each Lua state, in the registry until the state
** closes: the pool of random bytes.
*/
#ifndef lworkspace_h
#define lworkspace_h

#include "compat.h"
#include "crypto.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

struct workspace {
  struct crypto_pool *pool;   /* NULL once the state is closing */
};

/* Pushes the state's workspace, made at the first call. */
void lworkspace_push (lua_State *L);

/* The pool of random bytes; raises an error if the state is closing. */
struct crypto_pool *lworkspace_pool (lua_State *L,
                                     const struct workspace *workspace);

/* Raises what has no other way out: no memory, or a failure of OpenSSL. */
int lworkspace_raise (lua_State *L, enum twitter_result result);

#pragma GCC visibility pop

#endif
