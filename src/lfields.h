/*
** lfields.h
** Fields of a Lua table, read with their types and ranges checked and past
** any metatable: no code of the caller's runs while C holds a pointer. What
** does not fit raises. 'table' is always an absolute index.
*/
#ifndef lfields_h
#define lfields_h

#include "compat.h"

#pragma GCC visibility push(hidden)

/* Pushes the field's value. */
void lfields_push (lua_State *L, int table, const char *name);

/* The number in a field, or 'otherwise' for nil. */
lua_Number lfields_number (lua_State *L, int table, const char *name,
                           lua_Number least, lua_Number most,
                           lua_Number otherwise);

int lfields_boolean (lua_State *L, int table, const char *name);

/* Seconds as milliseconds; a positive time never becomes 0, "no limit". */
long lfields_milliseconds (lua_State *L, int table, const char *name,
                           lua_Number otherwise);

/* Leaves the field's string on the stack, where the pointer stays good, and
   answers it; NULL with nil. Control bytes raise. */
const char *lfields_push_string (lua_State *L, int table, const char *name);

#pragma GCC visibility pop

#endif
