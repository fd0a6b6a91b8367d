/*
 * What happens on a topic, told to the other nodes of one database through Redis.
 *
 * An announcement says that something happened, and its number, and nothing of what: whoever hears it reads the database,
 * where it was committed before. So nothing of a conversation is in Redis, and what is lost there can be found again.
 * A node listens to the channels of those topics alone that somebody follows on it. Publish/subscribe may lose messages
 * without a word, so listeners are told "missed" whenever they cannot be sure: when a channel begins to be heard (again),
 * and when a node could not tell something.
 *
 * Loop thread only. Every function takes NULL for the bus of a node that is alone, and does nothing.
 */
#ifndef WEBPLUS_WEBSOCKETS_BUS_H
#define WEBPLUS_WEBSOCKETS_BUS_H

#include "base/list.h"
#include "base/loop.h"

#include <stdint.h>

enum { BUS_WORD_SIZE = 40 };

struct bus;
struct bus_channel;
struct redis_client;

struct announcement {
	const char *type; /* of the event; NULL: something may have been missed */
	const char *id;   /* of what it is about */
	int64_t seq;      /* negative: it has none */
};

/* The caller's memory, which must leave before it is freed. */
struct bus_listener {
	struct list node;
	struct bus_channel *channel; /* NULL: does not listen */
	/* May leave, and let no other one leave. */
	void (*heard)(struct bus_listener *listener, const struct announcement *announcement);
};

/* `node_id` outlives the bus, and so does `redis`. */
struct bus *bus_create(struct loop *loop, struct redis_client *redis, const char *node_id);
/*
 * Every listener must have left. The client is destroyed next, before the loop runs again: what is under way ends in the
 * bus, whose memory lives until then.
 */
void bus_destroy(struct bus *bus);

void bus_listen(struct bus *bus, const char *topic, struct bus_listener *listener);
/* Does nothing when it does not listen. */
void bus_leave(struct bus *bus, struct bus_listener *listener);
/* To the other nodes. Type and id are words without blanks, shorter than BUS_WORD_SIZE. */
void bus_announce(struct bus *bus, const char *topic, const struct announcement *announcement);

struct bus_counts {
	uint64_t announced, heard, lost, missed;
	unsigned channels;
};

struct bus_counts bus_counts(const struct bus *bus);

#endif
