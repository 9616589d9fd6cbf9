/*
** worker.c
** See worker.h for the idea. The lock guards what the two sides share: the
** list of submitted jobs, what is asked of the thread, the mailboxes to beat.
** The thread takes the list whole and works on it without the lock.
**
** Whoever forks must not do so while the thread is in the middle of something:
** a lock of OpenSSL's that it held at that moment would be held in the child
** for ever. So it works within 'turn', leaves that to sleep, and a fork takes
** 'turn' first. The order of the locks: gate, turn, lock, a mailbox's.
*/
#include "twitter.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"
#include "mailbox.h"
#include "transfer.h"
#include "worker.h"

#define BEAT_MS    1000
#define PAUSE_MS   60000   /* with nothing to do and nobody to beat */
#define MAX_BEATS  64      /* Lua states of one process that listen */

struct worker {
  struct engine *engine;
  pthread_t thread;
  /* under the lock: */
  struct job *submitted, *last_submitted;
  int woken;                  /* and it has not looked since */
  int sweeping, stopping;
  /* the thread's alone: */
  struct job *running, *alarms;
  long long first_alarm;      /* no alarm is due before; ms */
  long long next_beat;        /* ms */
};

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t joined = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* All under the lock. */
static struct worker *current;      /* NULL: no thread takes jobs */
static int threads;                 /* that have not been joined */
static int attached;                /* how many states use it */
static int leaving;                 /* the process is about to end */
static int beating;                 /* entries in 'beats' */
static struct mailbox *beats[MAX_BEATS];


/* ---- the thread ---- */

static void link_job (struct job **list, struct job *job) {
  job->previous = NULL;
  job->next = *list;
  if (*list != NULL) (*list)->previous = job;
  *list = job;
}


static void unlink_job (struct job **list, struct job *job) {
  if (job->previous != NULL) job->previous->next = job->next;
  else *list = job->next;
  if (job->next != NULL) job->next->previous = job->previous;
  job->next = job->previous = NULL;
}


/* The engine's word that a transfer is done. After delivery the job is
   somebody else's. */
static void on_done (void *data, struct transfer *t) {
  struct worker *w = data;
  struct job *job = t->owner;
  unlink_job(&w->running, job);
  mailbox_deliver(job);
}


static void start_transfer (struct worker *w, struct job *job) {
  if (job_is_over(job)) {
    transfer_fail(job->transfer, TRANSFER_CANCELED, "the call was canceled");
    mailbox_deliver(job);
    return;
  }
  link_job(&w->running, job);
  job->transfer->owner = job;
  engine_add(w->engine, job->transfer);  /* may be done at once */
}


static void start_alarm (struct worker *w, struct job *job) {
  link_job(&w->alarms, job);
  if (job->due < w->first_alarm) w->first_alarm = job->due;
}


static void start (struct worker *w, struct job *job) {
  while (job != NULL) {
    struct job *next = job->next;
    if (job->transfer != NULL) start_transfer(w, job);
    else start_alarm(w, job);
    job = next;
  }
}


/* Ends what nobody waits for. */
static void sweep (struct worker *w) {
  struct job *next;
  for (struct job *job = w->running; job != NULL; job = next) {
    next = job->next;
    if (job_is_over(job)) engine_cancel(w->engine, job->transfer);
  }
  for (struct job *job = w->alarms; job != NULL; job = next) {
    next = job->next;
    if (!job_is_over(job)) continue;
    unlink_job(&w->alarms, job);
    mailbox_deliver(job);
  }
}


/* Takes what has been asked for: non-zero when it is time to stop. */
static int take_orders (struct worker *w) {
  pthread_mutex_lock(&lock);
  struct job *jobs = w->submitted;
  int sweeping = w->sweeping, stopping = w->stopping;
  w->submitted = w->last_submitted = NULL;
  w->woken = w->sweeping = 0;
  pthread_mutex_unlock(&lock);
  start(w, jobs);
  if (sweeping) sweep(w);
  return stopping;
}


static long long now_ms (void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}


/* Delivers the alarms that are due by 'now'. */
static void ring_alarms (struct worker *w, long long now) {
  struct job *next;
  if (now < w->first_alarm) return;
  w->first_alarm = LLONG_MAX;
  for (struct job *job = w->alarms; job != NULL; job = next) {
    next = job->next;
    if (job->due <= now) {
      unlink_job(&w->alarms, job);
      mailbox_deliver(job);
    }
    else if (job->due < w->first_alarm) w->first_alarm = job->due;
  }
}


/* A mailbox's own lock is taken inside ours here, and never the other way
   round. Answers how many want a beat. */
static int beat_all (int due) {
  pthread_mutex_lock(&lock);
  for (int i = 0; due && beating > 0 && i < MAX_BEATS; i++)
    if (beats[i] != NULL) mailbox_beat(beats[i]);
  int count = beating;
  pthread_mutex_unlock(&lock);
  return count;
}


/* Answers when the next beat is due, or never. */
static long long beat (struct worker *w, long long now) {
  int due = now >= w->next_beat;
  if (beat_all(due) == 0) return LLONG_MAX;
  if (due) w->next_beat = now + BEAT_MS;
  return w->next_beat;
}


/* Does what is due, and answers for how many milliseconds there is nothing
   to do unless something happens. */
static int tend (struct worker *w) {
  long long now = now_ms();
  long long until = now + PAUSE_MS, next_beat = beat(w, now);
  ring_alarms(w, now);
  if (w->running != NULL) engine_step(w->engine, 0);
  if (next_beat < until) until = next_beat;
  if (w->first_alarm < until) until = w->first_alarm;
  return (int)(until - now);
}


/* Who forks waits at 'turn' and keeps the gate closed meanwhile, or else the
   thread, which is seldom away for long, would always be there first. */
static void sleep_outside_turn (struct worker *w, int milliseconds) {
  pthread_mutex_unlock(&turn);
  engine_sleep(w->engine, milliseconds);
  pthread_mutex_lock(&gate);
  pthread_mutex_lock(&turn);
  pthread_mutex_unlock(&gate);
}


static void *run (void *data) {
  struct worker *w = data;
  pthread_mutex_lock(&turn);
  while (!take_orders(w)) sleep_outside_turn(w, tend(w));
  engine_free(w->engine);  /* cancels, and so delivers, what still runs */
  ring_alarms(w, LLONG_MAX);
  pthread_mutex_unlock(&turn);
  return NULL;
}


/* ---- birth and death ---- */

static void before_fork (void) {
  pthread_mutex_lock(&gate);
  pthread_mutex_lock(&turn);
  pthread_mutex_lock(&lock);
}


static void after_fork (void) {
  pthread_mutex_unlock(&lock);
  pthread_mutex_unlock(&turn);
  pthread_mutex_unlock(&gate);
}


/* In the child there is one thread, ours is not it. What the parent's thread
   works on stays the parent's, and so do the states that attached to it. */
static void after_fork_in_child (void) {
  current = NULL;
  attached = threads = beating = 0;
  for (int i = 0; i < MAX_BEATS; i++) beats[i] = NULL;
  pthread_cond_init(&joined, NULL);
  after_fork();
}


/* Has the thread stop, and takes it from everyone's sight. Lock held. */
static struct worker *dismiss (void) {
  struct worker *w = current;
  current = NULL;
  if (w == NULL) return NULL;
  w->stopping = 1;
  engine_wake(w->engine);  /* before the thread can free it */
  return w;
}


static void join (struct worker *w) {
  if (w == NULL) return;
  pthread_join(w->thread, NULL);
  free(w);
  pthread_mutex_lock(&lock);
  threads--;
  pthread_cond_broadcast(&joined);
  pthread_mutex_unlock(&lock);
}


/* Another thread of the program may be waiting for ours already, and others
   may still submit: from here on they are refused. */
static void leave (void) {
  pthread_mutex_lock(&lock);
  leaving = 1;
  struct worker *w = dismiss();
  pthread_mutex_unlock(&lock);
  join(w);
  pthread_mutex_lock(&lock);
  while (threads > 0) pthread_cond_wait(&joined, &lock);
  pthread_mutex_unlock(&lock);
}


/* libcurl's own initialization comes first, so that its library's clean-up
   at exit comes last: exit runs these in the reverse order. It takes none
   any more when it is through with them. */
static void prepare (void) {
  engine_initialize();
  pthread_atfork(before_fork, after_fork, after_fork_in_child);
  if (atexit(leave) != 0) leaving = 1;
}


/* The thread inherits the mask it is made under. */
static int create_thread (struct worker *w) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&w->thread, NULL, run, w);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
#if defined(__linux__)
  if (!failed) pthread_setname_np(w->thread, "twitter");  /* for ps and gdb */
#endif
  return failed ? -1 : 0;
}


/* Lock held. */
static struct worker *worker_new (void) {
  struct worker *w = calloc(1, sizeof *w);
  if (w == NULL) return NULL;
  w->first_alarm = LLONG_MAX;
  w->engine = engine_new();
  if (w->engine != NULL) {
    engine_on_done(w->engine, on_done, w);
    if (create_thread(w) == 0) {
      threads++;
      return w;
    }
  }
  engine_free(w->engine);
  free(w);
  return NULL;
}


void worker_attach (void) {
  pthread_once(&once, prepare);
  pthread_mutex_lock(&lock);
  attached++;
  pthread_mutex_unlock(&lock);
}


void worker_detach (void) {
  pthread_mutex_lock(&lock);
  struct worker *w = --attached == 0 ? dismiss() : NULL;
  pthread_mutex_unlock(&lock);
  join(w);
}


/* ---- orders ---- */

/* Lock held. */
static void append_submitted (struct worker *w, struct job *job) {
  job->next = NULL;
  if (w->last_submitted != NULL) w->last_submitted->next = job;
  else w->submitted = job;
  w->last_submitted = job;
}


/* Lock held, so that the engine is still there. */
static void wake (struct worker *w) {
  if (w->woken) return;
  w->woken = 1;
  engine_wake(w->engine);
}


enum twitter_result worker_submit (struct job *job) {
  pthread_mutex_lock(&lock);
  if (current == NULL && !leaving) current = worker_new();
  struct worker *w = current;
  if (w != NULL) {
    mailbox_send_off(job->home, job);
    append_submitted(w, job);
    wake(w);
  }
  pthread_mutex_unlock(&lock);
  return w != NULL ? TWITTER_OK : TWITTER_NO_MEMORY;
}


void worker_sweep (void) {
  pthread_mutex_lock(&lock);
  if (current != NULL) {
    current->sweeping = 1;
    wake(current);
  }
  pthread_mutex_unlock(&lock);
}


enum twitter_result worker_beat (struct mailbox *m) {
  enum twitter_result result = TWITTER_OVER_LIMIT;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < MAX_BEATS && result != TWITTER_OK; i++) {
    if (beats[i] != NULL) continue;
    beats[i] = mailbox_share(m);
    beating++;
    result = TWITTER_OK;
  }
  if (current != NULL) wake(current);
  pthread_mutex_unlock(&lock);
  return result;
}


void worker_silence (struct mailbox *m) {
  int found = 0;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < MAX_BEATS && !found; i++) {
    if (beats[i] != m) continue;
    beats[i] = NULL;
    beating--;
    found = 1;
  }
  pthread_mutex_unlock(&lock);
  if (found) mailbox_release(m);
}
