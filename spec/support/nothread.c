/*
** nothread.c
** Preloaded: a system that starts no thread any more.
*/
#include <errno.h>
#include <pthread.h>


int pthread_create (pthread_t *thread, const pthread_attr_t *attributes,
                    void *(*run) (void *), void *data) {
  (void)thread; (void)attributes; (void)run; (void)data;
  return EAGAIN;
}
