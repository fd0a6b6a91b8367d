/*
 * The headers that tell a browser what this site may do; on every reply, errors too. One table in security.c holds them
 * with their reasons, which docs/security-headers.md is made from.
 */
#ifndef WEBPLUS_MIDDLEWARE_SECURITY_H
#define WEBPLUS_MIDDLEWARE_SECURITY_H

#include "base/buf.h"
#include "http/server.h"

/*
 * Whether the client speaks TLS, to a proxy: the public address says so for all, or a trusted proxy for this request. Any
 * thread.
 */
bool security_is_https(const struct request *request);

/* The table, in Markdown. */
void security_print_reference(struct buf *out);

/* Loop thread only. */
extern const struct middleware security_middleware;

#endif
