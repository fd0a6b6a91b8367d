#include "keys/keys.h"

#include "app.h"
#include "audit/audit.h"
#include "auth/auth.h"
#include "db/page.h"
#include "http/export.h"
#include "middleware/authentication.h"

#include <string.h>

enum {
	PREFIX_LENGTH = 10,        /* shown, to tell keys by */
	LOOK_AGAIN_MS = 60 * 1000, /* a known key is read again, which also notes its use */
	DAY_MS = 24 * 60 * 60 * 1000,
	KEYS_MAX = 100, /* of one account */
	KEPT_DAYS = 90, /* after a key has ended */
};

#define KEY_MEMBERS                                                                                \
	const char *id;                                                                            \
	const char *account_id;                                                                    \
	const char *name;                                                                          \
	const char *prefix;                                                                        \
	const char *hash;                                                                          \
	struct texts scopes;                                                                       \
	struct timestamp created_at;                                                               \
	struct timestamp expires_at;                                                               \
	struct timestamp last_used_at;                                                             \
	struct timestamp revoked_at;

struct api_key {
	KEY_MEMBERS
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

static const struct schema api_key_schema =
	SCHEMA(struct api_key, api_key_fields, .name = "ApiKey", .table = "api_key",
	       .key = { "id" }, .doc = "A key for programs.");

/* The same with those that were revoked, for the file of all one's data. */
static const struct field exported_key_fields[] = {
	FIELD(struct api_key, id, .doc = "The key's id."),
	FIELD(struct api_key, name, .doc = "What it is for."),
	FIELD(struct api_key, prefix, .doc = "How it begins."),
	FIELD(struct api_key, scopes, .names = permission_words, .doc = "What it may do."),
	FIELD(struct api_key, created_at, .doc = "When it was made."),
	FIELD(struct api_key, expires_at, .nullable = true, .doc = "When it ends; null: never."),
	FIELD(struct api_key, last_used_at, .nullable = true, .doc = "When it was used last."),
	FIELD(struct api_key, revoked_at, .nullable = true, .doc = "When it was revoked."),
	{ 0 },
};

static const struct schema exported_key_schema =
	SCHEMA(struct api_key, exported_key_fields, .name = "ExportedApiKey");

PAGE_SCHEMA(api_key_page_schema, api_key_schema, "ApiKeyPage");

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

enum err keys_purge(struct db *tx, struct timestamp now)
{
	struct timestamp before = { now.ms - (int64_t)KEPT_DAYS * DAY_MS };
	enum err err = db_exec(tx, &purge_revoked, ARGS(before), NULL);

	return err == ERR_OK ? db_exec(tx, &purge_expired, ARGS(before), NULL) : err;
}

/* ---- The list ---- */

struct key_list {
	int64_t limit;
	const char *cursor;
};

static const struct field key_list_fields[] = {
	FIELD(struct key_list, limit, .from = FROM_QUERY, .preset = "20", .min = 1,
	      .max = PAGE_LIMIT_MAX, .doc = "How many at the most."),
	FIELD(struct key_list, cursor, .from = FROM_QUERY, .optional = true, .max = CURSOR_MAX,
	      .format = FORMAT_TOKEN, .doc = "`next_cursor` of the page before."),
	{ 0 },
};

static const struct schema key_list_schema =
	SCHEMA(struct key_list, key_list_fields, .name = "KeyList");

static enum err keys_list(struct request *request, const void *in, void *out)
{
	const struct key_list *input = in;
	struct place place = { { INT64_MAX }, "" };
	struct page *page = out;
	const struct api_key *last;
	enum err err;

	if (input->cursor && place_decode(input->cursor, &request->arena, &place) != ERR_OK)
		return request_invalid(request, "cursor", "is not one that this list gave");
	err = db_all(request->app->db, &select_page,
		     ARGS((const char *)request->principal->user_id, place.time, place.id,
			  input->limit + 1),
		     &request->arena, &page->items);
	last = err == ERR_OK ? page_cut(page, &api_key_schema, input->limit) : NULL;
	if (last)
		page->next_cursor =
			place_encode((struct place){ last->created_at, last->id }, &request->arena);
	return err;
}

/* ---- All of them, for the file of one's data ---- */

struct key_place {
	struct timestamp created_at;
	char id[ID_SIZE];
};

static enum err next_keys(struct export *export, struct arena *arena, bool *ret_end)
{
	struct key_place *after = export->state;
	struct array found = { 0 };
	const struct api_key *last;
	enum err err = db_all(export->app->db, &select_all,
			      ARGS((const char *)export->principal.user_id, after->created_at,
				   (const char *)after->id, (int64_t)EXPORT_ROWS),
			      arena, &found);

	*ret_end = found.count < EXPORT_ROWS;
	if (err != ERR_OK || found.count == 0)
		return err;
	export_records(export, &exported_key_schema, &found);
	last = (const struct api_key *)found.items + found.count - 1;
	after->created_at = last->created_at;
	memcpy(after->id, last->id, ID_SIZE);
	return ERR_OK;
}

const struct export_part keys_export = {
	.name = "api_keys", .list = true, .state_size = sizeof(struct key_place), .next = next_keys
};

/* ---- Making one ---- */

struct key_new {
	struct presence presence;
	const char *name;
	struct texts scopes;
	int64_t expires_in_days;
};

static const struct field key_new_fields[] = {
	FIELD(struct key_new, name, .min = 1, .max = 100, .format = FORMAT_LINE,
	      .doc = "What it is for."),
	FIELD(struct key_new, scopes, .names = permission_words, .min = 1, .max = PERMISSION_COUNT,
	      .doc = "What it may do, of what you may do."),
	FIELD(struct key_new, expires_in_days, .optional = true, .nullable = true, .min = 1,
	      .max = 3650, .unit = "days", .doc = "When it ends; without it, never."),
	{ 0 },
};

static const struct schema key_new_schema =
	SCHEMA(struct key_new, key_new_fields, .name = "ApiKeyNew", .presence = true);

/* The only time that the key itself is shown. */
struct key_made {
	KEY_MEMBERS
	const char *key;
};

static const struct field key_made_fields[] = {
	KEY_FIELDS(struct key_made),
	FIELD(struct key_made, key, .shown = true, .credential = true,
	      .doc = "The key. It is shown this once."),
	{ 0 },
};

static const struct schema key_made_schema =
	SCHEMA(struct key_made, key_made_fields, .name = "ApiKeyMade", .table = "api_key",
	       .key = { "id" });

struct key_making {
	struct request *request;
	const struct key_made *key;
};

static enum err run_making(struct db *tx, void *context)
{
	struct key_making *making = context;
	struct request *request = making->request;
	struct audit_entry entry =
		audit_entry_of(request, AUDIT_KEY_CREATE, "key", making->key->id);
	struct key_count count;
	enum err err = db_one(tx, &count_keys, ARGS(making->key->account_id), NULL, &count);

	if (err == ERR_OK && count.value >= KEYS_MAX)
		return request_fail(request, ERR_CONFLICT, "You have %d keys. Revoke one first.",
				    KEYS_MAX);
	if (err == ERR_OK)
		err = db_insert(tx, &key_made_schema, making->key);
	entry.detail = making->key->name;
	return err == ERR_OK ? audit_append(request->app, tx, &entry) : err;
}

static void make_key(struct app *app, struct arena *arena, struct key_made *key)
{
	char token[SECRET_TOKEN_SIZE];
	char *hash = arena_alloc(arena, SECRET_HASH_SIZE), *id = arena_alloc(arena, ID_SIZE);

	id_make(id);
	secret_token_make(token);
	key->key = arena_printf(arena, API_KEY_PREFIX "%s", token);
	secret_token_hash(app, KEY_API_KEY, key->key, hash);
	key->id = id;
	key->hash = hash;
	key->prefix = arena_strndup(arena, key->key, PREFIX_LENGTH);
}

static enum err key_create(struct request *request, const void *in, void *out)
{
	const struct key_new *input = in;
	const struct principal *principal = request->principal;
	struct key_made *key = out;
	struct key_making making = { request, key };
	uint64_t scopes = permissions_of(&input->scopes);

	if (principal->by_key)
		return request_fail(
			request, ERR_FORBIDDEN,
			"An API key makes no other keys, which would outlive it. Sign in.");
	if (scopes & ~principal->permissions)
		return request_invalid(request, "scopes", "go beyond what you may do yourself");
	*key = (struct key_made){ .account_id = principal->user_id,
				  .name = input->name,
				  .scopes = permissions_list(scopes, &request->arena),
				  .created_at = clock_now() };
	if (input->expires_in_days)
		key->expires_at.ms = key->created_at.ms + input->expires_in_days * DAY_MS;
	make_key(request->app, &request->arena, key);
	return db_transaction(request->app->db, run_making, &making);
}

/* ---- Revoking one ---- */

struct key_id {
	const char *id;
};

static const struct field key_id_fields[] = {
	FIELD(struct key_id, id, .from = FROM_PATH, .format = FORMAT_ID, .doc = "The key's id."),
	{ 0 },
};

static const struct schema key_id_schema = SCHEMA(struct key_id, key_id_fields, .name = "ApiKeyId");

struct key_revoking {
	struct request *request;
	const char *id;
};

static enum err run_revoking(struct db *tx, void *context)
{
	struct key_revoking *revoking = context;
	const char *user_id = revoking->request->principal->user_id;
	struct audit_entry entry =
		audit_entry_of(revoking->request, AUDIT_KEY_REVOKE, "key", revoking->id);
	int64_t changed = 0;
	enum err err = db_exec(tx, &revoke_key, ARGS(revoking->id, user_id, clock_now()), &changed);

	if (err == ERR_OK && changed == 0)
		return ERR_NOT_FOUND;
	if (err == ERR_OK)
		err = audit_append(revoking->request->app, tx, &entry);
	return err == ERR_OK ? rights_changed(tx, user_id, revoking->id) : err;
}

static enum err key_delete(struct request *request, const void *in, void *out)
{
	const struct key_id *input = in;
	struct key_revoking revoking = { request, input->id };
	enum err err = db_transaction(request->app->db, run_revoking, &revoking);

	(void)out;
	if (err == ERR_OK)
		rights_apply(request->app, request->principal->user_id, input->id);
	return err;
}

const struct route keys_routes[] = {
	{ "GET", "/api/v1/api-keys", .access = "keys:manage", .in = &key_list_schema,
	  .out = &api_key_page_schema, .handle = keys_list,
	  .doc = "One's API keys, the newest first." },
	{ "POST", "/api/v1/api-keys", .access = "keys:manage", .in = &key_new_schema,
	  .out = &key_made_schema, .status = 201, .handle = key_create,
	  .uncompressed = "The new key stands beside a name that was chosen.",
	  .doc = "Make one. It is shown this once." },
	{ "DELETE", "/api/v1/api-keys/{id}", .access = "keys:manage", .in = &key_id_schema,
	  .handle = key_delete, .doc = "Revoke one; it is refused from now on." },
	{ 0 },
};
