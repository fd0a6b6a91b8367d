/* Invitations to register: a link with a token that is good once. */
#ifndef WEBPLUS_USERS_INVITATIONS_H
#define WEBPLUS_USERS_INVITATIONS_H

#include "db/database.h"
#include "http/route.h"

extern const struct route invitation_routes[];
extern const struct statement *const invitation_statements[]; /* ended by NULL */

/* The role that the invitation of this token gives; ERR_NOT_FOUND when it is used, over, or unknown. Worker. */
enum err invitation_role(struct db *db, const char *token_hash, struct timestamp now,
			 struct arena *arena, const char **ret_role) WARN_UNUSED;
/* In the transaction of the registration. ERR_NOT_FOUND as above. */
enum err invitation_use(struct db *tx, const char *token_hash, struct timestamp now) WARN_UNUSED;

#endif
