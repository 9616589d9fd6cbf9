/*
** pairs.c
** See pairs.h for the idea.
*/
#include "twitter.h"

#include <string.h>

#include "escape.h"
#include "pairs.h"

#define TEXT_CEILING  (4u * PAIRS_MAX_BYTES)
#define LIST_CEILING  (PAIRS_MAX_COUNT * sizeof (struct pair))
#define KEPT_SIZE     (64u * 1024u)  /* memory kept by an empty set */


void pairs_init (struct pairs *p) {
  buf_init_secret(&p->text, TEXT_CEILING);
  buf_init(&p->list, LIST_CEILING);
  p->bytes = 0;
}


void pairs_free (struct pairs *p) {
  buf_free(&p->text);
  buf_free(&p->list);
  p->bytes = 0;
}


/* The text is not wiped here: the next request overwrites it. */
void pairs_clear (struct pairs *p) {
  if (p->text.size > KEPT_SIZE) buf_free(&p->text);
  if (p->list.size > KEPT_SIZE) buf_free(&p->list);
  p->text.length = p->list.length = 0;
  p->bytes = 0;
}


/* Counts 'n' more bytes of names and values and makes room for them. */
static enum twitter_result make_room (struct pairs *p, size_t n) {
  if (n > PAIRS_MAX_BYTES - p->bytes) return TWITTER_OVER_LIMIT;
  p->bytes += n;
  if (buf_room(&p->text, ESCAPE_ROOM(n)) == NULL) return TWITTER_NO_MEMORY;
  return TWITTER_OK;
}


static struct slice encode (struct pairs *p, struct span plain) {
  char *start = p->text.data + p->text.length;
  char *end = escape_encode(start, plain.data, plain.length);
  struct slice slice = { p->text.length, (size_t)(end - start) };
  p->text.length += slice.length;
  return slice;
}


enum twitter_result pairs_add (struct pairs *p, struct span name,
                               struct span value, unsigned marks) {
  struct pair pair;
  if (name.length > PAIRS_MAX_BYTES || value.length > PAIRS_MAX_BYTES)
    return TWITTER_OVER_LIMIT;
  enum twitter_result result = make_room(p, name.length + value.length);
  if (result != TWITTER_OK) return result;
  pair.name = encode(p, name);
  pair.value = encode(p, value);
  pair.marks = marks;
  if (pair.name.length == name.length && pair.value.length == value.length)
    pair.marks |= PAIR_PLAIN;
  return buf_add(&p->list, &pair, sizeof pair);
}


/* As 'encode' for a piece of a query; 0 when it is malformed. */
static int recode (struct pairs *p, struct span piece, struct slice *slice) {
  char *start = p->text.data + p->text.length;
  char *end = escape_recode(start, piece.data, piece.length);
  if (end == NULL) return 0;
  slice->at = p->text.length;
  slice->length = (size_t)(end - start);
  p->text.length += slice->length;
  return 1;
}


/* Pieces with nothing in them ("a=1&&b=2") are no pairs. */
enum twitter_result pairs_add_query (struct pairs *p, struct span query) {
  enum twitter_result result = make_room(p, query.length);
  while (result == TWITTER_OK && query.length > 0) {
    struct pair pair = { { 0, 0 }, { 0, 0 }, 0 };
    struct span name = query;
    query = span_cut(&name, '&');
    if (name.length == 0) continue;
    struct span value = span_cut(&name, '=');
    if (!recode(p, name, &pair.name) || !recode(p, value, &pair.value))
      return TWITTER_INVALID;
    result = buf_add(&p->list, &pair, sizeof pair);
  }
  return result;
}


enum twitter_result pairs_copy (struct pairs *p, const struct pairs *from) {
  enum twitter_result result = buf_add(&p->text, from->text.data,
                                       from->text.length);
  if (result != TWITTER_OK) return result;
  return buf_add(&p->list, from->list.data, from->list.length);
}


enum twitter_result pairs_set_value (struct pairs *p, size_t index,
                                     struct span value) {
  struct pair *pair = &pairs_list(p)[index];
  if (value.length > PAIRS_MAX_BYTES) return TWITTER_OVER_LIMIT;
  enum twitter_result result = make_room(p, value.length);
  if (result != TWITTER_OK) return result;
  pair->value = encode(p, value);
  if (pair->value.length != value.length) pair->marks &= ~PAIR_PLAIN;
  return TWITTER_OK;
}


enum twitter_result pairs_set_plain (struct pairs *p, size_t index,
                                     struct span value) {
  struct slice slice = { p->text.length, value.length };
  pairs_list(p)[index].value = slice;
  return buf_add(&p->text, value.data, value.length);
}


static int compare (const char *text, struct slice a, struct slice b) {
  size_t n = a.length < b.length ? a.length : b.length;
  int difference = memcmp(text + a.at, text + b.at, n);
  if (difference != 0) return difference;
  return (a.length > b.length) - (a.length < b.length);
}


/* Names first: in the joined text '=' would come after '-' and '.'. */
static int goes_after (const char *text, const struct pair *a,
                       const struct pair *b) {
  int difference = compare(text, a->name, b->name);
  if (difference == 0) difference = compare(text, a->value, b->value);
  return difference > 0;
}


/* One pass of an insertion sort over every 'gap'-th pair. */
static void sort_by_gap (struct pairs *p, size_t gap) {
  struct pair *list = pairs_list(p);
  for (size_t i = gap; i < pairs_count(p); i++) {
    struct pair moving = list[i];
    size_t j = i;
    for (; j >= gap; j -= gap) {
      if (!goes_after(p->text.data, &list[j - gap], &moving)) break;
      list[j] = list[j - gap];
    }
    if (j != i) list[j] = moving;
  }
}


/* Shell's sort: it needs no memory, and the usual handful of pairs arrives
   nearly sorted. Equal pairs cannot be told apart, so their order is free. */
void pairs_sort (struct pairs *p) {
  static const size_t gaps[] = { 301, 132, 57, 23, 10 };
  size_t count = pairs_count(p);
  for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++)
    if (gaps[i] < count / 2) sort_by_gap(p, gaps[i]);
  sort_by_gap(p, 1);
}


size_t pairs_room (const struct pairs *p) {
  const struct pair *pair = pairs_list(p);
  size_t room = 0;
  for (size_t i = 0; i < pairs_count(p); i++) {
    size_t n = pair[i].name.length + pair[i].value.length;
    room += n + sizeof "%3D%26" - 1;
    if (!(pair[i].marks & PAIR_PLAIN)) room += n / 3 * 2;  /* % to %25 */
  }
  return room;
}


static char *append (char *out, const char *bytes, size_t n) {
  memcpy(out, bytes, n);
  return out + n;
}


/* Encoding what is encoded already only touches the '%'. */
static char *append_encoded (char *out, struct span text) {
  for (const char *end = text.data + text.length; text.data < end;
       text.data++) {
    *out++ = *text.data;
    if (*text.data == '%') out = append(out, "25", 2);
  }
  return out;
}


char *pairs_write (char *out, const struct pairs *p) {
  const struct pair *pair = pairs_list(p);
  for (size_t i = 0; i < pairs_count(p); i++) {
    struct span name = pairs_span(p, pair[i].name);
    struct span value = pairs_span(p, pair[i].value);
    if (i > 0) out = append(out, "%26", 3);
    if (pair[i].marks & PAIR_PLAIN) {
      out = append(append(out, name.data, name.length), "%3D", 3);
      out = append(out, value.data, value.length);
    }
    else {
      out = append(append_encoded(out, name), "%3D", 3);
      out = append_encoded(out, value);
    }
  }
  return out;
}
