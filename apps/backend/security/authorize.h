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

#include <stdbool.h>
#include <stdint.h>

/* X(name, word, doc) */
#define PERMISSION_LIST(X)                                                                         \
	X(CHAT_READ, "chat:read", "Read one's own conversations.")                                 \
	X(CHAT_WRITE, "chat:write", "Write in one's own conversations.")                           \
	X(MODELS_READ, "models:read", "See the models.")                                           \
	X(MODELS_MANAGE, "models:manage", "Load, pull and remove models.")                         \
	X(USERS_MANAGE, "users:manage", "See and change accounts.")                                \
	X(SETTINGS_MANAGE, "settings:manage", "Change the settings of the installation.")

enum permission {
#define PERMISSION_ENUM(name, word, doc) PERMISSION_##name,
	PERMISSION_LIST(PERMISSION_ENUM)
#undef PERMISSION_ENUM
		PERMISSION_COUNT
};

enum role { ROLE_VIEWER, ROLE_USER, ROLE_DEVELOPER, ROLE_ADMINISTRATOR, ROLE_COUNT };

/* "viewer", …; ended by NULL, in the order of the enum: the `.names` of a field. */
extern const char *const role_names[];

struct principal {
	char user_id[ID_SIZE];
	char session_id[ID_SIZE];
	enum role role;
	uint64_t permissions; /* bit by enum permission */
	int64_t expires_ms;   /* wall clock: end of the credentials */
};

struct object {
	const char *owner_id;
};

/* False when there is no such word. */
bool permission_find(const char *word, enum permission *ret_permission);
const char *permission_word(enum permission permission);
uint64_t role_permissions(enum role role);

/*
 * The permission alone, for what has no owner; ERR_UNAUTHENTICATED without a principal, else ERR_OK
 * or ERR_FORBIDDEN.
 */
enum err authorize(const struct principal *principal, enum permission permission) WARN_UNUSED;
/* The permission on this object: ERR_NOT_FOUND unless the principal may know of it. */
enum err authorize_object(const struct principal *principal, enum permission permission,
			  struct object object) WARN_UNUSED;

#endif
