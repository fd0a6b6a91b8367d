/* Private to users/: what a role may do, and who may give it. */
#ifndef WEBPLUS_USERS_ROLES_H
#define WEBPLUS_USERS_ROLES_H

#include "db/database.h"
#include "http/route.h"
#include "security/authorize.h"

struct request;

/* ERR_NOT_FOUND when there is no such role. */
enum err role_permissions(struct db *db, const char *name, uint64_t *ret_permissions) WARN_UNUSED;
/*
 * Whether the principal of the request may give this role: nobody gives what they have not. ERR_INVALID (of the field
 * `role`) when there is no such role, ERR_FORBIDDEN when it goes beyond their own.
 */
enum err role_check_gift(struct request *request, struct db *db, const char *name) WARN_UNUSED;

#endif
