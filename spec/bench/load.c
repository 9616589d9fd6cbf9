/*
** load.c
** So many requests in flight over as many kept connections on loopback, each
** sent when its connection's last answer has come.
**
**   build/bench/load port path in_flight warm_up seconds pace
**   -> requests per second, requests in all, p50, p99, max milliseconds
**
** 'pace' is about how long an answer takes, in seconds: the connections begin
** spread over this time, or all answers would come at once for ever. The rate
** is the sum of the connections' own, each counted from one of its answers to
** another one, so a window that ends just before an answer costs nothing.
*/
#define _DEFAULT_SOURCE

#include <sys/epoll.h>

#include "http.h"

#define MAX_IN_FLIGHT 1024
#define MAX_TIMES     2000000

struct client {
  int s;
  double begins, asked;     /* when it first asks, and last asked */
  double first, last;       /* answers within the window */
  long answers;             /* after the first */
  struct http_answer answer;
};

static struct client clients[MAX_IN_FLIGHT];
static double times[MAX_TIMES];
static size_t count;
static long asked, answered;
static const char *path;


static void ask (struct client *c) {
  c->answer.length = 0;
  c->asked = wall_clock();
  asked++;
  http_ask(c->s, path);
}


static void note (struct client *c, double now, double from) {
  if (now < from) return;
  if (c->first == 0) c->first = now;
  else c->answers++;
  c->last = now;
  if (count < MAX_TIMES) times[count++] = now - c->asked;
}


/* Begins those that are due; answers how many have. */
static int begin (int started, int in_flight, double now) {
  while (started < in_flight && clients[started].begins <= now)
    ask(&clients[started++]);
  return started;
}


/* Waits a moment and takes what has come; until it is over, an answer is
   followed by the next request. */
static void serve (int epoll, double from, double until) {
  struct epoll_event events[MAX_IN_FLIGHT];
  int n = epoll_wait(epoll, events, MAX_IN_FLIGHT, 1);
  for (int i = 0; i < n; i++) {
    struct client *c = events[i].data.ptr;
    if (!http_read(c->s, &c->answer)) continue;
    double now = wall_clock();
    answered++;
    if (now >= until) continue;
    note(c, now, from);
    ask(c);
  }
}


static double rate_of (const struct client *c) {
  return c->answers > 0 ? (double)c->answers / (c->last - c->first) : 0;
}


static int connect_all (const char *port, int in_flight, double pace) {
  int epoll = epoll_create1(0);
  double now = wall_clock();
  for (int i = 0; i < in_flight; i++) {
    struct epoll_event event = { .events = EPOLLIN };
    struct client *c = &clients[i];
    event.data.ptr = c;
    c->s = http_connect(port);
    c->begins = now + pace * i / in_flight;
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->s, &event);
  }
  return epoll;
}


int main (int argc, char **argv) {
  if (argc != 7) die("usage: load port path in_flight warm_up seconds pace");
  int in_flight = (int)strtol(argv[3], NULL, 10), started = 0;
  if (in_flight < 1 || in_flight > MAX_IN_FLIGHT) die("in_flight");
  path = argv[2];
  int epoll = connect_all(argv[1], in_flight, strtod(argv[6], NULL));
  double from = wall_clock() + strtod(argv[4], NULL);
  double until = from + strtod(argv[5], NULL), rate = 0;
  while (wall_clock() < until) {
    started = begin(started, in_flight, wall_clock());
    serve(epoll, from, until);
  }
  while (answered < asked) serve(epoll, from, until);
  for (int i = 0; i < in_flight; i++) rate += rate_of(&clients[i]);
  printf("%.1f %ld ", rate, answered);
  http_print_times(times, count);
  return EXIT_SUCCESS;
}
