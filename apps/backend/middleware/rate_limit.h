/*
 * How much one address, one account and one API key may ask for in a minute.
 *
 * Each route has a class (`.rate`), each class its numbers; one table in rate_limit.c holds them. A request is counted by its
 * address (an IPv6 one by its /64), and where it is known whose it is, by the account and the key, too; those that nobody is
 * known by are counted for themselves. This server counts
 * for itself first, and what it refuses is refused. Where there is a Redis, it is then asked for the count of all servers, in
 * one round trip; when it does not answer in time, the server's own count stands: limits are looser then, never off.
 *
 * Loop thread, but for the reference.
 */
#ifndef WEBPLUS_MIDDLEWARE_RATE_LIMIT_H
#define WEBPLUS_MIDDLEWARE_RATE_LIMIT_H

#include "base/buf.h"
#include "http/networks.h"
#include "http/server.h"

struct rate_limits;

struct rate_counts {
	uint64_t refused[RATE_CLASSES]; /* by class */
	uint64_t unshared; /* decided by this server alone, since Redis did not answer */
	uint64_t evictions;
};

/* `exempt` must outlive them. */
struct rate_limits *rate_limits_create(struct app *app, const struct networks *exempt);
void rate_limits_destroy(struct rate_limits *limits);
struct rate_counts rate_limits_counts(const struct rate_limits *limits);
const char *rate_class_name(enum rate_class rate);

/* Any thread: refuses with 429, and says when to come back. */
enum err rate_refuse(struct request *request, int64_t wait_us) WARN_UNUSED;

/*
 * Of a route with a share for known devices, on a worker, when it is known which account is asked for (NULL: none): ERR_TOO_MANY,
 * and the reply says so, where the request is here by the share of another one.
 */
enum err rate_limit_share(struct request *request, const char *account_id) WARN_UNUSED;

/* The classes and their routes, in Markdown. */
void rate_limit_print_reference(const struct route *const *tables, struct buf *out);

/*
 * On the loop, of a request that is refused since nobody is known by it: ERR_TOO_MANY, and the reply says so, where its address
 * has sent too many of that kind. They are counted apart, so that they do not use up what the others of the address have.
 */
enum err rate_limit_stranger(struct request *request) WARN_UNUSED;

/* By address, before it is known who asks; and by account and key, after. */
extern const struct middleware rate_limit_middleware;
extern const struct middleware account_limit_middleware;

#endif
