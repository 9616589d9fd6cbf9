/*
** text.c
** See text.h for the idea.
*/
#include "twitter.h"

#include <stddef.h>

#include "text.h"


static int is_within (unsigned char c, unsigned char low,
                      unsigned char high) {
  return c >= low && c <= high;
}


/* The bounds of the second byte rule out overlong forms, surrogates and what
   lies above U+10FFFF. */
static size_t expected_length (unsigned char first, unsigned char *low,
                               unsigned char *high) {
  *low = 0x80;
  *high = 0xBF;
  if (is_within(first, 0xC2, 0xDF)) return 2;
  if (first == 0xE0) *low = 0xA0;
  if (first == 0xED) *high = 0x9F;
  if (is_within(first, 0xE0, 0xEF)) return 3;
  if (first == 0xF0) *low = 0x90;
  if (first == 0xF4) *high = 0x8F;
  return is_within(first, 0xF0, 0xF4) ? 4 : 0;
}


/* The bytes of the character that begins at 's', which is not ASCII; 0: bad. */
static size_t character_length (const unsigned char *s, size_t left) {
  unsigned char low, high;
  size_t n = expected_length(s[0], &low, &high);
  if (n == 0 || n > left || !is_within(s[1], low, high)) return 0;
  for (size_t i = 2; i < n; i++)
    if (!is_within(s[i], 0x80, 0xBF)) return 0;
  return n;
}


int text_utf8_length (const char *text, size_t n, size_t *count,
                      size_t *bad) {
  const unsigned char *s = (const unsigned char *)text;
  size_t characters = 0;
  for (size_t i = 0; i < n; characters++) {
    size_t length = s[i] < 0x80 ? 1 : character_length(s + i, n - i);
    if (length == 0) {
      *bad = i;
      return 0;
    }
    i += length;
  }
  *count = characters;
  return 1;
}


/* The letter after the backslash, or 0. */
static char short_escape (char c) {
  switch (c) {
    case '"': case '\\': return c;
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
  }
}


static char *escape_control (char *out, unsigned char c) {
  static const char digits[] = "0123456789abcdef";
  *out++ = '\\'; *out++ = 'u'; *out++ = '0'; *out++ = '0';
  *out++ = digits[c >> 4];
  *out++ = digits[c & 15];
  return out;
}


char *text_to_json (char *out, const char *text, size_t n) {
  *out++ = '"';
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    char letter = short_escape(text[i]);
    if (letter != 0) {
      *out++ = '\\';
      *out++ = letter;
    }
    else if (c < 0x20 || c == 0x7f)
      out = escape_control(out, c);
    else
      *out++ = text[i];
  }
  *out++ = '"';
  return out;
}
