/*
** lmailbox.h
** Mailboxes for Lua: the way to the I/O thread and back.
*/
#ifndef lmailbox_h
#define lmailbox_h

#include "compat.h"

#pragma GCC visibility push(hidden)

/* Adds 'mailbox' to the table on the top of the stack. */
int lmailbox_open (lua_State *L);

#pragma GCC visibility pop

#endif
