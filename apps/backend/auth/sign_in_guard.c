#include "auth/sign_in_guard.h"

#include "base/memory.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 2048, WAYS = 8, KEY_MAX = 512 };

#define US_PER_SECOND INT64_C(1000000)

/* Attempts under one key, since the last time that they were forgotten. */
struct record {
	uint64_t hash;
	uint32_t failures;
	bool known;               /* an attempt succeeded */
	int64_t last_us, free_us; /* of the last one, and when the next may be */
};

struct sign_in_guard {
	pthread_mutex_t lock;
	unsigned char hash_key[crypto_shorthash_KEYBYTES];
	struct record sets[SETS][WAYS];
};

struct sign_in_guard *sign_in_guard_create(void)
{
	struct sign_in_guard *guard = MEMORY_NEW(struct sign_in_guard);

	pthread_mutex_init(&guard->lock, NULL);
	crypto_shorthash_keygen(guard->hash_key);
	return guard;
}

void sign_in_guard_destroy(struct sign_in_guard *guard)
{
	if (!guard)
		return;
	pthread_mutex_destroy(&guard->lock);
	free(guard);
}

/* `place` NULL: of the account as a whole. */
static uint64_t hash_of(const struct sign_in_guard *guard, const char *username, const char *place)
{
	unsigned char bytes[crypto_shorthash_BYTES];
	char key[KEY_MAX];
	uint64_t hash;

	snprintf(key, sizeof(key), "%s\n%s", place ? place : "", username);
	crypto_shorthash(bytes, (const unsigned char *)key, strlen(key), guard->hash_key);
	memcpy(&hash, bytes, sizeof(hash));
	return hash;
}

/* How much is lost with a record: that somebody is known somewhere is worth as much as the failures that are free. */
static uint32_t worth(const struct record *record)
{
	return record->failures + (record->known ? PLACE_FREE_FAILURES : 0);
}

/* The record, or one that is forgotten or worth the least, emptied. Under the lock. */
static struct record *find(struct sign_in_guard *guard, uint64_t hash, int64_t now_us)
{
	struct record *set = guard->sets[hash % SETS], *least = set;

	for (struct record *record = set; record < set + WAYS; record++) {
		if (now_us - record->last_us > SIGN_IN_FORGET_S * US_PER_SECOND)
			record->failures = 0;
		if (record->hash == hash)
			return record;
		if (worth(record) < worth(least))
			least = record;
	}
	*least = (struct record){ .hash = hash };
	return least;
}

static int64_t wait_of(const struct record *record, int64_t now_us)
{
	return record->failures > 0 && record->free_us > now_us ? record->free_us - now_us : 0;
}

static void count(struct record *record, uint32_t free_failures, int64_t now_us)
{
	int64_t wait_s = 0;

	record->failures++;
	if (record->failures > free_failures)
		wait_s = record->failures - free_failures > 10
				 ? SIGN_IN_WAIT_MAX_S
				 : INT64_C(1) << (record->failures - free_failures - 1);
	record->last_us = now_us;
	if (wait_s > 0) /* who took his time before the lock waits for nobody who came later */
		record->free_us = now_us + wait_s * US_PER_SECOND;
}

int64_t sign_in_guard_begin(struct sign_in_guard *guard, const char *username, const char *place,
			    int64_t now_us)
{
	uint64_t of_place = hash_of(guard, username, place), whole = hash_of(guard, username, NULL);
	struct record *record;
	int64_t wait_us;

	pthread_mutex_lock(&guard->lock);
	record = find(guard, of_place, now_us);
	wait_us = wait_of(record, now_us);
	if (wait_us == 0) {
		count(record, PLACE_FREE_FAILURES, now_us);
		count(find(guard, whole, now_us), ACCOUNT_FREE_FAILURES, now_us);
	}
	pthread_mutex_unlock(&guard->lock);
	return wait_us;
}

int64_t sign_in_guard_account_wait(struct sign_in_guard *guard, const char *username,
				   int64_t now_us)
{
	uint64_t whole = hash_of(guard, username, NULL);
	int64_t wait_us;

	pthread_mutex_lock(&guard->lock);
	wait_us = wait_of(find(guard, whole, now_us), now_us);
	pthread_mutex_unlock(&guard->lock);
	return wait_us;
}

bool sign_in_guard_first(struct sign_in_guard *guard, const char *username, const char *site,
			 int64_t now_us)
{
	uint64_t hash = hash_of(guard, username, site);
	struct record *record;
	bool first;

	pthread_mutex_lock(&guard->lock);
	record = find(guard, hash, now_us);
	first = record->failures == 0;
	record->failures = 1;
	record->last_us = now_us;
	pthread_mutex_unlock(&guard->lock);
	return first;
}

void sign_in_guard_succeed(struct sign_in_guard *guard, const char *username, const char *place)
{
	uint64_t of_place = hash_of(guard, username, place), whole = hash_of(guard, username, NULL);
	struct record *records[2] = { guard->sets[of_place % SETS], guard->sets[whole % SETS] };

	pthread_mutex_lock(&guard->lock);
	for (int i = 0; i < WAYS; i++) {
		if (records[0][i].hash == of_place)
			records[0][i] = (struct record){ .hash = of_place, .known = true };
		if (records[1][i].hash == whole && records[1][i].failures > 0)
			records[1][i].failures--;
	}
	pthread_mutex_unlock(&guard->lock);
}

bool sign_in_guard_knows(struct sign_in_guard *guard, const char *username, const char *place)
{
	uint64_t hash = hash_of(guard, username, place);
	const struct record *set = guard->sets[hash % SETS];
	bool known = false;

	pthread_mutex_lock(&guard->lock);
	for (int i = 0; i < WAYS; i++)
		known |= set[i].hash == hash && set[i].known;
	pthread_mutex_unlock(&guard->lock);
	return known;
}
