/*
** origin.c
** See origin.h for the idea.
*/
#include "twitter.h"

#include <stdlib.h>
#include <string.h>

#include "origin.h"


/* The length of "https://host:port" at the beginning of a URL. */
static size_t name_length (const char *url) {
  const char *host = strstr(url, "://");
  if (host == NULL) return strcspn(url, "/?#");
  host += 3;
  return (size_t)(host - url) + strcspn(host, "/?#");
}


static struct origin *add (struct origins *o, const char *url, size_t n) {
  if (o->count == ORIGIN_MAX) return NULL;
  struct origin *origin = calloc(1, sizeof *origin + n + 1);
  if (origin == NULL) return NULL;
  memcpy(origin->name, url, n);
  origin->next = o->first;
  o->first = origin;
  o->count++;
  return origin;
}


struct origin *origins_find (struct origins *o, const char *url) {
  size_t n = name_length(url);
  for (struct origin *i = o->first; i != NULL; i = i->next)
    if (strncmp(i->name, url, n) == 0 && i->name[n] == '\0') return i;
  return add(o, url, n);
}


void origins_free (struct origins *o) {
  while (o->first != NULL) {
    struct origin *origin = o->first;
    o->first = origin->next;
    free(origin);
  }
  o->count = 0;
}


int origin_has_room (const struct origin *o) {
  return o == NULL || o->speaks_http_1 || o->running < ORIGIN_STREAMS;
}
