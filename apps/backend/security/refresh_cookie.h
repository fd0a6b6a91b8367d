/*
 * The value of the refresh cookie: a refresh token, whose it is, and a tag by which the installation knows that it gave it
 * out, without a look at the database:
 *
 *	TOKEN.ACCOUNT.SESSION.TAG
 *
 * Only the token opens anything, and only its keyed hash is stored. What follows it says whose limits a request is counted
 * under, and whose session it was once the token itself is forgotten. Cookies of older versions are the token alone. Any
 * thread.
 */
#ifndef WEBPLUS_SECURITY_REFRESH_COOKIE_H
#define WEBPLUS_SECURITY_REFRESH_COOKIE_H

#include "base/arena.h"
#include "security/jwt.h"
#include "security/keyring.h"

/* Of the claims, the account and the session. */
const char *refresh_cookie_seal(const struct keyring *keyring, const char *token,
				const struct claims *claims, struct arena *arena);
/* Whether this installation sealed it; the session may be over, the token used or forgotten. */
bool refresh_cookie_open(const struct keyring *keyring, const char *cookie,
			 struct claims *ret_claims);
/* The token alone, sealed or not. */
const char *refresh_cookie_token(const char *cookie, struct arena *arena);

#endif
