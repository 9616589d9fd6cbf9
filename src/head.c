/*
** head.c
** See head.h for the idea.
*/
#include "twitter.h"

#include <string.h>

#include "buf.h"
#include "head.h"


void head_init (struct head *h) {
  buf_init(&h->fields, BUF_CEILING_HEADERS);
}


void head_free (struct head *h) {
  buf_free(&h->fields);
}


void head_clear (struct head *h) {
  buf_clear(&h->fields);
}


static char lower (char c) {
  return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}


static int is_blank (char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}


/* Appends name and value, each closed by a NUL, in one go. */
static enum twitter_result add_field (struct head *h, const char *name,
                                      size_t name_length, const char *value,
                                      size_t value_length) {
  size_t n = name_length + value_length + 2;
  if (n > h->fields.ceiling - h->fields.length) {
    buf_free(&h->fields);
    return TWITTER_OVER_LIMIT;
  }
  char *to = buf_room(&h->fields, n);
  if (to == NULL) return TWITTER_NO_MEMORY;
  for (size_t i = 0; i < name_length; i++) *to++ = lower(name[i]);
  *to++ = '\0';
  memcpy(to, value, value_length);
  to[value_length] = '\0';
  h->fields.length += n;
  return TWITTER_OK;
}


enum twitter_result head_line (struct head *h, const char *line, size_t n) {
  if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {  /* a new response? */
    head_clear(h);
    return TWITTER_OK;
  }
  const char *colon = memchr(line, ':', n);
  if (colon == NULL || colon == line) return TWITTER_OK;
  const char *value = colon + 1, *end = line + n;
  while (value < end && is_blank(*value)) value++;
  while (end > value && is_blank(end[-1])) end--;
  if (memchr(line, '\0', n) != NULL) return TWITTER_OK;
  return add_field(h, line, (size_t)(colon - line), value,
                   (size_t)(end - value));
}


int head_next (const char *fields, size_t n, size_t *position,
               const char **name, const char **value) {
  if (*position >= n) return 0;
  *name = fields + *position;
  *value = *name + strlen(*name) + 1;
  if (*value >= fields + n) return 0;
  *position = (size_t)(*value - fields) + strlen(*value) + 1;
  return 1;
}
