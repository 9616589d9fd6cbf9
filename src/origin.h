/*
** origin.h
** How many transfers one server is given at a time. Over HTTP/2 all share a
** connection, up to a number of streams; a transfer beyond it would make
** libcurl open a connection of its own for it alone, and a hundred more the
** next hundred. So the engine holds it until there is room, each server's in
** a queue of their own: a crowded server keeps nobody from another one.
** Servers known to speak HTTP/1 have no such limit.
*/
#ifndef origin_h
#define origin_h

#include "transfer.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

#define ORIGIN_STREAMS 100   /* at a time, unless it speaks HTTP/1 */
#define ORIGIN_MAX     256   /* servers told apart; see origins_find */

struct origin {
  struct origin *next;
  struct transfer *held, *last;  /* who waits for room; first come, first */
  int running;
  int speaks_http_1;
  char name[];                   /* scheme, host and port, as in the URL */
};

struct origins {
  struct origin *first;
  int count;
  int held;                      /* transfers, of all servers together */
};

/* The origin that a transfer counts in; NULL: it is not counted, because it
   can only travel over HTTP/1, memory is short, or ORIGIN_MAX servers are
   busy. An origin may be forgotten as soon as it is idle. */
struct origin *origins_find (struct origins *o, const struct transfer *t);

void origins_free (struct origins *o);

/* May one more start? NULL always may. */
int origin_has_room (const struct origin *o);

/* Puts a transfer at the end of its origin's queue, and takes it out again,
   wherever it stands. */
void origin_hold (struct origins *o, struct transfer *t);
void origin_let_go (struct origins *o, struct transfer *t);

/* Any held transfer; NULL: there is none. */
struct transfer *origins_any_held (const struct origins *o);

#pragma GCC visibility pop

#endif
