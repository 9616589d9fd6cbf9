/*
** worker.h
** The I/O thread: one in each process that needs it, started by the first
** use, with an engine of its own that serves every Lua state of the process.
** It knows jobs and mailboxes and never Lua. All signals are blocked in it.
**
** The thread stops, and is waited for, when the last state that attached
** has detached, or at exit, whichever comes first; what was under way is
** then delivered as canceled, and what comes after the beginning of the exit
** is refused. A fork waits for the moments in which the thread sleeps. In the
** child the thread does not exist: it starts one of its own when it needs it.
*/
#ifndef worker_h
#define worker_h

#include "mailbox.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

/* One more state uses the worker, or one less. Any thread. */
void worker_attach (void);
void worker_detach (void);

/* Gives a held job to the I/O thread, which delivers it to its mailbox. On
   failure the job is still held. Any thread that has attached. */
enum twitter_result worker_submit (struct job *job);

/* Asks for the early end of every job that is over (see job_is_over). Each is
   delivered as canceled, or as what it had become by then. */
void worker_sweep (void);

/* Has this mailbox sent a beat each second while it is connected. It keeps
   one reference until worker_silence. */
enum twitter_result worker_beat (struct mailbox *m);
void worker_silence (struct mailbox *m);

#pragma GCC visibility pop

#endif
