/*
 * How many fetches are under way, to each host and in all; the others wait for their turn. Within a host the first to
 * come goes first, between hosts they take turns, so that a host that hangs holds up no other. Private to http/. Loop
 * thread only.
 */
#ifndef WEBPLUS_HTTP_TURNS_H
#define WEBPLUS_HTTP_TURNS_H

#include "base/list.h"

#include <stdbool.h>

struct host;

struct turns {
	unsigned per_host, total; /* limits */
	unsigned under_way, waiting;
	struct list hosts; /* those that have somebody */
};

/* Embedded in who wants one. */
struct turn {
	struct list node;
	struct host *host; /* NULL: it has none, and wants none */
	bool goes;
};

void turns_init(struct turns *turns, unsigned per_host, unsigned total);
/* Nobody may be left. */
void turns_finish(struct turns *turns);

/* Whether it is its turn at once; else turns_next brings it. `url` names the host. */
bool turns_enter(struct turns *turns, struct turn *turn, const char *url);
/* It is done, or does not want to wait any more. */
void turns_leave(struct turns *turns, struct turn *turn);
/* The next of those that wait whose turn it is now, or NULL. */
struct turn *turns_next(struct turns *turns);

#endif
