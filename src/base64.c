/*
** base64.c
** See base64.h for the idea.
*/
#include "twitter.h"

#include <stdint.h>

#include "base64.h"

#define LETTERS \
  "ABCDEFGHIJKLMNOPQRSTUVWXYZ" "abcdefghijklmnopqrstuvwxyz" "0123456789"

static const char *const alphabets[] = { LETTERS "+/", LETTERS "-_" };

/* Marks, above the six bits of a value, of the four characters that only one
   kind knows. A foreign character carries both and is refused by both. */
#define ONLY_STANDARD  0x40u
#define ONLY_URL       0x80u
#define S(value)       ((value) | ONLY_STANDARD)
#define U(value)       ((value) | ONLY_URL)

#define FOREIGN    0xFF
#define FOREIGN5   FOREIGN, FOREIGN, FOREIGN, FOREIGN, FOREIGN
#define FOREIGN16  FOREIGN5, FOREIGN5, FOREIGN5, FOREIGN
#define FOREIGN64  FOREIGN16, FOREIGN16, FOREIGN16, FOREIGN16

static const unsigned char values[256] = {
  FOREIGN16, FOREIGN16, FOREIGN5, FOREIGN5, FOREIGN,
  S(62), FOREIGN, U(62), FOREIGN, S(63),
  52, 53, 54, 55, 56, 57, 58, 59, 60, 61,
  FOREIGN5, FOREIGN, FOREIGN,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
  21, 22, 23, 24, 25,
  FOREIGN, FOREIGN, FOREIGN, FOREIGN, U(63), FOREIGN,
  26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44,
  45, 46, 47, 48, 49, 50, 51,
  FOREIGN5,
  FOREIGN64, FOREIGN64
};


/* The one or two bytes that are left over. */
static char *encode_rest (char *out, const unsigned char *in, size_t n,
                          enum base64_kind kind) {
  const char *alphabet = alphabets[kind];
  uint32_t bits = (uint32_t)in[0] << 16;
  if (n == 2) bits |= (uint32_t)in[1] << 8;
  *out++ = alphabet[bits >> 18];
  *out++ = alphabet[bits >> 12 & 63];
  if (n == 2) *out++ = alphabet[bits >> 6 & 63];
  else if (kind == BASE64_STANDARD) *out++ = '=';
  if (kind == BASE64_STANDARD) *out++ = '=';
  return out;
}


char *base64_encode (char *out, const void *bytes, size_t n,
                     enum base64_kind kind) {
  const char *alphabet = alphabets[kind];
  const unsigned char *in = bytes;
  for (; n >= 3; n -= 3, in += 3) {
    uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
    *out++ = alphabet[bits >> 18];
    *out++ = alphabet[bits >> 12 & 63];
    *out++ = alphabet[bits >> 6 & 63];
    *out++ = alphabet[bits & 63];
  }
  return n > 0 ? encode_rest(out, in, n, kind) : out;
}


/* Takes the padding off the length 'n'; SIZE_MAX if it is not as it must be:
   what one pad too many leaves behind is refused as a foreign character. */
static size_t without_padding (const char *text, size_t n) {
  if (n % 4 != 0) return SIZE_MAX;
  if (n > 0 && text[n - 1] == '=') n--;
  if (n % 4 == 3 && text[n - 1] == '=') n--;
  return n;
}


/* The two or three characters that are left over. */
static unsigned char *decode_rest (unsigned char *out, const char *text,
                                   size_t n, unsigned refused) {
  unsigned a = values[(unsigned char)text[0]];
  unsigned b = values[(unsigned char)text[1]];
  unsigned c = n == 3 ? values[(unsigned char)text[2]] : 0;
  if ((a | b | c) & refused) return NULL;
  uint32_t bits = (a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6;
  if (bits & (n == 3 ? 0xFFu : 0xFFFFu)) return NULL;  /* unused bits set? */
  *out++ = (unsigned char)(bits >> 16);
  if (n == 3) *out++ = (unsigned char)(bits >> 8 & 255);
  return out;
}


unsigned char *base64_decode (unsigned char *out, const char *text, size_t n,
                              enum base64_kind kind) {
  unsigned refused = kind == BASE64_URL ? ONLY_STANDARD : ONLY_URL;
  if (kind == BASE64_STANDARD) n = without_padding(text, n);
  if (n == SIZE_MAX || n % 4 == 1) return NULL;
  for (; n >= 4; n -= 4, text += 4) {
    unsigned a = values[(unsigned char)text[0]];
    unsigned b = values[(unsigned char)text[1]];
    unsigned c = values[(unsigned char)text[2]];
    unsigned d = values[(unsigned char)text[3]];
    if ((a | b | c | d) & refused) return NULL;
    uint32_t bits = (a & 63) << 18 | (b & 63) << 12 | (c & 63) << 6 | (d & 63);
    *out++ = (unsigned char)(bits >> 16);
    *out++ = (unsigned char)(bits >> 8 & 255);
    *out++ = (unsigned char)(bits & 255);
  }
  return n > 0 ? decode_rest(out, text, n, refused) : out;
}
