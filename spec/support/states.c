/*
** states.c
** A host with many Lua states: states COUNT ROUNDS SCRIPT [AFTER]. COUNT
** threads each open a state, run the script in it and close it, ROUNDS times.
** Prints how many threads are left that were not there before. With AFTER the
** process exits so many microseconds after the first round, in the middle of
** the others.
*/
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lua.h>
#include <lauxlib.h>
#include <lualib.h>

#define MAX_STATES 64

static const char *script;
static int rounds;
static int failed;   /* atomic */
static long warm;    /* atomic: threads that have been through one round */


static void run_once (long number, int round) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  lua_pushinteger(L, number);
  lua_setglobal(L, "NUMBER");
  lua_pushinteger(L, round);
  lua_setglobal(L, "ROUND");
  if (luaL_dofile(L, script)) {
    fprintf(stderr, "state %ld: %s\n", number, lua_tostring(L, -1));
    __atomic_store_n(&failed, 1, __ATOMIC_RELAXED);
  }
  lua_close(L);
}


static void *run (void *data) {
  for (int i = 0; i < rounds; i++) {
    run_once((long)data, i);
    if (i == 0) __atomic_add_fetch(&warm, 1, __ATOMIC_RELAXED);
  }
  return NULL;
}


static int count_threads (void) {
  DIR *tasks = opendir("/proc/self/task");
  int count = 0;
  const struct dirent *entry;
  while ((entry = readdir(tasks)) != NULL) count += entry->d_name[0] != '.';
  closedir(tasks);
  return count;
}


/* Who has been joined may still be in the list for a moment. */
static int count_settled (int expected) {
  int count = count_threads();
  for (int i = 0; i < 200 && count > expected; i++) {
    usleep(10000);
    count = count_threads();
  }
  return count;
}


int main (int argc, char **argv) {
  pthread_t threads[MAX_STATES];
  if (argc < 4) return 2;
  long count = strtol(argv[1], NULL, 10);
  rounds = (int)strtol(argv[2], NULL, 10);
  script = argv[3];
  if (count < 1 || count > MAX_STATES) return 2;
  int before = count_threads();   /* a sanitizer may have one of its own */
  for (long i = 0; i < count; i++)
    pthread_create(&threads[i], NULL, run, (void *)i);
  if (argc > 4) {
    while (__atomic_load_n(&warm, __ATOMIC_RELAXED) < count) usleep(1000);
    usleep((useconds_t)strtol(argv[4], NULL, 10));
    exit(0);
  }
  for (long i = 0; i < count; i++) pthread_join(threads[i], NULL);
  printf("%d left\n", count_settled(before) - before);
  return failed;
}
