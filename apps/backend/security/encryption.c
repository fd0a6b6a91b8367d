#include "security/encryption.h"

#include "security/data_keys.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

enum {
	SEAL_VERSION = 1,
	HEAD_SIZE = 1 + 4,
	NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	NONCES_PER_DRAW = 32,
	PLACE_SIZE = 256,
};

_Static_assert((int)SEAL_OVERHEAD == HEAD_SIZE + NONCE_SIZE + TAG_SIZE, "as the header says");
_Static_assert((int)KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "one size of keys");

/*
 * Nonces are drawn many at a time, since each draw is a system call that costs as much as the
 * sealing of a short text. Each is handed out once; the server never forks without exec, so no two
 * processes share the rest.
 */
static void draw_nonce(uint8_t nonce[static NONCE_SIZE])
{
	static _Thread_local uint8_t drawn[NONCES_PER_DRAW][NONCE_SIZE];
	static _Thread_local unsigned left;

	if (left == 0) {
		randombytes_buf(drawn, sizeof(drawn));
		left = NONCES_PER_DRAW;
	}
	memcpy(nonce, drawn[--left], NONCE_SIZE);
}

struct associated {
	char *data;
	size_t length;
	char inlined[PLACE_SIZE];
};

/* The place as bytes; a NUL cannot be in a name or key, so no two places give the same. */
static void associated_init(struct associated *associated, const struct seal_place *place,
			    struct arena *arena)
{
	const char *second = place->key[1] != NULL ? place->key[1] : "";
	size_t field = strlen(place->field) + 1, key0 = strlen(place->key[0]) + 1,
	       key1 = strlen(second);

	associated->length = field + key0 + key1;
	associated->data = associated->inlined;
	if (associated->length > sizeof(associated->inlined))
		associated->data = arena_alloc(arena, associated->length);
	memcpy(associated->data, place->field, field);
	memcpy(associated->data + field, place->key[0], key0);
	memcpy(associated->data + field + key0, second, key1);
}

static void put_head(uint8_t head[static HEAD_SIZE], uint32_t number)
{
	head[0] = SEAL_VERSION;
	for (int i = 0; i < 4; i++)
		head[1 + i] = (uint8_t)(number >> (24 - 8 * i));
}

struct blob seal(const struct keyring *keyring, const struct seal_place *place, const void *plain,
		 size_t length, struct arena *arena)
{
	uint32_t number = data_keys_newest(keyring_data_keys(keyring));
	uint8_t *sealed = arena_alloc(arena, length + SEAL_OVERHEAD);
	uint8_t *nonce = sealed + HEAD_SIZE;
	struct associated associated;

	assert(place->field != NULL && place->key[0] != NULL);
	associated_init(&associated, place, arena);
	put_head(sealed, number);
	draw_nonce(nonce);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
		nonce + NONCE_SIZE, NULL, plain, length, (const uint8_t *)associated.data,
		associated.length, NULL, nonce, data_key(keyring_data_keys(keyring), number));
	return (struct blob){ sealed, length + SEAL_OVERHEAD };
}

uint32_t seal_key_number(struct blob sealed)
{
	const uint8_t *bytes = sealed.data;

	if (sealed.size < SEAL_OVERHEAD || bytes[0] != SEAL_VERSION)
		return 0;
	return (uint32_t)bytes[1] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 8 |
	       bytes[4];
}

enum err unseal(const struct keyring *keyring, const struct seal_place *place, struct blob sealed,
		struct arena *arena, const char **ret_plain, size_t *ret_length)
{
	const uint8_t *bytes = sealed.data, *key, *nonce;
	struct associated associated;
	unsigned char *plain;
	uint32_t number;
	size_t length;

	number = seal_key_number(sealed);
	if (number == 0)
		return ERR_CORRUPT;
	key = data_key(keyring_data_keys(keyring), number);
	if (key == NULL)
		return ERR_KEY_MISSING;
	nonce = bytes + HEAD_SIZE;
	length = sealed.size - SEAL_OVERHEAD;
	plain = arena_alloc(arena, length + 1);
	associated_init(&associated, place, arena);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
		    plain, NULL, NULL, nonce + NONCE_SIZE, length + TAG_SIZE,
		    (const uint8_t *)associated.data, associated.length, nonce, key) != 0)
		return ERR_CORRUPT;
	plain[length] = '\0';
	*ret_plain = (const char *)plain;
	*ret_length = length;
	return ERR_OK;
}

void lookup_hash_all(const struct keyring *keyring, const char *field, const char *const *values,
		     size_t count, uint8_t hash[static LOOKUP_SIZE])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, keyring_key(keyring, KEY_LOOKUP), KEY_SIZE, LOOKUP_SIZE);
	crypto_generichash_update(&state, (const unsigned char *)field, strlen(field));
	for (size_t i = 0; i < count; i++) {
		crypto_generichash_update(&state, (const unsigned char *)"", 1);
		crypto_generichash_update(&state, (const unsigned char *)values[i],
					  strlen(values[i]));
	}
	crypto_generichash_final(&state, hash, LOOKUP_SIZE);
}

void lookup_hash(const struct keyring *keyring, const char *field, const char *value,
		 uint8_t hash[static LOOKUP_SIZE])
{
	lookup_hash_all(keyring, field, &value, 1, hash);
}
