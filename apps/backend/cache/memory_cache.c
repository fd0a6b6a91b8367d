#include "cache/cache.h"

#include "base/map.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Of the map and the allocator, for each entry. */
enum { OVERHEAD_BYTES = 160 };

struct cache {
	struct map entries;
	struct list latest[CACHED_KINDS];
	size_t bytes, bytes_max;
	size_t kind_max[CACHED_KINDS];
	struct cache_counts counts[CACHED_KINDS];
};

const char *cache_kind_name(enum cache_kind kind)
{
	static const char *const names[CACHED_KINDS] = { "personal", "shared" };

	return names[kind];
}

void cached_init(struct cached *cached, enum cache_kind kind, const char *key, size_t size_bytes,
		 void (*destroy)(struct cached *cached))
{
	list_init(&cached->node);
	atomic_init(&cached->refs, 1);
	cached->kind = kind;
	cached->key = key;
	cached->size_bytes = size_bytes + OVERHEAD_BYTES + 2 * strlen(key);
	cached->destroy = destroy;
}

struct cached *cached_ref(struct cached *cached)
{
	atomic_fetch_add_explicit(&cached->refs, 1, memory_order_relaxed);
	return cached;
}

void cached_unref(struct cached *cached)
{
	if (cached && atomic_fetch_sub_explicit(&cached->refs, 1, memory_order_acq_rel) == 1)
		cached->destroy(cached);
}

struct cache *memory_cache_create(size_t bytes_max, const size_t kind_max[static CACHED_KINDS])
{
	struct cache *cache = MEMORY_NEW(struct cache);

	map_init(&cache->entries);
	cache->bytes_max = bytes_max;
	memcpy(cache->kind_max, kind_max, sizeof(cache->kind_max));
	for (int kind = 0; kind < CACHED_KINDS; kind++)
		list_init(&cache->latest[kind]);
	return cache;
}

/* The map's own reference has been taken out of it. */
static void let_go(struct cache *cache, struct cached *cached)
{
	struct cache_counts *counts = &cache->counts[cached->kind];

	list_remove(&cached->node);
	cache->bytes -= cached->size_bytes;
	counts->bytes -= cached->size_bytes;
	counts->entries--;
	cached_unref(cached);
}

void memory_cache_remove(struct cache *cache, const char *key)
{
	struct cached *cached = map_remove(&cache->entries, key);

	if (cached)
		let_go(cache, cached);
}

void memory_cache_clear(struct cache *cache)
{
	for (int kind = 0; kind < CACHED_KINDS; kind++)
		while (!list_empty(&cache->latest[kind]))
			memory_cache_remove(
				cache,
				CONTAINER_OF(cache->latest[kind].next, struct cached, node)->key);
}

void memory_cache_destroy(struct cache *cache)
{
	if (!cache)
		return;
	memory_cache_clear(cache);
	map_finish(&cache->entries);
	free(cache);
}

struct cached *memory_cache_get(struct cache *cache, const char *key)
{
	struct cached *cached = map_get(&cache->entries, key);

	if (!cached)
		return NULL;
	list_remove(&cached->node);
	list_insert(&cache->latest[cached->kind], &cached->node);
	return cached_ref(cached);
}

static void evict_oldest(struct cache *cache, enum cache_kind kind)
{
	struct cached *oldest = CONTAINER_OF(cache->latest[kind].prev, struct cached, node);

	cache->counts[kind].evictions++;
	memory_cache_remove(cache, oldest->key);
}

/* The kind that takes most of what it may. */
static enum cache_kind fullest_kind(const struct cache *cache)
{
	enum cache_kind fullest = 0;

	for (enum cache_kind kind = 1; kind < CACHED_KINDS; kind++)
		if (cache->counts[kind].bytes > cache->counts[fullest].bytes)
			fullest = kind;
	return fullest;
}

void memory_cache_put(struct cache *cache, struct cached *cached)
{
	enum cache_kind kind = cached->kind;
	struct cache_counts *counts = &cache->counts[kind];
	size_t size = cached->size_bytes;

	memory_cache_remove(cache, cached->key);
	if (size > cache->kind_max[kind] || size > cache->bytes_max)
		return;
	while (counts->bytes > cache->kind_max[kind] - size)
		evict_oldest(cache, kind);
	while (cache->bytes > cache->bytes_max - size)
		evict_oldest(cache, fullest_kind(cache));
	map_set(&cache->entries, cached->key, cached_ref(cached));
	list_insert(&cache->latest[kind], &cached->node);
	cache->bytes += size;
	counts->bytes += size;
	counts->entries++;
}

void memory_cache_count(struct cache *cache, enum cache_kind kind, bool hit)
{
	if (hit)
		cache->counts[kind].hits++;
	else
		cache->counts[kind].misses++;
}

struct cache_counts memory_cache_counts(const struct cache *cache, enum cache_kind kind)
{
	return cache->counts[kind];
}
