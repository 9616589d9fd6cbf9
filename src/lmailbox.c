/*
** lmailbox.c
** The binding of mailbox.c and worker.c. A mailbox counts as one user of the
** I/O thread, so the thread lives as long as some state has one. A mailbox
** that came through a fork is dead: its thread is the parent's.
*/
#include "twitter.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "compat.h"
#include "lmailbox.h"
#include "ltransfer.h"
#include "mailbox.h"
#include "worker.h"

#define MAILBOX_TYPE "twitter.mailbox"


static struct mailbox *check_mailbox (lua_State *L) {
  struct mailbox **box = luaL_checkudata(L, 1, MAILBOX_TYPE);
  luaL_argcheck(L, *box != NULL, 1, "the mailbox is closed");
  luaL_argcheck(L, mailbox_is_ours(*box), 1, "the mailbox is the parent's");
  return *box;
}


static int core_mailbox (lua_State *L) {
  struct mailbox **box = lua_newuserdata(L, sizeof *box);
  *box = NULL;
  luaL_getmetatable(L, MAILBOX_TYPE);
  lua_setmetatable(L, -2);
  *box = mailbox_new();
  if (*box == NULL) return luaL_error(L, "not enough memory");
  worker_attach();
  return 1;
}


static int push_no_thread (lua_State *L) {
  lua_pushnil(L);
  lua_pushliteral(L, "the I/O thread cannot be started");
  return 2;
}


/* mailbox:submit(transfer) -> the job's id, or nil and a message. The transfer
   keeps its userdata, which can be asked for the result once it has been
   collected. */
static int m_submit (lua_State *L) {
  struct mailbox *m = check_mailbox(L);
  struct ltransfer *box = ltransfer_check_new(L, 2);
  box->job = job_new(box->transfer, m);
  if (box->job == NULL) return luaL_error(L, "not enough memory");
  unsigned long long id = box->job->id;
  if (worker_submit(box->job) != TWITTER_OK) return push_no_thread(L);
  lua_pushnumber(L, (lua_Number)id);
  return 1;
}


/* mailbox:alarm(seconds) -> the id that is collected after that time */
static int m_alarm (lua_State *L) {
  struct mailbox *m = check_mailbox(L);
  lua_Number seconds = luaL_checknumber(L, 2);
  luaL_argcheck(L, seconds >= 0 && seconds < 1e9, 2, "out of range");
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long long due = (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000
                + (long long)(seconds * 1000 + 0.999);
  struct job *job = job_new_alarm(due, m);
  if (job == NULL) return luaL_error(L, "not enough memory");
  unsigned long long id = job->id;
  if (worker_submit(job) != TWITTER_OK) {
    job_free(job);
    return luaL_error(L, "the I/O thread cannot be started");
  }
  lua_pushnumber(L, (lua_Number)id);
  return 1;
}


/* mailbox:collect() -> the id of a job that is done, or nil. The userdata of
   a transfer holds its job; an alarm's has ended here. */
static int m_collect (lua_State *L) {
  struct job *job = mailbox_collect(check_mailbox(L));
  if (job == NULL) {
    lua_pushnil(L);
    return 1;
  }
  unsigned long long id = job->id;
  if (job->transfer == NULL) job_free(job);
  lua_pushnumber(L, (lua_Number)id);
  return 1;
}


static int m_pending (lua_State *L) {
  lua_pushinteger(L, mailbox_pending(check_mailbox(L)));
  return 1;
}


static int push_failure (lua_State *L) {
  lua_pushnil(L);
  lua_pushstring(L, strerror(errno));
  return 2;
}


/* mailbox:descriptor() -> a number for poll, select or epoll */
static int m_descriptor (lua_State *L) {
  int descriptor = mailbox_descriptor(check_mailbox(L));
  if (descriptor < 0) return push_failure(L);
  lua_pushinteger(L, descriptor);
  return 1;
}


static int m_drain (lua_State *L) {
  mailbox_drain(check_mailbox(L));
  return 0;
}


/* mailbox:listen() -> the path to connect to */
static int m_listen (lua_State *L) {
  char path[MAILBOX_PATH_SIZE];
  if (mailbox_listen(check_mailbox(L), path) != 0) return push_failure(L);
  lua_pushstring(L, path);
  return 1;
}


/* mailbox:accept() -> true; from then on the connection gets the bytes */
static int m_accept (lua_State *L) {
  struct mailbox *m = check_mailbox(L);
  if (mailbox_accept(m) != 0) return push_failure(L);
  worker_silence(m);
  if (worker_beat(m) != TWITTER_OK) {
    errno = EMFILE;
    return push_failure(L);
  }
  lua_pushboolean(L, 1);
  return 1;
}


static int m_disconnect (lua_State *L) {
  struct mailbox *m = check_mailbox(L);
  worker_silence(m);
  mailbox_disconnect(m);
  return 0;
}


static int m_poke (lua_State *L) {
  mailbox_poke(check_mailbox(L));
  return 0;
}


/* mailbox:is_ours(): made in this very process? */
static int m_is_ours (lua_State *L) {
  struct mailbox **box = luaL_checkudata(L, 1, MAILBOX_TYPE);
  lua_pushboolean(L, *box != NULL && mailbox_is_ours(*box));
  return 1;
}


/* Also __gc and __close. In a forked child everything is left as it is: the
   descriptors are the parent's. */
static int m_close (lua_State *L) {
  struct mailbox **box = luaL_checkudata(L, 1, MAILBOX_TYPE);
  struct mailbox *m = *box;
  *box = NULL;
  if (m == NULL || !mailbox_is_ours(m)) return 0;
  worker_silence(m);
  mailbox_close(m);
  mailbox_release(m);
  worker_sweep();
  worker_detach();
  return 0;
}


static const luaL_Reg mailbox_methods[] = {
  {"submit", m_submit},
  {"alarm", m_alarm},
  {"collect", m_collect},
  {"pending", m_pending},
  {"descriptor", m_descriptor},
  {"drain", m_drain},
  {"listen", m_listen},
  {"accept", m_accept},
  {"disconnect", m_disconnect},
  {"poke", m_poke},
  {"is_ours", m_is_ours},
  {"close", m_close},
  {NULL, NULL}
};

static const luaL_Reg mailbox_metamethods[] = {
  {"__gc", m_close},
  {"__close", m_close},
  {NULL, NULL}
};


int lmailbox_open (lua_State *L) {
  luaL_newmetatable(L, MAILBOX_TYPE);
  luaL_setfuncs(L, mailbox_metamethods, 0);
  lua_newtable(L);
  luaL_setfuncs(L, mailbox_methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, core_mailbox);
  lua_setfield(L, -2, "mailbox");
  return 0;
}
