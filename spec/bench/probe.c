/*
** probe.c
** A neighbour: asks for a location at a steady pace over one kept connection
** on loopback, and tells how long it waited. A request that could not be sent
** on time, because the one before it was still waiting, counts from the time
** at which it was due.
**
**   build/bench/probe port path per_second seconds
**   -> p50, p99, max milliseconds
*/
#define _DEFAULT_SOURCE

#include "http.h"

#define MAX_TIMES 100000

static double times[MAX_TIMES];


static void sleep_until (double moment) {
  double left = moment - wall_clock();
  struct timespec t;
  if (left <= 0) return;
  t.tv_sec = (time_t)left;
  t.tv_nsec = (long)((left - (double)t.tv_sec) * 1e9);
  nanosleep(&t, NULL);
}


/* Waking up late is the probe's own fault, and counts for nobody. */
static double ask (int s, const char *path, double due) {
  struct http_answer answer;
  double begun = wall_clock();
  if (begun < due) {
    sleep_until(due);
    begun = wall_clock();
  }
  else begun = due;
  answer.length = 0;
  http_ask(s, path);
  while (!http_read(s, &answer)) {
  }
  return wall_clock() - begun;
}


int main (int argc, char **argv) {
  if (argc != 5) die("usage: probe port path per_second seconds");
  double pace = 1 / strtod(argv[3], NULL);
  size_t count = (size_t)(strtod(argv[4], NULL) / pace + 0.5);
  if (count > MAX_TIMES) die("too many requests");
  int s = http_connect(argv[1]);
  double start = wall_clock() + pace;
  for (size_t i = 0; i < count; i++)
    times[i] = ask(s, argv[2], start + pace * (double)i);
  http_print_times(times, count);
  return EXIT_SUCCESS;
}
