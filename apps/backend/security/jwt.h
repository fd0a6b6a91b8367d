/*
 * Access tokens: JWT (RFC 7519) signed with HMAC-SHA-256 (HS256), and nothing else: `alg: none` and
 * every other algorithm are refused, as are tokens of another issuer, expired ones, and ones that
 * lack a claim. Callable from any thread.
 */
#ifndef WEBPLUS_SECURITY_JWT_H
#define WEBPLUS_SECURITY_JWT_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/id.h"
#include "security/keyring.h"

enum { JWT_LENGTH_MAX = 1024 };

struct claims {
	char user_id[ID_SIZE];    /* sub */
	char session_id[ID_SIZE]; /* sid */
	struct timestamp issued;  /* iat, whole seconds */
	struct timestamp expires; /* exp, whole seconds */
};

/* NULL when the library fails. */
const char *jwt_sign(const struct keyring *keyring, const struct claims *claims,
		     struct arena *arena);
/* ERR_UNAUTHENTICATED for whatever is not a valid token of this installation at `now`. */
enum err jwt_verify(const struct keyring *keyring, const char *token, struct timestamp now,
		    struct claims *ret_claims) WARN_UNUSED;

#endif
