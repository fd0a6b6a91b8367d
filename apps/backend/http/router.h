/*
 * Finds the route of a request: a tree of path segments, made once from the features' tables.
 *
 * A literal segment outranks {name}, which outranks {name...}; the path decides before the method
 * does. What is behind {name...} is a space of names that the route knows: a method that it does
 * not have is "no such thing" there. Built at start; then constant, any thread.
 */
#ifndef WEBPLUS_HTTP_ROUTER_H
#define WEBPLUS_HTTP_ROUTER_H

#include "base/arena.h"
#include "base/err.h"
#include "http/route.h"

#include <stdbool.h>
#include <stddef.h>

enum { PATH_NAMES_MAX = 8 };

struct router;

/* A route, and what is worth knowing about it before requests come. */
struct endpoint {
	const struct route *route;
	const char *names[PATH_NAMES_MAX]; /* of its path, in order */
	size_t name_count;
	bool takes_body;       /* `in` has a field in the body */
	size_t body_max;       /* bytes */
	struct endpoint *next; /* other methods of the same path */
};

struct match {
	const struct endpoint *endpoint;
	const struct text_pair *values; /* of the path, ended by a NULL name */
	const char *allow;              /* the methods of the path, as in the Allow header */
};

/*
 * ERR_INVALID: *ret_reason says what is wrong with a table; it lies in static memory until the next
 * call.
 */
enum err router_create(const struct route *const *tables, struct router **ret_router,
		       const char **ret_reason) WARN_UNUSED;
void router_destroy(struct router *router);

/*
 * ERR_NOT_FOUND, or ERR_METHOD with `allow` set. HEAD finds GET. Names and values lie in the arena
 * or in `path`.
 */
enum err router_match(const struct router *router, const char *method, const char *path,
		      struct arena *arena, struct match *ret_match) WARN_UNUSED;

#endif
