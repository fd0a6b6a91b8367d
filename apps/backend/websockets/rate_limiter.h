/*
 * How often a client may send what: a token bucket for each type of message, of its socket and of its user.
 *
 * A bucket is kept as the time at which it will be full again, which says how many tokens are in it. A client is warned
 * once when three quarters of one are used; that message is obeyed, as is each one until it is empty. Who heeds the warning
 * loses nothing. Plain values; the buckets belong to the loop thread.
 */
#ifndef WEBPLUS_WEBSOCKETS_RATE_LIMITER_H
#define WEBPLUS_WEBSOCKETS_RATE_LIMITER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* X(name, word, burst of a socket, per minute of a socket, doc) */
#define RATE_LIST(X)                                                                               \
	X(AUTHENTICATE, "authenticate", 20, 12, "Each is looked up.")                              \
	X(SUBSCRIBE, "subscribe", 300, 120, "Each is authorised, and reads what was missed.")      \
	X(UNSUBSCRIBE, "unsubscribe", 600, 600, "")                                                \
	X(PING, "ping", 60, 60, "")                                                                \
	X(MALFORMED, "malformed", 40, 20, "What is no message, and is answered by an error.")      \
	X(CONTROL, "control", 120, 120,                                                            \
	  "Ping frames of the protocol, and pong frames that no ping asked for.")

enum rate_type {
#define RATE_ENUM(name, word, burst, per_minute, doc) RATE_##name,
	RATE_LIST(RATE_ENUM)
#undef RATE_ENUM
		RATE_TYPES
};

struct rate_limit {
	const char *word;
	int burst;
	int per_minute;
	const char *doc;
};

extern const struct rate_limit rate_limits[RATE_TYPES];

/* A user has the tokens of so many sockets, however many there are. */
enum { RATE_USER_SOCKETS = 10 };

/* Zeroed: all buckets are full. */
struct rates {
	int64_t full_us[RATE_TYPES]; /* monotonic */
	uint8_t warned;              /* bit by enum rate_type */
};

enum rate_verdict {
	RATE_FINE,
	RATE_WARNED, /* fine, but the client is to be told */
	RATE_EMPTY,  /* nothing was taken */
};

/* Takes a token from a bucket that is `size` times as large as a socket's. */
enum rate_verdict rate_take(struct rates *rates, enum rate_type type, int size, int64_t now_us);
/* Whether there is nothing to remember of them. */
bool rates_full(const struct rates *rates, int64_t now_us);

#endif
