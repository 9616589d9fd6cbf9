/*
** bare.h
** What the programs on bare libcurl share: an easy handle that says the same
** as the module's requests say, and answers kept in memory. Nothing of the
** module is in it.
*/
#ifndef bare_h
#define bare_h

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "common.h"

#define BARE_AGENT "twitter-api-lua/0.1.0"
#define BARE_AUTHORIZATION "authorization: Bearer "

struct answer {
  char *data;
  size_t length, size;
};


static inline void check (CURLcode code) {
  if (code != CURLE_OK) die(curl_easy_strerror(code));
}


static inline size_t bare_write (char *bytes, size_t size, size_t count,
                                 void *data) {
  struct answer *a = data;
  size_t n = size * count;
  if (a->length + n > a->size) {
    a->size = (a->length + n) * 2;
    a->data = realloc(a->data, a->size);
    if (a->data == NULL) return 0;
  }
  memcpy(a->data + a->length, bytes, n);
  a->length += n;
  return n;
}


/* The fields of a request: those of the module, in its order. 'type' may be
   NULL. */
static inline struct curl_slist *bare_headers (const char *token,
                                               const char *type) {
  char text[512];
  struct curl_slist *list = curl_slist_append(NULL,
                                              "accept: application/json");
  snprintf(text, sizeof text, BARE_AUTHORIZATION "%s", token);
  list = curl_slist_append(list, text);
  if (type == NULL) return list;
  snprintf(text, sizeof text, "content-type: %s", type);
  return curl_slist_append(list, text);
}


static inline CURL *bare_new (const char *ca_file, struct answer *a) {
  CURL *easy = curl_easy_init();
  if (easy == NULL) die("no easy handle");
  memset(a, 0, sizeof *a);
  curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
  curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                   (long)CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, BARE_AGENT);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, bare_write);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, a);
  return easy;
}


/* Sends it and sees that the answer is the expected one. */
static inline void bare_send (CURL *easy, struct answer *a, long expected) {
  long status = 0;
  a->length = 0;
  check(curl_easy_perform(easy));
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != expected) die("an unexpected status");
}

#endif
