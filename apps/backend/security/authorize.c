#include "security/authorize.h"

#include <assert.h>
#include <string.h>

#define BIT(permission) (UINT64_C(1) << PERMISSION_##permission)

_Static_assert(PERMISSION_COUNT <= 64, "a bit each");

const char *const role_names[] = {
	[ROLE_VIEWER] = "viewer",
	[ROLE_USER] = "user",
	[ROLE_DEVELOPER] = "developer",
	[ROLE_ADMINISTRATOR] = "administrator",
	[ROLE_COUNT] = NULL,
};

static const uint64_t role_permission_sets[ROLE_COUNT] = {
	[ROLE_VIEWER] = BIT(CHAT_READ) | BIT(MODELS_READ),
	[ROLE_USER] = BIT(CHAT_READ) | BIT(CHAT_WRITE) | BIT(MODELS_READ),
	[ROLE_DEVELOPER] = BIT(CHAT_READ) | BIT(CHAT_WRITE) | BIT(MODELS_READ),
	[ROLE_ADMINISTRATOR] = BIT(CHAT_READ) | BIT(CHAT_WRITE) | BIT(MODELS_READ) |
			       BIT(MODELS_MANAGE) | BIT(USERS_MANAGE) | BIT(SETTINGS_MANAGE),
};

static const char *const permission_words[PERMISSION_COUNT] = {
#define PERMISSION_WORD(name, word, doc) [PERMISSION_##name] = (word),
	PERMISSION_LIST(PERMISSION_WORD)
#undef PERMISSION_WORD
};

bool permission_find(const char *word, enum permission *ret_permission)
{
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		if (strcmp(permission_words[i], word) != 0)
			continue;
		*ret_permission = i;
		return true;
	}
	return false;
}

const char *permission_word(enum permission permission)
{
	assert(permission < PERMISSION_COUNT);
	return permission_words[permission];
}

uint64_t role_permissions(enum role role)
{
	assert(role < ROLE_COUNT);
	return role_permission_sets[role];
}

enum err authorize(const struct principal *principal, enum permission permission)
{
	assert(permission < PERMISSION_COUNT);
	if (principal == NULL)
		return ERR_UNAUTHENTICATED;
	return ((principal->permissions >> permission) & 1) != 0 ? ERR_OK : ERR_FORBIDDEN;
}

enum err authorize_object(const struct principal *principal, enum permission permission,
			  struct object object)
{
	if (principal == NULL)
		return ERR_UNAUTHENTICATED;
	/*
	 * Ownership first: what a role may not do must not tell whether another one's object
	 * exists.
	 */
	if (object.owner_id == NULL || strcmp(object.owner_id, principal->user_id) != 0)
		return ERR_NOT_FOUND;
	return authorize(principal, permission);
}
