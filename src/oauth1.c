/*
** oauth1.c
** See oauth1.h for the idea.
*/
#include "twitter.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base64.h"
#include "buf.h"
#include "escape.h"
#include "oauth1.h"
#include "pairs.h"
#include "url.h"

#define NONCE_LENGTH      43   /* letters and digits: 256 bits */
#define TIMESTAMP_ROOM    20
#define SIGNATURE_LENGTH  BASE64_ROOM(CRYPTO_SHA1_SIZE)

#define KEPT_SIZE       (64u * 1024u)  /* memory kept between requests */
#define RESULT_CEILING  (8u * (PAIRS_MAX_BYTES + URL_MAX_LENGTH))

/* Marks of a pair, beside those of pairs.h. */
#define IN_HEADER        PAIR_FREE         /* the header carries it */
#define AFTER_SIGNATURE  (PAIR_FREE << 1)  /* and oauth_signature before it */

/* The parameters of every request, in order; where two of them stand. */
#define NONCE_INDEX      1
#define TIMESTAMP_INDEX  3

struct oauth1_signer {
  struct crypto_mac *mac;
  struct pairs standard;     /* of every request; no nonce, no timestamp */
  struct pairs pairs;        /* of this request, the standard ones first */
  size_t own_count;          /* how many are the signer's own */
  struct buf base;           /* the base string */
  struct buf header;
  char signature[SIGNATURE_LENGTH];
  enum oauth1_fault fault;
};


static char *append (char *out, struct span text) {
  memcpy(out, text.data, text.length);
  return out + text.length;
}


static enum twitter_result refuse (struct oauth1_signer *signer,
                                   enum oauth1_fault fault) {
  signer->fault = fault;
  return fault == OAUTH1_TOO_LONG ? TWITTER_OVER_LIMIT : TWITTER_INVALID;
}


/* Names the fault of what pairs.h refused. */
static enum twitter_result pairs_answer (struct oauth1_signer *signer,
                                         enum twitter_result result) {
  if (result == TWITTER_INVALID) return refuse(signer, OAUTH1_BAD_QUERY);
  if (result == TWITTER_OVER_LIMIT) return refuse(signer, OAUTH1_TOO_LONG);
  return result;
}


/*
** Credentials
*/

static int acceptable (struct span text) {
  if (text.length == 0) return 1;
  return text.length <= OAUTH1_MAX_CREDENTIAL &&
         memchr(text.data, '\0', text.length) == NULL &&
         memchr(text.data, '\r', text.length) == NULL &&
         memchr(text.data, '\n', text.length) == NULL;
}


/* The key ends with its '&' also when there is no token. */
static enum twitter_result make_mac (struct oauth1_signer *signer,
                                     const struct oauth1_credentials *c) {
  char key[ESCAPE_ROOM(2 * OAUTH1_MAX_CREDENTIAL) + 1];
  char *end = escape_encode(key, c->consumer_secret.data,
                            c->consumer_secret.length);
  *end++ = '&';
  end = escape_encode(end, c->token_secret.data, c->token_secret.length);
  enum twitter_result result = crypto_mac_new(&signer->mac, CRYPTO_SHA1, key,
                                              (size_t)(end - key));
  buf_wipe(key, sizeof key);
  return result;
}


static enum twitter_result make_standard (struct pairs *standard,
                                          const struct oauth1_credentials *c) {
  const struct { struct span name, value; unsigned marks; } rows[] = {
    { SPAN("oauth_consumer_key"), c->consumer_key, IN_HEADER },
    { SPAN("oauth_nonce"), SPAN(""), IN_HEADER },
    { SPAN("oauth_signature_method"), SPAN("HMAC-SHA1"),
      IN_HEADER | AFTER_SIGNATURE },
    { SPAN("oauth_timestamp"), SPAN(""), IN_HEADER },
    { SPAN("oauth_token"), c->token, IN_HEADER },
    { SPAN("oauth_version"), SPAN("1.0"), IN_HEADER }
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (rows[i].value.data == NULL) continue;  /* no token? */
    enum twitter_result result = pairs_add(standard, rows[i].name,
                                           rows[i].value, rows[i].marks);
    if (result != TWITTER_OK) return result;
  }
  return TWITTER_OK;
}


void oauth1_free (struct oauth1_signer *signer) {
  if (signer == NULL) return;
  crypto_mac_free(signer->mac);
  pairs_free(&signer->standard);
  pairs_free(&signer->pairs);
  buf_free(&signer->base);
  buf_free(&signer->header);
  buf_wipe(signer, sizeof *signer);
  free(signer);
}


static int complete (const struct oauth1_credentials *c) {
  return c->consumer_key.length > 0 && acceptable(c->consumer_key) &&
         acceptable(c->consumer_secret) && acceptable(c->token) &&
         acceptable(c->token_secret);
}


enum twitter_result oauth1_new (struct oauth1_signer **signer,
                                const struct oauth1_credentials *credentials) {
  if (!complete(credentials)) return TWITTER_INVALID;
  struct oauth1_signer *new_signer = calloc(1, sizeof *new_signer);
  if (new_signer == NULL) return TWITTER_NO_MEMORY;
  pairs_init(&new_signer->standard);
  pairs_init(&new_signer->pairs);
  buf_init_secret(&new_signer->base, RESULT_CEILING);
  buf_init_secret(&new_signer->header, RESULT_CEILING);
  enum twitter_result result =
    make_standard(&new_signer->standard, credentials);
  if (result == TWITTER_OK) result = make_mac(new_signer, credentials);
  if (result != TWITTER_OK) {
    oauth1_free(new_signer);
    return result;
  }
  *signer = new_signer;
  return TWITTER_OK;
}


/*
** Beginning
*/

/* In upper case; NULL if it is no method. */
static char *append_method (char *out, struct span method) {
  if (method.length == 0 || method.length > OAUTH1_MAX_METHOD) return NULL;
  for (size_t i = 0; i < method.length; i++) {
    char c = method.data[i];
    if (c >= 'a' && c <= 'z') c = (char)(c - ('a' - 'A'));
    if ((c < 'A' || c > 'Z') && c != '-') return NULL;
    *out++ = c;
  }
  return out;
}


/* METHOD & base URL & */
static enum twitter_result begin_base (struct oauth1_signer *signer,
                                       struct span method,
                                       const struct url *url) {
  char *start = buf_room(&signer->base,
                         OAUTH1_MAX_METHOD + url_base_room(url) + 2);
  if (start == NULL) return TWITTER_NO_MEMORY;
  char *out = append_method(start, method);
  if (out == NULL) return refuse(signer, OAUTH1_BAD_METHOD);
  *out++ = '&';
  out = url_write_base(out, url);
  *out++ = '&';
  signer->base.length = (size_t)(out - start);
  return TWITTER_OK;
}


static enum twitter_result set_nonce (struct oauth1_signer *signer,
                                      struct span nonce,
                                      struct crypto_pool *pool) {
  char made[NONCE_LENGTH];
  struct pairs *pairs = &signer->pairs;
  if (nonce.data != NULL)
    return pairs_answer(signer, pairs_set_value(pairs, NONCE_INDEX, nonce));
  enum twitter_result result = crypto_token(pool, made, sizeof made);
  if (result != TWITTER_OK) return result;
  struct span value = { made, sizeof made };
  return pairs_set_plain(pairs, NONCE_INDEX, value);
}


static enum twitter_result set_timestamp (struct oauth1_signer *signer,
                                          long long timestamp) {
  char digits[TIMESTAMP_ROOM];
  char *first = digits + sizeof digits;
  if (timestamp < 0) return refuse(signer, OAUTH1_BAD_TIMESTAMP);
  if (timestamp == 0) timestamp = (long long)time(NULL);
  for (; timestamp > 0; timestamp /= 10)
    *--first = (char)('0' + timestamp % 10);
  struct span value = { first, (size_t)(digits + sizeof digits - first) };
  return pairs_set_plain(&signer->pairs, TIMESTAMP_INDEX, value);
}


static enum twitter_result add_standard (struct oauth1_signer *signer,
                                         const struct oauth1_request *request,
                                         struct crypto_pool *pool) {
  enum twitter_result result = pairs_copy(&signer->pairs, &signer->standard);
  if (result != TWITTER_OK) return result;
  if (request->without_version)  /* it is the last one */
    signer->pairs.list.length -= sizeof (struct pair);
  signer->own_count = pairs_count(&signer->pairs);
  result = set_nonce(signer, request->nonce, pool);
  if (result != TWITTER_OK) return result;
  return set_timestamp(signer, request->timestamp);
}


static int same (struct span a, struct span b) {
  return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}


/* Is it one that the signer sends itself? oauth_signature always is. */
static int reserved (const struct oauth1_signer *signer, struct span name) {
  static const struct span signature = SPAN("oauth_signature");
  const struct pair *own = pairs_list(&signer->standard);
  if (name.length < 6 || memcmp(name.data, "oauth_", 6) != 0) return 0;
  if (same(name, signature)) return 1;
  for (size_t i = 0; i < signer->own_count; i++)
    if (same(name, pairs_span(&signer->standard, own[i].name))) return 1;
  return 0;
}


/* Looks at the names of the pairs from 'first' on. */
static enum twitter_result check_names (struct oauth1_signer *signer,
                                        size_t first) {
  const struct pair *list = pairs_list(&signer->pairs);
  for (size_t i = first; i < pairs_count(&signer->pairs); i++)
    if (reserved(signer, pairs_span(&signer->pairs, list[i].name)))
      return refuse(signer, OAUTH1_RESERVED);
  return TWITTER_OK;
}


static void clear (struct buf *b) {
  if (b->size > KEPT_SIZE) buf_free(b);
  b->length = 0;
}


static enum twitter_result refuse_url (struct oauth1_signer *signer,
                                       enum url_result result) {
  if (result == URL_USERINFO) return refuse(signer, OAUTH1_USERINFO);
  if (result == URL_TOO_LONG) return refuse(signer, OAUTH1_TOO_LONG);
  return refuse(signer, OAUTH1_BAD_URL);
}


enum twitter_result oauth1_begin (struct oauth1_signer *signer,
                                  const struct oauth1_request *request,
                                  struct crypto_pool *pool) {
  struct url url;
  signer->fault = OAUTH1_NO_FAULT;
  pairs_clear(&signer->pairs);
  clear(&signer->base);
  clear(&signer->header);
  enum url_result read = url_read(&url, request->url);
  if (read != URL_OK) return refuse_url(signer, read);
  enum twitter_result result = begin_base(signer, request->method, &url);
  if (result != TWITTER_OK) return result;
  result = add_standard(signer, request, pool);
  if (result != TWITTER_OK || url.query.length == 0) return result;
  result = pairs_answer(signer, pairs_add_query(&signer->pairs, url.query));
  if (result != TWITTER_OK) return result;
  return check_names(signer, signer->own_count);
}


enum twitter_result oauth1_add (struct oauth1_signer *signer,
                                enum oauth1_place place, struct span name,
                                struct span value) {
  unsigned marks = place == OAUTH1_IN_HEADER ? IN_HEADER : 0;
  enum twitter_result result = pairs_answer
      (signer, pairs_add(&signer->pairs, name, value, marks));
  if (result != TWITTER_OK) return result;
  return check_names(signer, pairs_count(&signer->pairs) - 1);
}


/*
** Signing and the header
*/

enum twitter_result oauth1_finish (struct oauth1_signer *signer) {
  unsigned char digest[CRYPTO_SHA1_SIZE];
  struct buf *base = &signer->base;
  if (pairs_count(&signer->pairs) > signer->own_count)  /* not in order? */
    pairs_sort(&signer->pairs);
  char *start = buf_room(base, pairs_room(&signer->pairs));
  if (start == NULL) return TWITTER_NO_MEMORY;
  base->length += (size_t)(pairs_write(start, &signer->pairs) - start);
  enum twitter_result result = crypto_mac_sum(signer->mac, digest, base->data,
                                              base->length);
  if (result == TWITTER_OK)
    base64_encode(signer->signature, digest, sizeof digest, BASE64_STANDARD);
  return result;
}


/* The realm stands there as it is, so it may hold nothing that ends it. */
static int good_realm (struct span realm) {
  if (realm.length > OAUTH1_MAX_REALM) return 0;
  for (size_t i = 0; i < realm.length; i++) {
    unsigned char c = (unsigned char)realm.data[i];
    if (c < ' ' || c == 0x7F || c == '"' || c == '\\') return 0;
  }
  return 1;
}


static size_t header_room (const struct pairs *pairs, struct span realm) {
  const struct pair *pair = pairs_list(pairs);
  size_t room = sizeof "OAuth realm=\"\", oauth_signature=\"\", " +
                realm.length + ESCAPE_ROOM(SIGNATURE_LENGTH);
  for (size_t i = 0; i < pairs_count(pairs); i++)
    if (pair[i].marks & IN_HEADER)
      room += pair[i].name.length + pair[i].value.length +
              sizeof "=\"\", " - 1;
  return room;
}


/* name="value",  */
static char *append_pair (char *out, struct span name, struct span value) {
  static const struct span open = SPAN("=\""), close = SPAN("\", ");
  out = append(append(out, name), open);
  return append(append(out, value), close);
}


static char *append_signature (char *out, const char *signature) {
  static const struct span name = SPAN("oauth_signature");
  char encoded[ESCAPE_ROOM(SIGNATURE_LENGTH)];
  char *end = escape_encode(encoded, signature, SIGNATURE_LENGTH);
  struct span value = { encoded, (size_t)(end - encoded) };
  out = append_pair(out, name, value);
  buf_wipe(encoded, sizeof encoded);
  return out;
}


enum twitter_result oauth1_header (struct oauth1_signer *signer,
                                   struct span realm, struct span *header) {
  static const struct span scheme = SPAN("OAuth "), realm_name = SPAN("realm");
  const struct pairs *pairs = &signer->pairs;
  const struct pair *pair = pairs_list(pairs);
  if (!good_realm(realm)) return refuse(signer, OAUTH1_BAD_REALM);
  signer->header.length = 0;
  char *start = buf_room(&signer->header, header_room(pairs, realm));
  if (start == NULL) return TWITTER_NO_MEMORY;
  char *out = append(start, scheme);
  if (realm.data != NULL) out = append_pair(out, realm_name, realm);
  for (size_t i = 0; i < pairs_count(pairs); i++) {
    if (!(pair[i].marks & IN_HEADER)) continue;
    if (pair[i].marks & AFTER_SIGNATURE)
      out = append_signature(out, signer->signature);
    out = append_pair(out, pairs_span(pairs, pair[i].name),
                      pairs_span(pairs, pair[i].value));
  }
  signer->header.length = (size_t)(out - start) - 2;  /* the last ", " */
  header->data = start;
  header->length = signer->header.length;
  return TWITTER_OK;
}


struct span oauth1_signature (const struct oauth1_signer *signer) {
  struct span signature = { signer->signature, SIGNATURE_LENGTH };
  return signature;
}


struct span oauth1_base_string (const struct oauth1_signer *signer) {
  struct span base = { signer->base.data, signer->base.length };
  return base;
}


enum oauth1_fault oauth1_fault (const struct oauth1_signer *signer) {
  return signer->fault;
}
