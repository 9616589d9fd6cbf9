/*
** twitter.h
** The vocabulary every C file of this module shares: feature-test macros
** (which is why each .c includes this file first), the version, and the one
** enum that C functions answer with. It knows neither Lua nor libcurl nor
** OpenSSL; text for a person is made at the edge, in the binding.
*/
#ifndef twitter_h
#define twitter_h

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1  /* pread, O_TMPFILE, dladdr, getrandom */
#endif

#define TWITTER_VERSION "0.1.0"

/* What a C function of this module answers with. */
enum twitter_result {
  TWITTER_OK = 0,
  TWITTER_NO_MEMORY,    /* an allocation failed */
  TWITTER_OVER_LIMIT,   /* a ceiling would have been passed */
  TWITTER_INVALID,      /* an argument that cannot be used */
  TWITTER_CRYPTO,       /* OpenSSL refused */
  TWITTER_FILE          /* the operating system refused; errno tells why */
};

#endif
