/*
** crypto.c
** See crypto.h for the idea. The only file that includes OpenSSL.
*/
#include "twitter.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "buf.h"
#include "crypto.h"

#if OPENSSL_VERSION_NUMBER < 0x10101000L
#error "twitter needs OpenSSL 1.1.1 or newer"
#endif

#define BLOCK_SIZE 64  /* of SHA-1 and SHA-256 alike */


/* A failure must not stay in the thread's error queue, where the next user
   of OpenSSL in this process (nginx, libcurl) would take it for its own. */
static enum twitter_result answer (int success) {
  if (success) return TWITTER_OK;
  ERR_clear_error();
  return TWITTER_CRYPTO;
}


static const EVP_MD *digest_of (enum crypto_hash hash) {
  return hash == CRYPTO_SHA1 ? EVP_sha1() : EVP_sha256();
}


unsigned long crypto_version (void) {
  return OpenSSL_version_num();
}


enum twitter_result crypto_sha256 (unsigned char *out, const void *bytes,
                                   size_t n) {
  return answer(EVP_Digest(bytes, n, out, NULL, EVP_sha256(), NULL));
}


enum twitter_result crypto_hmac (enum crypto_hash hash, unsigned char *out,
                                 const void *key, size_t key_length,
                                 const void *bytes, size_t n) {
  if (key_length > INT_MAX) return TWITTER_OVER_LIMIT;
  return answer(HMAC(digest_of(hash), key, (int)key_length, bytes, n, out,
                     NULL) != NULL);
}


int crypto_equal (const void *a, const void *b, size_t n) {
  return CRYPTO_memcmp(a, b, n) == 0;
}


/*
** Keyed MAC (RFC 2104)
*/

struct crypto_mac {
  EVP_MD_CTX *inner;   /* has read the key block xor ipad */
  EVP_MD_CTX *outer;   /* has read the key block xor opad */
  EVP_MD_CTX *work;    /* a copy of one of them */
  size_t size;         /* of the digest */
};


void crypto_mac_free (struct crypto_mac *mac) {
  if (mac == NULL) return;
  EVP_MD_CTX_free(mac->inner);
  EVP_MD_CTX_free(mac->outer);
  EVP_MD_CTX_free(mac->work);
  free(mac);
}


/* A long key is replaced by its digest, a short one filled up with zeroes. */
static int key_block (unsigned char *block, const EVP_MD *digest,
                      const void *key, size_t n) {
  memset(block, 0, BLOCK_SIZE);
  if (n > BLOCK_SIZE) return EVP_Digest(key, n, block, NULL, digest, NULL);
  memcpy(block, key, n);
  return 1;
}


static int start_state (EVP_MD_CTX *state, const EVP_MD *digest,
                        const unsigned char *block, unsigned char pad) {
  unsigned char padded[BLOCK_SIZE];
  for (size_t i = 0; i < BLOCK_SIZE; i++)
    padded[i] = (unsigned char)(block[i] ^ pad);
  int success = EVP_DigestInit_ex(state, digest, NULL) &&
                EVP_DigestUpdate(state, padded, BLOCK_SIZE);
  buf_wipe(padded, sizeof padded);
  return success;
}


enum twitter_result crypto_mac_new (struct crypto_mac **mac,
                                    enum crypto_hash hash, const void *key,
                                    size_t key_length) {
  const EVP_MD *digest = digest_of(hash);
  unsigned char block[BLOCK_SIZE];
  enum twitter_result result = TWITTER_NO_MEMORY;
  struct crypto_mac *new_mac = calloc(1, sizeof *new_mac);
  if (new_mac == NULL) return TWITTER_NO_MEMORY;
  new_mac->size = hash == CRYPTO_SHA1 ? CRYPTO_SHA1_SIZE : CRYPTO_SHA256_SIZE;
  new_mac->inner = EVP_MD_CTX_new();
  new_mac->outer = EVP_MD_CTX_new();
  new_mac->work = EVP_MD_CTX_new();
  if (!new_mac->inner || !new_mac->outer || !new_mac->work) goto fail;
  result = answer(key_block(block, digest, key, key_length) &&
                  start_state(new_mac->inner, digest, block, 0x36) &&
                  start_state(new_mac->outer, digest, block, 0x5c));
  buf_wipe(block, sizeof block);
  if (result != TWITTER_OK) goto fail;
  *mac = new_mac;
  return TWITTER_OK;
fail:
  crypto_mac_free(new_mac);
  return result;
}


/* Goes on from 'state' with one more text. */
static int sum_from (struct crypto_mac *mac, const EVP_MD_CTX *state,
                     unsigned char *out, const void *bytes, size_t n) {
  return EVP_MD_CTX_copy_ex(mac->work, state) &&
         EVP_DigestUpdate(mac->work, bytes, n) &&
         EVP_DigestFinal_ex(mac->work, out, NULL);
}


enum twitter_result crypto_mac_sum (struct crypto_mac *mac,
                                    unsigned char *out, const void *bytes,
                                    size_t n) {
  return answer(sum_from(mac, mac->inner, out, bytes, n) &&
                sum_from(mac, mac->outer, out, out, mac->size));
}


/*
** Random bytes
*/

#define POOL_SIZE  4096u  /* a page, or part of one */
#define POOL_BYTES (POOL_SIZE - sizeof(size_t))

/* Lives in memory of its own, so that the kernel can empty all of it: a page
   of zeroes is an empty pool. */
struct page {
  size_t left;                      /* bytes not given out yet, at the end */
  unsigned char bytes[POOL_BYTES];
};

struct crypto_pool {
  struct page *page;
  pid_t owner;   /* 0 where the kernel empties the page on fork */
};


void crypto_pool_free (struct crypto_pool *pool) {
  if (pool == NULL) return;
  buf_wipe(pool->page, POOL_SIZE);
  munmap(pool->page, POOL_SIZE);
  free(pool);
}


static int emptied_on_fork (void *page) {
#ifdef MADV_WIPEONFORK
  return madvise(page, POOL_SIZE, MADV_WIPEONFORK) == 0;
#else
  (void)page;
  return 0;
#endif
}


enum twitter_result crypto_pool_new (struct crypto_pool **pool) {
  struct crypto_pool *new_pool = calloc(1, sizeof *new_pool);
  if (new_pool == NULL) return TWITTER_NO_MEMORY;
  void *page = mmap(NULL, POOL_SIZE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    free(new_pool);
    return TWITTER_NO_MEMORY;
  }
#ifdef MADV_DONTDUMP
  (void)madvise(page, POOL_SIZE, MADV_DONTDUMP);  /* stays out of core files */
#endif
  new_pool->page = page;
  new_pool->owner = emptied_on_fork(page) ? 0 : getpid();
  *pool = new_pool;
  return TWITTER_OK;
}


static enum twitter_result refill (struct page *page) {
  page->left = 0;
  if (answer(RAND_bytes(page->bytes, POOL_BYTES) == 1) != TWITTER_OK)
    return TWITTER_CRYPTO;
  page->left = POOL_BYTES;
  return TWITTER_OK;
}


static void drop_after_fork (struct crypto_pool *pool) {
  pid_t process = getpid();
  if (process == pool->owner) return;
  buf_wipe(pool->page, POOL_SIZE);
  pool->owner = process;
}


enum twitter_result crypto_pool_take (struct crypto_pool *pool, void *out,
                                      size_t n) {
  struct page *page = pool->page;
  if (n > POOL_BYTES) return TWITTER_OVER_LIMIT;
  if (pool->owner != 0) drop_after_fork(pool);
  if (page->left < n && refill(page) != TWITTER_OK) return TWITTER_CRYPTO;
  unsigned char *bytes = page->bytes + (POOL_BYTES - page->left);
  memcpy(out, bytes, n);
  buf_wipe(bytes, n);
  page->left -= n;
  return TWITTER_OK;
}


/* Two of the 64 values of six bits stand for nothing and are thrown away:
   the next one overwrites what they wrote. */
enum twitter_result crypto_token (struct crypto_pool *pool, char *out,
                                  size_t n) {
  static const char alphabet[64] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  unsigned char bytes[64];
  char *end = out + n;
  while (out < end) {
    size_t missing = (size_t)(end - out);
    size_t some = missing + missing / 10 + 1;
    if (some > sizeof bytes) some = sizeof bytes;
    enum twitter_result result = crypto_pool_take(pool, bytes, some);
    if (result != TWITTER_OK) {
      buf_wipe(bytes, sizeof bytes);
      return result;
    }
    for (size_t i = 0; i < some && out < end; i++) {
      unsigned value = bytes[i] & 63;
      *out = alphabet[value];
      out += value < 62;
    }
  }
  buf_wipe(bytes, sizeof bytes);
  return TWITTER_OK;
}
