/*
** crypto.h
** What the module needs of OpenSSL, and nothing of how OpenSSL is called:
** digests, keyed MACs, random bytes, a comparison that tells no time. Here is
** no global state: a MAC or a pool belongs to one thread at a time, so that
** neither needs a lock.
*/
#ifndef crypto_h
#define crypto_h

#include <stddef.h>
#include "twitter.h"

#pragma GCC visibility push(hidden)

#define CRYPTO_SHA1_SIZE    20
#define CRYPTO_SHA256_SIZE  32

enum crypto_hash { CRYPTO_SHA1, CRYPTO_SHA256 };

/* The version of the library that this module found, as OpenSSL numbers it. */
unsigned long crypto_version (void);

/* One-shot digest and MACs. 'out' takes as many bytes as the hash has. */
enum twitter_result crypto_sha256 (unsigned char *out, const void *bytes,
                                   size_t n);
enum twitter_result crypto_hmac (enum crypto_hash hash, unsigned char *out,
                                 const void *key, size_t key_length,
                                 const void *bytes, size_t n);

/* An HMAC whose key schedule was done once: the states of the hash after the
   inner and the outer key block, copied for every message. (Plain digest
   contexts are the same code on OpenSSL 1.1.1 and 3, and were measured faster
   than a re-initialised EVP_MAC.) Freeing wipes it. */
struct crypto_mac;

enum twitter_result crypto_mac_new (struct crypto_mac **mac,
                                    enum crypto_hash hash, const void *key,
                                    size_t key_length);
enum twitter_result crypto_mac_sum (struct crypto_mac *mac,
                                    unsigned char *out, const void *bytes,
                                    size_t n);
void crypto_mac_free (struct crypto_mac *mac);  /* NULL is fine */

/* Random bytes, fetched from OpenSSL a page at a time, each given out once
   and wiped. A child process never sees the bytes of its parent: the kernel
   empties the page on fork, or, where it cannot, the process id is compared
   before every use. */
struct crypto_pool;

enum twitter_result crypto_pool_new (struct crypto_pool **pool);
enum twitter_result crypto_pool_take (struct crypto_pool *pool, void *out,
                                      size_t n);
void crypto_pool_free (struct crypto_pool *pool);  /* NULL is fine */

/* 'n' letters and digits, each of the 62 equally likely (5.95 bits each). */
enum twitter_result crypto_token (struct crypto_pool *pool, char *out,
                                  size_t n);

/* Are 'n' bytes the same? Takes the same time wherever they differ. */
int crypto_equal (const void *a, const void *b, size_t n);

#pragma GCC visibility pop

#endif
