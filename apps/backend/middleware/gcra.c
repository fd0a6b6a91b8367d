#include "middleware/gcra.h"

#include "base/memory.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { WAYS = 8 };

/* Free where full_us is past. */
struct place {
	uint64_t hash;
	int64_t full_us;
};

/* The places that a key may be in: one line of the cache, mostly. */
struct set {
	struct place places[WAYS];
};

struct gcra {
	pthread_mutex_t lock;
	struct set *sets;
	size_t set_count; /* a power of two */
	uint64_t evictions;
	unsigned char hash_key[crypto_shorthash_KEYBYTES];
};

struct gcra *gcra_create(size_t keys)
{
	struct gcra *gcra = MEMORY_NEW(struct gcra);

	gcra->set_count = 1;
	while (gcra->set_count * WAYS < keys)
		gcra->set_count *= 2;
	gcra->sets = memory_alloc(gcra->set_count * sizeof(*gcra->sets));
	pthread_mutex_init(&gcra->lock, NULL);
	crypto_shorthash_keygen(gcra->hash_key);
	return gcra;
}

void gcra_destroy(struct gcra *gcra)
{
	if (!gcra)
		return;
	pthread_mutex_destroy(&gcra->lock);
	free(gcra->sets);
	free(gcra);
}

static uint64_t hash_of(const struct gcra *gcra, const char *key)
{
	unsigned char bytes[crypto_shorthash_BYTES];
	uint64_t hash;

	crypto_shorthash(bytes, (const unsigned char *)key, strlen(key), gcra->hash_key);
	memcpy(&hash, bytes, sizeof(hash));
	return hash;
}

/* The key's place, or the one that is forgotten soonest. Under the lock. */
static struct place *find_place(struct gcra *gcra, uint64_t hash, int64_t now_us)
{
	struct set *set = &gcra->sets[hash & (gcra->set_count - 1)];
	struct place *soonest = &set->places[0];

	for (int i = 0; i < WAYS; i++) {
		struct place *place = &set->places[i];

		if (place->hash == hash)
			return place;
		if (place->full_us < soonest->full_us)
			soonest = place;
	}
	gcra->evictions += soonest->full_us > now_us;
	*soonest = (struct place){ .hash = hash };
	return soonest;
}

struct gcra_state gcra_state_of(const struct gcra_limit *limit, int64_t full_us)
{
	int64_t interval_us = limit->window_us / limit->quota;
	int64_t room_us = limit->window_us - full_us;
	struct gcra_state state = { .reset_us = full_us > 0 ? full_us : 0 };

	state.remaining = room_us > 0 ? room_us / interval_us : 0;
	if (state.remaining > limit->quota)
		state.remaining = limit->quota;
	if (room_us < interval_us)
		state.retry_us = interval_us - room_us;
	return state;
}

bool gcra_take(struct gcra *gcra, const char *key, const struct gcra_limit *limit, int64_t now_us,
	       struct gcra_state *ret_state)
{
	int64_t interval_us = limit->window_us / limit->quota, full_us;
	uint64_t hash = hash_of(gcra, key);
	struct place *place;
	bool taken;

	pthread_mutex_lock(&gcra->lock);
	place = find_place(gcra, hash, now_us);
	full_us = place->full_us > now_us ? place->full_us : now_us;
	taken = full_us + interval_us <= now_us + limit->window_us;
	if (taken)
		full_us += interval_us;
	place->full_us = full_us;
	pthread_mutex_unlock(&gcra->lock);
	*ret_state = gcra_state_of(limit, full_us - now_us);
	return taken;
}

uint64_t gcra_evictions(struct gcra *gcra)
{
	uint64_t evictions;

	pthread_mutex_lock(&gcra->lock);
	evictions = gcra->evictions;
	pthread_mutex_unlock(&gcra->lock);
	return evictions;
}
