/*
 * Replies from memory: a row of a route says what a GET's reply depends on (`cache`), and what a write changes (`raises`).
 *
 *	answer    on the loop: a reply that is kept, and good, is sent without a worker; 304 where the client has it
 *	encoded   a reply that may be kept gets its ETag
 *	hold      what a write changed is raised before it is acknowledged
 *
 * The key is the method, the route's path as it was asked for, the query in its order by name, the coding that is chosen and, as the
 * scope has it, who asks, with all that may be done and the count of changes to that. Writers that are not routes raise with
 * cache_raise, after their commit; what is told to anybody is told with cache_raise_and_tell. With WEBPLUS_CACHE=false
 * nothing is kept; on a database of several servers, what is written is raised all the same, since others may keep it.
 */
#ifndef WEBPLUS_MIDDLEWARE_CACHE_H
#define WEBPLUS_MIDDLEWARE_CACHE_H

#include "base/buf.h"
#include "cache/response_cache.h"
#include "http/server.h"

struct caching;

/* `shared`: other servers may write to the same database. NULL: there is nothing to do. */
struct caching *caching_create(struct app *app, bool shared, void (*declare)(void *context),
			       void *context);
/* After the server and Redis' client. NULL is fine, as in all that follows: nothing is kept. */
void caching_destroy(struct caching *caching);

/* Any thread: `tag` with the id in it, "chat:{user}", is raised. */
void cache_raise(struct app *app, const char *tag, const char *id);
/*
 * The same, and then `tell` is called on the loop, in the order of these calls: what it tells is known to the other servers'
 * caches, or they trust nothing. Not before this returns. ERR_CANCELLED: the server ends, and nobody is to be told.
 */
void cache_raise_and_tell(struct app *app, const char *tag, const char *id,
			  void (*tell)(void *context, enum err err), void *context);
/* Loop: calls `told` when everything was told that is to be. */
void cache_await(struct app *app, void (*told)(void *context), void *context);
/* Any thread: the rights of this account (NULL: of everybody) have changed. */
void cache_rights_changed(struct app *app, const char *account_id);

/* Loop: what cache/versions.h says of them; after cache_release, nobody is told either. */
void cache_distrust(struct app *app);
void cache_looked(struct app *app, int64_t began_ms);
void cache_declared(struct app *app, bool committed);
void cache_release(struct app *app);

/* Whether replies are kept at all. */
bool cache_keeps(const struct app *app);
/* Where they are. */
struct cache_counts cache_counts(const struct app *app, enum cache_kind kind);
struct response_counts cache_response_counts(const struct app *app);
/* Of how many writes it is not known what became of them: cache/unsettled.h. */
size_t cache_unsettled_writes(const struct app *app);

/* Which replies of these tables are kept, as a Markdown table. */
void cache_print_reference(const struct route *const *tables, struct buf *out);

extern const struct middleware cache_middleware;

#endif
