/* One's own account: profile, password, deletion, export; and one's sessions. */
#include "auth/auth.h"

#include "app.h"
#include "audit/audit.h"
#include "auth/accounts.h"
#include "auth/sign_in.h"
#include "auth/tokens.h"
#include "base/utf8.h"
#include "db/page.h"
#include "export/export.h"
#include "middleware/known_device.h"
#include "routes.h"

#include <string.h>

static enum err me(struct request *request, const void *in, void *out)
{
	(void)in;
	return account_by_id(request->app->db, request->principal->user_id, &request->arena, out);
}

/* Who holds a token may try passwords here as well as at the sign-in: the log tells of both. */
static enum err refuse_password(struct request *request, enum audit_action action,
				const char *field)
{
	struct audit_entry entry =
		audit_entry_of(request, action, "account", request->principal->user_id);
	enum err err;

	entry.outcome = AUDIT_REFUSED;
	err = audit_write(request->app, &entry);
	return err == ERR_OK ? request_invalid(request, field, "is not your password") : err;
}

/* The password of the one who asks: what cannot be undone is not done for a token alone. */
static enum err check_password(struct request *request, enum audit_action action, const char *field,
			       const char *password, struct account *ret_account)
{
	enum err err = me(request, NULL, ret_account);
	const char *place;

	if (err == ERR_OK)
		err = sign_in_admit_again(request, ret_account, &place);
	if (err == ERR_OK)
		err = password_compare(&request->arena, password, ret_account->password_hash);
	if (err == ERR_OK)
		sign_in_succeeded(request, ret_account->username, place);
	return err == ERR_UNAUTHENTICATED ? refuse_password(request, action, field) : err;
}

/* ---- Profile ---- */

struct profile_change {
	struct presence presence;
	const char *email;
	const char *full_name;
	const char *password;
};

static const struct field profile_change_fields[] = {
	FIELD(struct profile_change, email, .optional = true, .min = 3, .max = 254,
	      .format = FORMAT_EMAIL, .doc = "The new e-mail address; needs the password."),
	FIELD(struct profile_change, full_name, .optional = true, .nullable = true, .max = 200,
	      .format = FORMAT_LINE, .doc = "How you are called."),
	FIELD(struct profile_change, password, .optional = true, .max = PASSWORD_TYPED_MAX,
	      .doc = "Your password, where it is needed."),
	{ 0 },
};

static const struct schema profile_change_schema = SCHEMA(
	struct profile_change, profile_change_fields, .name = "ProfilePatch", .presence = true);

struct profile_changing {
	struct request *request;
	const struct account *checked; /* whose password was given, or NULL */
	struct account_patch patch;
	struct account *result;
};

static enum err run_profile_change(struct db *tx, void *context)
{
	struct profile_changing *changing = context;
	struct request *request = changing->request;
	struct audit_entry entry = audit_entry_of(request, AUDIT_ACCOUNT_CHANGE, "account",
						  request->principal->user_id);
	enum err err = changing->checked ? account_confirm(tx, changing->checked) : ERR_OK;

	if (err == ERR_OK)
		err = account_update(tx, &changing->patch);
	if (err == ERR_OK)
		err = audit_append(request->app, tx, &entry);
	return err == ERR_OK ? account_by_id(tx, request->principal->user_id, &request->arena,
					     changing->result)
			     : err;
}

static enum err profile_patch(struct request *request, const void *in, void *out)
{
	const struct profile_change *input = in;
	struct profile_changing changing = { .request = request, .result = out };
	struct account_patch *patch = &changing.patch;
	struct account account;
	enum err err = ERR_OK;

	if (input->email && !input->password)
		return request_invalid(request, "password",
				       "is needed to change the e-mail address");
	if (input->email)
		err = check_password(request, AUDIT_ACCOUNT_CHANGE, "password", input->password,
				     &account);
	if (err != ERR_OK)
		return err;
	patch->id = request->principal->user_id;
	patch->full_name = input->full_name;
	if (schema_given(&profile_change_schema, input, "full_name"))
		account_patch_give(patch, "full_name");
	if (input->email) {
		changing.checked = &account;
		patch->email = input->email;
		patch->email_hash = email_hash(request->app, input->email, &request->arena);
		account_patch_give(patch, "email");
		account_patch_give(patch, "email_hash");
	}
	err = db_transaction(request->app->db, run_profile_change, &changing);
	return err == ERR_CONFLICT ? request_fail(request, err, "This e-mail address is taken.")
				   : err;
}

/* ---- Password ---- */

struct password_change {
	const char *current_password;
	const char *new_password;
};

static const struct field password_change_fields[] = {
	FIELD(struct password_change, current_password, .min = 1, .max = PASSWORD_TYPED_MAX,
	      .doc = "The one of now."),
	FIELD(struct password_change, new_password, .min = PASSWORD_MIN, .max = PASSWORD_MAX,
	      .format = FORMAT_LINE, .doc = "A long one; a few words will do."),
	{ 0 },
};

static const struct schema password_change_schema =
	SCHEMA(struct password_change, password_change_fields, .name = "PasswordChange");

struct password_changing {
	struct request *request;
	const struct account *checked;
	struct account_patch patch;
};

/* The session that asks stays; all others end. */
static enum err run_password_change(struct db *tx, void *context)
{
	struct password_changing *changing = context;
	struct request *request = changing->request;
	const struct principal *principal = request->principal;
	struct audit_entry entry =
		audit_entry_of(request, AUDIT_PASSWORD_CHANGE, "account", principal->user_id);
	enum err err = account_confirm(tx, changing->checked);

	if (err == ERR_OK)
		err = account_update(tx, &changing->patch);
	if (err == ERR_OK)
		err = session_revoke_all(tx, principal->user_id, principal->session_id,
					 clock_now());
	if (err == ERR_OK)
		err = rights_changed(tx, principal->user_id, NULL);
	return err == ERR_OK ? audit_append(request->app, tx, &entry) : err;
}

static enum err password_post(struct request *request, const void *in, void *out)
{
	const struct password_change *input = in;
	struct account account;
	struct password_changing changing = { .request = request, .checked = &account };
	char *hash = arena_alloc(&request->arena, PASSWORD_HASH_SIZE);
	const char *refusal, *current;
	enum err err = check_password(request, AUDIT_PASSWORD_CHANGE, "current_password",
				      input->current_password, &account);

	(void)out;
	if (err != ERR_OK)
		return err;
	current = utf8_normalize(&request->arena, input->current_password);
	if (current && strcmp(input->new_password, current) == 0)
		return request_invalid(request, "new_password", "is the one that you have");
	refusal = password_refusal(input->new_password, account.username, account.email);
	if (refusal)
		return request_invalid(request, "new_password", "%s", refusal);
	err = password_hash(input->new_password, hash);
	if (err != ERR_OK)
		return err;
	changing.patch = (struct account_patch){ .id = account.id, .password_hash = hash };
	account_patch_give(&changing.patch, "password_hash");
	err = db_transaction(request->app->db, run_password_change, &changing);
	if (err == ERR_OK)
		rights_apply(request->app, account.id, NULL);
	return err;
}

/* ---- Deletion ---- */

struct account_deletion {
	const char *password;
};

static const struct field account_deletion_fields[] = {
	FIELD(struct account_deletion, password, .min = 1, .max = PASSWORD_TYPED_MAX,
	      .doc = "Your password."),
	{ 0 },
};

static const struct schema account_deletion_schema =
	SCHEMA(struct account_deletion, account_deletion_fields, .name = "AccountDeletion");

struct deleting {
	struct request *request;
	const struct account *checked;
};

static enum err run_deletion(struct db *tx, void *context)
{
	struct deleting *deleting = context;
	struct request *request = deleting->request;
	struct audit_entry entry =
		audit_entry_of(request, AUDIT_ACCOUNT_DELETE, "account", deleting->checked->id);
	struct account account = { 0 };
	enum err err = account_confirm(tx, deleting->checked);

	if (err == ERR_OK)
		err = account_by_id(tx, deleting->checked->id, &request->arena, &account);
	if (err == ERR_OK)
		err = account_spare(tx, &account);
	entry.address = NULL;
	if (err == ERR_OK)
		err = account_erase(tx, account.id);
	return err == ERR_OK ? audit_append(request->app, tx, &entry) : err;
}

static enum err me_delete(struct request *request, const void *in, void *out)
{
	const struct account_deletion *input = in;
	struct account account;
	struct deleting deleting = { request, &account };
	enum err err = check_password(request, AUDIT_ACCOUNT_DELETE, "password", input->password,
				      &account);

	(void)out;
	if (err == ERR_OK)
		err = db_transaction(request->app->db, run_deletion, &deleting);
	if (err == ERR_CONFLICT)
		return request_fail(
			request, err,
			"You are the only administrator. Make somebody else one first.");
	if (err != ERR_OK)
		return err;
	rights_apply(request->app, account.id, NULL);
	erasure_hurry(request->app);
	refresh_cookie_clear(request);
	known_device_clear(request);
	return ERR_OK;
}

/* ---- Export ---- */

static enum err next_account(struct export *export, struct arena *arena, bool *ret_end)
{
	struct account account;
	enum err err = account_by_id(export->app->db, export->principal.user_id, arena, &account);

	*ret_end = true;
	if (err == ERR_OK)
		export_record(export, &account_schema, &account);
	return err;
}

const struct export_part account_export = { .name = "account", .next = next_account };

static enum err next_sessions(struct export *export, struct arena *arena, bool *ret_end)
{
	char *after = export->state;
	struct array found = { 0 };
	struct session *sessions;
	enum err err = session_all(export->app->db, export->principal.user_id, after, EXPORT_ROWS,
				   arena, &found);

	*ret_end = found.count < EXPORT_ROWS;
	if (err != ERR_OK || found.count == 0)
		return err;
	sessions = found.items;
	for (size_t i = 0; i < found.count; i++)
		sessions[i].current = strcmp(sessions[i].id, export->principal.session_id) == 0;
	export_records(export, &session_schema, &found);
	memcpy(after, sessions[found.count - 1].id, ID_SIZE);
	return ERR_OK;
}

const struct export_part sessions_export = {
	.name = "sessions", .list = true, .state_size = ID_SIZE, .next = next_sessions
};

static enum err me_export(struct request *request, const void *in, void *out)
{
	struct audit_entry entry = audit_entry_of(request, AUDIT_ACCOUNT_EXPORT, "account",
						  request->principal->user_id);
	enum err err = audit_write(request->app, &entry);

	(void)in;
	(void)out;
	if (err == ERR_OK)
		export_reply(request, export_parts);
	return err;
}

const struct route account_routes[] = {
	{ "GET", "/api/v1/auth/me", .access = ACCESS_SIGNED_IN,
	  .cache = { CACHE_USER, 300, "account:{user} roles" }, .out = &account_schema,
	  .handle = me, .doc = "Who is signed in." },
	{ "PATCH", "/api/v1/auth/me", .access = "account:write", .rate = RATE_EXPENSIVE,
	  .raises = "account:{user} users", .in = &profile_change_schema, .out = &account_schema,
	  .handle = profile_patch, .doc = "Change one's name or address." },
	{ "DELETE", "/api/v1/auth/me", .access = ACCESS_SESSION, .rate = RATE_EXPENSIVE,
	  .raises = "account:{user} users chat:{user}", .in = &account_deletion_schema,
	  .handle = me_delete,
	  .doc = "Delete one's account with all its data, at once and for good." },
	{ "POST", "/api/v1/auth/password", .access = ACCESS_SESSION, .rate = RATE_EXPENSIVE,
	  .in = &password_change_schema, .handle = password_post,
	  .doc = "Change one's password; all other sessions end." },
	{ "GET", "/api/v1/auth/export", .access = ACCESS_SESSION, .rate = RATE_EXPENSIVE,
	  .media = "application/json", .handle = me_export, .doc = "All one's data as a file." },
	{ 0 },
};

/* ---- Sessions ---- */

struct session_list {
	int64_t limit;
	const char *cursor;
};

static const struct field session_list_fields[] = {
	FIELD(struct session_list, limit, .from = FROM_QUERY, .preset = "20", .min = 1,
	      .max = PAGE_LIMIT_MAX, .doc = "How many at the most."),
	FIELD(struct session_list, cursor, .from = FROM_QUERY, .optional = true, .max = CURSOR_MAX,
	      .format = FORMAT_TOKEN, .doc = "`next_cursor` of the page before."),
	{ 0 },
};

static const struct schema session_list_schema =
	SCHEMA(struct session_list, session_list_fields, .name = "SessionList");

PAGE_SCHEMA(session_page_schema, session_schema, "SessionPage");

static enum err sessions_list(struct request *request, const void *in, void *out)
{
	const struct session_list *input = in;
	const struct principal *principal = request->principal;
	struct place place = { { INT64_MAX }, "" };
	struct page *page = out;
	const struct session *last;
	struct session *sessions;
	enum err err;

	if (input->cursor && place_decode(input->cursor, &request->arena, &place) != ERR_OK)
		return request_invalid(request, "cursor", "is not one that this list gave");
	err = session_page(request->app->db, principal->user_id, clock_now(), place.time, place.id,
			   input->limit + 1, &request->arena, &page->items);
	if (err != ERR_OK)
		return err;
	sessions = page->items.items;
	last = page_cut(page, &session_schema, input->limit);
	if (last)
		page->next_cursor = place_encode((struct place){ last->last_used_at, last->id },
						 &request->arena);
	for (size_t i = 0; i < page->items.count; i++)
		sessions[i].current = strcmp(sessions[i].id, principal->session_id) == 0;
	return ERR_OK;
}

struct session_id {
	const char *id;
};

static const struct field session_id_fields[] = {
	FIELD(struct session_id, id, .from = FROM_PATH, .format = FORMAT_ID,
	      .doc = "The session's id."),
	{ 0 },
};

static const struct schema session_id_schema =
	SCHEMA(struct session_id, session_id_fields, .name = "SessionId");

struct revoking {
	struct request *request;
	const char *id;
};

static enum err run_revocation(struct db *tx, void *context)
{
	struct revoking *revoking = context;
	const struct principal *principal = revoking->request->principal;
	struct audit_entry entry =
		audit_entry_of(revoking->request, AUDIT_SESSION_REVOKE, "session", revoking->id);
	enum err err = session_revoke(tx, revoking->id, principal->user_id, clock_now());

	if (err == ERR_OK)
		err = audit_append(revoking->request->app, tx, &entry);
	return err == ERR_OK ? rights_changed(tx, principal->user_id, revoking->id) : err;
}

static enum err session_delete(struct request *request, const void *in, void *out)
{
	const struct session_id *input = in;
	struct revoking revoking = { request, input->id };
	enum err err = db_transaction(request->app->db, run_revocation, &revoking);

	(void)out;
	if (err == ERR_OK)
		rights_apply(request->app, request->principal->user_id, input->id);
	return err;
}

const struct route session_routes[] = {
	{ "GET", "/api/v1/sessions", .access = "account:read", .in = &session_list_schema,
	  .out = &session_page_schema, .handle = sessions_list,
	  .doc = "One's sign-ins, the one used last first." },
	{ "DELETE", "/api/v1/sessions/{id}", .access = "account:write", .in = &session_id_schema,
	  .handle = session_delete, .doc = "End one of them, wherever it is." },
	{ 0 },
};
