/*
 * What is kept in memory because it is asked for often: bounded in bytes, in all and for each kind, and given up in the
 * order in which it was last asked for.
 *
 * A thing that is kept begins with `struct cached`. Who got one holds a reference until it has done with it; the cache
 * itself holds one too. Loop thread only, but for cached_ref and cached_unref.
 */
#ifndef WEBPLUS_CACHE_CACHE_H
#define WEBPLUS_CACHE_CACHE_H

#include "base/list.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What one person asks for gives no way to push out what all ask for. */
enum cache_kind { CACHED_PERSONAL, CACHED_SHARED, CACHED_KINDS };

struct cached {
	struct list node; /* the latest asked for first */
	atomic_uint refs;
	enum cache_kind kind;
	size_t size_bytes;
	const char *key; /* the owner's, lives as long as this */
	void (*destroy)(struct cached *cached);
};

struct cache_counts {
	uint64_t hits, misses, evictions;
	size_t bytes, entries;
};

struct cache;

/* `kind_max[kind]`: bytes of that kind; together they may be more than `bytes_max`. */
struct cache *memory_cache_create(size_t bytes_max, const size_t kind_max[static CACHED_KINDS]);
void memory_cache_destroy(struct cache *cache);

/* A reference to what is kept under the key, or NULL; counted as a hit or a miss by memory_cache_count. */
struct cached *memory_cache_get(struct cache *cache, const char *key);
/* Keeps it with a reference of the cache's own, in place of what was there. Too large a one is not kept. */
void memory_cache_put(struct cache *cache, struct cached *cached);
void memory_cache_remove(struct cache *cache, const char *key);
void memory_cache_clear(struct cache *cache);
void memory_cache_count(struct cache *cache, enum cache_kind kind, bool hit);
struct cache_counts memory_cache_counts(const struct cache *cache, enum cache_kind kind);

const char *cache_kind_name(enum cache_kind kind);

/* With one reference, the caller's. `size_bytes` is what it takes in all. */
void cached_init(struct cached *cached, enum cache_kind kind, const char *key, size_t size_bytes,
		 void (*destroy)(struct cached *cached));
struct cached *cached_ref(struct cached *cached);
/* NULL is fine. */
void cached_unref(struct cached *cached);

#endif
