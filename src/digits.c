/*
** digits.c
** See digits.h for the idea.
*/
#include "twitter.h"

#include <string.h>

#include "digits.h"

#define LARGEST   "9007199254740992"       /* 2^53: the last safe integer */
#define SHORTEST  (sizeof LARGEST - 1)     /* digits an unsafe one has */


static int is_digit (char c) {
  return c >= '0' && c <= '9';
}


static int is_space (char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}


/* Is the quote at 'quote' escaped? An odd row of backslashes says so. */
static int is_escaped (const char *text, const char *quote) {
  const char *p = quote;
  while (p > text && p[-1] == '\\') p--;
  return (quote - p) % 2 != 0;
}


/* Follows the quotes up to 'where', which never lies before 'settled'. */
static int in_string_at (struct digits_scan *scan, size_t where) {
  const char *p = scan->text + scan->settled;
  const char *end = scan->text + where;
  while ((p = memchr(p, '"', (size_t)(end - p))) != NULL) {
    if (!scan->in_string || !is_escaped(scan->text, p))
      scan->in_string = !scan->in_string;
    p++;
  }
  scan->settled = where;
  return scan->in_string;
}


/* May a JSON value begin at 'start'? */
static int may_begin (const struct digits_scan *scan, size_t start) {
  while (start > 0 && is_space(scan->text[start - 1])) start--;
  if (start == 0) return 1;
  char c = scan->text[start - 1];
  return c == ':' || c == ',' || c == '[';
}


/* May a JSON value end before 'end'? A fraction or exponent goes on. */
static int may_end (const struct digits_scan *scan, size_t end) {
  while (end < scan->length && is_space(scan->text[end])) end++;
  if (end == scan->length) return 1;
  char c = scan->text[end];
  return c == ',' || c == ']' || c == '}';
}


/* A leading zero is bad JSON: it is left for the decoder to refuse. */
static int is_unsafe (const char *digits, size_t count) {
  if (count < SHORTEST || digits[0] == '0') return 0;
  return count > SHORTEST || memcmp(digits, LARGEST, SHORTEST) > 0;
}


void digits_scan_init (struct digits_scan *scan, const char *text,
                       size_t length) {
  memset(scan, 0, sizeof *scan);
  scan->text = text;
  scan->length = length;
  scan->probe = SHORTEST - 1;
}


/* The next run of digits that a probe falls into. Runs that are shorter than
   the stride may be missed, and do not matter. */
static int next_run (struct digits_scan *scan, size_t *first, size_t *end) {
  const char *text = scan->text;
  size_t length = scan->length;
  size_t p = scan->probe;
  while (p < length && !is_digit(text[p])) p += SHORTEST;
  if (p >= length) {
    scan->probe = length;
    return 0;
  }
  for (*first = p; *first > 0 && is_digit(text[*first - 1]); ) --*first;
  for (*end = p + 1; *end < length && is_digit(text[*end]); ) ++*end;
  scan->probe = *end + SHORTEST;  /* text[*end] is no digit */
  return 1;
}


int digits_scan_next (struct digits_scan *scan, size_t *start, size_t *end) {
  size_t first;
  while (next_run(scan, &first, end)) {
    if (!is_unsafe(scan->text + first, *end - first)) continue;
    *start = first > 0 && scan->text[first - 1] == '-' ? first - 1 : first;
    if (may_begin(scan, *start) && may_end(scan, *end)
        && !in_string_at(scan, *start))
      return 1;
  }
  return 0;
}
