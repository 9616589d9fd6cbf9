/*
** worker.c
** See worker.h for the idea. The lock guards what the two sides share: the
** list of submitted jobs, the ids to cancel, the mailboxes to beat. The
** thread takes the lists whole and works on them without the lock.
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

struct order {               /* a cancellation */
  unsigned long long id;
  struct order *next;
};

struct worker {
  struct engine *engine;
  pthread_t thread;
  struct job *submitted, *last_submitted;  /* under the lock */
  struct order *orders;                    /* under the lock */
  int stopping;                            /* under the lock */
  struct job *running, *alarms;            /* the thread's alone */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* All under the lock. */
static struct worker *current;      /* NULL: no thread runs */
static int attached;                /* how many states use it */
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
  link_job(&w->running, job);
  job->transfer->owner = job;
  engine_add(w->engine, job->transfer);  /* may be done at once */
}


static void start (struct worker *w, struct job *job) {
  while (job != NULL) {
    struct job *next = job->next;
    if (job->transfer != NULL) start_transfer(w, job);
    else link_job(&w->alarms, job);
    job = next;
  }
}


static void cancel (struct worker *w, struct order *order) {
  while (order != NULL) {
    struct order *next = order->next;
    struct job *job = w->running;
    while (job != NULL && job->id != order->id) job = job->next;
    if (job != NULL) engine_cancel(w->engine, job->transfer);
    free(order);
    order = next;
  }
}


/* Takes what has been asked for: non-zero when it is time to stop. */
static int take_orders (struct worker *w) {
  pthread_mutex_lock(&lock);
  struct job *jobs = w->submitted;
  struct order *orders = w->orders;
  int stopping = w->stopping;
  w->submitted = w->last_submitted = NULL;
  w->orders = NULL;
  pthread_mutex_unlock(&lock);
  start(w, jobs);
  cancel(w, orders);
  return stopping;
}


static long long now_ms (void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}


/* Delivers the alarms that are due by 'now', and answers the milliseconds
   until the next one, at most 'limit'. */
static long long ring_alarms (struct worker *w, long long now,
                              long long limit) {
  struct job *next;
  for (struct job *job = w->alarms; job != NULL; job = next) {
    next = job->next;
    if (job->due > now) {
      if (job->due - now < limit) limit = job->due - now;
      continue;
    }
    unlink_job(&w->alarms, job);
    mailbox_deliver(job);
  }
  return limit;
}


/* Beats whoever wants it; answers how many. A mailbox's own lock is taken
   inside ours here, and never the other way round. */
static int beat_all (void) {
  int count = 0;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < MAX_BEATS; i++) {
    if (beats[i] == NULL) continue;
    mailbox_beat(beats[i]);
    count++;
  }
  pthread_mutex_unlock(&lock);
  return count;
}


/* Answers how many milliseconds until the next beat. */
static long long beat_when_due (long long now, long long *due) {
  if (now < *due) return *due - now;
  if (beat_all() == 0) return PAUSE_MS;  /* 'due' stays: late is soon */
  *due = now + BEAT_MS;
  return BEAT_MS;
}


static void *run (void *data) {
  struct worker *w = data;
  long long due = 0;
  while (!take_orders(w)) {
    long long now = now_ms();
    int pause = (int)ring_alarms(w, now, beat_when_due(now, &due));
    if (w->running != NULL) engine_step(w->engine, pause);
    else engine_rest(w->engine, pause);
  }
  engine_free(w->engine);  /* cancels, and so delivers, what still runs */
  ring_alarms(w, LLONG_MAX, 0);
  return NULL;
}


/* ---- birth and death ---- */

/* In the child there is one thread, ours is not it. What the parent's thread
   works on stays the parent's. */
static void forget_in_child (void) {
  pthread_mutex_init(&lock, NULL);
  current = NULL;
  for (int i = 0; i < MAX_BEATS; i++) beats[i] = NULL;
}


static void stop (void) {
  pthread_mutex_lock(&lock);
  struct worker *w = current;
  current = NULL;
  if (w != NULL) {
    w->stopping = 1;
    engine_wake(w->engine);  /* before the thread can free it */
  }
  pthread_mutex_unlock(&lock);
  if (w == NULL) return;
  pthread_join(w->thread, NULL);
  free(w);
}


/* libcurl's own initialization comes first, so that its library's clean-up
   at exit comes last: exit runs these in the reverse order. */
static void prepare (void) {
  engine_initialize();
  pthread_atfork(NULL, NULL, forget_in_child);
  atexit(stop);
}


/* The thread inherits the mask it is made under. */
static int create_thread (struct worker *w) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failed = pthread_create(&w->thread, NULL, run, w);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed ? -1 : 0;
}


static struct worker *worker_new (void) {
  struct worker *w = calloc(1, sizeof *w);
  if (w == NULL) return NULL;
  w->engine = engine_new();
  if (w->engine != NULL) {
    engine_on_done(w->engine, on_done, w);
    if (create_thread(w) == 0) return w;
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
  int last = --attached == 0;
  pthread_mutex_unlock(&lock);
  if (last) stop();
}


/* ---- orders ---- */

/* Lock held. */
static void append_submitted (struct worker *w, struct job *job) {
  job->next = NULL;
  if (w->last_submitted != NULL) w->last_submitted->next = job;
  else w->submitted = job;
  w->last_submitted = job;
}


enum twitter_result worker_submit (struct job *job) {
  pthread_mutex_lock(&lock);
  if (current == NULL) current = worker_new();
  struct worker *w = current;
  if (w != NULL) {
    mailbox_send_off(job->home, job);
    append_submitted(w, job);
    engine_wake(w->engine);  /* under the lock: the engine is still there */
  }
  pthread_mutex_unlock(&lock);
  return w != NULL ? TWITTER_OK : TWITTER_NO_MEMORY;
}


/* Without memory for the order the job goes on to its own end: its time-out
   bounds that. */
void worker_cancel (unsigned long long id) {
  struct order *order = malloc(sizeof *order);
  if (order == NULL) return;
  order->id = id;
  pthread_mutex_lock(&lock);
  if (current != NULL) {
    order->next = current->orders;
    current->orders = order;
    engine_wake(current->engine);
    order = NULL;
  }
  pthread_mutex_unlock(&lock);
  free(order);
}


enum twitter_result worker_beat (struct mailbox *m) {
  enum twitter_result result = TWITTER_OVER_LIMIT;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < MAX_BEATS && result != TWITTER_OK; i++) {
    if (beats[i] != NULL) continue;
    beats[i] = mailbox_share(m);
    result = TWITTER_OK;
  }
  if (current != NULL) engine_wake(current->engine);
  pthread_mutex_unlock(&lock);
  return result;
}


void worker_silence (struct mailbox *m) {
  int found = 0;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < MAX_BEATS && !found; i++) {
    if (beats[i] != m) continue;
    beats[i] = NULL;
    found = 1;
  }
  pthread_mutex_unlock(&lock);
  if (found) mailbox_release(m);
}
