/*
** inherit.c
** See inherit.h for the idea.
*/
#include "twitter.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inherit.h"


static int lowest_free (void) {
  int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (descriptor >= 0) close(descriptor);
  return descriptor;
}


void inherit_look (struct inherit *before) {
  memset(before, 0, sizeof *before);
  before->first = lowest_free();
  if (before->first < 0) return;
  for (int i = 0; i < INHERIT_WINDOW; i++)
    before->open[i] = fcntl(before->first + i, F_GETFD) >= 0;
}


static int is_local_socket (int descriptor) {
  struct sockaddr_storage name;
  socklen_t size = sizeof name;
  memset(&name, 0, sizeof name);
  return getsockname(descriptor, (struct sockaddr *)&name, &size) == 0
      && name.ss_family == AF_UNIX;
}


void inherit_prevent (const struct inherit *before) {
  if (before->first < 0) return;
  for (int i = 0; i < INHERIT_WINDOW; i++) {
    int descriptor = before->first + i;
    if (before->open[i]) continue;
    int flags = fcntl(descriptor, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0
        && is_local_socket(descriptor))
      fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC);
  }
}
