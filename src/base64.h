/*
** base64.h
** RFC 4648: base64 with padding, and base64url without. Decoding is strict:
** one text per value, so padding must be right, nothing foreign may stand in
** the text, and the bits that no byte uses must be zero. The callers bring
** the memory; nothing here allocates.
*/
#ifndef base64_h
#define base64_h

#include <stddef.h>
#include "twitter.h"

#pragma GCC visibility push(hidden)

enum base64_kind {
  BASE64_STANDARD,   /* + and /, padded with = */
  BASE64_URL         /* - and _, never padded */
};

/* Characters that encoding 'n' bytes takes at most (standard: exactly). */
#define BASE64_ROOM(n)  (((n) + 2) / 3 * 4)

/* Bytes that decoding 'n' characters takes at most. */
#define BASE64_BYTES(n)  ((n) / 4 * 3 + 2)

/* Encodes 'n' bytes into 'out'; answers the end of what it wrote. */
char *base64_encode (char *out, const void *bytes, size_t n,
                     enum base64_kind kind);

/* Decodes 'n' characters into 'out'; answers the end of what it wrote, or
   NULL when the text is not exactly what the encoder would have made. */
unsigned char *base64_decode (unsigned char *out, const char *text, size_t n,
                              enum base64_kind kind);

#pragma GCC visibility pop

#endif
