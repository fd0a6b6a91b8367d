/*
 * The work on indexes, a step at a time: building them, taking in what ended, building anew what is stale, and dropping what
 * is not needed. Servers and `webplus search rebuild` do it at once, each index by one of them: who has its lease.
 *
 * Where it is cut off, it goes on with the next step, whoever does that. Workers.
 */
#ifndef WEBPLUS_SEARCH_UPKEEP_H
#define WEBPLUS_SEARCH_UPKEEP_H

#include "base/err.h"
#include "db/database.h"

#include <stdatomic.h>

enum {
	SETTLE_MS = 5 * 1000 /* what ended waits so long, so that more of it is taken in at once */
};

struct upkeep {
	struct db *db;
	const atomic_bool *stop; /* may be NULL */
	int64_t settle_ms;
	/* Called between two pieces of a long step; may be NULL. */
	void (*progress)(void *context);
	void *context;
};

/*
 * Does one thing that is to be done. *ret_idle: there was nothing that nobody else does. ERR_CANCELLED: it was stopped.
 */
enum err upkeep_step(const struct upkeep *upkeep, bool *ret_idle) WARN_UNUSED;
/* Every account without an index gets one to be built. */
enum err upkeep_adopt(struct db *db) WARN_UNUSED;
/* Every index that serves is to be built anew under a new key. */
enum err upkeep_rebuild(struct db *db) WARN_UNUSED;
/* Everything is to be dropped, what is pending too. */
enum err upkeep_abandon(struct db *db) WARN_UNUSED;

#endif
