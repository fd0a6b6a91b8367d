/*
 * Private to db/: what a connection has prepared, found by what was asked for. Belongs to its connection, and
 * with that to one thread at a time.
 */
#ifndef WEBPLUS_DB_PREPARED_H
#define WEBPLUS_DB_PREPARED_H

#include "db/engine.h"

/* Embedded at the front of the engine's own structure, which is made by memory_alloc. */
struct prepared {
	const void *identity;
	uint64_t variant;
	struct row_plan plan; /* when it returns rows of a schema */
};

/* Zeroed to begin with. */
struct prepared_table {
	struct prepared **slots; /* open addressing by identity and variant */
	size_t size, count;
};

/* NULL when there is none yet. */
struct prepared *prepared_find(const struct prepared_table *table, const void *identity,
			       uint64_t variant);
void prepared_add(struct prepared_table *table, struct prepared *prepared);
/* Hands out everything, to be freed, and leaves the table empty. */
void prepared_finish(struct prepared_table *table, void (*destroy)(struct prepared *prepared));

#endif
