/*
 * A hash map from text to pointer.
 *
 * Keys are copied. Hashed with SipHash-2-4 under a key drawn once per process, so that keys chosen
 * from outside cannot collide on purpose. Values are the caller's: the map never frees them. Out of
 * memory aborts. Not synchronised: a map belongs to one thread, or to the lock of its owner.
 */
#ifndef WEBPLUS_BASE_MAP_H
#define WEBPLUS_BASE_MAP_H

#include <stddef.h>

struct map_entry;

struct map {
	struct map_entry **buckets;
	size_t bucket_count; /* a power of two, or 0 before the first insertion */
	size_t count;
};

void map_init(struct map *map);
void map_finish(struct map *map);

/* NULL when there is none. */
void *map_get(const struct map *map, const char *key);
/* Returns the value it replaced, or NULL. `value` must not be NULL. */
void *map_set(struct map *map, const char *key, void *value);
/* Returns the value it removed, or NULL. */
void *map_remove(struct map *map, const char *key);
/* Calls `visit` with each entry, in no order; `visit` may remove that entry and no other. */
void map_each(struct map *map, void (*visit)(const char *key, void *value, void *context),
	      void *context);

#endif
