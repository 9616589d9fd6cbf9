/*
** ltransfer.h
** Settings and transfers for Lua: a request is built from values, handed to
** an engine, and read when it is done.
*/
#ifndef ltransfer_h
#define ltransfer_h

#include "compat.h"
#include "mailbox.h"
#include "transfer.h"

#pragma GCC visibility push(hidden)

/* Adds 'settings', 'transfer' and 'headers' to the table on the top of the
   stack. */
int ltransfer_open (lua_State *L);

/* What a userdata holds: a transfer of its own, or a job that has it. */
struct ltransfer {
  struct transfer *transfer;   /* NULL once closed */
  struct job *job;             /* owns the transfer when not NULL */
};

/* The userdata at 'index'; raises when it is none, or closed. */
struct ltransfer *ltransfer_check (lua_State *L, int index);

/* The transfer at 'index', which must not have been started: raises
   otherwise. Owned by the userdata. */
struct ltransfer *ltransfer_check_new (lua_State *L, int index);

#pragma GCC visibility pop

#endif
