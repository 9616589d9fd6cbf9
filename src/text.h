/*
** text.h
** Text on its way out: is it UTF-8, how many characters has it, and how does
** it look as a JSON string (RFC 8259 section 7).
*/
#ifndef text_h
#define text_h

#include <stddef.h>

#include "twitter.h"

#pragma GCC visibility push(hidden)

/* The most bytes that 'n' bytes need as a JSON string, quotes included. */
#define TEXT_JSON_ROOM(n)  ((n) * 6 + 2)

/* Counts the characters (code points). Non-zero when all of it is UTF-8; or
   else '*bad' is where the first byte stands that is not. */
int text_utf8_length (const char *text, size_t n, size_t *count,
                      size_t *bad);

/* Writes valid UTF-8 as a JSON string to 'out', which has room for it, and
   answers the end. */
char *text_to_json (char *out, const char *text, size_t n);

#pragma GCC visibility pop

#endif
