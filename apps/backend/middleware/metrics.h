/*
 * What Prometheus reads (text exposition format 0.0.4): counts and durations of requests, and what the services say of
 * themselves. Loop thread only.
 */
#ifndef WEBPLUS_MIDDLEWARE_METRICS_H
#define WEBPLUS_MIDDLEWARE_METRICS_H

#include "base/buf.h"
#include "http/server.h"

struct metrics;

struct metrics *metrics_create(void);
void metrics_destroy(struct metrics *metrics);
void metrics_print(struct metrics *metrics, struct app *app, struct buf *out);

extern const struct middleware metrics_middleware;

#endif
