/*
 * Server-sent events (WHATWG HTML, section 9.2) over a transport. Loop thread only.
 */
#ifndef WEBPLUS_HTTP_SSE_H
#define WEBPLUS_HTTP_SSE_H

#include "http/transport.h"

#include <stdint.h>

/*
 * Renders one event, to be sent to any number of transports. `id` < 0 leaves it out. `data` must
 * hold no line feed, and is as long as its maker lets it be; the event's name has at most 64 bytes.
 */
struct payload *sse_event(const char *event, int64_t id, const char *data, size_t length);
/* ": ping", which keeps proxies from closing a silent stream. */
struct payload *sse_heartbeat(void);
/*
 * Sets the reply's media type and the headers that keep proxies from buffering. Call before
 * transport_take(…, 200, …).
 */
void sse_prepare(struct request *request);

#endif
