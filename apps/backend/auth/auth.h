/*
 * Accounts and sessions: who there is, how they sign in, how long that lasts.
 *
 * Signing in opens a session, which has a line of refresh tokens, each good once, and short-lived access tokens. A used
 * refresh token that comes again after its time of grace ends the session. Ending a session takes its access tokens,
 * sockets and streams with it, on every server within a second.
 */
#ifndef WEBPLUS_AUTH_AUTH_H
#define WEBPLUS_AUTH_AUTH_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "db/database.h"
#include "http/route.h"
#include "schema/schema.h"
#include "security/authorize.h"
#include "security/jwt.h"

struct app;
struct export_part;
struct request;
struct setup;

extern const struct route auth_routes[];
extern const struct route account_routes[];
extern const struct route session_routes[];
extern const struct export_part account_export, sessions_export;
extern const struct statement *const account_statements[]; /* these are ended by NULL */
extern const struct statement *const session_statements[];

/* Somebody who can sign in. */
struct account {
	const char *id;
	const char *username; /* in lower case */
	const char *email;
	struct blob email_hash;
	const char *password_hash;
	const char *full_name;
	const char *role;
	struct timestamp created_at;
	struct timestamp disabled_at;
};

extern const struct schema account_schema;

enum err account_by_id(struct db *db, const char *id, struct arena *arena,
		       struct account *ret_account) WARN_UNUSED;
enum err account_by_username(struct db *db, const char *username, struct arena *arena,
			     struct account *ret_account) WARN_UNUSED;

/*
 * The one-time set-up link. While there is no account, its token creates the first administrator. A new one is drawn at
 * each start; it is never stored.
 */
struct setup *setup_create(struct app *app);
void setup_destroy(struct setup *setup);
/* NULL when the installation has an account. */
const char *setup_token(const struct setup *setup);

/* A new account; command. ERR_CONFLICT: the name or the address is taken, *ret_reason says which. */
enum err account_create(struct app *app, const char *username, const char *email,
			const char *password, const char *role, struct arena *arena,
			const char **ret_reason) WARN_UNUSED;

/* The authentication middleware's look at the database. */
enum err session_load(struct app *app, const struct claims *claims,
		      struct principal *ret_principal) WARN_UNUSED;
/* A principal of this account and role; `custom` are the permissions of a role that is not built in. */
void principal_set(struct principal *principal, const char *user_id, const char *session_id,
		   const char *role, const struct texts *custom);

/* ---- For those who manage accounts; in a transaction ---- */

enum err account_set_role(struct db *tx, const char *id, const char *role) WARN_UNUSED;
/* `disabled_at` 0: enabled. */
enum err account_set_disabled(struct db *tx, const char *id,
			      struct timestamp disabled_at) WARN_UNUSED;
/*
 * It is gone, and what the audit log says of it is made anonymous. What belongs to it is erased after the commit, by
 * erasure_hurry, or who comes next.
 */
enum err account_erase(struct db *tx, const char *id) WARN_UNUSED;
/* ERR_CONFLICT when this is the only administrator who may sign in. */
enum err account_spare(struct db *tx, const struct account *account) WARN_UNUSED;
enum err account_end_sessions(struct db *tx, const char *id) WARN_UNUSED;
/* Up to `limit` whose names begin with `prefix`, those behind the name `after`, in their order. Worker. */
enum err account_page(struct db *db, const char *prefix, const char *after, int64_t limit,
		      struct arena *arena, struct array *ret_accounts) WARN_UNUSED;
/* The one with this address, or none: it is stored sealed, beside a hash of the whole of it. Worker. */
enum err accounts_by_email(struct app *app, const char *email, struct arena *arena,
			   struct array *ret_accounts) WARN_UNUSED;

/* A random token of 256 bits as text, and the keyed hash under which it is stored. */
enum { SECRET_TOKEN_SIZE = 44, SECRET_HASH_SIZE = 65 };

void secret_token_make(char token[static SECRET_TOKEN_SIZE]);
void secret_token_hash(const struct app *app, enum key_purpose purpose, const char *token,
		       char text[static SECRET_HASH_SIZE]);

/* ---- What deleted accounts had ---- */

/*
 * It is erased in the background, some hundred rows in a transaction, so that nobody waits for it; what a server leaves, another
 * one or the next start goes on with. The calls but erasure_hurry are the loop's.
 */
struct erasure;

struct erasure *erasure_create(struct app *app);
void erasure_start(struct erasure *erasure);
/* Any thread, after an account was deleted. */
void erasure_hurry(struct app *app);
/* Ends what is under way soon; then `stopped` is called. */
void erasure_stop(struct erasure *erasure, void (*stopped)(void *context), void *context);
void erasure_destroy(struct erasure *erasure);

/* In a transaction, with a struct erasing: so many rows of an account that was deleted before a time. */
struct erasing {
	struct timestamp before;
	int64_t rows;
	bool more; /* result: there may be more */
};

enum err erasure_step(struct db *tx, void *context) WARN_UNUSED;

/* ---- When somebody's rights change or end ---- */

/*
 * Every server forgets what it knew of them, and closes their sockets and streams, which come back
 * with the rights of now. At once on this server. The others read the table of changes, when they
 * are told of one (PostgreSQL) and twice a second in any case. One that could not read it for a while reads what it missed,
 * or, if that is not kept any more, forgets all it knew.
 */
struct rights;

/* In the transaction of the change. `account_id` NULL: everybody; `session_id` NULL: all of the account. */
enum err rights_changed(struct db *tx, const char *account_id, const char *session_id) WARN_UNUSED;
/* In a transaction of a command: the servers show the accounts of now, within a second. */
enum err accounts_changed(struct db *tx) WARN_UNUSED;
/* Loop: tells the other servers that they may not trust their caches (cache/versions.h). */
void rights_declare(void *context);
/* After its commit; any thread. Without it, the next look at the table finds the change. */
void rights_apply(struct app *app, const char *account_id, const char *session_id);

enum {
	RIGHTS_WINDOW_MS = 60 * 1000,     /* by so much clocks differ, and commits come late */
	RIGHTS_KEPT_MS = 24 * 3600 * 1000 /* a change is in the table so long */
};

/* The two times are parameters for the tests. */
struct rights *rights_create(struct app *app, int64_t window_ms, int64_t kept_ms);
/* On the loop: looks at the table from now on. */
void rights_start(struct rights *rights);
/* On the loop: no more looks; calls `stopped` when none is under way. */
void rights_stop(struct rights *rights, void (*stopped)(void *context), void *context);
void rights_destroy(struct rights *rights);

extern const struct statement *const rights_statements[]; /* ended by NULL */

#endif
