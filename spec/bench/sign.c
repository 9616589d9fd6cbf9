/*
** sign.c
** The limit of the row `sign`: the time that OpenSSL's one-shot HMAC() and
** its base64 take for a given base string. Nothing of the module is in it.
**
**   cc -O2 -o build/bench/sign spec/bench/sign.c -lcrypto
**   build/bench/sign key base_string count   -> nanoseconds of CPU per text,
**                                               and the signature itself
*/
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define SHA1_SIZE 20
#define WARM_UP   1000


static void sign (char *signature, const char *key, int key_length,
                  const char *base, size_t length) {
  unsigned char digest[SHA1_SIZE];
  if (HMAC(EVP_sha1(), key, key_length, (const unsigned char *)base, length,
           digest, NULL) == NULL) {
    fputs("HMAC failed\n", stderr);
    exit(EXIT_FAILURE);
  }
  EVP_EncodeBlock((unsigned char *)signature, digest, SHA1_SIZE);
}


int main (int argc, char **argv) {
  char signature[64];
  if (argc != 4) {
    fputs("usage: sign key base_string count\n", stderr);
    return EXIT_FAILURE;
  }
  int key_length = (int)strlen(argv[1]);
  size_t length = strlen(argv[2]);
  long count = strtol(argv[3], NULL, 10);
  for (long i = 0; i < WARM_UP; i++)
    sign(signature, argv[1], key_length, argv[2], length);
  clock_t start = clock();
  for (long i = 0; i < count; i++)
    sign(signature, argv[1], key_length, argv[2], length);
  double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
  printf("%.1f %s\n", seconds * 1e9 / (double)count, signature);
  return EXIT_SUCCESS;
}
