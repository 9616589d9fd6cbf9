/*
** parallel.c
** The limit of the row `parallel`: so many posts in flight on bare libcurl,
** one multi and as many easy handles whose options are set once, over one
** connection where HTTP/2 is spoken.
**
**   build/bench/parallel url ca_file token text count in_flight
**   -> posts per second, microseconds of CPU for each post
*/
#define _POSIX_C_SOURCE 200809L

#include "bare.h"

#define MAX_IN_FLIGHT 1024

struct post {
  CURL *easy;
  struct answer answer;
};


static void check_multi (CURLMcode code) {
  if (code != CURLM_OK) die(curl_multi_strerror(code));
}


static void prepare (struct post *p, const char *url, const char *ca_file,
                     const char *json, struct curl_slist *list) {
  p->easy = bare_new(ca_file, &p->answer);
  curl_easy_setopt(p->easy, CURLOPT_WRITEDATA, &p->answer);
  curl_easy_setopt(p->easy, CURLOPT_PRIVATE, p);
  curl_easy_setopt(p->easy, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt(p->easy, CURLOPT_URL, url);
  curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(p->easy, CURLOPT_POSTFIELDS, json);
}


static void begin (CURLM *multi, struct post *p) {
  p->answer.length = 0;
  check_multi(curl_multi_add_handle(multi, p->easy));
}


/* Takes what is done off the multi and sends it again while any of 'left' are
   to be sent; answers how many were done. */
static long turn_over (CURLM *multi, long *left) {
  CURLMsg *message;
  int queued;
  long done = 0;
  while ((message = curl_multi_info_read(multi, &queued)) != NULL) {
    CURL *easy = message->easy_handle;
    struct post *p = NULL;
    long status = 0;
    check(message->data.result);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&p);
    if (status != 201 || p->answer.length == 0) die("an unexpected answer");
    curl_multi_remove_handle(multi, easy);
    done++;
    if (*left == 0) continue;
    (*left)--;
    begin(multi, p);
  }
  return done;
}


static void post (CURLM *multi, struct post *posts, long in_flight,
                  long count) {
  long left = count, done = 0;
  for (long i = 0; i < in_flight && left > 0; i++, left--)
    begin(multi, &posts[i]);
  while (done < count) {
    int running;
    check_multi(curl_multi_perform(multi, &running));
    long now = turn_over(multi, &left);
    done += now;
    if (now == 0) check_multi(curl_multi_poll(multi, NULL, 0, 1000, NULL));
  }
}


int main (int argc, char **argv) {
  if (argc != 7) die("usage: parallel url ca_file token text count in_flight");
  static struct post posts[MAX_IN_FLIGHT];
  long count = strtol(argv[5], NULL, 10), in_flight = strtol(argv[6], NULL, 10);
  char url[256], json[1024];
  if (in_flight < 1 || in_flight > MAX_IN_FLIGHT) die("in_flight");
  snprintf(url, sizeof url, "%s/2/tweets", argv[1]);
  snprintf(json, sizeof json, "{\"text\":\"%s\"}", argv[4]);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM *multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  struct curl_slist *list = bare_headers(argv[3], "application/json");
  for (long i = 0; i < in_flight; i++)
    prepare(&posts[i], url, argv[2], json, list);
  post(multi, posts, in_flight, in_flight * 4);  /* connects, warms up */
  double start = wall_clock();
  clock_t used = clock();
  post(multi, posts, in_flight, count);
  double wall = wall_clock() - start;
  double cpu = (double)(clock() - used) / CLOCKS_PER_SEC;
  printf("%.3f %.3f\n", (double)count / wall, cpu * 1e6 / (double)count);
  for (long i = 0; i < in_flight; i++) {
    curl_easy_cleanup(posts[i].easy);
    free(posts[i].answer.data);
  }
  curl_slist_free_all(list);
  curl_multi_cleanup(multi);
  curl_global_cleanup();
  return EXIT_SUCCESS;
}
