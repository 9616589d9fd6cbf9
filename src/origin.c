/*
** origin.c
** See origin.h for the idea.
*/
#include "twitter.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "origin.h"
#include "transfer.h"


/* The length of "https://host:port" at the beginning of a URL. */
static size_t name_length (const char *url) {
  const char *host = strstr(url, "://");
  if (host == NULL) return strcspn(url, "/?#");
  host += 3;
  return (size_t)(host - url) + strcspn(host, "/?#");
}


static int is_idle (const struct origin *o) {
  return o->running == 0 && o->held == NULL;
}


/* Makes room for one more by forgetting an idle one. */
static void forget_one (struct origins *o) {
  struct origin **link = &o->first;
  while (*link != NULL && !is_idle(*link)) link = &(*link)->next;
  struct origin *idle = *link;
  if (idle == NULL) return;
  *link = idle->next;
  free(idle);
  o->count--;
}


static struct origin *add (struct origins *o, const char *url, size_t n) {
  if (o->count == ORIGIN_MAX) forget_one(o);
  if (o->count == ORIGIN_MAX) return NULL;
  struct origin *origin = calloc(1, sizeof *origin + n + 1);
  if (origin == NULL) return NULL;
  memcpy(origin->name, url, n);
  origin->next = o->first;
  o->first = origin;
  o->count++;
  return origin;
}


/* HTTP/2 is only ever agreed on within TLS here. */
static int can_share (const struct transfer *t) {
  return !t->settings->only_http_1 && strncasecmp(t->url, "https:", 6) == 0;
}


struct origin *origins_find (struct origins *o, const struct transfer *t) {
  if (!can_share(t)) return NULL;
  size_t n = name_length(t->url);
  for (struct origin *i = o->first; i != NULL; i = i->next)
    if (strncmp(i->name, t->url, n) == 0 && i->name[n] == '\0') return i;
  return add(o, t->url, n);
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


void origin_hold (struct origins *o, struct transfer *t) {
  struct origin *origin = t->origin;
  t->held = 1;
  t->next = NULL;
  t->previous = origin->last;
  if (origin->last != NULL) origin->last->next = t;
  else origin->held = t;
  origin->last = t;
  o->held++;
}


void origin_let_go (struct origins *o, struct transfer *t) {
  struct origin *origin = t->origin;
  if (t->previous != NULL) t->previous->next = t->next;
  else origin->held = t->next;
  if (t->next != NULL) t->next->previous = t->previous;
  else origin->last = t->previous;
  t->held = 0;
  t->previous = t->next = NULL;
  o->held--;
}


struct transfer *origins_any_held (const struct origins *o) {
  if (o->held == 0) return NULL;
  const struct origin *origin = o->first;
  while (origin != NULL && origin->held == NULL) origin = origin->next;
  return origin != NULL ? origin->held : NULL;
}
