/*
** engine.h
** Many transfers over one curl_multi: connections, DNS answers and TLS
** sessions are shared by all of them and outlive each. The engine has no
** thread and no loop of its own; whoever owns it steps it: the blocking
** caller in its own thread, or an I/O thread that does nothing else.
**
** All functions but engine_wake belong to the owner's thread. After a fork
** the child's first call drops everything inherited, without a byte on the
** parent's connections, and begins anew; the inherited sockets stay open in
** the child, unused, until it ends.
*/
#ifndef engine_h
#define engine_h

#include "transfer.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

struct engine;

/* NULL when memory is short. May be used by another thread than made it,
   as long as one at a time uses it. */
struct engine *engine_new (void);

/* Initializes libcurl, once for all engines. engine_new does it as well. */
void engine_initialize (void);

/* Has 'done' called, on the owner's thread, as the last thing the engine
   does with each transfer; it may free it. NULL: nobody is told. */
typedef void engine_done (void *data, struct transfer *t);
void engine_on_done (struct engine *e, engine_done *done, void *data);

/* Cancels what still runs and closes all connections. NULL is fine. */
void engine_free (struct engine *e);

/* Starts a transfer. The engine borrows it until its state is TRANSFER_DONE;
   it stays where it is, unchanged, for that time. When the start fails the
   transfer is done at once and tells why. */
void engine_add (struct engine *e, struct transfer *t);

/* Moves all transfers on, waiting up to 'milliseconds' for something to
   happen (at times less). Answers how many are still running. */
int engine_step (struct engine *e, int milliseconds);

/* How many transfers have come to their end so far. */
unsigned long long engine_finished (const struct engine *e);

/* Steps until 't', one of this engine's, is done or the time is over: is it
   done? */
int engine_wait (struct engine *e, struct transfer *t, int milliseconds);

/* Waits, at most so long, for something to happen, and moves nothing. */
void engine_sleep (struct engine *e, int milliseconds);

/* Lets the time pass, possibly less, while the transfers move on;
   engine_wake ends it. */
void engine_rest (struct engine *e, int milliseconds);

/* Ends a transfer that this engine runs; it is done on return. Another's is
   left alone. */
void engine_cancel (struct engine *e, struct transfer *t);

/* Makes a waiting engine_step return. From any thread. */
void engine_wake (struct engine *e);

#pragma GCC visibility pop

#endif
