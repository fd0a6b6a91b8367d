/* Private to users/: nobody gives what they have not. Workers, or inside a transaction. */
#ifndef WEBPLUS_USERS_ROLE_GIFT_H
#define WEBPLUS_USERS_ROLE_GIFT_H

#include "db/database.h"

struct request;

/* ERR_FORBIDDEN when the permissions go beyond those of the request's principal. */
enum err role_check_within(struct request *request, uint64_t permissions) WARN_UNUSED;
/*
 * Whether the principal of the request may give this role. ERR_INVALID (of the field `role`) when there is no such role,
 * ERR_FORBIDDEN when it goes beyond their own.
 */
enum err role_check_gift(struct request *request, struct db *db, const char *name) WARN_UNUSED;

#endif
