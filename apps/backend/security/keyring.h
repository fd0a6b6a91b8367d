/*
 * The keys of an installation. One master key, from the environment or from a file beside the data
 * (mode 0600, made at the first start), never in the database; every other key is derived from it
 * by purpose (BLAKE2b, libsodium's crypto_kdf) or, for data keys, stored wrapped by it, so that
 * they can be rotated.
 *
 * A keyring is made once at start, holds its keys in locked memory (sodium_malloc), and is readable
 * from any thread.
 */
#ifndef WEBPLUS_SECURITY_KEYRING_H
#define WEBPLUS_SECURITY_KEYRING_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { KEY_SIZE = 32, KEY_FINGERPRINT_SIZE = 17 };

struct keyring;

/* What a derived key is for. The numbers are part of what is stored: never change or reuse one. */
enum key_purpose {
	KEY_DATA = 1,          /* sealing of fields */
	KEY_LOOKUP = 2,        /* blind index of unique sealed fields */
	KEY_ACCESS_TOKEN = 3,  /* signature of access tokens */
	KEY_REFRESH_TOKEN = 4, /* hashes of refresh tokens */
	/* tells whether the master key is the one the data was written under */
	KEY_FINGERPRINT = 5,
	KEY_SETUP_TOKEN = 6,
	KEY_AUDIT = 7,          /* the chain of the audit log */
	KEY_API_KEY = 8,        /* hashes of API keys */
	KEY_INVITATION = 9,     /* hashes of invitations */
	KEY_REFRESH_CHAIN = 10, /* makes a refresh token from the one before */
};

/*
 * `text`: the master key as 64 hexadecimal digits (from WEBPLUS_MASTER_KEY), or NULL to read
 * `path`, which is made with a random key if it does not exist. *ret_reason is a sentence for the
 * administrator: wrong length, readable by others, not a regular file, no permission, ….
 */
enum err keyring_open(const char *text, const char *path, struct keyring **ret_keyring,
		      const char **ret_reason) WARN_UNUSED;
void keyring_destroy(struct keyring *keyring);

/* KEY_SIZE bytes that live as long as the keyring. */
const uint8_t *keyring_key(const struct keyring *keyring, enum key_purpose purpose);
/*
 * Sixteen hexadecimal digits that name the master key and say nothing of it; stored in the database
 * and compared at start.
 */
void keyring_fingerprint(const struct keyring *keyring, char text[static KEY_FINGERPRINT_SIZE]);

#endif
