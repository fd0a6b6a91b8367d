#include "keys/keys.h"

#include "app.h"
#include "audit/audit.h"
#include "auth/auth.h"
#include "db/page.h"
#include "export/export.h"
#include "keys/keys_store.h"
#include "middleware/authentication.h"

#include <string.h>

enum {
	PREFIX_LENGTH = 10, /* shown, to tell keys by */
	DAY_MS = 24 * 60 * 60 * 1000,
	KEYS_MAX = 100, /* of one account */
};

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

PAGE_SCHEMA(api_key_page_schema, api_key_schema, "ApiKeyPage");

static enum err keys_list(struct request *request, const void *in, void *out)
{
	const struct key_list *input = in;
	struct place place = { { INT64_MAX }, "" };
	struct page *page = out;
	const struct api_key *last;
	enum err err;

	if (input->cursor && place_decode(input->cursor, &request->arena, &place) != ERR_OK)
		return request_invalid(request, "cursor", "is not one that this list gave");
	err = key_page(request->app->db, request->principal->user_id, place.time, place.id,
		       input->limit + 1, &request->arena, &page->items);
	last = err == ERR_OK ? page_cut(page, &api_key_schema, input->limit) : NULL;
	if (last)
		page->next_cursor =
			place_encode((struct place){ last->created_at, last->id }, &request->arena);
	return err;
}

/* ---- All of them, for the file of one's data ---- */

/* Those that were revoked are among them. */
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

struct key_place {
	struct timestamp created_at;
	char id[ID_SIZE];
};

static enum err next_keys(struct export *export, struct arena *arena, bool *ret_end)
{
	struct key_place *after = export->state;
	struct array found = { 0 };
	const struct api_key *last;
	enum err err = key_all(export->app->db, export->principal.user_id, after->created_at,
			       after->id, EXPORT_ROWS, arena, &found);

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
	int64_t count = 0;
	enum err err = key_count(tx, making->key->account_id, &count);

	if (err == ERR_OK && count >= KEYS_MAX)
		return request_fail(request, ERR_CONFLICT, "You have %d keys. Revoke one first.",
				    KEYS_MAX);
	if (err == ERR_OK)
		err = key_insert(tx, making->key);
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
	enum err err = key_revoke(tx, user_id, revoking->id, clock_now());

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
	{ "POST", "/api/v1/api-keys", .access = "keys:manage", .person = true,
	  .in = &key_new_schema, .out = &key_made_schema, .status = 201, .handle = key_create,
	  .uncompressed = "The new key stands beside a name that was chosen.",
	  .doc = "Make one. It is shown this once." },
	{ "DELETE", "/api/v1/api-keys/{id}", .access = "keys:manage", .in = &key_id_schema,
	  .handle = key_delete, .doc = "Revoke one; it is refused from now on." },
	{ 0 },
};
