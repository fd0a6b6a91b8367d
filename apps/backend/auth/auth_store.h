/* Private to auth/: its records and its SQL. Workers, or commands without a loop. */
#ifndef WEBPLUS_AUTH_AUTH_STORE_H
#define WEBPLUS_AUTH_AUTH_STORE_H

#include "base/id.h"
#include "db/database.h"
#include "security/authorize.h"

struct account {
	const char *id;
	const char *username; /* in lower case */
	const char *email;
	struct blob email_hash;
	const char *password_hash;
	enum role role;
	struct timestamp created_at;
};

extern const struct schema account_schema;

struct session {
	const char *id;
	const char *account_id;
	struct timestamp created_at;
	struct timestamp expires_at;
	struct timestamp revoked_at;
};

/* Hash of a refresh token, as it is stored. */
enum { TOKEN_HASH_SIZE = 65, REFRESH_TOKEN_SIZE = 44 };

enum err account_count(struct db *db, int64_t *ret_count) WARN_UNUSED;
enum err account_by_id(struct db *db, const char *id, struct arena *arena,
		       struct account *ret_account) WARN_UNUSED;
enum err account_by_username(struct db *db, const char *username, struct arena *arena,
			     struct account *ret_account) WARN_UNUSED;

/* ERR_CONFLICT with *ret_taken "username" or "email". `first`: only while there is no account; else ERR_CONFLICT and NULL. */
enum err account_insert(struct db *db, const struct account *account, bool first,
			const char **ret_taken) WARN_UNUSED;

/* Who a session that is neither over nor revoked belongs to. */
struct session_owner {
	const char *account_id;
	enum role role;
};

enum err session_owner(struct db *db, const char *session_id, struct timestamp now,
		       struct arena *arena, struct session_owner *ret_owner) WARN_UNUSED;

enum err session_insert(struct db *db, const struct session *session,
			const char *token_hash) WARN_UNUSED;
enum err session_revoke(struct db *db, const char *session_id, struct timestamp now) WARN_UNUSED;

/* Which session a refresh token belongs to, used or not. */
enum err session_of_token(struct db *db, const char *token_hash, struct arena *arena,
			  struct session *ret_session) WARN_UNUSED;

/* The exchange of one refresh token for the next. */
struct rotation {
	const char *old_hash, *new_hash;
	struct timestamp now, expires_at;
	char session_id[ID_SIZE]; /* results */
	char account_id[ID_SIZE];
	bool reused; /* the old one had been used: the session is now revoked */
};

/* ERR_UNAUTHENTICATED: unknown, over, revoked, or reused. */
enum err session_rotate(struct db *db, struct rotation *rotation) WARN_UNUSED;

#endif
