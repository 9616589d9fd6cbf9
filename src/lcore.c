/*
** lcore.c
** The door of the shared object: luaopen_twitter_core, the one symbol it
** exports, makes the table that the Lua side builds on. Users require
** "twitter"; "twitter.core" is not for them and may change at any time.
*/
#include "twitter.h"

#include <dlfcn.h>

#include "compat.h"
#include "crypto.h"
#include "easy.h"
#include "ldigits.h"
#include "lengine.h"
#include "lfile.h"
#include "lmailbox.h"
#include "lsign.h"
#include "lsigner.h"
#include "ltext.h"
#include "ltransfer.h"

#pragma GCC visibility push(default)
int luaopen_twitter_core (lua_State *L);
#pragma GCC visibility pop


/* A name look-up that was given up goes on in a thread of libcurl's. If the
   closing of the Lua state unloaded this object, and libcurl with it, that
   thread would wake up in memory that is gone. So the object stays. */
static void stay_loaded (void) {
  static const char here = 0;
  Dl_info info;
  if (dladdr(&here, &info) != 0 && info.dli_fname != NULL)
    dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}


static void check_libraries (lua_State *L) {
  char why[EASY_REFUSAL_SIZE];
  if (easy_check_library(crypto_version(), why) != TWITTER_OK)
    luaL_error(L, "twitter cannot be used: %s", why);
}


int luaopen_twitter_core (lua_State *L) {
  check_libraries(L);
  stay_loaded();
  lua_newtable(L);
  lsign_open(L);
  lsigner_open(L);
  ldigits_open(L);
  ltext_open(L);
  lfile_open(L);
  ltransfer_open(L);
  lengine_open(L);
  lmailbox_open(L);
  lua_pushliteral(L, TWITTER_VERSION);
  lua_setfield(L, -2, "version");
  return 1;
}
