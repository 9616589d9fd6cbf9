/*
** mailbox.h
** How finished transfers come back from the I/O thread. A job wraps one
** transfer for the journey; it changes hands at two points only: submission
** gives it to the thread, delivery gives it to the mailbox it came from. A
** mailbox belongs to one Lua state, which collects from it; a byte on a
** descriptor tells an event loop that there is something to collect.
**
** Each mailbox has a lock of its own, held for a few lines and never across
** a call that could wait. The worker takes it while it holds its own lock;
** nothing here ever takes the worker's.
*/
#ifndef mailbox_h
#define mailbox_h

#include <stddef.h>

#include "transfer.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

#define MAILBOX_PATH_SIZE 108   /* what a socket's address has room for */

enum mailbox_wake {
  MAILBOX_READY = '!',   /* there is something to collect */
  MAILBOX_BEAT = '.'     /* nothing new; the thread is alive */
};

struct mailbox;

/* Whose a job is. Changed under the lock of its mailbox. */
enum job_place {
  JOB_HELD,        /* the Lua side's: not yet submitted, or collected */
  JOB_TRAVELLING,  /* the I/O thread's */
  JOB_DELIVERED    /* the mailbox's, until it is collected */
};

struct job {
  struct transfer *transfer;   /* owned; NULL: an alarm, see below */
  long long due;               /* of an alarm: ms of the monotonic clock */
  struct mailbox *home;        /* one reference */
  unsigned long long id;       /* never used twice in a process */
  enum job_place place;
  int abandoned;               /* nobody is going to collect it */
  struct job *next, *previous; /* in the list that its place implies */
};

/* A job around 'transfer', which it takes over; NULL when memory is short
   (and the transfer is still the caller's). Any thread. */
struct job *job_new (struct transfer *transfer, struct mailbox *home);

/* A job that does nothing but come back when 'due' is reached. No userdata
   holds it: who collects it frees it, and a closed mailbox does so itself. */
struct job *job_new_alarm (long long due, struct mailbox *home);

/* Frees job and transfer. For whoever holds the job. */
void job_free (struct job *job);

/* Is it back in the Lua side's hands or waiting to be? Owner's thread. */
int job_is_done (struct job *job);

/* The Lua side forgets a job, wherever it is. Non-zero: it still travels,
   and is freed at its arrival: ask the worker for a sweep. */
int job_abandon (struct job *job);

/* Does nobody wait for it? It was abandoned, or its mailbox closed. */
int job_is_over (struct job *job);

/* An empty mailbox with one reference; NULL when memory is short. */
struct mailbox *mailbox_new (void);
struct mailbox *mailbox_share (struct mailbox *m);
void mailbox_release (struct mailbox *m);

/* Was it made in this very process? In a forked child the parent's mailboxes
   and travelling jobs are left alone: their lock may be held for ever. */
int mailbox_is_ours (const struct mailbox *m);

/* ---- the owner's thread ---- */

/* Marks a held job as travelling, before the worker gets it. */
void mailbox_send_off (struct mailbox *m, struct job *job);

/* The next delivered job, now held by the caller again; NULL: none left. */
struct job *mailbox_collect (struct mailbox *m);

/* How many jobs travel or wait to be collected. */
int mailbox_pending (struct mailbox *m);

/* A descriptor that becomes readable when there is something to collect,
   made at the first call; -1 with errno. The mailbox owns it. */
int mailbox_descriptor (struct mailbox *m);

/* For hosts whose loop only knows connections it made itself: listens on a
   socket with a name in a new private directory and writes the name to
   'path'. When the host has connected, mailbox_accept takes the connection
   as the one to wake, and removes socket and directory. Both answer 0, or
   -1 with errno; only this very process can connect. */
int mailbox_listen (struct mailbox *m, char path[MAILBOX_PATH_SIZE]);
int mailbox_accept (struct mailbox *m);

/* Closes whatever is there to wake. */
void mailbox_disconnect (struct mailbox *m);

/* The owner is not going to collect any more: alarms are freed, now and when
   they arrive; what travels is over, and a sweep ends it. */
void mailbox_close (struct mailbox *m);

/* Reads away the bytes on the descriptor. */
void mailbox_drain (struct mailbox *m);

/* Sends a byte as if something had arrived. Any thread. */
void mailbox_poke (struct mailbox *m);

/* ---- the I/O thread ---- */

/* Hands a travelling job over, and wakes the owner's loop unless it has been
   woken and has not collected since. A job that nobody can collect is freed
   instead, and nobody woken. */
void mailbox_deliver (struct job *job);

/* Shows a connected host that the thread is alive. */
void mailbox_beat (struct mailbox *m);

#pragma GCC visibility pop

#endif
