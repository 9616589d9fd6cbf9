/*
** pkce.h
** Proof Key for Code Exchange (RFC 7636), the S256 method: a secret verifier
** made for one sign-in, and the challenge that may be shown in its place.
*/
#ifndef pkce_h
#define pkce_h

#include <stddef.h>
#include "crypto.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

#define PKCE_LENGTH        43   /* 32 bytes in base64url: what we make */
#define PKCE_VERIFIER_MIN  43   /* what the RFC accepts */
#define PKCE_VERIFIER_MAX  128

/* Writes a new verifier of PKCE_LENGTH characters. */
enum twitter_result pkce_verifier (struct crypto_pool *pool, char *out);

/* Writes the challenge of PKCE_LENGTH characters that belongs to 'verifier'.
   TWITTER_INVALID: the verifier is too short, too long, or has a character
   that none may have. */
enum twitter_result pkce_challenge (char *out, const char *verifier,
                                    size_t n);

#pragma GCC visibility pop

#endif
