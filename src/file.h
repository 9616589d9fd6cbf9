/*
** file.h
** A regular file that is opened once and read by position, so that any
** number of requests can send slices of it at the same time and nobody loads
** it whole. The size is taken at opening; a file that is shorter later is
** an error of the reader, never a hang. Counted references: the file stays
** open until its last user lets go of it, whatever the order.
*/
#ifndef file_h
#define file_h

#include <stddef.h>
#include <sys/types.h>

#include "twitter.h"

#pragma GCC visibility push(hidden)

struct file {
  int descriptor;        /* close-on-exec; -1 once closed */
  int references;        /* changed atomically: users may be threads */
  unsigned long long size;
};

/* Opens 'path' for reading. On TWITTER_FILE errno says why; a directory gives
   EISDIR and anything else that is no regular file EINVAL. The caller gets
   the one reference. */
enum twitter_result file_open (struct file **f, const char *path);

/* A new empty file for reading and writing that has no name: it is gone when
   the last reference is, or when the process dies. */
enum twitter_result file_scratch (struct file **f);

struct file *file_share (struct file *f);  /* one more reference */
void file_release (struct file *f);        /* one less; NULL is fine */

/* Reads up to 'n' bytes at 'offset': the number read, 0 at the end, -1 with
   errno. Safe from any thread. */
ssize_t file_read (const struct file *f, void *to, size_t n,
                   unsigned long long offset);

/* Appends to a scratch file; the size grows. One writer at a time. */
enum twitter_result file_append (struct file *f, const void *bytes, size_t n);

#pragma GCC visibility pop

#endif
