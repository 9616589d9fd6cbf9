/*
** span.h
** Bytes that belong to somebody else, and how many. They are not terminated
** and live as long as their owner says.
*/
#ifndef span_h
#define span_h

#include <stddef.h>
#include <string.h>

struct span {
  const char *data;   /* NULL for "not given" */
  size_t length;
};

#define SPAN(literal)  { (literal), sizeof(literal) - 1 }


/* Cuts 's' before the first 'mark' and answers what follows the mark; with
   no mark in it, 's' stays whole and the answer is "not given". */
static inline struct span span_cut (struct span *s, char mark) {
  struct span rest = { NULL, 0 };
  const char *found = NULL;
  if (s->length > 0) found = memchr(s->data, mark, s->length);
  if (found == NULL) return rest;
  rest.data = found + 1;
  rest.length = s->length - (size_t)(rest.data - s->data);
  s->length = (size_t)(found - s->data);
  return rest;
}

#endif
