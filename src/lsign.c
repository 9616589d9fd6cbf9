/*
** lsign.c
** See lsign.h for the idea. Every function is a closure whose upvalue is the
** state's workspace. Results are built in memory that belongs to the call
** alone and to the collector, and are wiped from there: an error from Lua
** leaks nothing, and no other call ever sees the bytes.
*/
#include "twitter.h"

#include <string.h>

#include "base64.h"
#include "buf.h"
#include "escape.h"
#include "lsign.h"
#include "lworkspace.h"
#include "pkce.h"

#define MAX_STRING       (64u * 1024u * 1024u)
#define MAX_RANDOM       1024


static struct workspace *workspace_of (lua_State *L) {
  return lua_touserdata(L, lua_upvalueindex(1));
}


/* Argument 'arg', whose length has a ceiling as everything has. */
static const char *check_string (lua_State *L, int arg, size_t *n) {
  const char *s = luaL_checklstring(L, arg, n);
  luaL_argcheck(L, *n <= MAX_STRING, arg, "string too long");
  return s;
}


/* Memory of this call alone: a finalizer that runs in the middle, or an error,
   cannot meet another call's bytes. It stays on the stack until the return. */
struct loan {
  char *start;
  size_t size;
};

static struct loan borrow (lua_State *L, size_t n) {
  struct loan loan = { lua_newuserdata(L, n), n };
  return loan;
}


/* Pushes what was borrowed up to 'end', and wipes it. */
static int push_borrowed (lua_State *L, struct loan loan, const char *end) {
  lua_pushlstring(L, loan.start, (size_t)(end - loan.start));
  buf_wipe(loan.start, loan.size);
  return 1;
}


static int push_malformed (lua_State *L, struct loan loan,
                           const char *message) {
  buf_wipe(loan.start, loan.size);
  lua_pushnil(L);
  lua_pushstring(L, message);
  return 2;
}


/*
** Encodings
*/

/* escape(s) -> s percent-encoded */
static int f_escape (lua_State *L) {
  size_t n;
  const char *s = check_string(L, 1, &n);
  struct loan loan = borrow(L, ESCAPE_ROOM(n));
  return push_borrowed(L, loan, escape_encode(loan.start, s, n));
}


/* unescape(s [, form]) -> s decoded, '+' too if 'form'; or nil, message */
static int f_unescape (lua_State *L) {
  size_t n;
  const char *s = check_string(L, 1, &n);
  int form = lua_toboolean(L, 2);
  struct loan loan = borrow(L, n + 1);
  char *end = escape_decode(loan.start, s, n, form);
  if (end == NULL) return push_malformed(L, loan, "malformed percent-encoding");
  return push_borrowed(L, loan, end);
}


static int encode64 (lua_State *L, enum base64_kind kind) {
  size_t n;
  const char *s = check_string(L, 1, &n);
  struct loan loan = borrow(L, BASE64_ROOM(n) + 1);
  return push_borrowed(L, loan, base64_encode(loan.start, s, n, kind));
}


static int decode64 (lua_State *L, enum base64_kind kind) {
  size_t n;
  const char *s = check_string(L, 1, &n);
  struct loan loan = borrow(L, BASE64_BYTES(n));
  char *start = loan.start;
  unsigned char *end = base64_decode((unsigned char *)start, s, n, kind);
  if (end == NULL) return push_malformed(L, loan, "malformed base64");
  return push_borrowed(L, loan, (char *)end);
}


/* base64(s) -> s in base64, padded */
static int f_base64 (lua_State *L) {
  return encode64(L, BASE64_STANDARD);
}


/* base64url(s) -> s in base64url, not padded */
static int f_base64url (lua_State *L) {
  return encode64(L, BASE64_URL);
}


/* unbase64(s) -> bytes, or nil, message */
static int f_unbase64 (lua_State *L) {
  return decode64(L, BASE64_STANDARD);
}


/* unbase64url(s) -> bytes, or nil, message */
static int f_unbase64url (lua_State *L) {
  return decode64(L, BASE64_URL);
}


/*
** Digests, random text
*/

/* sha256(s) -> 32 bytes */
static int f_sha256 (lua_State *L) {
  size_t n;
  unsigned char digest[CRYPTO_SHA256_SIZE];
  const char *s = luaL_checklstring(L, 1, &n);
  enum twitter_result result = crypto_sha256(digest, s, n);
  if (result != TWITTER_OK) return lworkspace_raise(L, result);
  lua_pushlstring(L, (const char *)digest, sizeof digest);
  return 1;
}


static int hmac (lua_State *L, enum crypto_hash hash, size_t size) {
  size_t key_length, n;
  unsigned char digest[CRYPTO_SHA256_SIZE];
  const char *key = check_string(L, 1, &key_length);
  const char *s = luaL_checklstring(L, 2, &n);
  enum twitter_result result = crypto_hmac(hash, digest, key, key_length,
                                           s, n);
  if (result != TWITTER_OK) return lworkspace_raise(L, result);
  lua_pushlstring(L, (const char *)digest, size);
  return 1;
}


/* hmac_sha1(key, s) -> 20 bytes */
static int f_hmac_sha1 (lua_State *L) {
  return hmac(L, CRYPTO_SHA1, CRYPTO_SHA1_SIZE);
}


/* hmac_sha256(key, s) -> 32 bytes */
static int f_hmac_sha256 (lua_State *L) {
  return hmac(L, CRYPTO_SHA256, CRYPTO_SHA256_SIZE);
}


/* equal(a, b) -> boolean, in a time that does not tell where they differ;
   their lengths are no secret. */
static int f_equal (lua_State *L) {
  size_t a_length, b_length;
  const char *a = luaL_checklstring(L, 1, &a_length);
  const char *b = luaL_checklstring(L, 2, &b_length);
  lua_pushboolean(L, a_length == b_length && crypto_equal(a, b, a_length));
  return 1;
}


static size_t check_count (lua_State *L) {
  lua_Number n = luaL_checknumber(L, 1);
  luaL_argcheck(L, n >= 0 && n <= MAX_RANDOM, 1, "0 to 1024 expected");
  return (size_t)n;
}


/* random(n) -> n random bytes */
static int f_random (lua_State *L) {
  size_t n = check_count(L);
  struct crypto_pool *pool = lworkspace_pool(L, workspace_of(L));
  struct loan loan = borrow(L, n + 1);
  char *start = loan.start;
  enum twitter_result result = crypto_pool_take(pool, start, n);
  if (result != TWITTER_OK) return lworkspace_raise(L, result);
  return push_borrowed(L, loan, start + n);
}


/* token(n) -> n random letters and digits */
static int f_token (lua_State *L) {
  size_t n = check_count(L);
  struct crypto_pool *pool = lworkspace_pool(L, workspace_of(L));
  struct loan loan = borrow(L, n + 1);
  char *start = loan.start;
  enum twitter_result result = crypto_token(pool, start, n);
  if (result != TWITTER_OK) return lworkspace_raise(L, result);
  return push_borrowed(L, loan, start + n);
}


/*
** Credentials in other shapes
*/

/* pkce_verifier() -> 43 characters */
static int f_pkce_verifier (lua_State *L) {
  struct crypto_pool *pool = lworkspace_pool(L, workspace_of(L));
  struct loan loan = borrow(L, PKCE_LENGTH);
  char *start = loan.start;
  enum twitter_result result = pkce_verifier(pool, start);
  if (result != TWITTER_OK) return lworkspace_raise(L, result);
  return push_borrowed(L, loan, start + PKCE_LENGTH);
}


/* pkce_challenge(verifier) -> 43 characters */
static int f_pkce_challenge (lua_State *L) {
  size_t n;
  char challenge[PKCE_LENGTH];
  const char *verifier = luaL_checklstring(L, 1, &n);
  enum twitter_result result = pkce_challenge(challenge, verifier, n);
  luaL_argcheck(L, result != TWITTER_INVALID, 1,
                "43 to 128 letters, digits or -._~ expected");
  if (result != TWITTER_OK) return lworkspace_raise(L, result);
  lua_pushlstring(L, challenge, sizeof challenge);
  return 1;
}


/* basic(user, password) -> "Basic ...", both percent-encoded first */
static int f_basic (lua_State *L) {
  static const char scheme[] = "Basic ";
  size_t user_length, password_length;
  const char *user = check_string(L, 1, &user_length);
  const char *password = check_string(L, 2, &password_length);
  size_t n = user_length + password_length;
  luaL_argcheck(L, n <= MAX_STRING / 8, 2, "string too long");
  size_t joined = ESCAPE_ROOM(n) + 1;
  struct loan loan = borrow(L, joined + sizeof scheme + BASE64_ROOM(joined));
  char *start = loan.start;
  char *end = escape_encode(start, user, user_length);
  *end++ = ':';
  end = escape_encode(end, password, password_length);
  char *value = start + joined;
  memcpy(value, scheme, sizeof scheme - 1);
  char *value_end = base64_encode(value + sizeof scheme - 1, start,
                                  (size_t)(end - start), BASE64_STANDARD);
  lua_pushlstring(L, value, (size_t)(value_end - value));
  buf_wipe(loan.start, loan.size);
  return 1;
}


static const luaL_Reg functions[] = {
  {"escape", f_escape},
  {"unescape", f_unescape},
  {"base64", f_base64},
  {"base64url", f_base64url},
  {"unbase64", f_unbase64},
  {"unbase64url", f_unbase64url},
  {"sha256", f_sha256},
  {"hmac_sha1", f_hmac_sha1},
  {"hmac_sha256", f_hmac_sha256},
  {"equal", f_equal},
  {"random", f_random},
  {"token", f_token},
  {"pkce_verifier", f_pkce_verifier},
  {"pkce_challenge", f_pkce_challenge},
  {"basic", f_basic},
  {NULL, NULL}
};


int lsign_open (lua_State *L) {
  lworkspace_push(L);
  for (const luaL_Reg *f = functions; f->name != NULL; f++) {
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, f->func, 1);
    lua_setfield(L, -3, f->name);
  }
  lua_pop(L, 1);
  return 0;
}
