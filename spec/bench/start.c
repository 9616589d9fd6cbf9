/*
** start.c
** The limit of the row `start`: a program on bare libcurl that makes one
** request and ends, trusting the one certificate of 'ca_file'.
**
**   build/bench/start url ca_file token
*/
#define _POSIX_C_SOURCE 200809L

#include "bare.h"


int main (int argc, char **argv) {
  if (argc != 4) die("usage: start url ca_file token");
  char url[256];
  snprintf(url, sizeof url, "%s/2/users/me", argv[1]);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  struct answer a;
  CURL *easy = bare_new(argv[2], &a);
  struct curl_slist *list = bare_headers(argv[3], NULL);
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
  bare_send(easy, &a, 200);
  curl_slist_free_all(list);
  curl_easy_cleanup(easy);
  free(a.data);
  curl_global_cleanup();
  return EXIT_SUCCESS;
}
