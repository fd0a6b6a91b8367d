/*
 * Private to cache/: one connection to Redis, which comes back by itself.
 *
 *	resolve -> connect -> AUTH, SELECT, PING -> up -> lost -> a pause, longer each time -> resolve
 *
 * It is up only once the server has answered in time. Who finds it slow or lying drops it; what was sent on it is void then.
 * The events come from the loop, never from inside a call of their owner's but redis_connection_drop, which calls `down`.
 * Loop thread only.
 */
#ifndef WEBPLUS_CACHE_REDIS_CONNECTION_H
#define WEBPLUS_CACHE_REDIS_CONNECTION_H

#include "base/loop.h"
#include "cache/resp.h"

#include <stdbool.h>

struct redis_connection;

struct redis_address {
	const char *host, *port;
	const char *user, *password; /* or NULL */
	const char *database;        /* a number */
};

/*
 * `redis://[[user]:password@]host[:port][/number]`; what stands for itself in a URL may be percent-encoded. ERR_INVALID:
 * *ret_reason is a sentence without the password.
 */
enum err redis_address_parse(const char *url, struct arena *arena,
			     struct redis_address *ret_address,
			     const char **ret_reason) WARN_UNUSED;

struct redis_events {
	void (*up)(void *context);
	/* Once after each `up`, and after each attempt that failed. */
	void (*down)(void *context);
	/* What was written has gone out, or waits for room in the socket. May be NULL. */
	void (*sent)(void *context);
	/* False: nobody waits for this; the connection is dropped. The value is gone after the call. */
	bool (*value)(void *context, const struct redis_value *value);
};

struct redis_connection_options {
	struct loop *loop;
	struct redis_address address; /* outlives the connection */
	int connect_ms;               /* to resolve and connect */
	int greet_ms;                 /* from connected to up */
	size_t value_max;             /* bytes of one value */
	size_t out_max;               /* bytes that wait to be sent */
	const struct redis_events *events;
	void *context;
};

/* Begins to connect at once. */
struct redis_connection *redis_connection_create(const struct redis_connection_options *options);
/* Without further events. */
void redis_connection_destroy(struct redis_connection *connection);
bool redis_connection_up(const struct redis_connection *connection);
/*
 * Where a command is to be written, which goes out with others of this turn of the loop when redis_connection_flush is
 * called. Only while it is up. An overflow is the caller's to see before (redis_connection_room).
 */
struct buf *redis_connection_out(struct redis_connection *connection);
size_t redis_connection_room(const struct redis_connection *connection);
void redis_connection_flush(struct redis_connection *connection);
/* Gives it up, and comes back after a pause. */
void redis_connection_drop(struct redis_connection *connection);
/* Why it went down the last time, for the log; until the next time. */
const char *redis_connection_reason(const struct redis_connection *connection);

#endif
