/*
** settings.h
** How the requests of one client travel: time-outs, proxy, trust, ceilings.
** Written once when it is made and only read afterwards, so that any number
** of transfers, on any thread, can share one by counted reference.
*/
#ifndef settings_h
#define settings_h

#include "twitter.h"

#pragma GCC visibility push(hidden)

struct settings {
  int references;            /* changed atomically */
  long timeout_ms;           /* a whole attempt; 0: no limit */
  long connect_timeout_ms;   /* name look-up, TCP and TLS together */
  long stall_timeout_ms;     /* without one byte either way; 0: no limit */
  int only_http_1;           /* never offer HTTP/2? */
  char *proxy;               /* owned; NULL: as the environment says */
  char *no_proxy;
  char *ca_file;             /* owned; NULL: see ca_path */
  char *ca_path;             /* a directory of certificates by hash */
  char *user_agent;          /* the whole header field; NULL: none */
  double max_response;       /* bytes, where a request names no other */
};

/* Zeroed, with the one reference; NULL when memory is short. */
struct settings *settings_new (void);

struct settings *settings_share (struct settings *s);
void settings_release (struct settings *s);  /* NULL is fine */

/* Puts a copy of 'text' (NULL: nothing) in place of '*field'. Only while the
   settings are being made. */
enum twitter_result settings_string (char **field, const char *text);

#pragma GCC visibility pop

#endif
