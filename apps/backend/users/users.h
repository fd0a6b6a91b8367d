/* The accounts, for those who manage them. */
#ifndef WEBPLUS_USERS_USERS_H
#define WEBPLUS_USERS_USERS_H

#include "http/route.h"

extern const struct route users_routes[];
extern const struct statement *const grant_statements[]; /* ended by NULL */

#endif
