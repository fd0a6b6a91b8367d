#include "auth/auth_store.h"

#include <string.h>

enum { TOKENS_KEPT = 50 /* of a session, beside those that are in their time of grace */ };

static const struct field session_fields[] = {
	FIELD(struct session, id, .format = FORMAT_ID, .doc = "The session's id."),
	FIELD(struct session, account_id, .stored = true, .doc = "Whose it is."),
	FIELD(struct session, created_at, .doc = "When it was opened."),
	FIELD(struct session, expires_at, .doc = "When it ends without use."),
	FIELD(struct session, revoked_at, .stored = true, .nullable = true,
	      .doc = "When it was ended."),
	FIELD(struct session, last_used_at,
	      .doc = "When it was used last, to a quarter of an hour."),
	FIELD(struct session, address, .nullable = true, .private = "session.address",
	      .doc = "Where it was used last."),
	FIELD(struct session, user_agent, .nullable = true, .private = "session.user_agent",
	      .doc = "With which browser or program."),
	FIELD(struct session, current, .shown = true, .doc = "Whether it is the one that asks."),
	{ 0 },
};

const struct schema session_schema =
	SCHEMA(struct session, session_fields, .name = "DeviceSession", .table = "session",
	       .key = { "id" }, .doc = "A sign-in on one device.");

/* What a use of a session changes. */
struct session_use {
	const char *id;
	struct timestamp expires_at;
	struct timestamp last_used_at;
	const char *address;
	const char *user_agent;
};

static const struct field session_use_fields[] = {
	FIELD(struct session_use, id, .doc = "Which one."),
	FIELD(struct session_use, expires_at, .doc = "When it ends without use."),
	FIELD(struct session_use, last_used_at, .doc = "When."),
	FIELD(struct session_use, address, .nullable = true, .private = "session.address",
	      .doc = "Where."),
	FIELD(struct session_use, user_agent, .nullable = true, .private = "session.user_agent",
	      .doc = "With what."),
	{ 0 },
};

static const struct schema session_use_schema =
	SCHEMA(struct session_use, session_use_fields, .name = "SessionUse", .table = "session",
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
	FIELD(struct session_owner, expires_at, .doc = "When the session ends."),
	FIELD(struct session_owner, role, .doc = "The account's role now."),
	FIELD(struct session_owner, custom, .nullable = true, .doc = "The role's permissions."),
	{ 0 },
};

static const struct schema session_owner_schema =
	SCHEMA(struct session_owner, session_owner_fields, .name = "SessionOwner");

static const struct field token_state_fields[] = {
	FIELD(struct token_state, session_id, .doc = "Its session."),
	FIELD(struct token_state, account_id, .doc = "Whose that is."),
	FIELD(struct token_state, expires_at, .doc = "When it ends."),
	FIELD(struct token_state, revoked_at, .nullable = true, .doc = "When it was ended."),
	FIELD(struct token_state, used_at, .nullable = true,
	      .doc = "When the token was exchanged."),
	{ 0 },
};

static const struct schema token_state_schema =
	SCHEMA(struct token_state, token_state_fields, .name = "TokenState");

static const struct statement delete_some = {
	"DELETE FROM session WHERE id IN "
	"(SELECT id FROM session WHERE account_id = $1 ORDER BY id LIMIT $2)",
	NULL
};
static const struct statement select_session_owner = {
	"SELECT s.account_id AS account_id, s.expires_at AS expires_at, a.role AS role, "
	"r.permissions AS custom FROM session s JOIN account a ON a.id = s.account_id LEFT JOIN role r ON r.name = a.role "
	"WHERE s.id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND a.disabled_at IS NULL",
	&session_owner_schema
};
static const struct statement select_token = { "SELECT t.session_id AS session_id, s.account_id AS "
					       "account_id, s.expires_at AS expires_at, "
					       "s.revoked_at AS revoked_at, t.used_at AS used_at "
					       "FROM refresh_token t JOIN session s ON s.id = "
					       "t.session_id JOIN account a ON a.id = s.account_id "
					       "WHERE t.hash = $1 AND a.disabled_at IS NULL",
					       &token_state_schema };
static const struct statement use_token = {
	"UPDATE refresh_token SET used_at = $2 WHERE hash = $1 AND used_at IS NULL", NULL
};
static const struct statement forget_tokens = {
	"DELETE FROM refresh_token WHERE session_id = $1 AND used_at < $2 AND created_at < "
	"(SELECT created_at FROM refresh_token WHERE session_id = $1 "
	"ORDER BY created_at DESC LIMIT 1 OFFSET $3)",
	NULL
};
static const struct statement take_back = {
	"DELETE FROM refresh_token WHERE hash = $1 AND used_at IS NULL", NULL
};
static const struct statement revoke_session = {
	"UPDATE session SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL", NULL
};
static const struct statement revoke_own_session = {
	"UPDATE session SET revoked_at = $2 WHERE id = $1 AND account_id = $3 AND revoked_at IS "
	"NULL",
	NULL
};
static const struct statement revoke_sessions = {
	"UPDATE session SET revoked_at = $2 WHERE account_id = $1 AND id <> $3 AND revoked_at IS "
	"NULL",
	NULL
};
static const struct statement select_session_page = {
	"SELECT {columns} FROM session WHERE account_id = $1 AND revoked_at IS NULL AND expires_at "
	"> $2 "
	"AND (last_used_at, id) < ($3, $4) ORDER BY last_used_at DESC, id DESC LIMIT $5",
	&session_schema
};
static const struct statement select_all_sessions = {
	"SELECT {columns} FROM session WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3",
	&session_schema
};
static const struct statement purge_expired = { "DELETE FROM session WHERE expires_at < $1", NULL };
static const struct statement purge_revoked = { "DELETE FROM session WHERE revoked_at < $1", NULL };

const struct statement *const session_statements[] = {
	&select_session_owner,
	&select_token,
	&use_token,
	&forget_tokens,
	&take_back,
	&revoke_session,
	&revoke_own_session,
	&revoke_sessions,
	&select_session_page,
	&select_all_sessions,
	&purge_expired,
	&purge_revoked,
	&delete_some,
	NULL,
};

enum err session_owner(struct db *db, const char *session_id, struct timestamp now,
		       struct arena *arena, struct session_owner *ret_owner)
{
	return db_one(db, &select_session_owner, ARGS(session_id, now), arena, ret_owner);
}

static enum err insert_token(struct db *tx, const char *session_id, const char *hash,
			     struct timestamp now)
{
	struct refresh_token token = { .hash = hash, .session_id = session_id, .created_at = now };

	return db_insert(tx, &refresh_token_schema, &token);
}

enum err session_insert(struct db *tx, const struct session *session, const char *token_hash)
{
	enum err err = db_insert(tx, &session_schema, session);

	return err == ERR_OK ? insert_token(tx, session->id, token_hash, session->created_at) : err;
}

enum err session_revoke(struct db *db, const char *session_id, const char *account_id,
			struct timestamp now)
{
	int64_t changed = 0;
	enum err err;

	if (account_id)
		err = db_exec(db, &revoke_own_session, ARGS(session_id, now, account_id), &changed);
	else
		err = db_exec(db, &revoke_session, ARGS(session_id, now), &changed);
	return err == ERR_OK && changed == 0 ? ERR_NOT_FOUND : err;
}

enum err session_revoke_all(struct db *db, const char *account_id, const char *but,
			    struct timestamp now)
{
	return db_exec(db, &revoke_sessions, ARGS(account_id, now, but ? but : ""), NULL);
}

enum err session_page(struct db *db, const char *account_id, struct timestamp now,
		      struct timestamp before, const char *before_id, int64_t limit,
		      struct arena *arena, struct array *ret_sessions)
{
	return db_all(db, &select_session_page, ARGS(account_id, now, before, before_id, limit),
		      arena, ret_sessions);
}

enum err session_all(struct db *db, const char *account_id, const char *after, int64_t limit,
		     struct arena *arena, struct array *ret_sessions)
{
	return db_all(db, &select_all_sessions, ARGS(account_id, after, limit), arena,
		      ret_sessions);
}

enum err token_read(struct db *db, const char *token_hash, struct arena *arena,
		    struct token_state *ret_state)
{
	return db_one(db, &select_token, ARGS(token_hash), arena, ret_state);
}

/* ---- Rotation ---- */

static enum err give_out(struct db *tx, const struct rotation *rotation, const char *hash)
{
	struct session_use use = { .id = rotation->session_id,
				   .expires_at = rotation->expires_at,
				   .last_used_at = rotation->now,
				   .address = rotation->address,
				   .user_agent = rotation->user_agent };
	struct timestamp graced = { rotation->now.ms - REFRESH_GRACE_MS };
	int64_t kept = TOKENS_KEPT - 1;
	enum err err = insert_token(tx, rotation->session_id, hash, rotation->now);

	if (err == ERR_OK)
		err = db_exec(tx, &forget_tokens, ARGS(rotation->session_id, graced, kept), NULL);
	return err == ERR_OK ? db_update(tx, &session_use_schema, &use) : err;
}

/* Whoever comes with it has stolen it, or was stolen from. */
static enum err end_reused(struct db *tx, struct rotation *rotation)
{
	rotation->reused = true;
	return session_revoke(tx, rotation->session_id, NULL, rotation->now);
}

static enum err read_unused(struct db *tx, const char *hash, struct arena *arena, bool *ret_unused)
{
	struct token_state state;
	enum err err = token_read(tx, hash, arena, &state);

	*ret_unused = err == ERR_OK && state.used_at.ms == 0;
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The successor becomes one that was never given out. */
static enum err replace_successor(struct db *tx, struct rotation *rotation)
{
	int64_t changed = 0;
	enum err err = db_exec(tx, &take_back, ARGS(rotation->new_hash), &changed);

	if (err != ERR_OK)
		return err;
	if (changed == 0)
		return end_reused(tx, rotation);
	rotation->replaced = true;
	return give_out(tx, rotation, rotation->spare_hash);
}

/*
 * The token was used before. That is a retry, another tab, or somebody to whom the reply never came, as long as nobody
 * has used its successor. For a short while they all get the same one.
 */
static enum err settle_reuse(struct db *tx, struct rotation *rotation, struct timestamp used_at,
			     struct arena *arena)
{
	bool graced = rotation->now.ms - used_at.ms <= REFRESH_GRACE_MS, unused;
	enum err err = read_unused(tx, rotation->new_hash, arena, &unused);

	if (err != ERR_OK)
		return err;
	if (unused)
		return graced ? ERR_OK : replace_successor(tx, rotation);
	err = read_unused(tx, rotation->spare_hash, arena, &rotation->replaced);
	if (err != ERR_OK || rotation->replaced)
		return err;
	return end_reused(tx, rotation);
}

/* The token is not there. If it was, it has been forgotten since, or was replaced by another one. */
static enum err settle_unknown(struct db *tx, struct rotation *rotation, struct arena *arena)
{
	struct session_owner owner;
	enum err err;

	if (!rotation->sealed_session)
		return ERR_UNAUTHENTICATED;
	err = session_owner(tx, rotation->sealed_session, rotation->now, arena, &owner);
	if (err != ERR_OK)
		return err == ERR_NOT_FOUND ? ERR_UNAUTHENTICATED : err;
	memcpy(rotation->session_id, rotation->sealed_session, ID_SIZE);
	memcpy(rotation->account_id, owner.account_id, ID_SIZE);
	return end_reused(tx, rotation);
}

static enum err rotate(struct db *tx, struct rotation *rotation, struct arena *arena)
{
	struct token_state state;
	int64_t changed = 0;
	enum err err = token_read(tx, rotation->old_hash, arena, &state);

	if (err == ERR_NOT_FOUND)
		return settle_unknown(tx, rotation, arena);
	if (err == ERR_OK && (state.revoked_at.ms || state.expires_at.ms <= rotation->now.ms))
		return ERR_UNAUTHENTICATED;
	if (err == ERR_OK)
		err = db_exec(tx, &use_token, ARGS(rotation->old_hash, rotation->now), &changed);
	if (err != ERR_OK)
		return err;
	memcpy(rotation->session_id, state.session_id, ID_SIZE);
	memcpy(rotation->account_id, state.account_id, ID_SIZE);
	return changed ? give_out(tx, rotation, rotation->new_hash)
		       : settle_reuse(tx, rotation, state.used_at, arena);
}

enum err session_rotate(struct db *tx, struct rotation *rotation)
{
	struct arena arena;
	enum err err;

	rotation->reused = rotation->replaced = false;
	arena_init(&arena);
	err = rotate(tx, rotation, &arena);
	arena_finish(&arena);
	return err;
}

enum err session_purge(struct db *tx, struct timestamp now)
{
	struct timestamp before = { now.ms - INT64_C(86400000) };
	enum err err = db_exec(tx, &purge_expired, ARGS(before), NULL);

	return err == ERR_OK ? db_exec(tx, &purge_revoked, ARGS(before), NULL) : err;
}

enum err session_erase_some(struct db *tx, const char *account_id, int64_t rows, bool *ret_more)
{
	int64_t erased = 0, sessions = rows / TOKENS_KEPT + 1;
	enum err err = db_exec(tx, &delete_some, ARGS(account_id, sessions), &erased);

	*ret_more = erased >= sessions;
	return err;
}
