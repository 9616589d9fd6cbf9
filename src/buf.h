/*
** buf.h
** Bytes that grow: one owner, a ceiling that must be named at birth, and no
** clean-up branch for the caller, because a failed append frees the buffer.
** A buffer declared secret is wiped before its memory goes back to malloc,
** also when it moves because it grows.
*/
#ifndef buf_h
#define buf_h

#include <stddef.h>
#include "twitter.h"

#pragma GCC visibility push(hidden)

/* Ceilings, in bytes, of everything that grows. */
#define BUF_CEILING_HEADERS   (256u * 1024u)         /* response headers */

struct buf {
  char *data;       /* owned here; NULL while empty; not NUL-terminated */
  size_t length;    /* bytes in use */
  size_t size;      /* bytes allocated */
  size_t ceiling;   /* 'length' never passes this */
  int secret;       /* wipe the memory before it is released? */
};

/* Cannot fail and allocates nothing. */
void buf_init (struct buf *b, size_t ceiling);
void buf_init_secret (struct buf *b, size_t ceiling);

/* Appends 'n' bytes. On TWITTER_OVER_LIMIT or TWITTER_NO_MEMORY the buffer
   is freed (and can be used again, empty). 'bytes' must not point into it. */
enum twitter_result buf_add (struct buf *b, const void *bytes, size_t n);

/* Makes room for 'n' more bytes and answers where they go, or NULL (then the
   buffer is freed). The caller writes there and adds to 'length' itself. */
char *buf_room (struct buf *b, size_t n);

/* Forgets the bytes and keeps the memory; wipes them when secret. */
void buf_clear (struct buf *b);

/* Releases the memory; the buffer is empty and usable afterwards. */
void buf_free (struct buf *b);

/* Overwrites memory in a way the compiler may not drop. */
void buf_wipe (void *memory, size_t n);

#pragma GCC visibility pop

#endif
