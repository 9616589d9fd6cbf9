/*
** origin.h
** How many transfers one server is given at a time. Over HTTP/2 all share a
** connection, up to a number of streams; a transfer beyond it would make
** libcurl open a connection of its own for it alone, and a hundred more the
** next hundred. So the engine holds it until there is room. Servers known to
** speak HTTP/1 have no such limit.
*/
#ifndef origin_h
#define origin_h

#include "twitter.h"

#pragma GCC visibility push(hidden)

#define ORIGIN_STREAMS 100   /* at a time, unless it speaks HTTP/1 */
#define ORIGIN_MAX     256   /* servers told apart; the rest is unlimited */

struct origin {
  struct origin *next;
  int running;
  int speaks_http_1;
  char name[];           /* scheme, host and port, as in the URL */
};

struct origins {
  struct origin *first;
  int count;
};

/* The origin that a URL belongs to; NULL: not counted (memory is short, or
   there are too many). It lives until origins_free. */
struct origin *origins_find (struct origins *o, const char *url);

void origins_free (struct origins *o);

/* May one more start? NULL always may. */
int origin_has_room (const struct origin *o);

#pragma GCC visibility pop

#endif
