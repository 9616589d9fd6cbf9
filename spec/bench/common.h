/*
** common.h
** What all programs of the benchmarks share: giving up, and a clock.
*/
#ifndef common_h
#define common_h

#include <stdio.h>
#include <stdlib.h>
#include <time.h>


static inline void die (const char *message) {
  fprintf(stderr, "%s\n", message);
  exit(EXIT_FAILURE);
}


static inline double wall_clock (void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#endif
