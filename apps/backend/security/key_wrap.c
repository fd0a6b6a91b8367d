#include "security/key_wrap.h"

#include <sodium.h>
#include <string.h>

enum { NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES };

_Static_assert((int)WRAPPED_KEY_SIZE ==
		       NONCE_SIZE + KEY_SIZE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
	       "as the header says");
_Static_assert((int)KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "one size of keys");

void key_wrap(const uint8_t wrapping[static KEY_SIZE], const char *name,
	      const uint8_t key[static KEY_SIZE], uint8_t wrapped[static WRAPPED_KEY_SIZE])
{
	randombytes_buf(wrapped, NONCE_SIZE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(wrapped + NONCE_SIZE, NULL, key, KEY_SIZE,
						   (const uint8_t *)name, strlen(name), NULL,
						   wrapped, wrapping);
}

enum err key_unwrap(const uint8_t wrapping[static KEY_SIZE], const char *name, struct blob wrapped,
		    uint8_t key[static KEY_SIZE])
{
	const uint8_t *bytes = wrapped.data;
	uint8_t opened[KEY_SIZE];

	if (wrapped.size != WRAPPED_KEY_SIZE ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt(
		    opened, NULL, NULL, bytes + NONCE_SIZE, wrapped.size - NONCE_SIZE,
		    (const uint8_t *)name, strlen(name), bytes, wrapping) != 0)
		return ERR_CORRUPT;
	memcpy(key, opened, KEY_SIZE);
	sodium_memzero(opened, sizeof(opened));
	return ERR_OK;
}
