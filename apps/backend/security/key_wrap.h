/*
 * Keys that are stored: each sealed by another one (XChaCha20-Poly1305) and bound to the name that it is stored under, so
 * that none opens in the place of another. Callable from any thread.
 */
#ifndef WEBPLUS_SECURITY_KEY_WRAP_H
#define WEBPLUS_SECURITY_KEY_WRAP_H

#include "base/err.h"
#include "schema/schema.h"

#include <stdint.h>

enum { KEY_SIZE = 32, WRAPPED_KEY_SIZE = 24 + KEY_SIZE + 16 };

void key_wrap(const uint8_t wrapping[static KEY_SIZE], const char *name,
	      const uint8_t key[static KEY_SIZE], uint8_t wrapped[static WRAPPED_KEY_SIZE]);
/* ERR_CORRUPT: it was not wrapped by this key under this name; `key` is untouched. */
enum err key_unwrap(const uint8_t wrapping[static KEY_SIZE], const char *name, struct blob wrapped,
		    uint8_t key[static KEY_SIZE]) WARN_UNUSED;

#endif
