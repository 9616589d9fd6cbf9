/*
** inherit.h
** Descriptors that a library opens without close-on-exec, and has no hook
** for: children that the host program starts would inherit them. One looks at
** the descriptors before and after, and closes what is new to children.
*/
#ifndef inherit_h
#define inherit_h

#include "twitter.h"

#pragma GCC visibility push(hidden)

#define INHERIT_WINDOW 64   /* as many descriptors are looked at */

struct inherit {
  int first;                          /* -1: none is free */
  unsigned char open[INHERIT_WINDOW];
};

/* Notes which descriptors are open, from the lowest free one on. */
void inherit_look (struct inherit *before);

/* Sets close-on-exec on the sockets of the kind that socketpair makes which
   have appeared since. One that another thread opened meanwhile is at worst
   not inherited either. */
void inherit_prevent (const struct inherit *before);

#pragma GCC visibility pop

#endif
