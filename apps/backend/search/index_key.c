#include "search/index_key.h"

#include <string.h>

enum {
	NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
	TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
	SUBKEY_TERM = 1,
	SUBKEY_SEAL = 2,
	PARTS_MAX = 2 + 2 * WORD_SIZE,
};

static const char kdf_context[crypto_kdf_CONTEXTBYTES] = { 'w', 'p', 's', 'e', 'a', 'r', 'c', 'h' };

_Static_assert((int)INDEX_KEY_BYTES == crypto_kdf_KEYBYTES, "one size of keys");

void index_key_make(char text[static INDEX_KEY_SIZE])
{
	uint8_t bytes[INDEX_KEY_BYTES];

	randombytes_buf(bytes, sizeof(bytes));
	sodium_bin2hex(text, INDEX_KEY_SIZE, bytes, sizeof(bytes));
	sodium_memzero(bytes, sizeof(bytes));
}

enum err index_key_derive(const char *text, struct index_key *ret_key)
{
	uint8_t bytes[INDEX_KEY_BYTES];
	size_t length = 0;

	if (sodium_hex2bin(bytes, sizeof(bytes), text, strlen(text), NULL, &length, NULL) != 0 ||
	    length != sizeof(bytes))
		return ERR_CORRUPT;
	crypto_kdf_derive_from_key(ret_key->term, sizeof(ret_key->term), SUBKEY_TERM, kdf_context,
				   bytes);
	crypto_kdf_derive_from_key(ret_key->seal, sizeof(ret_key->seal), SUBKEY_SEAL, kdf_context,
				   bytes);
	sodium_memzero(bytes, sizeof(bytes));
	return ERR_OK;
}

/* A folded text has no NUL, so no two pairs give the same bytes. */
int64_t index_term(const struct index_key *key, enum term_kind kind, struct term_text first,
		   struct term_text second)
{
	uint8_t bytes[PARTS_MAX], hash[crypto_shorthash_BYTES];
	size_t length = 0;
	int64_t term;

	bytes[length++] = (uint8_t)kind;
	memcpy(bytes + length, first.text, first.length);
	length += first.length;
	bytes[length++] = 0;
	if (second.length > 0)
		memcpy(bytes + length, second.text, second.length);
	length += second.length;
	crypto_shorthash(hash, bytes, length, key->term);
	memcpy(&term, hash, sizeof(term));
	return term != 0 ? term : 1;
}

/* The place in the machine's own order would not open on another one. */
static void print_place(struct block_place place, uint8_t bytes[static 24])
{
	const int64_t parts[] = { place.index_id, place.term, place.place };

	for (int i = 0; i < 24; i++)
		bytes[i] = (uint8_t)((uint64_t)parts[i / 8] >> (56 - 8 * (i % 8)));
}

struct blob index_seal(const struct index_key *key, struct block_place place,
		       const struct moments *moments, struct arena *arena)
{
	struct blob plain = moments_encode(moments, arena);
	uint8_t *sealed = arena_alloc(arena, NONCE_SIZE + plain.size + TAG_SIZE);
	uint8_t where[24];

	print_place(place, where);
	randombytes_buf(sealed, NONCE_SIZE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_SIZE, NULL, plain.data,
						   plain.size, where, sizeof(where), NULL, sealed,
						   key->seal);
	return (struct blob){ sealed, NONCE_SIZE + plain.size + TAG_SIZE };
}

enum err index_open(const struct index_key *key, struct block_place place, struct blob sealed,
		    struct arena *arena, struct moments *ret_moments)
{
	const uint8_t *bytes = sealed.data;
	uint8_t where[24], *plain;
	size_t size;

	if (sealed.size < NONCE_SIZE + TAG_SIZE)
		return ERR_CORRUPT;
	size = sealed.size - NONCE_SIZE;
	plain = arena_alloc(arena, size);
	print_place(place, where);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, bytes + NONCE_SIZE, size,
						       where, sizeof(where), bytes, key->seal) != 0)
		return ERR_CORRUPT;
	return moments_decode((struct blob){ plain, size - TAG_SIZE }, arena, ret_moments);
}
