/*
** escape.h
** Percent-encoding as RFC 3986 and OAuth want it: letters, digits and -._~
** stand for themselves, every other byte becomes % and two upper-case hex
** digits. The callers bring the memory; nothing here allocates or fails for
** another reason than malformed input.
*/
#ifndef escape_h
#define escape_h

#include <stddef.h>
#include "twitter.h"

#pragma GCC visibility push(hidden)

/* Bytes of room that encoding 'n' bytes needs. The one to spare is because
   each step stores four bytes and then moves on by one or three. */
#define ESCAPE_ROOM(n)  (3 * (n) + 1)

/* Encodes 'n' bytes into 'out'; answers the end of what it wrote. */
char *escape_encode (char *out, const char *in, size_t n);

/* Decodes 'n' bytes into 'out', which needs 'n' bytes of room and may be 'in'
   itself; 'form' also makes a space of each plus. NULL: a % is not followed
   by two hex digits. */
char *escape_decode (char *out, const char *in, size_t n, int form);

/* Decodes a piece of a form or a query and encodes the result again, which
   brings any spelling to the one that gets signed. Room as for encoding.
   NULL: malformed, as above. */
char *escape_recode (char *out, const char *in, size_t n);

#pragma GCC visibility pop

#endif
