/*
 * Private to users/: invitations and their SQL; what registering asks of them is in users.h. Workers, or inside a
 * transaction.
 */
#ifndef WEBPLUS_USERS_INVITATION_STORE_H
#define WEBPLUS_USERS_INVITATION_STORE_H

#include "db/database.h"

#define INVITATION_MEMBERS                                                                         \
	const char *id;                                                                            \
	const char *token_hash;                                                                    \
	const char *email;                                                                         \
	const char *role;                                                                          \
	const char *created_by;                                                                    \
	struct timestamp created_at;                                                               \
	struct timestamp expires_at;                                                               \
	struct timestamp used_at;

struct invitation {
	INVITATION_MEMBERS
};

/* The only time that the token is shown. */
struct invitation_made {
	INVITATION_MEMBERS
	const char *token;
};

extern const struct schema invitation_schema, invitation_made_schema;

/* Those that can be used still, the newest first, before the place (created_at, id). */
enum err invitation_page(struct db *db, struct timestamp now, struct timestamp before,
			 const char *before_id, int64_t limit, struct arena *arena,
			 struct array *ret_invitations) WARN_UNUSED;
/* Those that this account has made, used or not, behind the id `after` ("": from the first). */
enum err invitation_by_maker(struct db *db, const char *account_id, const char *after,
			     int64_t limit, struct arena *arena,
			     struct array *ret_invitations) WARN_UNUSED;
/* `token` is not stored. */
enum err invitation_insert(struct db *tx, const struct invitation_made *invitation) WARN_UNUSED;
/* ERR_NOT_FOUND when it was used, or there is none. */
enum err invitation_revoke(struct db *tx, const char *id) WARN_UNUSED;

#endif
