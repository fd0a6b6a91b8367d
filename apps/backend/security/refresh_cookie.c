#include "security/refresh_cookie.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
	TAG_BYTES = 16,
	TAG_SIZE = 23, /* in base64url */
	COOKIE_MAX = 256,
	TAIL_LENGTH = 3 + 2 * (ID_SIZE - 1) + TAG_SIZE - 1, /* what follows the token */
};

static void make_tag(const struct keyring *keyring, const char *text, size_t length,
		     char tag[static TAG_SIZE])
{
	unsigned char bytes[TAG_BYTES];

	crypto_generichash(bytes, sizeof(bytes), (const unsigned char *)text, length,
			   keyring_key(keyring, KEY_REFRESH_COOKIE), KEY_SIZE);
	sodium_bin2base64(tag, TAG_SIZE, bytes, sizeof(bytes),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

const char *refresh_cookie_seal(const struct keyring *keyring, const char *token,
				const struct claims *claims, struct arena *arena)
{
	const char *text =
		arena_printf(arena, "%s.%s.%s", token, claims->user_id, claims->session_id);
	char tag[TAG_SIZE];

	make_tag(keyring, text, strlen(text), tag);
	return arena_printf(arena, "%s.%s", text, tag);
}

/* Copies ".ID" into `id`. */
static bool read_id(const char *text, char id[static ID_SIZE])
{
	memcpy(id, text + 1, ID_SIZE - 1);
	id[ID_SIZE - 1] = '\0';
	return text[0] == '.' && id_valid(id);
}

bool refresh_cookie_open(const struct keyring *keyring, const char *cookie,
			 struct claims *ret_claims)
{
	size_t length = strnlen(cookie, COOKIE_MAX);
	struct claims claims = { 0 };
	char tag[TAG_SIZE];
	const char *tail, *given;

	if (length <= TAIL_LENGTH || length == COOKIE_MAX)
		return false;
	tail = cookie + length - TAIL_LENGTH;
	given = cookie + length - (TAG_SIZE - 1);
	if (!read_id(tail, claims.user_id) || !read_id(tail + ID_SIZE, claims.session_id) ||
	    given[-1] != '.')
		return false;
	make_tag(keyring, cookie, (size_t)(given - 1 - cookie), tag);
	if (sodium_memcmp(tag, given, TAG_SIZE - 1) != 0)
		return false;
	*ret_claims = claims;
	return true;
}

const char *refresh_cookie_token(const char *cookie, struct arena *arena)
{
	return arena_strndup(arena, cookie, strcspn(cookie, "."));
}
