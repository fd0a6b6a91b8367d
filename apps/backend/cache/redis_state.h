/* Private to cache/: what the two halves of the client of Redis know of it, commands and channels. */
#ifndef WEBPLUS_CACHE_REDIS_STATE_H
#define WEBPLUS_CACHE_REDIS_STATE_H

#include "cache/redis_client.h"
#include "cache/redis_connection.h"

struct redis_client {
	struct loop *loop;
	struct arena arena; /* of the address */
	struct redis_address address;
	const char *prefix;
	struct redis_connection *connection;
	struct list commands; /* under way, in the order of their answers */
	uv_timer_t deadline, heartbeat;
	unsigned handles;   /* of these, still open */
	int64_t watched_us; /* what `deadline` waits for, monotonic */
	int64_t looked_us; /* at the deadlines, monotonic; what had come by then is read before the next look */
	bool told_down;
	struct redis_counts counts;
};

/* Those of every connection of this client, without events. */
struct redis_connection_options redis_client_options(const struct redis_client *client);

#endif
