/*
 * A row of a feature's route table: everything about an endpoint that is not its code.
 *
 *	const struct route chat_routes[] = {
 *		{ "POST", "/api/v1/conversations", .access = "chat:write",
 *		  .in = &conversation_new_schema, .out = &conversation_schema, .status = 201,
 *		  .handle = conversation_create, .doc = "Start a conversation." },
 *		{ 0 }
 *	};
 *
 * `in` is one record for the whole request: each of its fields says whether it comes from the path,
 * the query, a header or the body. The handler gets it decoded and valid, fills `out` (zeroed), and
 * returns ERR_OK; a route without `in` or `out` gets NULL there. A row without `access` stops the
 * server from starting.
 */
#ifndef WEBPLUS_HTTP_ROUTE_H
#define WEBPLUS_HTTP_ROUTE_H

#include "base/err.h"
#include "schema/schema.h"

struct request;

/* Who may call. A permission ("chat:write") means: signed in, and holding it. */
#define ACCESS_PUBLIC "public"
#define ACCESS_SIGNED_IN "signed-in"
#define ACCESS_SESSION "session" /* signed in as a person, not by an API key */

enum body_kind {
	/* In memory, at most as much as its fields can need, decoded before the handler; none if `in` has no body field. */
	BODY_JSON,
	/* At most body_max bytes, spilled to an unlinked file: request->body_fd. */
	BODY_STREAM,
};

enum {
	JSON_BODY_MAX = 1024 * 1024,
	/* What every route with fields takes, so that it can tell what is wrong with them. */
	SMALL_BODY_MAX = 16 * 1024,
	/* "{}", where there are none. */
	EMPTY_BODY_MAX = 1024,
};

/* Who shares a reply that is kept. */
enum cache_scope { CACHE_NONE, CACHE_PUBLIC, CACHE_ROLE, CACHE_USER };

/*
 * What a GET's reply depends on, as tags: "settings roles", "chat:{user}" of the principal, "account:{id}" of the path. Of
 * CACHE_ROLE: on the principal's permissions too; of CACHE_USER: on whose it is. The writers name the same tags in `raises`
 * (middleware/cache.h).
 */
struct route_cache {
	enum cache_scope scope;
	int ttl_s;
	const char *tags;
};

struct claims; /* security/jwt.h */

/* What a request costs, for its limits: middleware/rate_limit.h. */
enum rate_class {
	RATE_PRESET, /* by the method: RATE_READ for GET, else RATE_WRITE */
	RATE_READ,
	RATE_WRITE,
	RATE_EXPENSIVE,
	RATE_SEARCH,
	RATE_SIGN_IN,
	RATE_PAGE,
	RATE_NONE,
	RATE_CLASSES
};

typedef enum err (*handler)(struct request *request, const void *in, void *out);

struct route {
	const char *method;
	/* "/api/v1/messages/{id}/stop"; a last segment {name...} takes the rest, slashes too. */
	const char *path;
	const char *access;
	bool person; /* beside a permission: and no API key, since what this gives would outlive it */
	const struct schema *in;
	const struct schema *out;
	int status; /* of success; 0 means 200 with `out`, 204 without */
	enum body_kind body;
	size_t body_max; /* bytes, BODY_STREAM */
	bool on_loop;    /* runs on the loop: it neither waits nor touches the database */
	bool internal;   /* left out of the OpenAPI document (pages, assets, metrics) */
	enum rate_class rate;
	bool share; /* a device that is known (middleware/known_device.h) has a share beside its address's */
	const char *media; /* of the success reply where it is not JSON: "text/event-stream" */
	/*
	 * Why its replies are never compressed: how long one came out must not tell of what is secret in it (BREACH).
	 * Needed where `out` holds a credential.
	 */
	const char *uncompressed;
	/*
	 * Of a public route: whose session the request proves to be of beside its token, for its limits. False: nobody's. On
	 * the loop, without a look at the database: the session may be over.
	 */
	bool (*proves)(struct request *request, struct claims *ret_claims);
	struct route_cache cache;
	const char *raises; /* tags of what this changes, whatever comes of it */
	const char *doc;
	handler handle;
};

#endif
