/*
** settings.c
** See settings.h for the idea.
*/
#include "twitter.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "settings.h"


struct settings *settings_new (void) {
  struct settings *s = calloc(1, sizeof *s);
  if (s != NULL) s->references = 1;
  return s;
}


struct settings *settings_share (struct settings *s) {
  __atomic_add_fetch(&s->references, 1, __ATOMIC_RELAXED);
  return s;
}


/* A proxy's address may hold a password. */
static void free_wiped (char *text) {
  if (text != NULL) buf_wipe(text, strlen(text));
  free(text);
}


void settings_release (struct settings *s) {
  if (s == NULL) return;
  if (__atomic_sub_fetch(&s->references, 1, __ATOMIC_ACQ_REL) > 0) return;
  free_wiped(s->proxy);
  free(s->no_proxy);
  free(s->ca_file);
  free(s->ca_path);
  free(s->user_agent);
  free(s);
}


enum twitter_result settings_string (char **field, const char *text) {
  char *copy = NULL;
  if (text != NULL && (copy = strdup(text)) == NULL)
    return TWITTER_NO_MEMORY;
  free_wiped(*field);
  *field = copy;
  return TWITTER_OK;
}
