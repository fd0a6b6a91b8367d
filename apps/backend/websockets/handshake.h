/*
 * The opening handshake of a WebSocket (RFC 6455, section 4.2) on a request. Loop thread only.
 */
#ifndef WEBPLUS_WEBSOCKETS_HANDSHAKE_H
#define WEBPLUS_WEBSOCKETS_HANDSHAKE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct request;

enum { ACCEPT_SIZE = 29 }; /* 20 bytes in base64, and NUL */

/*
 * Checks the request and adds the headers of the answer to its reply, to be sent with status 101. A
 * page of another origin is ERR_FORBIDDEN: a browser lets any page open a WebSocket to any server,
 * and sends our cookies along.
 */
enum err handshake_accept(struct request *request) WARN_UNUSED;
/*
 * The access token that came with the upgrade, in the Authorization header or as a sub-protocol
 * "bearer.TOKEN", for browsers, which cannot set headers here; in the request's arena. NULL: none.
 */
const char *handshake_token(struct request *request);

/* Sec-WebSocket-Accept for a key. */
void handshake_accept_value(const char *key, char value[static ACCEPT_SIZE]);
/* Whether a comma-separated header has this word, in any case. `header` may be NULL. */
bool handshake_has_word(const char *header, const char *word);
/* Whether an Origin ("https://host:port") is the site that was asked for, by its Host. */
bool handshake_origin_matches(const char *origin, const char *host);

#endif
