#include "users/users.h"

#include "app.h"
#include "audit/audit.h"
#include "auth/auth.h"
#include "db/page.h"
#include "http/request.h"
#include "middleware/authentication.h"
#include "users/role_gift.h"
#include "users/role_store.h"

#include <ctype.h>
#include <string.h>

/* ---- The list ---- */

struct user_list {
	int64_t limit;
	const char *cursor;
	const char *q;
};

static const struct field user_list_fields[] = {
	FIELD(struct user_list, limit, .from = FROM_QUERY, .preset = "20", .min = 1,
	      .max = PAGE_LIMIT_MAX, .doc = "How many at the most."),
	FIELD(struct user_list, cursor, .from = FROM_QUERY, .optional = true, .max = 32,
	      .format = FORMAT_TOKEN, .doc = "`next_cursor` of the page before."),
	FIELD(struct user_list, q, .from = FROM_QUERY, .preset = "", .max = 254,
	      .format = FORMAT_LINE,
	      .doc = "Those whose user names begin so; or, with an @, who has this e-mail address."),
	{ 0 },
};

static const struct schema user_list_schema =
	SCHEMA(struct user_list, user_list_fields, .name = "UserList");

PAGE_SCHEMA(user_page_schema, account_schema, "UserPage");

static enum err users_list(struct request *request, const void *in, void *out)
{
	const struct user_list *input = in;
	struct page *page = out;
	const struct account *last;
	char *prefix = arena_strdup(&request->arena, input->q);
	enum err err;

	if (strchr(input->q, '@'))
		return accounts_by_email(request->app, input->q, &request->arena, &page->items);
	for (char *c = prefix; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	err = account_page(request->app->db, prefix, input->cursor ? input->cursor : "",
			   input->limit + 1, &request->arena, &page->items);
	last = err == ERR_OK ? page_cut(page, &account_schema, input->limit) : NULL;
	if (last)
		page->next_cursor = last->username;
	return err;
}

/* ---- One ---- */

struct user_id {
	const char *id;
};

static const struct field user_id_fields[] = {
	FIELD(struct user_id, id, .from = FROM_PATH, .format = FORMAT_ID,
	      .doc = "The account's id."),
	{ 0 },
};

static const struct schema user_id_schema =
	SCHEMA(struct user_id, user_id_fields, .name = "UserId");

static enum err user_get(struct request *request, const void *in, void *out)
{
	const struct user_id *input = in;

	return account_by_id(request->app->db, input->id, &request->arena, out);
}

/* ---- Changing one ---- */

struct user_change {
	struct presence presence;
	const char *id;
	const char *role;
	bool disabled;
};

static const struct field user_change_fields[] = {
	FIELD(struct user_change, id, .from = FROM_PATH, .format = FORMAT_ID,
	      .doc = "The account's id."),
	FIELD(struct user_change, role, .optional = true, .min = 1, .max = ROLE_NAME_SIZE - 1,
	      .format = FORMAT_TOKEN, .doc = "The new role, of what you may do yourself."),
	FIELD(struct user_change, disabled, .optional = true,
	      .doc = "Whether it may not sign in; its sessions end."),
	{ 0 },
};

static const struct schema user_change_schema =
	SCHEMA(struct user_change, user_change_fields, .name = "UserPatch", .presence = true);

struct changing {
	struct request *request;
	const char *id;
	const struct user_change *change;
	struct account *account; /* the result */
};

/* Who manages an account must have every right that it has: else a manager could disable an administrator. */
static enum err read_manageable(struct db *tx, struct changing *changing)
{
	struct request *request = changing->request;
	uint64_t permissions = 0;
	enum err err = account_by_id(tx, changing->id, &request->arena, changing->account);

	if (err != ERR_OK)
		return err;
	err = role_permissions(tx, changing->account->role, &permissions);
	if (err != ERR_OK && err != ERR_NOT_FOUND)
		return err;
	if (permissions & ~request->principal->permissions)
		return request_fail(request, ERR_FORBIDDEN, "This account may do more than you.");
	return ERR_OK;
}

static enum err spare_last(struct db *tx, struct changing *changing)
{
	enum err err = account_spare(tx, changing->account);

	if (err == ERR_CONFLICT)
		return request_fail(
			changing->request, err,
			"This is the only administrator. Make somebody else one first.");
	return err;
}

static enum err append(struct db *tx, struct changing *changing, enum audit_action action,
		       const char *detail)
{
	struct audit_entry entry =
		audit_entry_of(changing->request, action, "account", changing->id);

	entry.detail = detail;
	return audit_append(changing->request->app, tx, &entry);
}

static enum err change_role(struct db *tx, struct changing *changing, const char *role)
{
	enum err err = role_check_gift(changing->request, tx, role);

	if (err == ERR_OK && strcmp(role, ROLE_ADMINISTRATOR) != 0)
		err = spare_last(tx, changing);
	if (err == ERR_OK)
		err = account_set_role(tx, changing->id, role);
	return err == ERR_OK ? append(tx, changing, AUDIT_ROLE_ASSIGN, role) : err;
}

static enum err change_disabled(struct db *tx, struct changing *changing, bool disabled)
{
	struct timestamp at = disabled ? clock_now() : (struct timestamp){ 0 };
	enum err err = disabled ? spare_last(tx, changing) : ERR_OK;

	if (disabled == (changing->account->disabled_at.ms != 0))
		return ERR_OK; /* so it is already */
	if (err == ERR_OK)
		err = account_set_disabled(tx, changing->id, at);
	return err == ERR_OK ? append(tx, changing,
				      disabled ? AUDIT_ACCOUNT_DISABLE : AUDIT_ACCOUNT_ENABLE, NULL)
			     : err;
}

static enum err run_change(struct db *tx, void *context)
{
	struct changing *changing = context;
	const struct user_change *change = changing->change;
	enum err err = read_manageable(tx, changing);

	if (err == ERR_OK && change->role)
		err = change_role(tx, changing, change->role);
	if (err == ERR_OK && schema_given(&user_change_schema, change, "disabled"))
		err = change_disabled(tx, changing, change->disabled);
	return err == ERR_OK ? account_by_id(tx, changing->id, &changing->request->arena,
					     changing->account)
			     : err;
}

/* An API key may shut somebody out, and let nobody in nor give rights: that would outlive it. */
static bool is_gift(const struct user_change *change)
{
	return change->role ||
	       (schema_given(&user_change_schema, change, "disabled") && !change->disabled);
}

static enum err user_patch(struct request *request, const void *in, void *out)
{
	const struct user_change *input = in;
	struct changing changing = { request, input->id, input, out };
	enum err err = is_gift(input) ? authentication_require_person(request) : ERR_OK;

	if (err == ERR_OK)
		err = db_transaction(request->app->db, run_change, &changing);
	if (err == ERR_OK)
		rights_apply(request->app, input->id, NULL);
	return err;
}

/* ---- Ending its sessions, deleting it ---- */

static enum err run_end_sessions(struct db *tx, void *context)
{
	struct changing *changing = context;
	enum err err = read_manageable(tx, changing);

	if (err == ERR_OK)
		err = account_end_sessions(tx, changing->id);
	return err == ERR_OK ? append(tx, changing, AUDIT_SESSION_REVOKE, "all") : err;
}

static enum err run_deletion(struct db *tx, void *context)
{
	struct changing *changing = context;
	enum err err = read_manageable(tx, changing);

	if (err == ERR_OK)
		err = spare_last(tx, changing);
	if (err == ERR_OK)
		err = account_erase(tx, changing->id);
	return err == ERR_OK ? append(tx, changing, AUDIT_ACCOUNT_DELETE, NULL) : err;
}

static enum err run_on(struct request *request, const char *id, transaction run)
{
	struct account account;
	struct changing changing = { request, id, NULL, &account };
	enum err err = db_transaction(request->app->db, run, &changing);

	if (err == ERR_OK)
		rights_apply(request->app, id, NULL);
	return err;
}

static enum err user_end_sessions(struct request *request, const void *in, void *out)
{
	const struct user_id *input = in;

	(void)out;
	return run_on(request, input->id, run_end_sessions);
}

static enum err user_delete(struct request *request, const void *in, void *out)
{
	const struct user_id *input = in;
	enum err err = run_on(request, input->id, run_deletion);

	(void)out;
	if (err == ERR_OK)
		erasure_hurry(request->app);
	return err;
}

const struct route users_routes[] = {
	{ "GET", "/api/v1/users", .access = "users:manage", .cache = { CACHE_ROLE, 60, "users" },
	  .in = &user_list_schema, .out = &user_page_schema, .handle = users_list,
	  .doc = "The accounts, by name." },
	{ "GET", "/api/v1/users/{id}", .access = "users:manage",
	  .cache = { CACHE_ROLE, 60, "users" }, .in = &user_id_schema, .out = &account_schema,
	  .handle = user_get, .doc = "One account." },
	{ "PATCH", "/api/v1/users/{id}", .access = "users:manage", .raises = "account:{id} users",
	  .in = &user_change_schema, .out = &account_schema, .handle = user_patch,
	  .doc = "Change its role, or whether it may sign in. An API key may disable it, no more." },
	{ "POST", "/api/v1/users/{id}/end-sessions", .access = "users:manage",
	  .in = &user_id_schema, .handle = user_end_sessions, .doc = "Sign it out everywhere." },
	{ "DELETE", "/api/v1/users/{id}", .access = "users:manage",
	  .raises = "account:{id} users chat:{id}", .in = &user_id_schema, .handle = user_delete,
	  .doc = "Delete it with all its data, at once and for good." },
	{ 0 },
};
