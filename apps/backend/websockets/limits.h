/*
 * How many sockets there may be: of one user, from one address, and in all; and what a user sends over all of its own.
 *
 * A socket counts from its upgrade by its address, and by its user from when that is known, until its connection is closed.
 * Whoever has IPv6 has a network of 64 bits to choose addresses from, so those count as one. What a user sent is
 * remembered beyond its last socket: coming back does not fill its buckets. Loop thread only, so that no two sockets take
 * the last place.
 */
#ifndef WEBPLUS_WEBSOCKETS_LIMITS_H
#define WEBPLUS_WEBSOCKETS_LIMITS_H

#include "base/map.h"
#include "websockets/rate_limiter.h"

#include <stdbool.h>
#include <stdint.h>

/* A user or an address, with its sockets. */
struct party {
	unsigned sockets;
	struct rates rates;
	char key[]; /* the user's id, or the address */
};

enum refusal { REFUSED_NOT, REFUSED_TOTAL, REFUSED_ADDRESS, REFUSED_USER, REFUSALS };

struct socket_limits {
	unsigned per_user, per_address, total;
};

struct limits {
	struct socket_limits max;
	unsigned sockets;
	struct map users, addresses; /* to struct party */
};

void limits_init(struct limits *limits, const struct socket_limits *max);
/* Every socket must have left. */
void limits_finish(struct limits *limits);

/* A socket from this address wants to come. */
enum refusal limits_enter(struct limits *limits, const char *peer, struct party **ret_address);
/* It says who it is. */
enum refusal limits_admit(struct limits *limits, const char *user_id, struct party **ret_user);
/* It is gone; `user` is NULL if it never said. */
void limits_leave(struct limits *limits, struct party *address, struct party *user);
/* Forgets users without sockets whose buckets are full; now and then. */
void limits_sweep(struct limits *limits, int64_t now_us);

#endif
