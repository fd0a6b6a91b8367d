/*
 * The keys of an installation. One master key, from a setting, from a command, or from a file (mode 0600, made at the
 * first start), never in the database; it wraps the keys that are stored there: the data keys, so that they can be rotated,
 * and a random root, so that the master key itself can be changed. Every other key is derived by purpose (BLAKE2b,
 * libsodium's crypto_kdf) from the root, if what is stored depends on it, or else from the master key. In installations
 * that were made without a root, the master key of then is the root.
 *
 * A keyring is made once at start, holds its keys in locked memory (sodium_malloc), and is readable
 * from any thread; only its data keys become more.
 */
#ifndef WEBPLUS_SECURITY_KEYRING_H
#define WEBPLUS_SECURITY_KEYRING_H

#include "base/err.h"
#include "schema/schema.h"
#include "security/key_wrap.h"

#include <stddef.h>
#include <stdint.h>

enum { KEY_FINGERPRINT_SIZE = 17 };

struct data_keys; /* security/data_keys.h */
struct keyring;

/* What a derived key is for. The numbers are part of what is stored: never change or reuse one. */
enum key_purpose {
	KEY_DATA = 1,          /* the first data key, where that is not stored */
	KEY_LOOKUP = 2,        /* blind index of unique sealed fields */
	KEY_ACCESS_TOKEN = 3,  /* signature of access tokens */
	KEY_REFRESH_TOKEN = 4, /* hashes of refresh tokens */
	/* tells whether the master key is the one the data was written under */
	KEY_FINGERPRINT = 5,
	/* 6 was the set-up link, which is random now */
	KEY_AUDIT = 7,           /* the chain of the audit log */
	KEY_API_KEY = 8,         /* hashes of API keys */
	KEY_INVITATION = 9,      /* hashes of invitations */
	KEY_REFRESH_CHAIN = 10,  /* makes a refresh token from the one before */
	KEY_WRAPPING = 11,       /* wraps what is stored of keys */
	KEY_SIGN_IN = 12,        /* names in Redis who tried to sign in, and from where */
	KEY_REFRESH_COOKIE = 13, /* says of a refresh cookie that it was given out here */
	KEY_RATE_LIMIT = 14,     /* names in Redis whose requests are counted */
	KEY_DEVICE = 15,         /* cookies of devices from which somebody signed in */
};

/*
 * `text`: the master key as 64 hexadecimal digits (from WEBPLUS_MASTER_KEY), or NULL to read
 * `path`, which is made with a random key if it does not exist. *ret_reason is a sentence for the
 * administrator: wrong length, readable by others, not a regular file, no permission, ….
 */
enum err keyring_open(const char *text, const char *path, struct keyring **ret_keyring,
		      const char **ret_reason) WARN_UNUSED;
/* Makes the file with a random key, and nothing if there is one. It is on the disk when this returns. */
enum err keyring_make_file(const char *path, const char **ret_reason) WARN_UNUSED;
void keyring_destroy(struct keyring *keyring);

/* A new random root, wrapped, to be stored and then used. */
void keyring_make_root(const struct keyring *keyring, uint8_t wrapped[static WRAPPED_KEY_SIZE]);
/*
 * Derives from the stored root what depends on it, and expects all data keys to be stored. Before another thread has the
 * keyring. ERR_CORRUPT: it was not wrapped by this master key.
 */
enum err keyring_use_root(struct keyring *keyring, struct blob wrapped) WARN_UNUSED;
/* The root as it is stored under another master key, that of `under`. */
void keyring_wrap_root(const struct keyring *keyring, const struct keyring *under,
		       uint8_t wrapped[static WRAPPED_KEY_SIZE]);

/* KEY_SIZE bytes that live as long as the keyring. */
const uint8_t *keyring_key(const struct keyring *keyring, enum key_purpose purpose);
struct data_keys *keyring_data_keys(const struct keyring *keyring);
/*
 * Sixteen hexadecimal digits that name the master key and say nothing of it; stored in the database
 * and compared at start.
 */
void keyring_fingerprint(const struct keyring *keyring, char text[static KEY_FINGERPRINT_SIZE]);

#endif
