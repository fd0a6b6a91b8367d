/* Private to users/: the roles that are rows, and their SQL. Workers, or inside a transaction. */
#ifndef WEBPLUS_USERS_ROLE_STORE_H
#define WEBPLUS_USERS_ROLE_STORE_H

#include "db/database.h"
#include "security/authorize.h"

struct role {
	const char *name;
	const char *doc;
	struct texts permissions;
	struct timestamp created_at;
	bool built_in;
};

extern const struct schema role_schema;

enum { ROLES_MAX = 100 /* as many as are listed: none is hidden */ };

/* ERR_NOT_FOUND: there is no such row, as for a role that is built in. */
enum err role_read(struct db *db, const char *name, struct arena *arena,
		   struct role *ret_role) WARN_UNUSED;
/* By name. */
enum err role_all(struct db *db, struct arena *arena, struct array *ret_roles) WARN_UNUSED;
enum err role_insert(struct db *tx, const struct role *role) WARN_UNUSED;
enum err role_update(struct db *tx, const struct role *role) WARN_UNUSED;
/* ERR_CONFLICT: somebody has it. The caller has read it. */
enum err role_erase(struct db *tx, const char *name) WARN_UNUSED;
/* What a role may do, built in or not. ERR_NOT_FOUND when there is no such role. */
enum err role_permissions(struct db *db, const char *name, uint64_t *ret_permissions) WARN_UNUSED;

#endif
