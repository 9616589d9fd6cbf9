/*
 * A TCP listener on a free loopback port that behaves badly at once, for the
 * failures that happen below TLS and HTTP. Usage: badpeer MODE OWNER
 *
 *   reset    accepts, then resets
 *   close    accepts, then ends its side
 *   silent   accepts and never says a word
 *   garbage  accepts and speaks nonsense
 *   refuse   holds a port that nobody listens on
 *   full     never accepts, its queue being full: connecting hangs
 *
 * Prints "PORT PID" and goes to the background, where it ends after a minute,
 * or when the process OWNER is gone.
 */

#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { life_seconds = 60, tick_milliseconds = 100, fillers = 8 };

static void fail(const char *what) {
  perror(what);
  exit(EXIT_FAILURE);
}

/* A bound socket, and its address with the port the system chose. */
static int bind_loopback(struct sockaddr_in *address) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  socklen_t length = sizeof *address;

  memset(address, 0, sizeof *address);
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, (struct sockaddr *)address, length) != 0 ||
      getsockname(fd, (struct sockaddr *)address, &length) != 0)
    fail("bind");
  return fd;
}

/* Fills the queue of a listener that nobody accepts from. The sockets stay
   open on purpose, until the process ends. */
static void fill_queue(const struct sockaddr_in *address) {
  for (int i = 0; i < fillers; i++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
      fail("socket");
    (void)connect(fd, (const struct sockaddr *)address, sizeof *address);
  }
}

static void reset_peer(int fd) {
  struct linger now = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

static void speak_garbage(int fd) {
  static const char nonsense[] = "\x7f\x00\xff\x15 what is this\r\n\r\n{{{{\x01\x02";
  ssize_t written = send(fd, nonsense, sizeof nonsense, MSG_NOSIGNAL);
  (void)written;
}

/* Connections that are kept are not closed: the process ends soon enough. */
static void greet(int fd, const char *mode) {
  if (strcmp(mode, "reset") == 0)
    reset_peer(fd);
  else if (strcmp(mode, "close") == 0)
    shutdown(fd, SHUT_WR);
  else if (strcmp(mode, "garbage") == 0)
    speak_garbage(fd);
}

static int is_gone(pid_t owner) {
  return kill(owner, 0) != 0 && errno == ESRCH;
}

static void serve(int listener, const char *mode, int accepts, pid_t owner) {
  time_t end = time(NULL) + life_seconds;

  while (time(NULL) < end && !is_gone(owner)) {
    struct pollfd wait = {accepts ? listener : -1, POLLIN, 0};
    if (poll(&wait, 1, tick_milliseconds) > 0) {
      int fd = accept(listener, NULL, NULL);
      if (fd >= 0)
        greet(fd, mode);
    }
  }
}

/* The child lets go of everything its parent had, pipes above all. */
static pid_t into_background(int keep) {
  pid_t child = fork();

  if (child != 0)
    return child;
  setsid();
  for (int fd = 0; fd < 256; fd++)
    if (fd != keep)
      close(fd);
  return 0;
}

int main(int argc, char **argv) {
  struct sockaddr_in address;

  if (argc != 3) {
    fputs("usage: badpeer MODE OWNER\n", stderr);
    return EXIT_FAILURE;
  }
  const char *mode = argv[1];
  pid_t owner = (pid_t)strtol(argv[2], NULL, 10);
  int listener = bind_loopback(&address);
  int refuses = strcmp(mode, "refuse") == 0;
  int full = strcmp(mode, "full") == 0;

  if (!refuses && listen(listener, full ? 0 : 64) != 0)
    fail("listen");
  pid_t child = into_background(listener);
  if (child < 0)
    fail("fork");
  if (child > 0) {
    printf("%d %ld\n", ntohs(address.sin_port), (long)child);
    return EXIT_SUCCESS;
  }
  if (full)
    fill_queue(&address);
  serve(listener, mode, !refuses && !full, owner);
  return EXIT_SUCCESS;
}
