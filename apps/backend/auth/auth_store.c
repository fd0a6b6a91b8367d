#include "auth/auth_store.h"

#include "auth/auth.h"

#include <string.h>

static const struct field account_fields[] = {
	FIELD(struct account, id, .format = FORMAT_ID, .doc = "The account's id."),
	FIELD(struct account, username, .format = FORMAT_USERNAME,
	      .doc = "The name to sign in with, in lower case."),
	FIELD(struct account, email, .private = "account.email", .doc = "The e-mail address."),
	FIELD(struct account, email_hash, .stored = true, .doc = "Keyed hash of the address."),
	FIELD(struct account, password_hash, .stored = true, .doc = "Argon2id."),
	FIELD(struct account, role, .names = role_names, .doc = "What the account may do."),
	FIELD(struct account, created_at, .doc = "When it was made."),
	{ 0 },
};

const struct schema account_schema =
	SCHEMA(struct account, account_fields, .name = "User", .table = "account", .key = { "id" },
	       .doc = "Somebody who can sign in.");

static const struct field session_fields[] = {
	FIELD(struct session, id, .doc = "The session's id."),
	FIELD(struct session, account_id, .doc = "Whose it is."),
	FIELD(struct session, created_at, .doc = "When it was opened."),
	FIELD(struct session, expires_at, .doc = "When it ends without use."),
	FIELD(struct session, revoked_at, .nullable = true, .doc = "When it was ended."),
	{ 0 },
};

static const struct schema session_schema =
	SCHEMA(struct session, session_fields, .name = "StoredSession", .table = "session",
	       .key = { "id" });

struct refresh_token {
	const char *hash;
	const char *session_id;
	struct timestamp created_at;
	struct timestamp used_at;
};

static const struct field refresh_token_fields[] = {
	FIELD(struct refresh_token, hash, .doc = "Keyed hash of the token."),
	FIELD(struct refresh_token, session_id, .doc = "Its session."),
	FIELD(struct refresh_token, created_at, .doc = "When it was given out."),
	FIELD(struct refresh_token, used_at, .nullable = true, .doc = "When it was exchanged."),
	{ 0 },
};

static const struct schema refresh_token_schema =
	SCHEMA(struct refresh_token, refresh_token_fields, .name = "RefreshToken",
	       .table = "refresh_token", .key = { "hash" });

static const struct field session_owner_fields[] = {
	FIELD(struct session_owner, account_id, .doc = "Whose session it is."),
	FIELD(struct session_owner, role, .names = role_names, .doc = "The account's role now."),
	{ 0 },
};

static const struct schema session_owner_schema =
	SCHEMA(struct session_owner, session_owner_fields, .name = "SessionOwner");

struct number {
	int64_t value;
};

static const struct field number_fields[] = {
	FIELD(struct number, value, .doc = "A count."),
	{ 0 },
};

static const struct schema number_schema = SCHEMA(struct number, number_fields, .name = "Number");

/* ---- Statements ---- */

static const struct statement count_accounts = { "SELECT count(*) AS value FROM account",
						 &number_schema };
static const struct statement count_username = {
	"SELECT count(*) AS value FROM account WHERE username = $1", &number_schema
};
static const struct statement select_account = { "SELECT {columns} FROM account WHERE id = $1",
						 &account_schema };
static const struct statement select_account_by_username = {
	"SELECT {columns} FROM account WHERE username = $1", &account_schema
};
static const struct statement select_session_owner = {
	"SELECT s.account_id AS account_id, a.role AS role "
	"FROM session s JOIN account a ON a.id = s.account_id "
	"WHERE s.id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2",
	&session_owner_schema
};
static const struct statement revoke_session = {
	"UPDATE session SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", NULL
};
static const struct statement extend_session = { "UPDATE session SET expires_at = $2 WHERE id = $1",
						 NULL };
static const struct statement select_session_of_token = {
	"SELECT {columns:s} FROM refresh_token t JOIN session s ON s.id = t.session_id "
	"WHERE t.hash = $1",
	&session_schema
};
static const struct statement use_token = {
	"UPDATE refresh_token SET used_at = $2 WHERE hash = $1 AND used_at IS NULL", NULL
};

const struct statement *const auth_statements[] = {
	&count_accounts,
	&count_username,
	&select_account,
	&select_account_by_username,
	&select_session_owner,
	&revoke_session,
	&extend_session,
	&select_session_of_token,
	&use_token,
	NULL,
};

/* ---- Accounts ---- */

enum err account_count(struct db *db, int64_t *ret_count)
{
	struct number number;
	enum err err = db_one(db, &count_accounts, ARGS_NONE, NULL, &number);

	if (err == ERR_OK)
		*ret_count = number.value;
	return err;
}

enum err account_by_id(struct db *db, const char *id, struct arena *arena,
		       struct account *ret_account)
{
	return db_one(db, &select_account, ARGS(id), arena, ret_account);
}

enum err account_by_username(struct db *db, const char *username, struct arena *arena,
			     struct account *ret_account)
{
	return db_one(db, &select_account_by_username, ARGS(username), arena, ret_account);
}

struct account_insertion {
	const struct account *account;
	bool first;
	const char *taken;
};

static enum err run_account_insertion(struct db *tx, void *context)
{
	struct account_insertion *insertion = context;
	struct number number;
	int64_t count;
	enum err err = account_count(tx, &count);

	insertion->taken = NULL;
	if (err == ERR_OK && insertion->first && count > 0)
		return ERR_CONFLICT;
	if (err == ERR_OK)
		err = db_one(tx, &count_username, ARGS(insertion->account->username), NULL,
			     &number);
	if (err != ERR_OK)
		return err;
	insertion->taken = number.value > 0 ? "username" : "email";
	return db_insert(tx, &account_schema, insertion->account);
}

enum err account_insert(struct db *db, const struct account *account, bool first,
			const char **ret_taken)
{
	struct account_insertion insertion = { account, first, NULL };
	enum err err = db_transaction(db, run_account_insertion, &insertion);

	*ret_taken = insertion.taken;
	return err;
}

/* ---- Sessions ---- */

enum err session_owner(struct db *db, const char *session_id, struct timestamp now,
		       struct arena *arena, struct session_owner *ret_owner)
{
	return db_one(db, &select_session_owner, ARGS(session_id, now), arena, ret_owner);
}

struct session_insertion {
	const struct session *session;
	const char *token_hash;
};

static enum err insert_token(struct db *tx, const char *session_id, const char *hash,
			     struct timestamp now)
{
	struct refresh_token token = { .hash = hash, .session_id = session_id, .created_at = now };

	return db_insert(tx, &refresh_token_schema, &token);
}

static enum err run_session_insertion(struct db *tx, void *context)
{
	struct session_insertion *insertion = context;
	enum err err = db_insert(tx, &session_schema, insertion->session);

	return err == ERR_OK ? insert_token(tx, insertion->session->id, insertion->token_hash,
					    insertion->session->created_at)
			     : err;
}

enum err session_insert(struct db *db, const struct session *session, const char *token_hash)
{
	struct session_insertion insertion = { session, token_hash };

	return db_transaction(db, run_session_insertion, &insertion);
}

enum err session_revoke(struct db *db, const char *session_id, struct timestamp now)
{
	return db_exec(db, &revoke_session, ARGS(session_id, now), NULL);
}

enum err session_of_token(struct db *db, const char *token_hash, struct arena *arena,
			  struct session *ret_session)
{
	return db_one(db, &select_session_of_token, ARGS(token_hash), arena, ret_session);
}

/* Marks the old token as used; who comes second with it has stolen it, or was stolen from: nobody keeps the session. */
static enum err rotate(struct db *tx, struct rotation *rotation)
{
	int64_t changed;
	enum err err = db_exec(tx, &use_token, ARGS(rotation->old_hash, rotation->now), &changed);

	if (err == ERR_OK && changed == 0) {
		rotation->reused = true;
		return session_revoke(tx, rotation->session_id, rotation->now);
	}
	if (err == ERR_OK)
		err = insert_token(tx, rotation->session_id, rotation->new_hash, rotation->now);
	if (err == ERR_OK)
		err = db_exec(tx, &extend_session,
			      ARGS((const char *)rotation->session_id, rotation->expires_at), NULL);
	return err;
}

static enum err run_rotation(struct db *tx, void *context)
{
	struct rotation *rotation = context;
	struct session session;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	rotation->reused = false;
	err = session_of_token(tx, rotation->old_hash, &arena, &session);
	if (err == ERR_NOT_FOUND)
		err = ERR_UNAUTHENTICATED;
	if (err == ERR_OK && (session.revoked_at.ms || session.expires_at.ms <= rotation->now.ms))
		err = ERR_UNAUTHENTICATED;
	if (err == ERR_OK) {
		memcpy(rotation->session_id, session.id, ID_SIZE);
		memcpy(rotation->account_id, session.account_id, ID_SIZE);
		err = rotate(tx, rotation);
	}
	arena_finish(&arena);
	return err;
}

enum err session_rotate(struct db *db, struct rotation *rotation)
{
	enum err err = db_transaction(db, run_rotation, rotation);

	return err == ERR_OK && rotation->reused ? ERR_UNAUTHENTICATED : err;
}
