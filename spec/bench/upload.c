/*
** upload.c
** The limit of the row `upload`: a file in chunks on bare libcurl, each read
** straight from the file by the read callback, with one easy handle.
**
**   build/bench/upload url ca_file token file chunk_size
**   -> seconds
*/
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bare.h"

struct chunk {
  int descriptor;
  off_t position, end;
};


static size_t read_chunk (char *to, size_t size, size_t count, void *data) {
  struct chunk *c = data;
  size_t n = size * count;
  if ((off_t)n > c->end - c->position) n = (size_t)(c->end - c->position);
  ssize_t got = pread(c->descriptor, to, n, c->position);
  if (got < 0) return CURL_READFUNC_ABORT;
  c->position += got;
  return (size_t)got;
}


static void send_file (CURL *easy, struct answer *a, struct chunk *c,
                       off_t size, off_t chunk_size) {
  while (c->position < size) {
    c->end = c->position + chunk_size;
    if (c->end > size) c->end = size;
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)(c->end - c->position));
    bare_send(easy, a, 200);
  }
}


int main (int argc, char **argv) {
  if (argc != 6) die("usage: upload url ca_file token file chunk_size");
  char url[256];
  struct chunk c = {open(argv[4], O_RDONLY), 0, 0};
  struct stat status;
  if (c.descriptor < 0 || fstat(c.descriptor, &status) != 0) die(argv[4]);
  snprintf(url, sizeof url, "%s/2/media/upload/1/append", argv[1]);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  struct answer a;
  CURL *easy = bare_new(argv[2], &a);
  struct curl_slist *list = bare_headers(argv[3],
                                         "application/octet-stream");
  list = curl_slist_append(list, "Expect:");
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_chunk);
  curl_easy_setopt(easy, CURLOPT_READDATA, &c);
  double start = wall_clock();
  send_file(easy, &a, &c, status.st_size, strtol(argv[5], NULL, 10));
  printf("%.6f\n", wall_clock() - start);
  curl_slist_free_all(list);
  curl_easy_cleanup(easy);
  close(c.descriptor);
  free(a.data);
  return EXIT_SUCCESS;
}
