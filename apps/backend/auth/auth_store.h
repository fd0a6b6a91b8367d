/* Private to auth/: its records and its SQL. Workers, or commands without a loop. */
#ifndef WEBPLUS_AUTH_AUTH_STORE_H
#define WEBPLUS_AUTH_AUTH_STORE_H

#include "auth/auth.h"
#include "base/id.h"
#include "db/database.h"
#include "security/authorize.h"

struct session {
	const char *id;
	const char *account_id;
	struct timestamp created_at;
	struct timestamp expires_at;
	struct timestamp revoked_at;
	struct timestamp last_used_at;
	const char *address;
	const char *user_agent;
	bool current; /* the one that asks; not stored */
};

extern const struct schema session_schema;

/* How long a used refresh token still gets the successor that it was exchanged for. */
enum { REFRESH_GRACE_MS = 10 * 1000 };

/* Whether there is an account. */
enum err account_any(struct db *db, bool *ret_any) WARN_UNUSED;
/*
 * In a transaction of what the password was asked for: it took a while to check. ERR_UNAUTHENTICATED when it was changed
 * meanwhile, or the account was disabled or deleted.
 */
enum err account_confirm(struct db *tx, const struct account *checked) WARN_UNUSED;

/* What may change of an account. */
struct account_patch {
	struct presence presence;
	const char *id;
	const char *email;
	struct blob email_hash;
	const char *password_hash;
	const char *full_name;
	const char *role;
	struct timestamp disabled_at;
	const char *username;
	struct timestamp deleted_at;
};

void account_patch_give(struct account_patch *patch, const char *name);
enum err account_update(struct db *db, const struct account_patch *patch) WARN_UNUSED;
/*
 * It is gone for everybody: nobody signs in with it, and its name and address are free. What it had is erased later, the row
 * last (erasure.c).
 */
enum err account_hide(struct db *tx, const char *id, struct timestamp now) WARN_UNUSED;
/* One that was hidden before a time. ERR_NOT_FOUND: there is none. */
enum err account_hidden(struct db *db, struct timestamp before, struct arena *arena,
			const char **ret_id) WARN_UNUSED;
enum err account_delete(struct db *db, const char *id) WARN_UNUSED;
/* Some of its sessions with their tokens. */
enum err session_erase_some(struct db *tx, const char *account_id, int64_t rows,
			    bool *ret_more) WARN_UNUSED;

/* One at the most. */
enum err accounts_by_email_hash(struct db *db, struct blob hash, struct arena *arena,
				struct array *ret_accounts) WARN_UNUSED;
/* ERR_CONFLICT with *ret_taken "username" or "email". */
enum err account_insert(struct db *tx, const struct account *account,
			const char **ret_taken) WARN_UNUSED;

/* Who a session that is neither over nor revoked belongs to. */
struct session_owner {
	const char *account_id;
	struct timestamp expires_at;
	const char *role;
	struct texts custom; /* the permissions of a role that is not built in */
};

enum err session_owner(struct db *db, const char *session_id, struct timestamp now,
		       struct arena *arena, struct session_owner *ret_owner) WARN_UNUSED;

enum err session_insert(struct db *tx, const struct session *session,
			const char *token_hash) WARN_UNUSED;
/* ERR_NOT_FOUND when it was revoked already, or is another's. `account_id` NULL: whoever's. */
enum err session_revoke(struct db *db, const char *session_id, const char *account_id,
			struct timestamp now) WARN_UNUSED;
/* All of an account but one (NULL: none is spared). */
enum err session_revoke_all(struct db *db, const char *account_id, const char *but,
			    struct timestamp now) WARN_UNUSED;
enum err session_page(struct db *db, const char *account_id, struct timestamp now,
		      struct timestamp before, const char *before_id, int64_t limit,
		      struct arena *arena, struct array *ret_sessions) WARN_UNUSED;
/* Those of the account behind the id `after` ("": from the first), over or not, by their ids. */
enum err session_all(struct db *db, const char *account_id, const char *after, int64_t limit,
		     struct arena *arena, struct array *ret_sessions) WARN_UNUSED;

/* Which session a refresh token belongs to, used or not. */
struct token_state {
	const char *session_id;
	const char *account_id;
	struct timestamp expires_at;
	struct timestamp revoked_at;
	struct timestamp used_at;
};

enum err token_read(struct db *db, const char *token_hash, struct arena *arena,
		    struct token_state *ret_state) WARN_UNUSED;

/*
 * The exchange of one refresh token for the next, which is made from it: whoever asks again soon gets the same.
 *
 * Whoever asks again later gets another one, as long as nobody has used the first: its reply was lost, or comes yet. The
 * first is taken back, so that of two who have them only one goes on: who comes with the other ends the session.
 *
 * Of a session's used tokens the newest are kept. One that is older was given out all the same, as its cookie says by its
 * seal, and so it is reuse too: whoever stole a token cannot renew it until it is forgotten, and have the session to himself.
 * Only what has no seal, from an older version, is plainly unknown once it is forgotten.
 */
struct rotation {
	const char *old_hash, *new_hash;
	const char *spare_hash;     /* of the other one */
	const char *sealed_session; /* of the old one's cookie; NULL: it has no seal */
	struct timestamp now, expires_at;
	const char *address, *user_agent;
	char session_id[ID_SIZE]; /* results */
	char account_id[ID_SIZE];
	bool replaced; /* it is the spare one that was given out */
	bool reused; /* the old one had been used, and so had its successor: the session is now revoked */
};

/* In a transaction. ERR_UNAUTHENTICATED: unknown, over, or revoked. ERR_OK with `reused`: refuse, but commit. */
enum err session_rotate(struct db *tx, struct rotation *rotation) WARN_UNUSED;

/* Refresh tokens and sessions that were over a day ago. */
enum err session_purge(struct db *tx, struct timestamp now) WARN_UNUSED;

#endif
