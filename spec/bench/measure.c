/*
** measure.c
** Runs a program and tells what it took, as the system counts it: the last
** line of the output is "wall user system peak", in seconds and in KiB of
** resident memory.
**
**   build/bench/measure program argument...
*/
#define _DEFAULT_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>


static double now (void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}


static double seconds (struct timeval t) {
  return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}


int main (int argc, char **argv) {
  if (argc < 2) {
    fputs("usage: measure program argument...\n", stderr);
    return EXIT_FAILURE;
  }
  double start = now();
  pid_t child = fork();
  if (child == 0) {
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    _exit(127);
  }
  int status;
  struct rusage used;
  if (child < 0 || wait4(child, &status, 0, &used) != child || status != 0) {
    fprintf(stderr, "%s failed\n", argv[1]);
    return EXIT_FAILURE;
  }
  printf("%.6f %.6f %.6f %ld\n", now() - start, seconds(used.ru_utime),
         seconds(used.ru_stime), used.ru_maxrss);
  return EXIT_SUCCESS;
}
