/*
** buf.c
** See buf.h for the idea.
*/
#include "twitter.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"

#define FIRST_SIZE 256u


void buf_init (struct buf *b, size_t ceiling) {
  memset(b, 0, sizeof *b);
  b->ceiling = ceiling;
}


void buf_init_secret (struct buf *b, size_t ceiling) {
  buf_init(b, ceiling);
  b->secret = 1;
}


/* The barrier tells the compiler that the zeroes are read. */
void buf_wipe (void *memory, size_t n) {
  if (memory == NULL || n == 0) return;
  memset(memory, 0, n);
  __asm__ __volatile__ ("" : : "r" (memory) : "memory");
}


void buf_free (struct buf *b) {
  if (b->secret) buf_wipe(b->data, b->size);
  free(b->data);
  b->data = NULL;
  b->length = b->size = 0;
}


void buf_clear (struct buf *b) {
  if (b->secret) buf_wipe(b->data, b->length);
  b->length = 0;
}


/* The doubled size that holds 'needed', cut off at the ceiling. */
static size_t grown_size (const struct buf *b, size_t needed) {
  size_t size = b->size > 0 ? b->size : FIRST_SIZE;
  while (size < needed) {
    if (size > b->ceiling / 2) return b->ceiling;
    size *= 2;
  }
  return size < b->ceiling ? size : b->ceiling;
}


/* realloc would leave a copy of a secret behind, hence the move by hand. */
static char *move_secret (struct buf *b, size_t size) {
  char *data = malloc(size);
  if (data == NULL) return NULL;
  if (b->length > 0) memcpy(data, b->data, b->length);
  buf_wipe(b->data, b->size);
  free(b->data);
  return data;
}


static enum twitter_result grow (struct buf *b, size_t needed) {
  size_t size = grown_size(b, needed);
  char *data = b->secret ? move_secret(b, size) : realloc(b->data, size);
  if (data == NULL) {
    buf_free(b);
    return TWITTER_NO_MEMORY;
  }
  b->data = data;
  b->size = size;
  return TWITTER_OK;
}


char *buf_room (struct buf *b, size_t n) {
  if (n > b->ceiling - b->length) {  /* 'length' never passes 'ceiling' */
    buf_free(b);
    return NULL;
  }
  if (b->length + n > b->size && grow(b, b->length + n) != TWITTER_OK)
    return NULL;
  return b->data + b->length;
}


enum twitter_result buf_add (struct buf *b, const void *bytes, size_t n) {
  if (n == 0) return TWITTER_OK;
  if (n > b->ceiling - b->length) {
    buf_free(b);
    return TWITTER_OVER_LIMIT;
  }
  char *room = buf_room(b, n);
  if (room == NULL) return TWITTER_NO_MEMORY;
  memcpy(room, bytes, n);
  b->length += n;
  return TWITTER_OK;
}

