/*
** engine.c
** See engine.h for the idea. Easy handles are pooled: setting one up costs
** more than sending a small request, so a handle keeps the settings it was
** last used with.
*/
#include "twitter.h"

#include <stdlib.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "easy.h"
#include "engine.h"
#include "inherit.h"
#include "origin.h"
#include "settings.h"
#include "transfer.h"

#define MAX_CONNECTIONS 2048L  /* kept open: fewer than used are churned */
#define MAX_IDLE_SLOTS  64     /* easy handles kept for the next transfer */
#define WATCH_MS        250    /* between two looks for stalled transfers */

struct slot {
  CURL *easy;
  struct settings *settings;   /* one reference: what 'easy' is set to */
  struct slot *next;           /* in the list of idle ones */
};

struct engine {
  CURLM *multi;
  CURLSH *share;               /* TLS sessions: a multi shares only DNS */
  struct slot *idle;
  int idle_count;
  struct transfer *running;    /* doubly linked */
  int running_count;
  struct origins origins;      /* and who waits for room at one */
  unsigned long long finished; /* transfers, ever */
  long long next_watch;        /* when stalls are looked for again, ms */
  engine_done *done;           /* may be NULL */
  void *done_data;
  pid_t owner;                 /* the process that made 'multi' */
};


/* ---- birth and death ---- */

/* A multi's wake-up pair is made without close-on-exec, and libcurl has no
   hook for it. */
static CURLM *multi_new (void) {
  struct inherit before;
  inherit_look(&before);
  CURLM *multi = curl_multi_init();
  if (multi == NULL) return NULL;
  inherit_prevent(&before);
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, MAX_CONNECTIONS);
  return multi;
}


static CURLSH *share_new (void) {
  CURLSH *share = curl_share_init();
  if (share == NULL) return NULL;
  curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  return share;
}


/* On failure the engine is left without a multi. */
static enum twitter_result bring_to_life (struct engine *e) {
  e->owner = getpid();
  e->share = share_new();
  e->multi = e->share != NULL ? multi_new() : NULL;
  if (e->multi != NULL) return TWITTER_OK;
  if (e->share != NULL) curl_share_cleanup(e->share);
  e->share = NULL;
  return TWITTER_NO_MEMORY;
}


void engine_initialize (void) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
}


void engine_on_done (struct engine *e, engine_done *done, void *data) {
  e->done = done;
  e->done_data = data;
}


struct engine *engine_new (void) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return NULL;
  struct engine *e = calloc(1, sizeof *e);
  if (e == NULL) return NULL;
  if (bring_to_life(e) == TWITTER_OK) return e;
  free(e);
  return NULL;
}


static void slot_free (struct slot *slot) {
  curl_easy_cleanup(slot->easy);
  settings_release(slot->settings);
  free(slot);
}


void engine_free (struct engine *e) {
  if (e == NULL) return;
  int ours = e->owner == getpid();
  struct transfer *t;
  while ((t = origins_any_held(&e->origins)) != NULL) engine_cancel(e, t);
  while (e->running != NULL) engine_cancel(e, e->running);
  if (ours) {
    while (e->idle != NULL) {
      struct slot *slot = e->idle;
      e->idle = slot->next;
      slot_free(slot);
    }
    curl_multi_cleanup(e->multi);
    curl_share_cleanup(e->share);
  }
  origins_free(&e->origins);
  free(e);
}


/* ---- the list of running transfers ---- */

static void link_running (struct engine *e, struct transfer *t) {
  t->engine = e;
  t->previous = NULL;
  t->next = e->running;
  if (e->running != NULL) e->running->previous = t;
  e->running = t;
  e->running_count++;
}


static void unlink_running (struct engine *e, struct transfer *t) {
  if (t->previous != NULL) t->previous->next = t->next;
  else e->running = t->next;
  if (t->next != NULL) t->next->previous = t->previous;
  t->engine = NULL;
  t->slot = NULL;
  t->previous = t->next = NULL;
  e->running_count--;
}


/* ---- slots ---- */

static struct slot *slot_new (struct engine *e) {
  struct slot *slot = calloc(1, sizeof *slot);
  if (slot == NULL) return NULL;
  slot->easy = easy_new(e->share);
  if (slot->easy == NULL) {
    free(slot);
    return NULL;
  }
  if (transfer_dress(slot->easy) == TWITTER_OK) return slot;
  slot_free(slot);
  return NULL;
}


/* An idle slot, best one that has these settings already. */
static struct slot *pick_idle (struct engine *e,
                               const struct settings *settings) {
  struct slot **link = &e->idle;
  while (*link != NULL && (*link)->settings != settings)
    link = &(*link)->next;
  if (*link == NULL) link = &e->idle;
  struct slot *slot = *link;
  if (slot == NULL) return NULL;
  *link = slot->next;
  e->idle_count--;
  return slot;
}


static struct slot *take_slot (struct engine *e, struct settings *settings) {
  struct slot *slot = pick_idle(e, settings);
  if (slot == NULL) slot = slot_new(e);
  if (slot == NULL || slot->settings == settings) return slot;
  if (easy_settings(slot->easy, settings) != TWITTER_OK) {
    slot_free(slot);
    return NULL;
  }
  settings_release(slot->settings);
  slot->settings = settings_share(settings);
  return slot;
}


static void put_slot (struct engine *e, struct slot *slot) {
  if (e->idle_count == MAX_IDLE_SLOTS) {
    slot_free(slot);
    return;
  }
  slot->next = e->idle;
  e->idle = slot;
  e->idle_count++;
}


/* ---- transfers ---- */

static void let_go (struct engine *e, struct transfer *t) {
  origin_let_go(&e->origins, t);
  t->engine = NULL;
}


/* What belongs to the parent is left alone, memory included: closing a
   connection would say good-bye on it in the parent's name. */
static void abandon_inherited (struct engine *e) {
  struct transfer *t;
  while ((t = origins_any_held(&e->origins)) != NULL) {
    let_go(e, t);
    e->finished++;
    transfer_fail(t, TRANSFER_CANCELED, "the process was forked");
  }
  while ((t = e->running) != NULL) {
    unlink_running(e, t);
    e->finished++;
    body_init(&t->body);     /* libcurl's handle may still point there */
    t->headers = t->last_header = NULL;
    transfer_fail(t, TRANSFER_CANCELED, "the process was forked");
  }
  e->idle = NULL;
  e->idle_count = 0;
  origins_free(&e->origins);
  e->multi = NULL;
  e->share = NULL;
}


static enum twitter_result ensure_ours (struct engine *e) {
  if (e->owner != getpid()) abandon_inherited(e);
  return e->multi != NULL ? TWITTER_OK : bring_to_life(e);
}


static void tell (struct engine *e, struct transfer *t) {
  e->finished++;
  if (e->done != NULL) e->done(e->done_data, t);
}


static void count_out (struct transfer *t) {
  struct origin *origin = t->origin;
  if (origin == NULL) return;
  origin->running--;
  if (t->status != 0) origin->speaks_http_1 = t->http_major == 1;
}


/* Takes the transfer off the multi; its handle goes back to the pool. */
static void finish (struct engine *e, struct transfer *t, CURLcode code) {
  struct slot *slot = t->slot;
  curl_multi_remove_handle(e->multi, slot->easy);
  unlink_running(e, t);
  transfer_end(t, slot->easy, (int)code);
  count_out(t);
  put_slot(e, slot);
  tell(e, t);
}


static void fail_early (struct engine *e, struct transfer *t,
                        enum transfer_failure failure, const char *message) {
  transfer_fail(t, failure, message);
  tell(e, t);
}


static void start (struct engine *e, struct transfer *t) {
  struct origin *origin = t->origin;
  struct slot *slot = take_slot(e, t->settings);
  if (slot == NULL) {
    fail_early(e, t, TRANSFER_MEMORY, "not enough memory");
    return;
  }
  t->slot = slot;
  link_running(e, t);
  if (origin != NULL) origin->running++;
  if (transfer_begin(t, slot->easy) != TWITTER_OK
      || curl_multi_add_handle(e->multi, slot->easy) != CURLM_OK)
    finish(e, t, CURLE_OUT_OF_MEMORY);
}


static long long now_ms (void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}


/* Its time runs while it is held, as the caller's patience does. */
static void hold (struct engine *e, struct transfer *t) {
  long patience = t->timeout_ms > 0 ? t->timeout_ms : t->settings->timeout_ms;
  t->state = TRANSFER_RUNNING;
  t->hold_until = patience > 0 ? now_ms() + patience : 0;
  t->engine = e;
  origin_hold(&e->origins, t);
}


/* What is left of its time is what libcurl gives it. */
static void release (struct engine *e, struct transfer *t) {
  let_go(e, t);
  if (t->hold_until != 0) {
    long long left = t->hold_until - now_ms();
    t->timeout_ms = left > 0 ? (long)left : 1;
  }
  start(e, t);
}


void engine_add (struct engine *e, struct transfer *t) {
  if (ensure_ours(e) != TWITTER_OK) {
    fail_early(e, t, TRANSFER_MEMORY, "not enough memory");
    return;
  }
  t->origin = origins_find(&e->origins, t);
  if (origin_has_room(t->origin)) start(e, t);
  else hold(e, t);
}


/* Starts what there is room for by now. */
static void release_held (struct engine *e) {
  for (struct origin *o = e->origins.first; o != NULL; o = o->next)
    while (o->held != NULL && origin_has_room(o)) release(e, o->held);
}


/* Ends what has waited for room too long. */
static void end_held (struct engine *e, const struct origin *o,
                      long long now) {
  struct transfer *next;
  for (struct transfer *t = o->held; t != NULL; t = next) {
    next = t->next;
    if (t->hold_until == 0 || now < t->hold_until) continue;
    let_go(e, t);
    fail_early(e, t, TRANSFER_TIMEOUT, "Timeout while waiting for its turn");
  }
}


static void harvest (struct engine *e) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(e->multi, &left)) != NULL) {
    if (message->msg != CURLMSG_DONE) continue;
    struct transfer *t = NULL;
    CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
    finish(e, t, code);
  }
}


static void perform (struct engine *e) {
  int running;
  curl_multi_perform(e->multi, &running);
  harvest(e);
  if (e->origins.held > 0) release_held(e);
}


/* Ends the transfers that have stood still for too long. libcurl's own limit
   is an average, which a slow but living connection falls under. */
static void end_stalled (struct engine *e, long long now) {
  struct transfer *next;
  for (struct transfer *t = e->running; t != NULL; t = next) {
    next = t->next;
    if (!transfer_has_stalled(t, now)) continue;
    transfer_fail(t, TRANSFER_TIMEOUT, "Nothing was sent or received for "
                                       "too long");
    finish(e, t, CURLE_ABORTED_BY_CALLBACK);
  }
}


static void watch (struct engine *e) {
  long long now = now_ms();
  if (now < e->next_watch) return;
  e->next_watch = now + WATCH_MS;
  end_stalled(e, now);
  for (struct origin *o = e->origins.first; o != NULL; o = o->next)
    end_held(e, o, now);
}


static int count_all (const struct engine *e) {
  return e->running_count + e->origins.held;
}


int engine_step (struct engine *e, int milliseconds) {
  if (ensure_ours(e) != TWITTER_OK) return 0;
  int before = count_all(e);
  perform(e);
  if (count_all(e) > 0 && count_all(e) == before && milliseconds > 0) {
    if (milliseconds > WATCH_MS) milliseconds = WATCH_MS;
    curl_multi_poll(e->multi, NULL, 0, milliseconds, NULL);
    perform(e);
  }
  watch(e);
  return count_all(e);
}


unsigned long long engine_finished (const struct engine *e) {
  return e->finished;
}


int engine_wait (struct engine *e, struct transfer *t, int milliseconds) {
  long long end = now_ms() + milliseconds;
  while (t->state == TRANSFER_RUNNING) {
    long long left = end - now_ms();
    if (left <= 0) break;
    engine_step(e, (int)left);
  }
  return t->state == TRANSFER_DONE;
}


/* A multi without transfers polls as well: it waits for a wake-up only. */
void engine_sleep (struct engine *e, int milliseconds) {
  if (ensure_ours(e) != TWITTER_OK) return;
  if (count_all(e) > 0 && milliseconds > WATCH_MS) milliseconds = WATCH_MS;
  curl_multi_poll(e->multi, NULL, 0, milliseconds, NULL);
}


void engine_rest (struct engine *e, int milliseconds) {
  engine_step(e, 0);
  engine_sleep(e, milliseconds);
  engine_step(e, 0);
}


/* 'failure' is set first: it stands against whatever the code would mean. */
void engine_cancel (struct engine *e, struct transfer *t) {
  if (t->engine != e) return;
  if (e->owner != getpid()) {
    abandon_inherited(e);
    return;
  }
  if (t->held) {
    let_go(e, t);
    fail_early(e, t, TRANSFER_CANCELED, "the call was canceled");
    return;
  }
  transfer_fail(t, TRANSFER_CANCELED, "the call was canceled");
  finish(e, t, CURLE_ABORTED_BY_CALLBACK);
}


/* A forked child must not wake its parent. */
void engine_wake (struct engine *e) {
  if (e->multi != NULL && e->owner == getpid()) curl_multi_wakeup(e->multi);
}
