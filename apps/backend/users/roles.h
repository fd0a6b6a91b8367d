/* Roles: the built-in ones, and those that administrators make of permissions. */
#ifndef WEBPLUS_USERS_ROLES_H
#define WEBPLUS_USERS_ROLES_H

#include "db/database.h"
#include "http/route.h"
#include "security/authorize.h"

struct request;

extern const struct route role_routes[];
extern const struct statement *const role_statements[]; /* ended by NULL */

/* ERR_NOT_FOUND when there is no such role. */
enum err role_permissions(struct db *db, const char *name, uint64_t *ret_permissions) WARN_UNUSED;
/*
 * Whether the principal of the request may give this role: nobody gives what they have not. ERR_INVALID (of the field
 * `role`) when there is no such role, ERR_FORBIDDEN when it goes beyond their own.
 */
enum err role_check_gift(struct request *request, struct db *db, const char *name) WARN_UNUSED;

/*
 * What grants on a resource give to this principal, by name or by role: bits for struct object. Worker, or in a
 * transaction.
 */
enum err grants_of(struct db *db, const struct principal *principal, const char *resource_kind,
		   const char *resource_id, uint64_t *ret_permissions) WARN_UNUSED;

/* A grant; one that is there is replaced, and no permissions take it away. In a transaction. */
struct grant {
	const char *resource_kind;
	const char *resource_id;
	const char *subject_kind; /* "user", "role" */
	const char *subject_id;
	struct texts permissions;
	struct timestamp created_at;
};

enum err grant_set(struct db *tx, const struct grant *grant) WARN_UNUSED;

#endif
