/*
 * What the two files of the cache share: the middleware (cache.c), and writers that are no routes (cache_raise.c). What
 * changes in it is the loop's, but for tellings_count.
 */
#ifndef WEBPLUS_MIDDLEWARE_CACHE_PRIVATE_H
#define WEBPLUS_MIDDLEWARE_CACHE_PRIVATE_H

#include "base/list.h"
#include "base/pool.h"
#include "cache/unsettled.h"
#include "cache/versions.h"
#include "middleware/cache.h"

#include <stdatomic.h>

/* Of a server that keeps nothing, and tells others what it writes: without `memory` and `responses`. */
struct caching {
	struct app *app;
	struct versions *versions;
	struct cache *memory;
	struct response_cache *responses;
	struct unsettled *unsettled;
	struct task look; /* for it, on a worker */
	struct loop_task looked;
	struct db_horizon horizon;
	enum err horizon_err;
	struct list tellings;        /* on the loop, in the order in which they are told */
	atomic_uint tellings_count;  /* with those that are on their way to the loop */
	bool released;               /* nobody is to be told any more */
	void (*told)(void *context); /* when there are none; or NULL */
	void *told_context;
};

/* The mark that a change of this account's rights is counted by; NULL: of everybody's. */
void cache_rights_name(char name[static TAG_SIZE], const char *account_id);
/* With the timer that it needs. */
struct unsettled *cache_create_unsettled(struct caching *caching);

#endif
