/*
 * The opening handshake of a WebSocket (RFC 6455, section 4.2) on a request. Loop thread only.
 */
#ifndef WEBPLUS_WEBSOCKETS_HANDSHAKE_H
#define WEBPLUS_WEBSOCKETS_HANDSHAKE_H

#include "base/err.h"

#include <stdbool.h>

struct request;

enum { ACCEPT_SIZE = 29 }; /* 20 bytes in base64, and NUL */

/*
 * Checks the request and adds the headers of the answer to its reply, to be sent with status 101. A
 * page of another origin is ERR_FORBIDDEN: a browser lets any page open a WebSocket to any server,
 * and sends our cookies along.
 */
enum err handshake_accept(struct request *request) WARN_UNUSED;
/* Sec-WebSocket-Accept for a key. */
void handshake_accept_value(const char *key, char value[static ACCEPT_SIZE]);
/* Whether an Origin ("https://host:port") is the site that was asked for, by its Host. */
bool handshake_origin_matches(const char *origin, const char *host);

#endif
