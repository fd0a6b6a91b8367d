/*
 * The keys that seal fields: numbered from 1, the newest seals, all of them open.
 *
 * Each is random, and stored wrapped by a key that is derived from the master key (security/key_wrap.h), never as it is.
 * Only in installations that were made before that is the first one derived from the master key instead, and has no row
 * until the master key is changed. Keys are learned in the order of their numbers and never forgotten while the server runs.
 * Callable from any thread but where it says otherwise.
 */
#ifndef WEBPLUS_SECURITY_DATA_KEYS_H
#define WEBPLUS_SECURITY_DATA_KEYS_H

#include "base/err.h"
#include "schema/schema.h"
#include "security/key_wrap.h"

#include <stdint.h>

enum {
	DATA_KEY_FIRST = 1,
	DATA_KEYS_MAX = 250, /* numbers; a rotation a month lasts for twenty years */
};

struct data_keys;

/* NULL without memory for them. */
struct data_keys *data_keys_create(const uint8_t first[static KEY_SIZE],
				   const uint8_t wrapping[static KEY_SIZE]);
void data_keys_destroy(struct data_keys *keys);
/* Forgets the first key, which is stored like the others. Before another thread has `keys`. */
void data_keys_begin(struct data_keys *keys);

/* KEY_SIZE bytes that live as long as `keys`, or NULL for a number that was not learned. */
const uint8_t *data_key(const struct data_keys *keys, uint32_t number);
uint32_t data_keys_newest(const struct data_keys *keys);

/* A new random key, wrapped, to be stored and then learned. */
void data_key_make(const struct data_keys *keys, uint32_t number,
		   uint8_t wrapped[static WRAPPED_KEY_SIZE]);
/* A key that was learned, wrapped as it is stored under another master key, that of `under`. */
void data_key_wrap(const struct data_keys *keys, uint32_t number, const struct data_keys *under,
		   uint8_t wrapped[static WRAPPED_KEY_SIZE]);
/*
 * Does nothing for a number that is known. ERR_CORRUPT: it was not wrapped by this master key under this number, or the
 * number is not the next one.
 */
enum err data_key_learn(struct data_keys *keys, uint32_t number, struct blob wrapped) WARN_UNUSED;

#endif
