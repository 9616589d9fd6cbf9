/*
** oauth1.h
** OAuth 1.0a with HMAC-SHA1 (RFC 5849): from a request's parameters to the
** base string, to the signature, to the Authorization header. A signer holds
** one set of credentials, its key schedule done and its constant parameters
** encoded; a request is then put together in steps:
**
**   oauth1_begin    method, URL (its query too), nonce, timestamp
**   oauth1_add      each parameter of a form body or for the header
**   oauth1_finish   sorts, builds the base string, signs
**   oauth1_header   (or oauth1_signature, oauth1_base_string)
**
** Nothing is shared: different signers may work in different threads. What
** held a credential is wiped before its memory is released.
*/
#ifndef oauth1_h
#define oauth1_h

#include <stddef.h>
#include "crypto.h"
#include "span.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

/* Ceilings in bytes; those of URL and parameters are in url.h, pairs.h. */
#define OAUTH1_MAX_CREDENTIAL  1024u
#define OAUTH1_MAX_METHOD      32u
#define OAUTH1_MAX_REALM       1024u

struct oauth1_credentials {
  struct span consumer_key;
  struct span consumer_secret;
  struct span token;            /* may be absent, and its secret then */
  struct span token_secret;
};

struct oauth1_request {
  struct span method;           /* letters; signed in upper case */
  struct span url;              /* http or https, as it will be sent */
  struct span nonce;            /* absent: a new one is made */
  long long timestamp;          /* 0: the clock of this machine */
  int without_version;          /* leave oauth_version out? */
};

/* Why a request was refused (TWITTER_INVALID or TWITTER_OVER_LIMIT). */
enum oauth1_fault {
  OAUTH1_NO_FAULT,
  OAUTH1_BAD_METHOD,
  OAUTH1_BAD_URL,
  OAUTH1_USERINFO,      /* a name or password stands in the URL */
  OAUTH1_BAD_QUERY,     /* % without two hex digits */
  OAUTH1_BAD_TIMESTAMP,
  OAUTH1_BAD_REALM,
  OAUTH1_RESERVED,      /* a parameter that the signer itself sends */
  OAUTH1_TOO_LONG       /* URL, or the parameters, in number or in bytes */
};

/* Whether a parameter added to a request is also repeated in the header. */
enum oauth1_place { OAUTH1_IN_BODY, OAUTH1_IN_HEADER };

struct oauth1_signer;

/* Copies what it needs of the credentials. TWITTER_INVALID: the consumer key
   is empty, one is too long, or a NUL, CR or LF stands in one. */
enum twitter_result oauth1_new (struct oauth1_signer **signer,
                                const struct oauth1_credentials *credentials);
void oauth1_free (struct oauth1_signer *signer);  /* NULL is fine */

/* Starts a request and forgets the one before. The pool serves the nonce and
   may be NULL when one is given. When this or a later step fails, the request
   is to be begun again. */
enum twitter_result oauth1_begin (struct oauth1_signer *signer,
                                  const struct oauth1_request *request,
                                  struct crypto_pool *pool);

/* Adds a parameter, given as it is before any encoding. */
enum twitter_result oauth1_add (struct oauth1_signer *signer,
                                enum oauth1_place place, struct span name,
                                struct span value);

enum twitter_result oauth1_finish (struct oauth1_signer *signer);

/* The value of the Authorization header. 'realm' may be absent. What this
   and the next two answer belongs to the signer, until its next request. */
enum twitter_result oauth1_header (struct oauth1_signer *signer,
                                   struct span realm, struct span *header);

/* The signature in base64. */
struct span oauth1_signature (const struct oauth1_signer *signer);

/* What was signed. It holds no secret, but the token itself stands in it. */
struct span oauth1_base_string (const struct oauth1_signer *signer);

/* What was wrong with the request that was refused last. */
enum oauth1_fault oauth1_fault (const struct oauth1_signer *signer);

#pragma GCC visibility pop

#endif
