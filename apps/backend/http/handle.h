/*
 * Private to http/: what a route's row means. Decodes the input, calls the handler, makes the
 * reply. On a worker, or on the loop for routes that say so; touches the request alone.
 */
#ifndef WEBPLUS_HTTP_HANDLE_H
#define WEBPLUS_HTTP_HANDLE_H

#include "base/err.h"

struct exchange;

/* What the middlewares say before the handler may run. */
enum err handle_prepare(struct exchange *exchange) WARN_UNUSED;
/* Decodes and calls. */
enum err handle_call(struct exchange *exchange) WARN_UNUSED;
/* Makes the reply of what came out, unless ERR_PENDING. */
void handle_encode(struct exchange *exchange, enum err outcome);
/* Tells the middlewares that the reply stands. */
void handle_encoded(struct exchange *exchange);
/* Lets the middlewares go of the worker, last. */
void handle_conclude(struct exchange *exchange);

#endif
