#include "security/authorize.h"

#include <assert.h>
#include <string.h>

#define BIT(permission) (UINT64_C(1) << PERMISSION_##permission)

_Static_assert(PERMISSION_COUNT < 64, "a bit each");

#define OWN_ACCOUNT (BIT(ACCOUNT_READ) | BIT(ACCOUNT_WRITE))
#define READING (OWN_ACCOUNT | BIT(CHAT_READ) | BIT(MODELS_READ))
#define WORKING (READING | BIT(KEYS_MANAGE) | BIT(CHAT_WRITE))

const struct builtin_role builtin_roles[] = {
	{ "viewer", "Reads, and writes nothing.", READING },
	{ ROLE_USER, "Chats.", WORKING },
	{ "developer", "Chats, and writes programs against the API.", WORKING },
	{ ROLE_ADMINISTRATOR, "May do everything.", (UINT64_C(1) << PERMISSION_COUNT) - 1 },
	{ NULL, NULL, 0 },
};

const char *const permission_words[] = {
#define PERMISSION_WORD(name, word, doc) [PERMISSION_##name] = (word),
	PERMISSION_LIST(PERMISSION_WORD)
#undef PERMISSION_WORD
		[PERMISSION_COUNT] = NULL,
};

const struct builtin_role *builtin_role_find(const char *name)
{
	for (const struct builtin_role *role = builtin_roles; role->name; role++)
		if (strcmp(role->name, name) == 0)
			return role;
	return NULL;
}

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

uint64_t permissions_of(const struct texts *words)
{
	uint64_t permissions = 0;
	enum permission permission;

	for (size_t i = 0; i < words->count; i++)
		if (permission_find(words->items[i], &permission))
			permissions |= UINT64_C(1) << permission;
	return permissions;
}

struct texts permissions_list(uint64_t permissions, struct arena *arena)
{
	struct texts words = { .items = ARENA_ARRAY(arena, PERMISSION_COUNT, const char *) };

	for (unsigned i = 0; i < PERMISSION_COUNT; i++)
		if ((permissions >> i) & 1)
			words.items[words.count++] = permission_words[i];
	return words;
}

static bool holds(uint64_t permissions, enum permission permission)
{
	return ((permissions >> permission) & 1) != 0;
}

enum err authorize(const struct principal *principal, enum permission permission)
{
	assert(permission < PERMISSION_COUNT);
	if (principal == NULL)
		return ERR_UNAUTHENTICATED;
	return holds(principal->permissions, permission) ? ERR_OK : ERR_FORBIDDEN;
}

enum err authorize_object(const struct principal *principal, enum permission permission,
			  struct object object)
{
	bool owns;

	if (principal == NULL)
		return ERR_UNAUTHENTICATED;
	/*
	 * Ownership first: what a role may not do must not tell whether another one's object
	 * exists.
	 */
	owns = object.owner_id != NULL && strcmp(object.owner_id, principal->user_id) == 0;
	if (!owns && object.granted == 0)
		return ERR_NOT_FOUND;
	if (!owns && !holds(object.granted, permission))
		return ERR_FORBIDDEN;
	return authorize(principal, permission);
}
