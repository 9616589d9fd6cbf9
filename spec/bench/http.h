/*
** http.h
** What the programs that ask a server over loopback share: a connection, one
** request that is said again and again, and its answers, which must be whole,
** have a Content-Length and the status 200.
*/
#ifndef http_h
#define http_h

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include "common.h"

#define HTTP_ANSWER 4096   /* the longest answer, head and all */

struct http_answer {
  char bytes[HTTP_ANSWER + 1];
  size_t length;
};


static inline int http_connect (const char *port) {
  struct sockaddr_in address;
  int one = 1;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons((unsigned short)strtol(port, NULL, 10));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int s = socket(AF_INET, SOCK_STREAM, 0);
  if (s < 0 || connect(s, (struct sockaddr *)&address, sizeof address) != 0)
    die("cannot connect");
  setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return s;
}


static inline void http_ask (int s, const char *path) {
  char text[256];
  int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n"
                   "\r\n", path);
  if (n < 0 || (size_t)n >= sizeof text || write(s, text, (size_t)n) != n)
    die("cannot ask");
}


static inline size_t http_body_length (const char *head) {
  for (const char *line = head; line != NULL; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (strncasecmp(line, "content-length:", 15) == 0)
      return (size_t)strtol(line + 15, NULL, 10);
  }
  die("an answer without a length");
  return 0;
}


/* Reads what there is: non-zero when the answer is whole. */
static inline int http_read (int s, struct http_answer *a) {
  ssize_t n = read(s, a->bytes + a->length, HTTP_ANSWER - a->length);
  if (n <= 0) die("the connection ended");
  a->length += (size_t)n;
  a->bytes[a->length] = '\0';
  const char *body = strstr(a->bytes, "\r\n\r\n");
  if (body == NULL) return 0;
  body += 4;
  size_t have = a->length - (size_t)(body - a->bytes);
  if (have < http_body_length(a->bytes)) return 0;
  if (strncmp(a->bytes, "HTTP/1.1 200 ", 13) != 0) die(body);
  return 1;
}


static inline int http_compare (const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}


/* "p50 p99 max" of these times, in milliseconds; sorts them. */
static inline void http_print_times (double *times, size_t count) {
  if (count == 0) die("nothing was measured");
  qsort(times, count, sizeof *times, http_compare);
  printf("%.3f %.3f %.3f\n", times[count / 2] * 1e3,
         times[count * 99 / 100] * 1e3, times[count - 1] * 1e3);
}

#endif
