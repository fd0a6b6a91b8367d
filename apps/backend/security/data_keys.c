#include "security/data_keys.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 32 };

struct data_keys {
	pthread_mutex_t lock;      /* one learns at a time */
	atomic_uint newest;        /* set after its key was written: who reads it finds the key */
	uint8_t (*keys)[KEY_SIZE]; /* by number, in locked memory; 0 is the wrapping key */
};

struct data_keys *data_keys_create(const uint8_t first[static KEY_SIZE],
				   const uint8_t wrapping[static KEY_SIZE])
{
	struct data_keys *keys = calloc(1, sizeof(*keys));

	if (!keys)
		return NULL;
	keys->keys = sodium_allocarray(DATA_KEYS_MAX + 1, KEY_SIZE);
	if (!keys->keys) {
		free(keys);
		return NULL;
	}
	pthread_mutex_init(&keys->lock, NULL);
	memcpy(keys->keys[0], wrapping, KEY_SIZE);
	memcpy(keys->keys[DATA_KEY_FIRST], first, KEY_SIZE);
	atomic_init(&keys->newest, DATA_KEY_FIRST);
	return keys;
}

void data_keys_destroy(struct data_keys *keys)
{
	if (!keys)
		return;
	pthread_mutex_destroy(&keys->lock);
	sodium_free(keys->keys);
	free(keys);
}

void data_keys_begin(struct data_keys *keys)
{
	sodium_memzero(keys->keys[DATA_KEY_FIRST], KEY_SIZE);
	atomic_store_explicit(&keys->newest, DATA_KEY_FIRST - 1, memory_order_release);
}

const uint8_t *data_key(const struct data_keys *keys, uint32_t number)
{
	bool known = number >= DATA_KEY_FIRST && number <= data_keys_newest(keys);

	return known ? keys->keys[number] : NULL;
}

uint32_t data_keys_newest(const struct data_keys *keys)
{
	return atomic_load_explicit(&keys->newest, memory_order_acquire);
}

/* What a wrapped key is bound to. */
static void print_name(uint32_t number, char name[static NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "data_key %u", (unsigned)number);
}

void data_key_make(const struct data_keys *keys, uint32_t number,
		   uint8_t wrapped[static WRAPPED_KEY_SIZE])
{
	char name[NAME_SIZE];
	uint8_t key[KEY_SIZE];

	print_name(number, name);
	randombytes_buf(key, sizeof(key));
	key_wrap(keys->keys[0], name, key, wrapped);
	sodium_memzero(key, sizeof(key));
}

void data_key_wrap(const struct data_keys *keys, uint32_t number, const struct data_keys *under,
		   uint8_t wrapped[static WRAPPED_KEY_SIZE])
{
	const uint8_t *key = data_key(keys, number);
	char name[NAME_SIZE];

	assert(key);
	print_name(number, name);
	key_wrap(under->keys[0], name, key, wrapped);
}

/* Under the lock. */
static enum err unwrap(struct data_keys *keys, uint32_t number, struct blob wrapped)
{
	char name[NAME_SIZE];
	enum err err;

	if (number != data_keys_newest(keys) + 1 || number > DATA_KEYS_MAX)
		return ERR_CORRUPT;
	print_name(number, name);
	err = key_unwrap(keys->keys[0], name, wrapped, keys->keys[number]);
	if (err == ERR_OK)
		atomic_store_explicit(&keys->newest, number, memory_order_release);
	return err;
}

enum err data_key_learn(struct data_keys *keys, uint32_t number, struct blob wrapped)
{
	enum err err = ERR_OK;

	pthread_mutex_lock(&keys->lock);
	if (!data_key(keys, number))
		err = unwrap(keys, number, wrapped);
	pthread_mutex_unlock(&keys->lock);
	return err;
}
