/*
** post.c
** The limit of the row `post`: posts one after another on bare libcurl, with
** one easy handle whose options are set once.
**
**   build/bench/post url ca_file token text count
**   -> microseconds of CPU for each post
*/
#define _POSIX_C_SOURCE 200809L

#include "bare.h"

#define WARM_UP 20


int main (int argc, char **argv) {
  if (argc != 6) die("usage: post url ca_file token text count");
  long count = strtol(argv[5], NULL, 10);
  char url[256], json[1024];
  snprintf(url, sizeof url, "%s/2/tweets", argv[1]);
  snprintf(json, sizeof json, "{\"text\":\"%s\"}", argv[4]);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  struct answer a;
  CURL *easy = bare_new(argv[2], &a);
  struct curl_slist *list = bare_headers(argv[3], "application/json");
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, json);
  for (long i = 0; i < WARM_UP; i++) bare_send(easy, &a, 201);
  clock_t start = clock();
  for (long i = 0; i < count; i++) bare_send(easy, &a, 201);
  double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
  printf("%.3f\n", seconds * 1e6 / (double)count);
  curl_slist_free_all(list);
  curl_easy_cleanup(easy);
  free(a.data);
  curl_global_cleanup();
  return EXIT_SUCCESS;
}
