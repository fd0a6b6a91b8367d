/*
 * The accounts, for those who manage them: invitations to register, roles made of permissions, and grants, which share a
 * resource with a user or a role.
 */
#ifndef WEBPLUS_USERS_USERS_H
#define WEBPLUS_USERS_USERS_H

#include "db/database.h"
#include "http/route.h"
#include "security/authorize.h"

struct export_part;

extern const struct export_part grants_export, invitations_export;
extern const struct route users_routes[];
extern const struct route invitation_routes[];
extern const struct route role_routes[];
extern const struct statement *const invitation_statements[]; /* these are ended by NULL */
extern const struct statement *const role_statements[];
extern const struct statement *const grant_statements[];

/* ---- Invitations ---- */

/*
 * The role that the invitation of this token gives; ERR_NOT_FOUND when it is used, over, or unknown, or when who made it
 * could not make it now. Worker.
 */
enum err invitation_role(struct db *db, const char *token_hash, struct timestamp now,
			 struct arena *arena, const char **ret_role) WARN_UNUSED;
/* In the transaction of the registration. ERR_NOT_FOUND as above. */
enum err invitation_use(struct db *tx, const char *token_hash, struct timestamp now) WARN_UNUSED;

/* ---- Grants ---- */

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
