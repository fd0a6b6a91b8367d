/*
 * The one way to any object: who asks, what for, and whose it is.
 *
 * A principal is made by the authentication middleware, is constant, and lives as long as its
 * request. Roles are named sets of permissions. Another one's object answers ERR_NOT_FOUND, as if
 * it were not there. Callable from any thread.
 */
#ifndef WEBPLUS_SECURITY_AUTHORIZE_H
#define WEBPLUS_SECURITY_AUTHORIZE_H

#include "base/err.h"
#include "base/id.h"
#include "schema/schema.h"

#include <stdbool.h>
#include <stdint.h>

/* X(name, word, doc) */
#define PERMISSION_LIST(X)                                                                         \
	X(ACCOUNT_READ, "account:read", "See one's own account and sessions.")                     \
	X(ACCOUNT_WRITE, "account:write", "Change one's own account and end one's sessions.")      \
	X(KEYS_MANAGE, "keys:manage", "Make and revoke one's own API keys.")                       \
	X(CHAT_READ, "chat:read", "Read one's own conversations.")                                 \
	X(CHAT_WRITE, "chat:write", "Write in one's own conversations.")                           \
	X(MODELS_READ, "models:read", "See the models.")                                           \
	X(MODELS_MANAGE, "models:manage", "Load, pull and remove models.")                         \
	X(USERS_MANAGE, "users:manage", "See and change accounts, invite, end sessions.")          \
	X(ROLES_MANAGE, "roles:manage", "Make roles of permissions.")                              \
	X(AUDIT_READ, "audit:read", "Read the audit log.")                                         \
	X(SETTINGS_MANAGE, "settings:manage", "Change the settings of the installation.")

enum permission {
#define PERMISSION_ENUM(name, word, doc) PERMISSION_##name,
	PERMISSION_LIST(PERMISSION_ENUM)
#undef PERMISSION_ENUM
		PERMISSION_COUNT
};

/* The words of all permissions, ended by NULL: the `.names` of a list of them. */
extern const char *const permission_words[];

/* A role that every installation has. Others are made of permissions by its administrators (users/role_store.h). */
struct builtin_role {
	const char *name;
	const char *doc;
	uint64_t permissions; /* bit by enum permission */
};

enum { ROLE_NAME_SIZE = 33 };

#define ROLE_ADMINISTRATOR "administrator"
#define ROLE_USER "user"

/* Ended by a NULL name. */
extern const struct builtin_role builtin_roles[];

/* NULL when there is none of that name. */
const struct builtin_role *builtin_role_find(const char *name);

struct principal {
	char user_id[ID_SIZE];
	char session_id[ID_SIZE]; /* or of the API key */
	char role[ROLE_NAME_SIZE];
	uint64_t permissions; /* bit by enum permission: the role's, and of them the key's */
	int64_t expires_ms; /* wall clock: until when this is taken as it is, then it is looked at anew */
	int64_t ends_ms; /* wall clock: end of the session or key itself */
	bool by_key;     /* a program's API key, not a person's session */
};

struct object {
	const char *owner_id;
	uint64_t granted; /* what grants give this principal on it, bit by enum permission */
};

/* False when there is no such word. */
bool permission_find(const char *word, enum permission *ret_permission);
/* The set of these words; those that are no permissions (any more) count for nothing. */
uint64_t permissions_of(const struct texts *words);
/* The words of a set, in the arena. */
struct texts permissions_list(uint64_t permissions, struct arena *arena);

/*
 * The permission alone, for what has no owner; ERR_UNAUTHENTICATED without a principal, else ERR_OK
 * or ERR_FORBIDDEN.
 */
enum err authorize(const struct principal *principal, enum permission permission) WARN_UNUSED;
/*
 * The permission on this object: ERR_NOT_FOUND unless the principal may know of it, because it is the owner, or holds a
 * grant on it. A grant never gives what the principal's role has not.
 */
enum err authorize_object(const struct principal *principal, enum permission permission,
			  struct object object) WARN_UNUSED;

#endif
