#include "keys/keys_store.h"

#include "app.h"
#include "auth/auth.h"
#include "keys/keys.h"

enum {
	LOOK_AGAIN_MS = 60 * 1000, /* a known key is read again, which also notes its use */
	DAY_MS = 24 * 60 * 60 * 1000,
	KEPT_DAYS = 90, /* after a key has ended */
};

#define KEY_FIELDS(type)                                                                           \
	FIELD(type, id, .format = FORMAT_ID, .doc = "The key's id."),                              \
		FIELD(type, account_id, .stored = true, .doc = "Whose it is."),                    \
		FIELD(type, name, .doc = "What it is for."),                                       \
		FIELD(type, prefix, .doc = "How it begins."),                                      \
		FIELD(type, hash, .stored = true, .doc = "Keyed, of the whole."),                  \
		FIELD(type, scopes, .names = permission_words, .doc = "What it may do."),          \
		FIELD(type, created_at, .doc = "When it was made."),                               \
		FIELD(type, expires_at, .nullable = true, .doc = "When it ends; null: never."),    \
		FIELD(type, last_used_at, .nullable = true,                                        \
		      .doc = "When it was used last, to a minute."),                               \
		FIELD(type, revoked_at, .stored = true, .nullable = true,                          \
		      .doc = "When it was revoked.")

static const struct field api_key_fields[] = { KEY_FIELDS(struct api_key), { 0 } };

const struct schema api_key_schema =
	SCHEMA(struct api_key, api_key_fields, .name = "ApiKey", .table = "api_key",
	       .key = { "id" }, .doc = "A key for programs.");

static const struct field key_made_fields[] = {
	KEY_FIELDS(struct key_made),
	FIELD(struct key_made, key, .shown = true, .credential = true,
	      .doc = "The key. It is shown this once."),
	{ 0 },
};

const struct schema key_made_schema = SCHEMA(struct key_made, key_made_fields, .name = "ApiKeyMade",
					     .table = "api_key", .key = { "id" });

/* A key with whose it is and what that one may do now. */
struct key_owner {
	const char *id;
	const char *account_id;
	struct texts scopes;
	struct timestamp expires_at;
	struct timestamp last_used_at;
	const char *role;
	struct texts custom;
};

static const struct field key_owner_fields[] = {
	FIELD(struct key_owner, id, .doc = "The key's id."),
	FIELD(struct key_owner, account_id, .doc = "Whose it is."),
	FIELD(struct key_owner, scopes, .doc = "What it may do."),
	FIELD(struct key_owner, expires_at, .nullable = true, .doc = "When it ends."),
	FIELD(struct key_owner, last_used_at, .nullable = true, .doc = "When it was used last."),
	FIELD(struct key_owner, role, .doc = "The account's role now."),
	FIELD(struct key_owner, custom, .nullable = true, .doc = "The role's permissions."),
	{ 0 },
};

static const struct schema key_owner_schema =
	SCHEMA(struct key_owner, key_owner_fields, .name = "KeyOwner");

struct key_count {
	int64_t value;
};

static const struct field key_count_fields[] = {
	FIELD(struct key_count, value, .doc = "How many."),
	{ 0 },
};

static const struct schema key_count_schema =
	SCHEMA(struct key_count, key_count_fields, .name = "KeyCount");

static const struct statement select_page = {
	"SELECT {columns} FROM api_key WHERE account_id = $1 AND revoked_at IS NULL "
	"AND (created_at, id) < ($2, $3) ORDER BY created_at DESC, id DESC LIMIT $4",
	&api_key_schema
};
static const struct statement select_all = {
	"SELECT {columns} FROM api_key WHERE account_id = $1 AND (created_at, id) > ($2, $3) "
	"ORDER BY created_at, id LIMIT $4",
	&api_key_schema
};
static const struct statement select_owner = {
	"SELECT k.id AS id, k.account_id AS account_id, k.scopes AS scopes, k.expires_at AS "
	"expires_at, "
	"k.last_used_at AS last_used_at, a.role AS role, r.permissions AS custom "
	"FROM api_key k JOIN account a ON a.id = k.account_id LEFT JOIN role r ON r.name = a.role "
	"WHERE k.hash = $1 AND k.revoked_at IS NULL AND a.disabled_at IS NULL",
	&key_owner_schema
};
static const struct statement count_keys = {
	"SELECT count(*) AS value FROM api_key WHERE account_id = $1 AND revoked_at IS NULL",
	&key_count_schema
};
static const struct statement note_use = { "UPDATE api_key SET last_used_at = $2 WHERE id = $1",
					   NULL };
static const struct statement revoke_key = { "UPDATE api_key SET revoked_at = $3 WHERE id = $1 AND "
					     "account_id = $2 AND revoked_at IS NULL",
					     NULL };

static const struct statement purge_revoked = { "DELETE FROM api_key WHERE revoked_at < $1", NULL };
static const struct statement purge_expired = { "DELETE FROM api_key WHERE expires_at < $1", NULL };

const struct statement *const keys_statements[] = {
	&select_page, &select_all,    &select_owner,  &count_keys, &note_use,
	&revoke_key,  &purge_revoked, &purge_expired, NULL,
};

/* ---- Those of one account ---- */

enum err key_page(struct db *db, const char *account_id, struct timestamp before,
		  const char *before_id, int64_t limit, struct arena *arena, struct array *ret_keys)
{
	return db_all(db, &select_page, ARGS(account_id, before, before_id, limit), arena,
		      ret_keys);
}

enum err key_all(struct db *db, const char *account_id, struct timestamp after,
		 const char *after_id, int64_t limit, struct arena *arena, struct array *ret_keys)
{
	return db_all(db, &select_all, ARGS(account_id, after, after_id, limit), arena, ret_keys);
}

enum err key_count(struct db *db, const char *account_id, int64_t *ret_count)
{
	struct key_count count;
	enum err err = db_one(db, &count_keys, ARGS(account_id), NULL, &count);

	if (err == ERR_OK)
		*ret_count = count.value;
	return err;
}

enum err key_insert(struct db *tx, const struct key_made *key)
{
	return db_insert(tx, &key_made_schema, key);
}

enum err key_revoke(struct db *tx, const char *account_id, const char *id, struct timestamp now)
{
	int64_t changed = 0;
	enum err err = db_exec(tx, &revoke_key, ARGS(id, account_id, now), &changed);

	return err == ERR_OK && changed == 0 ? ERR_NOT_FOUND : err;
}

/* ---- Who a key belongs to ---- */

static bool is_over(const struct key_owner *owner, struct timestamp now)
{
	return owner->expires_at.ms && owner->expires_at.ms <= now.ms;
}

static enum err note_key_use(struct app *app, const struct key_owner *owner, struct timestamp now)
{
	if (now.ms - owner->last_used_at.ms < LOOK_AGAIN_MS)
		return ERR_OK;
	return db_exec(app->db, &note_use, ARGS(owner->id, now), NULL);
}

enum err key_load(struct app *app, const char *key, struct principal *ret_principal)
{
	struct timestamp now = clock_now();
	char hash[SECRET_HASH_SIZE];
	struct key_owner owner;
	struct arena arena;
	enum err err;

	secret_token_hash(app, KEY_API_KEY, key, hash);
	arena_init(&arena);
	err = db_one(app->db, &select_owner, ARGS((const char *)hash), &arena, &owner);
	if (err == ERR_NOT_FOUND || (err == ERR_OK && is_over(&owner, now)))
		err = ERR_UNAUTHENTICATED;
	if (err == ERR_OK)
		err = note_key_use(app, &owner, now);
	if (err == ERR_OK) {
		principal_set(ret_principal, owner.account_id, owner.id, owner.role, &owner.custom);
		ret_principal->permissions &= permissions_of(&owner.scopes);
		ret_principal->by_key = true;
		ret_principal->ends_ms = owner.expires_at.ms ? owner.expires_at.ms : INT64_MAX;
		ret_principal->expires_ms = now.ms + LOOK_AGAIN_MS;
		if (ret_principal->ends_ms < ret_principal->expires_ms)
			ret_principal->expires_ms = ret_principal->ends_ms;
	}
	arena_finish(&arena);
	return err;
}

/* ---- What is over ---- */

enum err keys_purge(struct db *tx, struct timestamp now)
{
	struct timestamp before = { now.ms - (int64_t)KEPT_DAYS * DAY_MS };
	enum err err = db_exec(tx, &purge_revoked, ARGS(before), NULL);

	return err == ERR_OK ? db_exec(tx, &purge_expired, ARGS(before), NULL) : err;
}
