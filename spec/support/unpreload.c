/*
** unpreload.c
** Preloaded beside a sanitizer's runtime: when both are in, LD_PRELOAD has
** done its work for this process, and the programs it starts must not
** inherit it. See asan.sh.
*/
#define _POSIX_C_SOURCE 200112L

#include <stdlib.h>

__attribute__((constructor)) static void unpreload (void) {
  unsetenv("LD_PRELOAD");
}
