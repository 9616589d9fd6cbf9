/*
** digits.h
** Integers in a JSON text that a double cannot hold. Above 2^53 neighbours
** share one double, so a decoder that knows only doubles turns an id into
** another id without a word. The scan finds such literals, so that they can
** be quoted before decoding. It allocates nothing, and it is quick because a
** run of 16 digits cannot hide from a look at every 16th byte.
*/
#ifndef digits_h
#define digits_h

#include <stddef.h>
#include "twitter.h"

#pragma GCC visibility push(hidden)

struct digits_scan {
  const char *text;  /* borrowed; need not be NUL-terminated */
  size_t length;
  size_t probe;      /* the next byte to look at */
  size_t settled;    /* quotes have been followed up to here */
  int in_string;     /* is 'settled' inside a string? */
};

void digits_scan_init (struct digits_scan *scan, const char *text,
                       size_t length);

/* Is there another integer above 2^53? Then it is the bytes from 'start' up
   to but not including 'end', sign included. Digits inside strings, and
   numbers with a fraction or an exponent, are passed over. */
int digits_scan_next (struct digits_scan *scan, size_t *start, size_t *end);

#pragma GCC visibility pop

#endif
