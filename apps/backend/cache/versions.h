/*
 * Versions of what replies are made of, by tag: a reply that is kept holds those from before it was read, and is good as long as
 * they are the same.
 *
 * Alone, a server counts in its own memory. Several servers of one database keep them in Redis, where a version is a random
 * number: raising a tag deletes it, and who finds none draws a new one. So a Redis that was emptied, or started from an old
 * copy of itself, can never bring back a version that was held before: with the connection, everything held is lost too.
 *
 * A server that cannot raise its tags, because its Redis is away, says so in the database (`declare`), again and again; the
 * others hear it within the lease, VERSION_LEASE_MS, and trust nothing they hold until they have not heard it for a while
 * (versions_distrust). A server trusts what it holds only while it has looked at the database within the lease
 * (versions_looked). So a write is acknowledged at once when Redis took its raise or when the others have been told for the
 * length of a lease, and after that time at the latest. One that has no Redis is such a server for as long as it runs; one that
 * keeps nothing itself raises all the same.
 *
 * Loop thread only, but for versions_mark.
 */
#ifndef WEBPLUS_CACHE_VERSIONS_H
#define WEBPLUS_CACHE_VERSIONS_H

#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct redis_client;
struct versions;

enum {
	TAGS_MAX = 4, /* of one reply or write */
	TAG_SIZE = 96,
	VERSION_LEASE_MS = 1000,
};

struct tags {
	char names[TAGS_MAX][TAG_SIZE];
	size_t count;
};

/* As they were at one time. */
struct held_versions {
	uint64_t values[TAGS_MAX + 1];
	uint64_t era; /* of the connection to Redis */
};

struct versions_options {
	struct loop *loop;
	struct redis_client *redis; /* NULL: none, so that whatever it writes is missing */
	bool shared;                /* other servers may write to the same database */
	/* Writes to the database that this server's raises are missing, and calls versions_declared when that is committed. */
	void (*declare)(void *context);
	void *context;
	int64_t (*now_ms)(void); /* NULL: the monotonic clock; another one is a test's */
};

struct versions *versions_create(const struct versions_options *options);
/* What is under way ends with ERR_CANCELLED. */
void versions_destroy(struct versions *versions);

/* Whether anything held may be used at all now. */
bool versions_trusted(const struct versions *versions);
/* Alone: the versions can be had without asking anybody. */
bool versions_local(const struct versions *versions);

/* Called back later, once. ERR_OK, or why they are not known. */
typedef void (*versions_known)(void *context, enum err err, const struct held_versions *held);

/* Those of now. Alone: at once. */
void versions_take_local(const struct versions *versions, const struct tags *tags,
			 struct held_versions *ret_held);
/* ERR_OK: `known` follows. */
enum err versions_take(struct versions *versions, const struct tags *tags, versions_known known,
		       void *context) WARN_UNUSED;
bool versions_same(const struct versions *versions, const struct tags *tags,
		   const struct held_versions *a, const struct held_versions *b);

/*
 * After a commit and before its acknowledgement: nothing that was held of these tags is used any more. ERR_OK: done;
 * ERR_PENDING: `raised` is called when the write may be acknowledged; NULL: nobody waits for that.
 */
enum err versions_raise(struct versions *versions, const struct tags *tags,
			void (*raised)(void *context), void *context) WARN_UNUSED;

/*
 * From now on nothing waits for its raise, nor what waits already: this server ends, and who wrote has been cut off, so that
 * nothing is acknowledged by it.
 */
void versions_release(struct versions *versions);

/* Any thread: a counter of this server alone, which is part of keys. */
void versions_mark(struct versions *versions, const char *name);
uint64_t versions_mark_count(const struct versions *versions, const char *name);

/* Another server's raises are missing, or were until now. */
void versions_distrust(struct versions *versions);
/* The database was looked at for such words; the look began at `began_ms`, monotonic. */
void versions_looked(struct versions *versions, int64_t began_ms);
/* What `declare` began is committed. */
void versions_declared(struct versions *versions, bool committed);

#endif
