/*
 * A client of Redis on the loop: commands with a deadline, and channels that are listened to.
 *
 * Commands go out pipelined on one connection and are answered in their order. A server that is dead, slow or hung costs
 * each command that is under way its deadline, once: then the connection is dropped, and every command fails at once
 * until a probe was answered in time. Nothing is queued for a server that is not there, and nothing is sent twice: whether a
 * command that got no answer was carried out is not known.
 *
 * Channels are listened to on a connection of their own, which listens to them again after it was lost. What was published
 * meanwhile is missed: who listens is told of the loss, and of each time that a channel is heard from then on.
 *
 * Answers are bounded, and nothing that a server sends can do more than fail a command. Loop thread only. No function calls
 * back before it returns; but redis_client_destroy ends what is under way, each with ERR_CANCELLED.
 */
#ifndef WEBPLUS_CACHE_REDIS_CLIENT_H
#define WEBPLUS_CACHE_REDIS_CLIENT_H

#include "base/loop.h"
#include "cache/resp.h"

#include <stdbool.h>
#include <stdint.h>

struct redis_client;
struct redis_subscriber;

enum {
	REDIS_COMMANDS_MAX = 16 * 1024,         /* under way; above it they fail */
	REDIS_OUT_BYTES_MAX = 16 * 1024 * 1024, /* that wait to be sent */
	REDIS_VALUE_BYTES_MAX = 8 * 1024 * 1024 /* of one answer */
};

/*
 * `url` as `redis://user:password@host:port/database`; `prefix` is what this installation's keys and channels begin with.
 * ERR_INVALID: *ret_reason lies in static memory.
 */
enum err redis_client_create(struct loop *loop, const char *url, const char *prefix,
			     struct redis_client **ret_client, const char **ret_reason) WARN_UNUSED;
void redis_client_destroy(struct redis_client *client);
const char *redis_client_prefix(const struct redis_client *client);
/* Whether a command would be sent now. */
bool redis_client_up(const struct redis_client *client);

/* ---- Commands ---- */

/*
 * ERR_OK and the value, never an error's; ERR_UPSTREAM: the server refused, `value` is the error; ERR_TIMEOUT: no answer in time;
 * ERR_UNAVAILABLE: the connection was lost; ERR_CANCELLED: the client ends. The value is gone after the call; NULL where
 * there is none.
 */
typedef void (*redis_done)(void *context, enum err err, const struct redis_value *value);

/*
 * ERR_OK: `done` (or nobody, NULL) is called later, once. ERR_UNAVAILABLE, ERR_TOO_MANY: it is not sent, and `done` is not
 * called.
 */
enum err redis_send(struct redis_client *client, const struct redis_text *words, size_t count,
		    int timeout_ms, redis_done done, void *context) WARN_UNUSED;
/* The same for texts, ended by NULL: redis_call(client, 50, done, context, "GET", key, NULL). */
enum err redis_call(struct redis_client *client, int timeout_ms, redis_done done, void *context,
		    ...) WARN_UNUSED __attribute__((sentinel));

/* A script in Lua, which runs as a whole in one round trip. Constant but for what the client keeps in it. */
struct redis_script {
	const char *source;
	char sha[41];
};

/* `words`: the keys, then the other arguments. */
enum err redis_eval(struct redis_client *client, struct redis_script *script, size_t keys,
		    const struct redis_text *words, size_t count, int timeout_ms, redis_done done,
		    void *context) WARN_UNUSED;

static inline struct redis_text redis_text(const char *text)
{
	return (struct redis_text){ text, __builtin_strlen(text) };
}

/* ---- Channels ---- */

struct redis_subscriber_events {
	void (*message)(void *context, const char *channel, const char *data, size_t length);
	/* From here on, what is published on it is heard: after redis_subscribe, and after each loss. */
	void (*subscribed)(void *context, const char *channel);
	/* The connection is lost: what is published may be missed. */
	void (*lost)(void *context);
};

/* Connects when the first channel is asked for. The client outlives it. */
struct redis_subscriber *redis_subscriber_create(struct redis_client *client,
						 const struct redis_subscriber_events *events,
						 void *context);
void redis_subscriber_destroy(struct redis_subscriber *subscriber);
/* Once for each channel, which has no NUL or line break in its name; twice does no harm. */
void redis_subscribe(struct redis_subscriber *subscriber, const char *channel);
/* No more messages of it come. */
void redis_unsubscribe(struct redis_subscriber *subscriber, const char *channel);
/* On the client's connection, as redis_send: `done` (or nobody, NULL) hears that Redis has it, not whether anybody listens. */
enum err redis_publish(struct redis_client *client, const char *channel, struct redis_text data,
		       int timeout_ms, redis_done done, void *context) WARN_UNUSED;

/* ---- Counts ---- */

struct redis_counts {
	bool up;
	unsigned under_way;
	uint64_t commands, failures, timeouts, refused; /* refused: failed at once */
	uint64_t connections;                           /* times one came up */
	uint64_t published, heard;
	double answered_seconds; /* sum of the times from command to answer */
	unsigned channels;
};

struct redis_counts redis_client_counts(const struct redis_client *client);

#endif
