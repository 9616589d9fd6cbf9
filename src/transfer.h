/*
** transfer.h
** One request and its response: what is to be sent, the callbacks that
** libcurl drives while it travels, and what became of it. It lives on one
** easy handle, lent by an engine for the time it runs, and never knows Lua.
**
** A transfer knows if its request can have taken effect. libcurl by itself
** sends a request again when a reused connection dies without an answer; a
** transfer counts the sendings and refuses the second unless 'resend' says
** that doing it twice is harmless.
*/
#ifndef transfer_h
#define transfer_h

#include <stddef.h>

#include "body.h"
#include "buf.h"
#include "file.h"
#include "head.h"
#include "settings.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

#define TRANSFER_METHOD_SIZE  16u
#define TRANSFER_MESSAGE_SIZE 256u
#define TRANSFER_MAX_HEADERS  100
#define TRANSFER_MAX_HEADER   (64u * 1024u)
#define TRANSFER_MAX_URL      (64u * 1024u)

enum transfer_state { TRANSFER_NEW, TRANSFER_RUNNING, TRANSFER_DONE };

/* Why there is no (whole) response. */
enum transfer_failure {
  TRANSFER_FINE,
  TRANSFER_NETWORK,
  TRANSFER_TIMEOUT,
  TRANSFER_TLS,
  TRANSFER_CANCELED,
  TRANSFER_TOO_LARGE,   /* the response passed its ceiling */
  TRANSFER_FILE_FAILED, /* a file could not be read, or the sink written */
  TRANSFER_MEMORY,
  TRANSFER_REFUSED_INPUT /* libcurl does not take the URL or an option */
};

struct engine;
struct origin;

struct transfer {
  /* the request: owned, complete before an engine gets the transfer */
  char method[TRANSFER_METHOD_SIZE];
  char *url;
  void *headers, *last_header;   /* a curl_slist, in memory of our own */
  int header_count;
  int has_agent, has_encodings;  /* the caller's own take our place */
  struct body body;
  struct settings *settings;     /* one reference */
  struct file *sink;             /* the response goes here; NULL: to memory */
  unsigned long long ceiling;    /* of the response, decoded, in bytes */
  int resend;                    /* harmless when it arrives twice? */
  int redirects;                 /* how many are followed */
  long timeout_ms;               /* tighter than the settings'; 0: theirs */

  /* what became of it: of the engine while it runs, then of the holder */
  enum transfer_state state;
  enum transfer_failure failure;
  char message[TRANSFER_MESSAGE_SIZE];
  char library_message[TRANSFER_MESSAGE_SIZE];  /* libcurl's error buffer */
  struct head head;
  struct buf response;
  unsigned long long received;   /* bytes of response body, decoded */
  long status;                   /* 0: no response */
  int http_major, http_minor;
  double elapsed;                /* seconds */
  int sendings;                  /* how often libcurl began to send it */
  unsigned long long moved;      /* bytes either way, at the last look, */
  long long moved_at;            /* and when they were last other ones, ms */
  long long request_size;        /* bytes of head (and small body) sent */

  /* the engine's, while it runs */
  struct engine *engine;
  void *slot;
  struct origin *origin;         /* whose share it counts in; or NULL */
  int held;                      /* waits for that share to have room */
  long long hold_until;          /* milliseconds, monotonic */
  void *owner;                   /* for whoever listens to the engine */
  struct transfer *previous, *next;
};

/* A transfer with no request yet, or NULL. Takes a reference to 'settings'.
   A response declared secret is wiped from memory with the transfer. */
struct transfer *transfer_new (struct settings *settings,
                               unsigned long long ceiling, int secret);

/* Not while it runs. Request head and body are wiped: they hold secrets. */
void transfer_free (struct transfer *t);

/* TWITTER_INVALID: not a method, or not an http or https URL without login
   and without control bytes. */
enum twitter_result transfer_target (struct transfer *t,
                                     const char *method, size_t method_length,
                                     const char *url, size_t url_length);

/* Adds a header field. TWITTER_INVALID when name or value hold control
   bytes, the name is no token, or the field belongs to the message's framing
   and so to libcurl: nothing can be smuggled in. */
enum twitter_result transfer_header (struct transfer *t, const char *name,
                                     size_t name_length, const char *value,
                                     size_t value_length);

/* Can the server have got the whole request? Only for a finished one. */
int transfer_may_have_arrived (const struct transfer *t);

/* ---- for the engine ---- */

/* Puts the callbacks on an easy handle, once in its life. */
enum twitter_result transfer_dress (void *easy);

/* Puts the request on the handle; once in a transfer's life. */
enum twitter_result transfer_begin (struct transfer *t, void *easy);

/* Takes the result off the handle and the request with it. 'code' is the
   CURLcode that the multi reported. */
void transfer_end (struct transfer *t, void *easy, int code);

/* Has nothing moved for longer than the settings allow? To be asked from
   time to time while it runs, with the monotonic clock's milliseconds. */
int transfer_has_stalled (struct transfer *t, long long now);

/* Ends it from our side: it is done, and failed as told. */
void transfer_fail (struct transfer *t, enum transfer_failure failure,
                    const char *message);

#pragma GCC visibility pop

#endif
