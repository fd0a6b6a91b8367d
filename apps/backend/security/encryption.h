/*
 * Sealing of fields at rest: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), bound to where the value
 * stands.
 *
 * A sealed value is  version (1 byte, 1) | key id (4 bytes, big-endian) | nonce (24) | ciphertext
 * and tag. The associated data is  field '\0' key[0] '\0' key[1] : a value moved to another row or
 * field does not open. Callable from any thread.
 */
#ifndef WEBPLUS_SECURITY_ENCRYPTION_H
#define WEBPLUS_SECURITY_ENCRYPTION_H

#include "base/arena.h"
#include "base/err.h"
#include "schema/schema.h"
#include "security/keyring.h"

#include <stdint.h>

enum { SEAL_OVERHEAD = 1 + 4 + 24 + 16, LOOKUP_SIZE = 32 };

/*
 * Where a sealed value stands: the field's stable name and the key of its row (key[1] may be NULL).
 */
struct seal_place {
	const char *field;
	const char *key[2];
};

/* The sealed value lives in the arena. */
struct blob seal(const struct keyring *keyring, const struct seal_place *place, const void *plain,
		 size_t length, struct arena *arena);
/*
 * NUL-terminated. ERR_CORRUPT when it was cut, changed or moved; ERR_KEY_MISSING when it names a data key that is not in
 * the ring, which another server may have made since.
 */
enum err unseal(const struct keyring *keyring, const struct seal_place *place, struct blob sealed,
		struct arena *arena, const char **ret_plain, size_t *ret_length) WARN_UNUSED;

/* Which data key it was sealed under; 0 for what is no sealed value. */
uint32_t seal_key_number(struct blob sealed);

/*
 * A keyed hash (BLAKE2b-256) by which a unique sealed field is looked up: equal values, equal
 * hashes, per field.
 */
void lookup_hash(const struct keyring *keyring, const char *field, const char *value,
		 uint8_t hash[static LOOKUP_SIZE]);
/* The same of several values in their order, of which a field always has as many. */
void lookup_hash_all(const struct keyring *keyring, const char *field, const char *const *values,
		     size_t count, uint8_t hash[static LOOKUP_SIZE]);

#endif
