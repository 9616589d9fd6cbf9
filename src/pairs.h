/*
** pairs.h
** The parameters of a request on their way to the base string (RFC 5849,
** section 3.4.1.3.2). Names and values are encoded once, when they arrive,
** into one growing text, and are slices of it from then on; the set is sorted
** and then written, encoded a second time.
*/
#ifndef pairs_h
#define pairs_h

#include <stddef.h>
#include "buf.h"
#include "span.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

#define PAIRS_MAX_COUNT  1024u
#define PAIRS_MAX_BYTES  (1024u * 1024u)  /* of all names and values */

/* What is known of a pair. Bits from PAIR_FREE on are the caller's. */
#define PAIR_PLAIN  1u   /* no '%' in it: encoding again is copying */
#define PAIR_FREE   2u

struct slice {
  size_t at, length;
};

struct pair {
  struct slice name, value;
  unsigned marks;
};

struct pairs {
  struct buf text;    /* names and values, encoded */
  struct buf list;    /* array of struct pair */
  size_t bytes;       /* of names and values, before they were encoded */
};

/* Cannot fail and allocates nothing. */
void pairs_init (struct pairs *p);
void pairs_free (struct pairs *p);

/* Empties the set; keeps the memory unless it is unusually much. */
void pairs_clear (struct pairs *p);

/* Appends one pair, given before any encoding, with the marks 'marks'.
   On failure the set is unusable until it is cleared. */
enum twitter_result pairs_add (struct pairs *p, struct span name,
                               struct span value, unsigned marks);

/* Appends the pairs of a URL's query. TWITTER_INVALID: a '%' is not followed
   by two hex digits. */
enum twitter_result pairs_add_query (struct pairs *p, struct span query);

/* Puts a copy of a whole set of pairs and their text into an empty set. */
enum twitter_result pairs_copy (struct pairs *p, const struct pairs *from);

/* Gives a pair of the set another value; the second takes one that consists
   of letters and digits only, which is quicker. */
enum twitter_result pairs_set_value (struct pairs *p, size_t index,
                                     struct span value);
enum twitter_result pairs_set_plain (struct pairs *p, size_t index,
                                     struct span value);

/* By name, then by value, in the order of the encoded bytes. */
void pairs_sort (struct pairs *p);

/* Room that pairs_write needs, and the writing: name%3Dvalue joined with
   %26, everything encoded twice. Answers the end. */
size_t pairs_room (const struct pairs *p);
char *pairs_write (char *out, const struct pairs *p);

#pragma GCC visibility pop


static inline struct pair *pairs_list (const struct pairs *p) {
  return (void *)p->list.data;
}


static inline size_t pairs_count (const struct pairs *p) {
  return p->list.length / sizeof (struct pair);
}


/* The bytes of a slice; they move when the set grows. */
static inline struct span pairs_span (const struct pairs *p,
                                      struct slice slice) {
  struct span span = { p->text.data + slice.at, slice.length };
  return span;
}

#endif
