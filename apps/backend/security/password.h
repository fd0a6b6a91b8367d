/*
 * Passwords: Argon2id (RFC 9106) by libsodium, with the parameters in the hash.
 *
 * A hash takes some tens of milliseconds and 64 MiB, so at most one per core is made at once, and
 * only on workers, never on the loop. Others wait, but only so many: a flood of sign-ins is refused
 * with ERR_UNAVAILABLE at once, and leaves the other workers to those who are signed in.
 */
#ifndef WEBPLUS_SECURITY_PASSWORD_H
#define WEBPLUS_SECURITY_PASSWORD_H

#include "base/err.h"

#include <stdbool.h>

enum {
	PASSWORD_HASH_SIZE = 128,
	PASSWORD_MIN = 12, /* characters */
	PASSWORD_MAX = 256,
	PASSWORD_TYPED_MAX = 4 * PASSWORD_MAX /* where accents may stand apart from their letters */
};

/* How many may wait, in the whole process; without it, any number. Any thread. */
void password_limit_waiting(unsigned max);

enum err password_hash(const char *password, char hash[static PASSWORD_HASH_SIZE]) WARN_UNUSED;
/*
 * ERR_OK when the password is the one, ERR_UNAUTHENTICATED when not. With `hash` NULL (no such
 * user) it does the same work against a hash of its own and refuses, so that the time says nothing.
 * *ret_outdated: made with weaker parameters than today's; may be NULL.
 */
enum err password_verify(const char *password, const char *hash, bool *ret_outdated) WARN_UNUSED;
/*
 * NULL when it may be used, else why not: too short, or among the common ones (NIST SP 800-63B,
 * 5.1.1.2). `username` and `email` may not be the password.
 */
const char *password_refusal(const char *password, const char *username, const char *email);

#endif
