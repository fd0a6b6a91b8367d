/*
 * libcurl's multi interface driven by the loop: its sockets and its timer become libuv's. Only
 * http/client.c uses it.
 *
 * libcurl may not be called from its own callbacks: while `inside` is true, the client puts its
 * wishes off to `worked`, which is called whenever libcurl has worked. Loop thread only.
 */
#ifndef WEBPLUS_HTTP_MULTI_H
#define WEBPLUS_HTTP_MULTI_H

#include "base/loop.h"

#include <curl/curl.h>
#include <stdbool.h>

struct multi {
	CURLM *curl;
	struct loop *loop;
	void (*worked)(void *context);
	void *context;
	bool inside;
	bool destroyed;
	uv_timer_t timer; /* when libcurl wants to be called */
	unsigned handles; /* of libuv, not closed yet: it is freed with the last */
};

struct multi *multi_create(struct loop *loop, void (*worked)(void *context), void *context);
/* No transfer may be left. What libuv still holds is freed once the loop has run. */
void multi_destroy(struct multi *multi);

#endif
