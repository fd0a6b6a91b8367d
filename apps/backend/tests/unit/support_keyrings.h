/* The keys of two installations, and an arena: what one sealed, the other cannot open. */
#ifndef WEBPLUS_TESTS_UNIT_SUPPORT_KEYRINGS_H
#define WEBPLUS_TESTS_UNIT_SUPPORT_KEYRINGS_H

#include "base/arena.h"
#include "security/keyring.h"

extern struct keyring *keyring, *other;
extern struct arena arena;

int keyrings_set_up(void **state);
int keyrings_tear_down(void **state);

#endif
