/*
 * Private to http/: what each address has of the server, its connections and the bytes of its bodies, so that none takes
 * all of it. Whoever has IPv6 has a network of 64 bits to choose addresses from, so those count as one. Loop thread only.
 */
#ifndef WEBPLUS_HTTP_SHARES_H
#define WEBPLUS_HTTP_SHARES_H

#include "base/list.h"
#include "base/map.h"
#include "http/networks.h"

/* Lives for as long as a connection or a body of the address does. */
struct share {
	unsigned holders;
	unsigned connections; /* that are not closing */
	struct list idle;     /* of these, the longest idle first */
	size_t body_bytes;
	char address[ADDRESS_GROUP_SIZE];
};

/* One more holder; `shares` are by address. */
struct share *share_take(struct map *shares, const char *peer);
/* NULL is fine. */
void share_give(struct map *shares, struct share *share);

#endif
