/*
 * Who a request really comes from, where it came through proxies.
 *
 * Anybody can write X-Forwarded-For. It is believed only when the connection comes from a proxy that the settings name,
 * and then from its end: each proxy adds whom it was asked by, so the right-most address that is no proxy of ours is the
 * last one that somebody trusted has seen. What stands left of it is the client's own invention. Of the two families of
 * headers one is read, the one that the settings name: the proxy passes the other through as the client wrote it.
 */
#ifndef WEBPLUS_HTTP_FORWARDED_H
#define WEBPLUS_HTTP_FORWARDED_H

#include "http/networks.h"
#include "http/request.h"

/* What the proxies write. */
enum proxy_header {
	PROXY_X_FORWARDED, /* X-Forwarded-For, X-Forwarded-Proto */
	PROXY_FORWARDED,   /* RFC 7239 */
};

struct proxies {
	struct networks trusted;
	enum proxy_header header;
};

/* Whether a connection from there is one of these proxies'. NULL: there are none. */
bool proxies_trust(const struct proxies *proxies, const char *peer);

/*
 * Sets peer and secure of a request whose headers are read. False: a trusted proxy passed on a Forwarded that is not well
 * made, in which a client may have hidden the proxy's own word behind a quote that it left open. Loop thread.
 */
bool forwarded_resolve(const struct proxies *proxies, struct request *request);

#endif
