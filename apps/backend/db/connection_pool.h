/*
 * Connections to a database, kept open and lent out, whichever engine makes them.
 *
 * At most `size` are open. Who finds none idle has a new one opened, or waits for one to come back, but no longer than
 * `checkout_ms`; who came first has the first. One that lay idle for long, or from before a fault, is checked before it is
 * lent; one that is past its life is closed instead. After an opening has failed the next waits for its time, longer with
 * each failure, and meanwhile those who would need it are refused at once: a server that is gone costs nobody a time-out.
 *
 * Callable from any thread. A connection belongs to the one who took it until it is given back.
 */
#ifndef WEBPLUS_DB_CONNECTION_POOL_H
#define WEBPLUS_DB_CONNECTION_POOL_H

#include "base/err.h"
#include "base/list.h"
#include "db/database.h"

#include <stdbool.h>
#include <stdint.h>

struct connection_pool;

/* Embedded in the engine's connection; its members are the pool's own. */
struct pooled {
	struct list node;
	int64_t expires_ms; /* monotonic; 0: never */
	int64_t used_ms;    /* when it was given back */
	bool suspect;       /* to be checked before it is lent again */
};

struct connection_pool_options {
	unsigned size;
	int64_t checkout_ms;
	int64_t idle_check_ms; /* how long one may lie idle unchecked; 0: for ever */
	int64_t life_ms;       /* a tenth less for some, so that not all end at once; 0: for ever */
	int64_t backoff_ms, backoff_max_ms;
	/* Called without the pool's lock, from the thread that takes. */
	enum err (*open)(void *context, struct pooled **ret_pooled);
	bool (*check)(void *context, struct pooled *pooled);
	void (*close)(void *context, struct pooled *pooled);
	void *context;
};

struct connection_pool *connection_pool_create(const struct connection_pool_options *options);
/* Everything must have been given back. */
void connection_pool_destroy(struct connection_pool *pool);

/* ERR_UNAVAILABLE: none came back in time, or none can be opened; or what `open` says. */
enum err connection_pool_take(struct connection_pool *pool, struct pooled **ret_pooled) WARN_UNUSED;
/* `broken`: it is closed, and those that are idle are suspect. */
void connection_pool_give(struct connection_pool *pool, struct pooled *pooled, bool broken);

struct db_pool_counts connection_pool_counts(struct connection_pool *pool);

#endif
