/*
 * Replies that are kept, each good while the versions of its tags are those from before it was read (versions.h).
 *
 *	ask    -> a hit, or compute it, or wait: then `decided` follows
 *	keep   what was computed, if it is not too long; whoever waited for it gets it
 *	fail   in place of keep, when the server could not: nor could it for those who wait, who are told
 *	leave  in place of keep, when it was no answer for others: the first who waits computes, and the rest wait for that
 *
 * Of those who miss the same thing at once, one computes it, and the others wait for that: but only those who found the
 * versions under which it began, since what was begun before a write is no answer to who asks after it.
 *
 * Bodies stay in the memory of this server, whatever Redis there is: there they would have to be sealed, for what they say is
 * private, and a copy from there is no cheaper than the database. Loop thread only, but for
 * response_create.
 */
#ifndef WEBPLUS_CACHE_RESPONSE_CACHE_H
#define WEBPLUS_CACHE_RESPONSE_CACHE_H

#include "cache/cache.h"
#include "cache/versions.h"

struct flight;
struct response_cache;

enum {
	ETAG_SIZE = 35, /* quotes, 32 digits, NUL */
	RESPONSE_KEPT_MAX = 512 * 1024,
};

/* Constant once it is made; the bytes lie behind it. */
struct response {
	struct cached cached; /* first */
	const char *media;
	const char *headers; /* complete lines */
	size_t headers_length;
	char etag[ETAG_SIZE];
	char *body;
	size_t length;
	int64_t expires_ms; /* monotonic; set when it is kept */
	struct tags tags;
	struct held_versions held;
};

struct response_ask;

/* Takes the body over, which free() frees and has its NUL, and may move it; copies the rest. With one reference. Any thread. */
struct response *response_create(const struct response_ask *ask, const char *media,
				 const char *headers, size_t headers_length, char *body,
				 size_t length);
static inline void response_unref(struct response *response)
{
	if (response)
		cached_unref(&response->cached);
}

enum verdict {
	VERDICT_HIT,     /* ask.response, a reference */
	VERDICT_COMPUTE, /* and keep, fail or leave */
	VERDICT_BYPASS,  /* compute, and keep nothing */
	VERDICT_FAIL,    /* ask.err; only after a wait */
	VERDICT_WAIT,    /* `decided` follows with one of the others */
};

/* In the asker's memory until it has kept, failed or left; the first four are the asker's to fill in. */
struct response_ask {
	const char *key;
	enum cache_kind kind;
	struct tags tags;
	int64_t ttl_ms;
	void (*decided)(struct response_ask *ask);

	enum verdict verdict;
	struct response *response;
	enum err err;
	struct response_cache *cache;
	struct list node; /* of a flight's waiters */
	struct flight *flight;
	struct held_versions held;
};

struct response_cache *response_cache_create(struct loop *loop, struct cache *cache,
					     struct versions *versions);
void response_cache_destroy(struct response_cache *cache);

enum verdict response_ask(struct response_cache *cache, struct response_ask *ask);
/* After VERDICT_COMPUTE. */
void response_keep(struct response_ask *ask, struct response *response);
void response_fail(struct response_ask *ask, enum err err);
void response_leave(struct response_ask *ask);

struct response_counts {
	uint64_t hits, misses, bypasses, waits;
};

struct response_counts response_cache_counts(const struct response_cache *cache);

#endif
