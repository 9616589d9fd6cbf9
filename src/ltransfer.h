/*
** ltransfer.h
** Settings and transfers for Lua: a request is built from values, handed to
** an engine, and read when it is done.
*/
#ifndef ltransfer_h
#define ltransfer_h

#include "compat.h"
#include "transfer.h"

#pragma GCC visibility push(hidden)

/* Adds 'settings' and 'transfer' to the table on the top of the stack. */
int ltransfer_open (lua_State *L);

/* The transfer at 'index'; raises when it is none. Owned by the userdata. */
struct transfer *ltransfer_check (lua_State *L, int index);

#pragma GCC visibility pop

#endif
