/*
** mailbox.c
** See mailbox.h for the idea.
*/
#include "twitter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "mailbox.h"
#include "transfer.h"

#define TAIL "/twitter-XXXXXX"

struct mailbox {
  pthread_mutex_t lock;
  pid_t owner;
  int references;              /* changed atomically */
  struct job *first, *last;    /* delivered, in the order of arrival */
  int pending;                 /* travelling or delivered */
  int closed;                  /* nobody collects any more */
  int signaled;                /* woken, and not collected empty since? */
  int poked;                   /* the same, without anything to collect */
  int wake;                    /* written to wake the owner; -1: nobody */
  int descriptor;              /* the owner's end of a pair; -1: none */
  int listener;                /* -1 when not listening */
  char path[MAILBOX_PATH_SIZE];
};


/* ---- jobs ---- */

struct job *job_new (struct transfer *transfer, struct mailbox *home) {
  static unsigned long long last_id;  /* atomic */
  struct job *job = calloc(1, sizeof *job);
  if (job == NULL) return NULL;
  job->transfer = transfer;
  job->home = mailbox_share(home);
  job->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
  job->place = JOB_HELD;
  return job;
}


struct job *job_new_alarm (long long due, struct mailbox *home) {
  struct job *job = job_new(NULL, home);
  if (job != NULL) job->due = due;
  return job;
}


void job_free (struct job *job) {
  if (job == NULL) return;
  transfer_free(job->transfer);
  mailbox_release(job->home);
  free(job);
}


int job_is_done (struct job *job) {
  pthread_mutex_lock(&job->home->lock);
  int done = job->place != JOB_TRAVELLING
          && (job->transfer == NULL || job->transfer->state == TRANSFER_DONE);
  pthread_mutex_unlock(&job->home->lock);
  return done;
}


/* Takes a job out of the list of delivered ones. Lock held. */
static void unlink_delivered (struct mailbox *m, struct job *job) {
  if (job->previous != NULL) job->previous->next = job->next;
  else m->first = job->next;
  if (job->next != NULL) job->next->previous = job->previous;
  else m->last = job->previous;
  job->next = job->previous = NULL;
  m->pending--;
}


int job_is_over (struct job *job) {
  pthread_mutex_lock(&job->home->lock);
  int over = job->abandoned || job->home->closed;
  pthread_mutex_unlock(&job->home->lock);
  return over;
}


int job_abandon (struct job *job) {
  struct mailbox *m = job->home;
  pthread_mutex_lock(&m->lock);
  int travels = job->place == JOB_TRAVELLING;
  if (travels) job->abandoned = 1;
  else if (job->place == JOB_DELIVERED) unlink_delivered(m, job);
  pthread_mutex_unlock(&m->lock);
  if (!travels) job_free(job);
  return travels;
}


/* ---- birth and death ---- */

struct mailbox *mailbox_new (void) {
  struct mailbox *m = calloc(1, sizeof *m);
  if (m == NULL) return NULL;
  if (pthread_mutex_init(&m->lock, NULL) != 0) {
    free(m);
    return NULL;
  }
  m->references = 1;
  m->owner = getpid();
  m->wake = m->descriptor = m->listener = -1;
  return m;
}


struct mailbox *mailbox_share (struct mailbox *m) {
  __atomic_add_fetch(&m->references, 1, __ATOMIC_RELAXED);
  return m;
}


void mailbox_release (struct mailbox *m) {
  if (m == NULL) return;
  if (__atomic_sub_fetch(&m->references, 1, __ATOMIC_ACQ_REL) > 0) return;
  mailbox_disconnect(m);
  pthread_mutex_destroy(&m->lock);
  free(m);
}


int mailbox_is_ours (const struct mailbox *m) {
  return m->owner == getpid();
}


/* ---- waking ---- */

/* One byte; a full socket means that the owner has enough to read. Lock
   held, so that the descriptor is not closed and reused under our hands. */
static void write_byte (struct mailbox *m, char byte) {
  if (m->wake < 0) return;
  ssize_t put;
  do {
    put = send(m->wake, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (put < 0 && errno == EINTR);
}


void mailbox_poke (struct mailbox *m) {
  pthread_mutex_lock(&m->lock);
  m->poked = 1;
  write_byte(m, MAILBOX_READY);
  pthread_mutex_unlock(&m->lock);
}


void mailbox_beat (struct mailbox *m) {
  pthread_mutex_lock(&m->lock);
  write_byte(m, MAILBOX_BEAT);
  pthread_mutex_unlock(&m->lock);
}


/* ---- jobs come and go ---- */

void mailbox_send_off (struct mailbox *m, struct job *job) {
  pthread_mutex_lock(&m->lock);
  job->place = JOB_TRAVELLING;
  m->pending++;
  pthread_mutex_unlock(&m->lock);
}


/* Lock held. */
static void append_delivered (struct mailbox *m, struct job *job) {
  job->place = JOB_DELIVERED;
  job->next = NULL;
  job->previous = m->last;
  if (m->last != NULL) m->last->next = job;
  else m->first = job;
  m->last = job;
}


void mailbox_deliver (struct job *job) {
  struct mailbox *m = job->home;
  pthread_mutex_lock(&m->lock);
  int unwanted = job->abandoned || (m->closed && job->transfer == NULL);
  if (unwanted) m->pending--;
  else append_delivered(m, job);
  if (!unwanted && !m->signaled) {
    m->signaled = 1;
    write_byte(m, MAILBOX_READY);
  }
  pthread_mutex_unlock(&m->lock);
  if (unwanted) job_free(job);
}


/* 'signaled' falls only when the list was seen empty: whatever is delivered
   after that moment sends a new byte. */
struct job *mailbox_collect (struct mailbox *m) {
  pthread_mutex_lock(&m->lock);
  struct job *job = m->first;
  if (job == NULL) m->signaled = m->poked = 0;
  else {
    unlink_delivered(m, job);
    job->place = JOB_HELD;
  }
  pthread_mutex_unlock(&m->lock);
  return job;
}


/* The next delivered alarm. */
static struct job *take_alarm (struct mailbox *m) {
  pthread_mutex_lock(&m->lock);
  struct job *job = m->first;
  while (job != NULL && job->transfer != NULL) job = job->next;
  if (job != NULL) unlink_delivered(m, job);
  m->closed = 1;
  pthread_mutex_unlock(&m->lock);
  return job;
}


void mailbox_close (struct mailbox *m) {
  struct job *job;
  mailbox_disconnect(m);
  while ((job = take_alarm(m)) != NULL) job_free(job);
}


int mailbox_pending (struct mailbox *m) {
  pthread_mutex_lock(&m->lock);
  int pending = m->pending;
  pthread_mutex_unlock(&m->lock);
  return pending;
}


/* ---- a descriptor for event loops ---- */

int mailbox_descriptor (struct mailbox *m) {
  if (m->descriptor >= 0) return m->descriptor;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
                 ends) != 0)
    return -1;
  pthread_mutex_lock(&m->lock);
  m->descriptor = ends[0];
  m->wake = ends[1];
  if (m->first != NULL || m->poked) write_byte(m, MAILBOX_READY);
  pthread_mutex_unlock(&m->lock);
  return ends[0];
}


void mailbox_drain (struct mailbox *m) {
  char bytes[64];
  while (m->descriptor >= 0
         && recv(m->descriptor, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
  }
}


/* ---- a socket for hosts that must connect themselves ---- */

/* Makes a directory that only this user can enter and writes the socket's
   name to 'path'; -1: not there, or the name would be too long. */
static int make_directory (const char *parent, char *path) {
  int n = snprintf(path, MAILBOX_PATH_SIZE - 2, "%s%s", parent, TAIL);
  if (n < 0 || n >= MAILBOX_PATH_SIZE - 2) {
    errno = ENAMETOOLONG;
    return -1;
  }
  if (mkdtemp(path) == NULL) return -1;
  memcpy(path + n, "/s", sizeof "/s");
  return 0;
}


static int make_any_directory (char *path) {
  const char *const parents[] = { getenv("TMPDIR"), "/tmp", "/dev/shm",
                                  "/var/tmp" };
  for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++)
    if (parents[i] != NULL && parents[i][0] == '/'
        && make_directory(parents[i], path) == 0)
      return 0;
  return -1;
}


static void remove_socket (struct mailbox *m) {
  if (m->path[0] == '\0') return;
  unlink(m->path);
  char *slash = strrchr(m->path, '/');
  *slash = '\0';
  rmdir(m->path);
  m->path[0] = '\0';
}


static void stop_listening (struct mailbox *m) {
  if (m->listener >= 0) close(m->listener);
  m->listener = -1;
  remove_socket(m);
}


int mailbox_listen (struct mailbox *m, char path[MAILBOX_PATH_SIZE]) {
  struct sockaddr_un address;
  mailbox_disconnect(m);
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  if (make_any_directory(m->path) != 0) {
    m->path[0] = '\0';
    return -1;
  }
  memcpy(address.sun_path, m->path, sizeof address.sun_path);
  memcpy(path, m->path, MAILBOX_PATH_SIZE);
  m->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (m->listener >= 0
      && bind(m->listener, (struct sockaddr *)&address, sizeof address) == 0
      && listen(m->listener, 1) == 0)
    return 0;
  int why = errno;
  stop_listening(m);
  errno = why;
  return -1;
}


/* The directory keeps other users out; this keeps out other processes of
   the same user, and of root. */
static int is_ourselves (int connection) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0
      && peer.pid == getpid() && peer.uid == geteuid();
}


/* Passes over whoever else got in first. */
static int accept_ourselves (int listener) {
  for (;;) {
    int connection = accept4(listener, NULL, NULL,
                             SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0 && errno == EINTR) continue;
    if (connection < 0 || is_ourselves(connection)) return connection;
    close(connection);
  }
}


int mailbox_accept (struct mailbox *m) {
  int connection = accept_ourselves(m->listener);
  int why = errno;
  stop_listening(m);
  errno = why;
  if (connection < 0) return -1;
  pthread_mutex_lock(&m->lock);
  m->wake = connection;
  if (m->first != NULL || m->poked) write_byte(m, MAILBOX_READY);
  pthread_mutex_unlock(&m->lock);
  return 0;
}


void mailbox_disconnect (struct mailbox *m) {
  pthread_mutex_lock(&m->lock);
  if (m->wake >= 0) close(m->wake);
  if (m->descriptor >= 0) close(m->descriptor);
  m->wake = m->descriptor = -1;
  pthread_mutex_unlock(&m->lock);
  stop_listening(m);
}
