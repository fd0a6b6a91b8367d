/*
 * What the server says of itself: health, readiness, metrics, its API document; the WebSocket's door; and the page.
 */
#ifndef WEBPLUS_SERVICE_SERVICE_H
#define WEBPLUS_SERVICE_SERVICE_H

#include "base/buf.h"
#include "http/route.h"

extern const struct route service_routes[];

/* The OpenAPI 3.1 document of every route in the tables, ended by NULL. Any thread. */
void openapi_print(const struct route *const *tables, struct buf *out);

#endif
