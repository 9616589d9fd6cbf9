/*
** easy.h
** An easy handle before it has a request: what is the same for all transfers
** (protocols, verification, sockets that children do not inherit), and what
** the settings of a client say (time-outs, proxy, trust).
*/
#ifndef easy_h
#define easy_h

#include "settings.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

/* A handle with the options every transfer shares; 'share' is the engine's
   curl_share. NULL when memory is short. The caller owns it. */
void *easy_new (void *share);

/* The header field that tells what this libcurl can unpack. Lives for ever. */
const char *easy_accept_encoding (void);

/* Puts the settings' options on a handle: needed when they change. After a
   failure the handle is not fit for use. */
enum twitter_result easy_settings (void *easy, const struct settings *s);

#pragma GCC visibility pop

#endif
