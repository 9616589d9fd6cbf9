/*
** pkce.c
** See pkce.h for the idea.
*/
#include "twitter.h"

#include "base64.h"
#include "buf.h"
#include "escape.h"
#include "pkce.h"


enum twitter_result pkce_verifier (struct crypto_pool *pool, char *out) {
  unsigned char bytes[32];
  enum twitter_result result = crypto_pool_take(pool, bytes, sizeof bytes);
  if (result == TWITTER_OK)
    base64_encode(out, bytes, sizeof bytes, BASE64_URL);
  buf_wipe(bytes, sizeof bytes);
  return result;
}


/* The characters of a verifier are those that escaping leaves alone. */
static int well_formed (const char *verifier, size_t n) {
  char escaped[ESCAPE_ROOM(PKCE_VERIFIER_MAX)];
  if (n < PKCE_VERIFIER_MIN || n > PKCE_VERIFIER_MAX) return 0;
  int unchanged = escape_encode(escaped, verifier, n) == escaped + n;
  buf_wipe(escaped, sizeof escaped);
  return unchanged;
}


enum twitter_result pkce_challenge (char *out, const char *verifier,
                                    size_t n) {
  unsigned char digest[CRYPTO_SHA256_SIZE];
  if (!well_formed(verifier, n)) return TWITTER_INVALID;
  enum twitter_result result = crypto_sha256(digest, verifier, n);
  if (result == TWITTER_OK)
    base64_encode(out, digest, sizeof digest, BASE64_URL);
  return result;
}
