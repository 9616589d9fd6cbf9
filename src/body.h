/*
** body.h
** What a request sends: nothing, bytes, a slice of a file, or multipart of
** bytes and slices. A body owns what it sends, so it can travel to another
** thread, and it knows how far it got: whether libcurl ever took the last
** byte decides if the server can have acted on the request at all.
*/
#ifndef body_h
#define body_h

#include <stddef.h>

#include "file.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

#define BODY_MAX_PARTS 64

/* Bytes or a slice, and how much of it has been taken. */
struct body_source {
  char *bytes;                /* owned; NULL when it is a slice */
  struct file *file;          /* one reference; NULL when it is bytes */
  unsigned long long offset;  /* where the slice begins in the file */
  unsigned long long length;
  unsigned long long taken;   /* bytes handed to libcurl in this sending */
  unsigned long long reached; /* the most of them in any sending */
  struct body *body;          /* whose source this is: for its 'problem' */
};

struct body_part {
  char *name, *filename, *type;  /* owned; the latter two may be NULL */
  struct body_source source;
};

enum body_kind { BODY_NONE, BODY_SINGLE, BODY_MULTIPART };

enum body_problem {
  BODY_FINE,
  BODY_SHORTENED,   /* the file ended before the slice did */
  BODY_UNREADABLE   /* reading failed; 'error_number' says why */
};

struct body {
  enum body_kind kind;
  struct body_source single;
  struct body_part *parts;       /* owned array of 'count' */
  size_t count;
  void *mime;                    /* libcurl's, from body_apply to unapply */
  enum body_problem problem;
  int error_number;
};

void body_init (struct body *b);
void body_free (struct body *b);  /* bytes are wiped: they may hold secrets */

/* A single source. Bytes are copied; of the file a reference is taken. */
enum twitter_result body_set_bytes (struct body *b, const char *bytes,
                                    size_t n);
void body_set_slice (struct body *b, struct file *f,
                     unsigned long long offset, unsigned long long length);

/* One more part, at most BODY_MAX_PARTS; answers where its source is to be
   set by the two functions below, or NULL. A body has parts or a single
   source, never both. */
struct body_source *body_add_part (struct body *b, const char *name,
                                   const char *filename, const char *type);
enum twitter_result body_part_bytes (struct body_source *s,
                                     const char *bytes, size_t n);
void body_part_slice (struct body_source *s, struct file *f,
                      unsigned long long offset, unsigned long long length);

/* Sets the body's options on an easy handle for 'method'; the body must stay
   where it is until body_unapply has taken them off again. */
enum twitter_result body_apply (struct body *b, void *easy,
                                const char *method);
void body_unapply (struct body *b, void *easy);

/* The bytes of all sources together, without multipart's own framing. */
unsigned long long body_length (const struct body *b);

/* The bytes handed to libcurl in this sending, to see if it moves. */
unsigned long long body_bytes_taken (const struct body *b);

/* Has libcurl been given every byte there is to send? */
int body_all_taken (const struct body *b);

#pragma GCC visibility pop

#endif
