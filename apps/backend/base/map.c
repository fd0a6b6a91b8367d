#include "base/map.h"

#include "base/memory.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 8 };

struct map_entry {
	struct map_entry *next; /* in the same bucket */
	uint64_t hash;
	void *value;
	char key[];
};

static unsigned char hash_key[crypto_shorthash_KEYBYTES];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void make_hash_key(void)
{
	randombytes_buf(hash_key, sizeof(hash_key));
}

static uint64_t hash_text(const char *text)
{
	unsigned char digest[crypto_shorthash_BYTES];
	uint64_t hash;

	pthread_once(&hash_key_once, make_hash_key);
	crypto_shorthash(digest, (const unsigned char *)text, strlen(text), hash_key);
	memcpy(&hash, digest, sizeof(hash));
	return hash;
}

void map_init(struct map *map)
{
	*map = (struct map){ 0 };
}

void map_finish(struct map *map)
{
	for (size_t i = 0; i < map->bucket_count; i++) {
		struct map_entry *entry = map->buckets[i];

		while (entry != NULL) {
			struct map_entry *next = entry->next;

			free(entry);
			entry = next;
		}
	}
	free(map->buckets);
	map_init(map);
}

/* The link that leads to the entry of that key, or the one at the end of its bucket. */
static struct map_entry **find(const struct map *map, const char *key, uint64_t hash)
{
	struct map_entry **link = &map->buckets[hash & (map->bucket_count - 1)];

	while (*link != NULL && ((*link)->hash != hash || strcmp((*link)->key, key) != 0))
		link = &(*link)->next;
	return link;
}

static void resize(struct map *map, size_t bucket_count)
{
	struct map_entry **buckets = memory_alloc(bucket_count * sizeof(struct map_entry *));

	for (size_t i = 0; i < map->bucket_count; i++) {
		struct map_entry *entry = map->buckets[i];

		while (entry != NULL) {
			struct map_entry *next = entry->next;
			struct map_entry **bucket = &buckets[entry->hash & (bucket_count - 1)];

			entry->next = *bucket;
			*bucket = entry;
			entry = next;
		}
	}
	free(map->buckets);
	map->buckets = buckets;
	map->bucket_count = bucket_count;
}

void *map_get(const struct map *map, const char *key)
{
	struct map_entry *entry;

	if (map->count == 0)
		return NULL;
	entry = *find(map, key, hash_text(key));
	return entry != NULL ? entry->value : NULL;
}

static struct map_entry *entry_create(const char *key, uint64_t hash)
{
	size_t size = strlen(key) + 1;
	struct map_entry *entry = memory_alloc(sizeof(*entry) + size);

	entry->hash = hash;
	memcpy(entry->key, key, size);
	return entry;
}

void *map_set(struct map *map, const char *key, void *value)
{
	uint64_t hash = hash_text(key);
	struct map_entry **link;
	void *former;

	assert(value != NULL);
	if (map->count >= map->bucket_count)
		resize(map, map->bucket_count > 0 ? map->bucket_count * 2 : BUCKETS_FIRST);
	link = find(map, key, hash);
	if (*link == NULL) {
		*link = entry_create(key, hash);
		map->count++;
	}
	former = (*link)->value;
	(*link)->value = value;
	return former;
}

void *map_remove(struct map *map, const char *key)
{
	struct map_entry **link, *entry;
	void *value;

	if (map->count == 0)
		return NULL;
	link = find(map, key, hash_text(key));
	entry = *link;
	if (entry == NULL)
		return NULL;
	value = entry->value;
	*link = entry->next;
	free(entry);
	map->count--;
	return value;
}

void map_each(struct map *map, void (*visit)(const char *key, void *value, void *context),
	      void *context)
{
	for (size_t i = 0; i < map->bucket_count; i++) {
		struct map_entry *entry = map->buckets[i];

		while (entry != NULL) {
			struct map_entry *next = entry->next;

			visit(entry->key, entry->value, context);
			entry = next;
		}
	}
}
