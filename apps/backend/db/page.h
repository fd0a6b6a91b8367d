/*
 * Places in lists that page by key: an opaque text for the client, a time and an id for the query. Any thread.
 */
#ifndef WEBPLUS_DB_PAGE_H
#define WEBPLUS_DB_PAGE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"

struct place {
	struct timestamp time;
	const char *id;
};

enum { CURSOR_MAX = 100, PAGE_LIMIT_MAX = 100 };

const char *place_encode(struct place place, struct arena *arena);
/* ERR_INVALID for what place_encode did not make. */
enum err place_decode(const char *cursor, struct arena *arena, struct place *ret_place) WARN_UNUSED;

#endif
