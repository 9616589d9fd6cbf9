/*
** url.h
** The parts of an absolute http(s) URL that a signature is made of, with the
** host in lower case and the default port gone (RFC 5849, section 3.4.1.2).
** It reads a URL as it will be sent and corrects nothing: what is doubtful
** is refused, because a signature for another URL is worth nothing.
*/
#ifndef url_h
#define url_h

#include <stddef.h>
#include "span.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

#define URL_MAX_LENGTH  (64u * 1024u)
#define URL_MAX_HOST    255u

enum url_result {
  URL_OK,
  URL_TOO_LONG,
  URL_USERINFO,    /* a name or a password stands before the host */
  URL_MALFORMED
};

struct url {
  struct span scheme;          /* "http" or "https" */
  char host[URL_MAX_HOST];     /* name or address; IPv6 in its brackets */
  size_t host_length;
  unsigned port;               /* 0: the scheme's own */
  struct span path;            /* begins with '/'; "/" when there is none */
  struct span query;           /* without '?'; not decoded */
};

/* The spans point into 'text' or to constants. */
enum url_result url_read (struct url *url, struct span text);

/* Room that url_write_base needs. */
size_t url_base_room (const struct url *url);

/* Writes scheme, host, port and path, percent-encoded; answers the end. */
char *url_write_base (char *out, const struct url *url);

#pragma GCC visibility pop

#endif
