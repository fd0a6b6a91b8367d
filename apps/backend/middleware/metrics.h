/*
 * What Prometheus reads (text exposition format 0.0.4): counts and durations of requests, and what the services say of
 * themselves. Loop thread only.
 */
#ifndef WEBPLUS_MIDDLEWARE_METRICS_H
#define WEBPLUS_MIDDLEWARE_METRICS_H

#include "base/buf.h"
#include "http/server.h"

struct metrics;

/* From here on the loop's delays are measured. */
struct metrics *metrics_create(struct loop *loop);
/* What is left is freed once the loop has run. */
void metrics_destroy(struct metrics *metrics);
void metrics_print(struct metrics *metrics, struct app *app, struct buf *out);
/* Any thread. All there can be, in Markdown. */
void metrics_print_reference(struct buf *out);

extern const struct middleware metrics_middleware;

#endif
