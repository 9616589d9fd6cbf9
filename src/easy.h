/*
** easy.h
** An easy handle before it has a request: what is the same for all transfers
** (protocols, verification, sockets that children do not inherit), and what
** the settings of a client say (time-outs, proxy, trust). And whether the
** libcurl of this process is one that can be used at all.
*/
#ifndef easy_h
#define easy_h

#include "settings.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

#define EASY_REFUSAL_SIZE 256

/* Can the libcurl that was found serve, beside the OpenSSL with this version
   number? If not, answers TWITTER_INVALID, and 'why' has a sentence. */
enum twitter_result easy_check_library (unsigned long openssl,
                                        char why[EASY_REFUSAL_SIZE]);

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
