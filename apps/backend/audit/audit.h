/*
 * The audit log: who did what, on what, from where, with which outcome. Append-only and chained: each row's hash, keyed
 * by the root key, covers the row before, so that a changed or missing one is found. What is personal stands apart,
 * and is covered by a salted commitment only: it can be erased, and the chain still holds.
 *
 * Rows are appended in the transaction of what they tell of: neither is there without the other.
 */
#ifndef WEBPLUS_AUDIT_AUDIT_H
#define WEBPLUS_AUDIT_AUDIT_H

#include "base/err.h"
#include "db/database.h"
#include "http/route.h"

#include <stdio.h>

struct app;
struct export_part;
struct request;

/* X(name, word) */
#define AUDIT_ACTION_LIST(X)                                                                       \
	X(SETUP, "setup")                                                                          \
	X(SIGN_IN, "session.open")                                                                 \
	X(SIGN_OUT, "session.close")                                                               \
	X(SESSION_REVOKE, "session.revoke")                                                        \
	X(TOKEN_REUSE, "session.token_reuse")                                                      \
	X(REGISTER, "account.register")                                                            \
	X(ACCOUNT_CHANGE, "account.change")                                                        \
	X(PASSWORD_CHANGE, "account.password")                                                     \
	X(ACCOUNT_EXPORT, "account.export")                                                        \
	X(ACCOUNT_DELETE, "account.delete")                                                        \
	X(ROLE_ASSIGN, "account.role")                                                             \
	X(ACCOUNT_DISABLE, "account.disable")                                                      \
	X(ACCOUNT_ENABLE, "account.enable")                                                        \
	X(INVITE, "invitation.create")                                                             \
	X(INVITE_REVOKE, "invitation.revoke")                                                      \
	X(ROLE_CREATE, "role.create")                                                              \
	X(ROLE_CHANGE, "role.change")                                                              \
	X(ROLE_DELETE, "role.delete")                                                              \
	X(KEY_CREATE, "key.create")                                                                \
	X(KEY_REVOKE, "key.revoke")                                                                \
	X(SETTINGS_CHANGE, "settings.change")                                                      \
	X(AUDIT_EXPORT, "audit.export")                                                            \
	X(DATA_KEY_ROTATE, "data_key.rotate")                                                      \
	X(MASTER_KEY_CHANGE, "master_key.change")

enum audit_action {
#define AUDIT_ENUM(name, word) AUDIT_##name,
	AUDIT_ACTION_LIST(AUDIT_ENUM)
#undef AUDIT_ENUM
		AUDIT_ACTION_COUNT
};

enum audit_outcome { AUDIT_DONE, AUDIT_REFUSED };

/* What is to be written. Texts must hold no line feed. */
struct audit_entry {
	enum audit_action action;
	enum audit_outcome outcome;
	const char *actor_id;    /* NULL: nobody who is known */
	const char *object_kind; /* "account", "session", …; NULL: none */
	const char *object_id;
	const char *address;  /* personal, like what follows; each may be NULL */
	const char *username; /* as it was given; an account's, with which it is erased */
	const char *detail;
};

/* In a transaction. */
enum err audit_append(struct app *app, struct db *tx, const struct audit_entry *entry) WARN_UNUSED;
/* The same as a transaction of its own. */
enum err audit_write(struct app *app, const struct audit_entry *entry) WARN_UNUSED;
/* An entry with the actor and the address of the request. */
struct audit_entry audit_entry_of(const struct request *request, enum audit_action action,
				  const char *object_kind, const char *object_id);

/*
 * In a transaction that deletes the account: forgets what is personal in the rows by it, and in those about it by nobody who
 * is known. Its own row, AUDIT_ACCOUNT_DELETE, is appended afterwards, and tells audit_verify that this was right.
 */
enum err audit_erase(struct db *tx, const char *account_id) WARN_UNUSED;

/* Command: checks the chain, and prints what it found. ERR_CORRUPT: a row was changed or is missing. */
enum err audit_verify(struct app *app, FILE *out) WARN_UNUSED;
/* Logs the number and hash of the last row, without which a tail that was cut off would go unseen. Worker. */
void audit_log_tip(struct app *app);

extern const struct export_part audit_own_export;
extern const struct route audit_routes[];
extern const struct statement *const audit_statements[]; /* ended by NULL */

#endif
