/*
** file.c
** See file.h for the idea.
*/
#include "twitter.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"


/* Takes over 'descriptor', also when it fails. */
static enum twitter_result adopt (struct file **f, int descriptor,
                                  unsigned long long size) {
  struct file *new_file = malloc(sizeof *new_file);
  if (new_file == NULL) {
    close(descriptor);
    return TWITTER_NO_MEMORY;
  }
  new_file->descriptor = descriptor;
  new_file->references = 1;
  new_file->size = size;
  *f = new_file;
  return TWITTER_OK;
}


static enum twitter_result refuse (int descriptor, int why) {
  close(descriptor);
  errno = why;
  return TWITTER_FILE;
}


/* O_NONBLOCK keeps a named pipe from holding the open up for ever; for
   regular files it means nothing. */
enum twitter_result file_open (struct file **f, const char *path) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return TWITTER_FILE;
  struct stat status;
  if (fstat(descriptor, &status) != 0) return refuse(descriptor, errno);
  if (S_ISDIR(status.st_mode)) return refuse(descriptor, EISDIR);
  if (!S_ISREG(status.st_mode)) return refuse(descriptor, EINVAL);
  return adopt(f, descriptor, (unsigned long long)status.st_size);
}


static int open_named_and_unlink (const char *directory) {
  char name[4096];
  size_t length = strnlen(directory, sizeof name);
  static const char tail[] = "/twitter-XXXXXX";
  if (length + sizeof tail > sizeof name) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(name, directory, length);
  memcpy(name + length, tail, sizeof tail);
  int descriptor = mkostemp(name, O_CLOEXEC);
  if (descriptor >= 0) unlink(name);
  return descriptor;
}


/* Not every system, nor every file system, has nameless files. */
static int open_nameless (const char *directory) {
#if defined(O_TMPFILE)
  int descriptor = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0) return descriptor;
#endif
  return open_named_and_unlink(directory);
}


enum twitter_result file_scratch (struct file **f) {
  const char *directory = getenv("TMPDIR");
  if (directory == NULL || directory[0] == '\0') directory = "/tmp";
  int descriptor = open_nameless(directory);
  if (descriptor < 0) return TWITTER_FILE;
  return adopt(f, descriptor, 0);
}


struct file *file_share (struct file *f) {
  __atomic_add_fetch(&f->references, 1, __ATOMIC_RELAXED);
  return f;
}


void file_release (struct file *f) {
  if (f == NULL) return;
  if (__atomic_sub_fetch(&f->references, 1, __ATOMIC_ACQ_REL) > 0) return;
  close(f->descriptor);
  free(f);
}


ssize_t file_read (const struct file *f, void *to, size_t n,
                   unsigned long long offset) {
  ssize_t got;
  do {
    got = pread(f->descriptor, to, n, (off_t)offset);
  } while (got < 0 && errno == EINTR);
  return got;
}


enum twitter_result file_append (struct file *f, const void *bytes,
                                 size_t n) {
  const char *from = bytes;
  while (n > 0) {
    ssize_t put = pwrite(f->descriptor, from, n, (off_t)f->size);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return TWITTER_FILE;
    from += put;
    n -= (size_t)put;
    f->size += (unsigned long long)put;
  }
  return TWITTER_OK;
}
