#include "security/keyring.h"

#include "base/files.h"
#include "security/data_keys.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PURPOSE_COUNT = KEY_DEVICE + 1, KEY_TEXT_SIZE = 2 * KEY_SIZE + 1 };

/* crypto_kdf's name for this program; part of every derived key. */
static const char kdf_context[crypto_kdf_CONTEXTBYTES] = { 'w', 'e', 'b', 'p', 'l', 'u', 's', '1' };

static const char root_name[] = "root_key";

/* What hashes in the database were made with: derived from the root, and so the same under every master key. */
static const bool is_lasting[PURPOSE_COUNT] = {
	[KEY_DATA] = true,  [KEY_LOOKUP] = true,  [KEY_REFRESH_TOKEN] = true,
	[KEY_AUDIT] = true, [KEY_API_KEY] = true, [KEY_INVITATION] = true,
};

/* A pointer and bytes, in a multiple of 8, since sodium_malloc aligns to the end of a page. */
struct keyring {
	struct data_keys *data_keys;
	uint8_t root[KEY_SIZE];
	uint8_t keys[PURPOSE_COUNT][KEY_SIZE];
};

/* Exactly 64 digits; a line feed at the end is allowed, as editors leave one. */
static bool parse_key(const char *text, uint8_t key[static KEY_SIZE])
{
	size_t length = strcspn(text, "\r\n"), parsed;

	if (length != KEY_TEXT_SIZE - 1 || strspn(text + length, "\r\n") != strlen(text + length))
		return false;
	return sodium_hex2bin(key, KEY_SIZE, text, length, NULL, &parsed, NULL) == 0 &&
	       parsed == KEY_SIZE;
}

static enum err check_file(int fd, const char **ret_reason)
{
	struct stat status;

	if (fstat(fd, &status) < 0) {
		*ret_reason = "the file of the master key cannot be examined";
		return ERR_UNAVAILABLE;
	}
	if (!S_ISREG(status.st_mode)) {
		*ret_reason = "the master key is not a regular file";
		return ERR_INVALID;
	}
	if (status.st_uid != geteuid() && status.st_uid != 0) {
		*ret_reason = "the file of the master key belongs to another user";
		return ERR_FORBIDDEN;
	}
	if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		*ret_reason = "others may read the file of the master key: chmod 600 it";
		return ERR_FORBIDDEN;
	}
	return ERR_OK;
}

static enum err read_key(int fd, uint8_t key[static KEY_SIZE], const char **ret_reason)
{
	char text[KEY_TEXT_SIZE + 2] = "";
	ssize_t length;
	enum err err = check_file(fd, ret_reason);

	if (err != ERR_OK)
		return err;
	do
		length = read(fd, text, sizeof(text) - 1);
	while (length < 0 && errno == EINTR);
	if (length < 0) {
		*ret_reason = "the file of the master key cannot be read";
		err = ERR_UNAVAILABLE;
	} else if (strlen(text) != (size_t)length || !parse_key(text, key)) {
		*ret_reason = "the file of the master key does not hold 64 hexadecimal digits";
		err = ERR_INVALID;
	}
	sodium_memzero(text, sizeof(text));
	return err;
}

/* What open() of an existing file failed with, as a sentence. */
static enum err refuse_open(int error, const char **ret_reason)
{
	if (error == EACCES || error == EPERM) {
		*ret_reason = "there is no permission to open the file of the master key";
		return ERR_FORBIDDEN;
	}
	*ret_reason = "the file of the master key cannot be opened";
	return ERR_UNAVAILABLE;
}

static bool write_key(int fd, const uint8_t key[static KEY_SIZE])
{
	char text[KEY_TEXT_SIZE];
	bool written;

	sodium_bin2hex(text, sizeof(text), key, KEY_SIZE);
	text[KEY_TEXT_SIZE - 1] = '\n';
	written = write(fd, text, sizeof(text)) == (ssize_t)sizeof(text) && fsync(fd) == 0;
	sodium_memzero(text, sizeof(text));
	return written;
}

/*
 * Makes the file whole or not at all: written beside it, then linked to its name, which fails if
 * another process was first. A power cut leaves no half a key, and data is never sealed under a key
 * that was not yet on the disk.
 */
enum err keyring_make_file(const char *path, const char **ret_reason)
{
	char temporary[PATH_MAX];
	uint8_t key[KEY_SIZE];
	bool made;
	int fd;

	*ret_reason = "the file of the master key cannot be created";
	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return ERR_INVALID;
	fd = mkostemp(temporary, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return ERR_UNAVAILABLE;
	randombytes_buf(key, sizeof(key));
	made = write_key(fd, key);
	sodium_memzero(key, sizeof(key));
	close(fd);
	made = made && (link(temporary, path) == 0 || errno == EEXIST);
	unlink(temporary);
	return made && sync_folder_of(path) ? ERR_OK : ERR_UNAVAILABLE;
}

static enum err load_file(const char *path, uint8_t key[static KEY_SIZE], const char **ret_reason)
{
	/* O_NONBLOCK, so that a FIFO in its place does not hang the start. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum err err;

	if (fd < 0 && errno == ENOENT) {
		err = keyring_make_file(path, ret_reason);
		if (err != ERR_OK)
			return err;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	if (fd < 0)
		return refuse_open(errno, ret_reason);
	err = read_key(fd, key, ret_reason);
	close(fd);
	return err;
}

static enum err derive(const uint8_t master[static KEY_SIZE], struct keyring **ret_keyring,
		       const char **ret_reason)
{
	struct keyring *keyring = sodium_malloc(sizeof(*keyring));

	if (keyring == NULL) {
		*ret_reason = "there is no memory for the keys";
		return ERR_UNAVAILABLE;
	}
	memcpy(keyring->root, master, KEY_SIZE);
	for (unsigned purpose = 0; purpose < PURPOSE_COUNT; purpose++)
		crypto_kdf_derive_from_key(keyring->keys[purpose], KEY_SIZE, purpose, kdf_context,
					   master);
	keyring->data_keys = data_keys_create(keyring->keys[KEY_DATA], keyring->keys[KEY_WRAPPING]);
	if (keyring->data_keys == NULL) {
		sodium_free(keyring);
		*ret_reason = "there is no memory for the keys";
		return ERR_UNAVAILABLE;
	}
	sodium_mprotect_readonly(keyring);
	*ret_keyring = keyring;
	return ERR_OK;
}

enum err keyring_open(const char *text, const char *path, struct keyring **ret_keyring,
		      const char **ret_reason)
{
	uint8_t master[KEY_SIZE];
	enum err err = ERR_OK;

	if (sodium_init() < 0) {
		*ret_reason = "the cryptographic library cannot be started";
		return ERR_UNAVAILABLE;
	}
	if (text == NULL) {
		err = load_file(path, master, ret_reason);
	} else if (!parse_key(text, master)) {
		*ret_reason = "the master key is not 64 hexadecimal digits";
		err = ERR_INVALID;
	}
	if (err == ERR_OK)
		err = derive(master, ret_keyring, ret_reason);
	sodium_memzero(master, sizeof(master));
	return err;
}

void keyring_make_root(const struct keyring *keyring, uint8_t wrapped[static WRAPPED_KEY_SIZE])
{
	uint8_t root[KEY_SIZE];

	randombytes_buf(root, sizeof(root));
	key_wrap(keyring->keys[KEY_WRAPPING], root_name, root, wrapped);
	sodium_memzero(root, sizeof(root));
}

enum err keyring_use_root(struct keyring *keyring, struct blob wrapped)
{
	enum err err;

	sodium_mprotect_readwrite(keyring);
	err = key_unwrap(keyring->keys[KEY_WRAPPING], root_name, wrapped, keyring->root);
	for (unsigned purpose = 0; err == ERR_OK && purpose < PURPOSE_COUNT; purpose++)
		if (is_lasting[purpose])
			crypto_kdf_derive_from_key(keyring->keys[purpose], KEY_SIZE, purpose,
						   kdf_context, keyring->root);
	sodium_mprotect_readonly(keyring);
	if (err == ERR_OK)
		data_keys_begin(keyring->data_keys);
	return err;
}

void keyring_wrap_root(const struct keyring *keyring, const struct keyring *under,
		       uint8_t wrapped[static WRAPPED_KEY_SIZE])
{
	key_wrap(under->keys[KEY_WRAPPING], root_name, keyring->root, wrapped);
}

void keyring_destroy(struct keyring *keyring)
{
	if (keyring == NULL)
		return;
	data_keys_destroy(keyring->data_keys);
	sodium_free(keyring);
}

struct data_keys *keyring_data_keys(const struct keyring *keyring)
{
	return keyring->data_keys;
}

const uint8_t *keyring_key(const struct keyring *keyring, enum key_purpose purpose)
{
	assert(purpose >= KEY_DATA && purpose <= KEY_DEVICE);
	return keyring->keys[purpose];
}

void keyring_fingerprint(const struct keyring *keyring, char text[static KEY_FINGERPRINT_SIZE])
{
	sodium_bin2hex(text, KEY_FINGERPRINT_SIZE, keyring_key(keyring, KEY_FINGERPRINT),
		       (KEY_FINGERPRINT_SIZE - 1) / 2);
}
