/*
** head.h
** The header fields of one response, as they came: names in lower case,
** repeated fields kept, interim responses (100, redirects that were
** followed) forgotten when the next status line arrives.
*/
#ifndef head_h
#define head_h

#include <stddef.h>

#include "buf.h"
#include "twitter.h"

#pragma GCC visibility push(hidden)

struct head {
  struct buf fields;  /* name '\0' value '\0' name '\0' value '\0' ... */
};

void head_init (struct head *h);
void head_free (struct head *h);
void head_clear (struct head *h);

/* Takes one line as libcurl hands it over, line end included. A line that is
   no field is passed over. */
enum twitter_result head_line (struct head *h, const char *line, size_t n);

/* Steps through fields as a head keeps them: '*position' starts at 0; 0 when
   there is none left. The strings live as long as the fields do. */
int head_next (const char *fields, size_t n, size_t *position,
               const char **name, const char **value);

#pragma GCC visibility pop

#endif
