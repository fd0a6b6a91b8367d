#include "security/jwt.h"

#include <errno.h>
#include <jwt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Claims in JSON are seconds (RFC 7519, NumericDate). */
enum { MS_PER_S = 1000 };

_Static_assert(LONG_MAX >= INT64_MAX, "libjwt's integers are long");

static const char issuer[] = "webplus";

const char *jwt_sign(const struct keyring *keyring, const struct claims *claims,
		     struct arena *arena)
{
	const char *token = NULL;
	char *encoded = NULL;
	jwt_t *jwt = NULL;

	if (jwt_new(&jwt) != 0)
		return NULL;
	if (jwt_set_alg(jwt, JWT_ALG_HS256, keyring_key(keyring, KEY_ACCESS_TOKEN), KEY_SIZE) !=
		    0 ||
	    jwt_add_grant(jwt, "iss", issuer) != 0 ||
	    jwt_add_grant(jwt, "sub", claims->user_id) != 0 ||
	    jwt_add_grant(jwt, "sid", claims->session_id) != 0 ||
	    jwt_add_grant_int(jwt, "iat", claims->issued.ms / MS_PER_S) != 0 ||
	    jwt_add_grant_int(jwt, "exp", claims->expires.ms / MS_PER_S) != 0)
		goto out;
	encoded = jwt_encode_str(jwt);
	if (encoded != NULL)
		token = arena_strdup(arena, encoded);
out:
	free(encoded);
	jwt_free(jwt);
	return token;
}

static bool read_id(jwt_t *jwt, const char *name, char id[static ID_SIZE])
{
	const char *text = jwt_get_grant(jwt, name);

	if (text == NULL || !id_valid(text))
		return false;
	memcpy(id, text, ID_SIZE);
	return true;
}

static bool read_time(jwt_t *jwt, const char *name, struct timestamp *ret_time)
{
	long seconds;

	errno = 0;
	seconds = jwt_get_grant_int(jwt, name);
	if (errno != 0 || seconds <= 0 || seconds > INT64_MAX / MS_PER_S)
		return false;
	ret_time->ms = seconds * MS_PER_S;
	return true;
}

static bool read_claims(jwt_t *jwt, struct timestamp now, struct claims *claims)
{
	const char *from = jwt_get_grant(jwt, "iss");

	return from != NULL && strcmp(from, issuer) == 0 && read_id(jwt, "sub", claims->user_id) &&
	       read_id(jwt, "sid", claims->session_id) && read_time(jwt, "iat", &claims->issued) &&
	       read_time(jwt, "exp", &claims->expires) && now.ms < claims->expires.ms;
}

enum err jwt_verify(const struct keyring *keyring, const char *token, struct timestamp now,
		    struct claims *ret_claims)
{
	struct claims claims = { 0 };
	jwt_t *jwt = NULL;
	bool valid;

	if (strnlen(token, JWT_LENGTH_MAX + 1) > JWT_LENGTH_MAX)
		return ERR_UNAUTHENTICATED;
	if (jwt_decode(&jwt, token, keyring_key(keyring, KEY_ACCESS_TOKEN), KEY_SIZE) != 0)
		return ERR_UNAUTHENTICATED;
	/*
	 * The library also takes the token's word for HS384 and HS512, and once took it for "none".
	 */
	valid = jwt_get_alg(jwt) == JWT_ALG_HS256 && read_claims(jwt, now, &claims);
	jwt_free(jwt);
	if (!valid)
		return ERR_UNAUTHENTICATED;
	*ret_claims = claims;
	return ERR_OK;
}
