#include "auth/accounts.h"

#include "app.h"
#include "audit/audit.h"
#include "auth/auth.h"
#include "auth/auth_store.h"
#include "base/utf8.h"
#include "search/search.h"
#include "security/encryption.h"

#include <ctype.h>
#include <string.h>

char *lower_case(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);

	for (char *c = copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

struct blob email_hash(struct app *app, const char *email, struct arena *arena)
{
	uint8_t *hash = arena_alloc(arena, LOOKUP_SIZE);

	lookup_hash(app->keyring, "account.email", lower_case(arena, email), hash);
	return (struct blob){ hash, LOOKUP_SIZE };
}

enum err accounts_by_email(struct app *app, const char *email, struct arena *arena,
			   struct array *ret_accounts)
{
	return accounts_by_email_hash(app->db, email_hash(app, email, arena), arena, ret_accounts);
}

enum err account_make(struct app *app, const struct account_input *input, const char *role,
		      struct arena *arena, struct account *ret_account)
{
	char *hash = arena_alloc(arena, PASSWORD_HASH_SIZE);
	char *id = arena_alloc(arena, ID_SIZE);
	enum err err = password_hash(input->password, hash);

	id_make(id);
	*ret_account = (struct account){ .id = id,
					 .username = lower_case(arena, input->username),
					 .email = input->email,
					 .email_hash = email_hash(app, input->email, arena),
					 .password_hash = hash,
					 .role = role,
					 .created_at = clock_now() };
	return err;
}

enum err password_compare(struct arena *arena, const char *typed, const char *hash)
{
	const char *normal = utf8_normalize(arena, typed);
	enum err err = normal ? password_verify(normal, hash, NULL) : ERR_UNAUTHENTICATED;

	if (err != ERR_UNAUTHENTICATED || (normal && strcmp(normal, typed) == 0))
		return err;
	return password_verify(typed, hash, NULL);
}

/* ---- The command ---- */

struct creation {
	struct app *app;
	const struct account *account;
	const char *taken;
};

static enum err run_creation(struct db *tx, void *context)
{
	struct creation *creation = context;
	struct audit_entry entry = { .action = AUDIT_REGISTER,
				     .object_kind = "account",
				     .object_id = creation->account->id,
				     .username = creation->account->username,
				     .detail = "by command" };
	enum err err = account_insert(tx, creation->account, &creation->taken);

	if (err == ERR_OK)
		err = audit_append(creation->app, tx, &entry);
	return err == ERR_OK ? accounts_changed(tx) : err;
}

enum err account_create(struct app *app, const char *username, const char *email,
			const char *password, const char *role, struct arena *arena,
			const char **ret_reason)
{
	struct account_input input = { username, utf8_normalize(arena, email),
				       utf8_normalize(arena, password) };
	struct account account;
	struct creation creation = { app, &account, NULL };
	enum err err;

	if (!format_check(FORMAT_USERNAME, username, ret_reason) ||
	    !format_check(FORMAT_EMAIL, email, ret_reason))
		return ERR_INVALID;
	*ret_reason = "the e-mail address or the password is not UTF-8";
	if (!input.email || !input.password)
		return ERR_INVALID;
	*ret_reason = password_refusal(input.password, username, input.email);
	if (*ret_reason)
		return ERR_INVALID;
	err = account_make(app, &input, role, arena, &account);
	if (err == ERR_OK)
		err = db_transaction(app->db, run_creation, &creation);
	*ret_reason = err == ERR_CONFLICT ? arena_printf(arena, "this %s is taken", creation.taken)
					  : err_title(err);
	return err;
}

/* ---- For those who manage accounts ---- */

enum err account_set_role(struct db *tx, const char *id, const char *role)
{
	struct account_patch patch = { .id = id, .role = role };
	enum err err;

	account_patch_give(&patch, "role");
	err = account_update(tx, &patch);
	return err == ERR_OK ? rights_changed(tx, id, NULL) : err;
}

enum err account_end_sessions(struct db *tx, const char *id)
{
	enum err err = session_revoke_all(tx, id, NULL, clock_now());

	return err == ERR_OK ? rights_changed(tx, id, NULL) : err;
}

enum err account_set_disabled(struct db *tx, const char *id, struct timestamp disabled_at)
{
	struct account_patch patch = { .id = id, .disabled_at = disabled_at };
	enum err err;

	account_patch_give(&patch, "disabled_at");
	err = account_update(tx, &patch);
	return err == ERR_OK ? account_end_sessions(tx, id) : err;
}

enum err account_erase(struct db *tx, const char *id)
{
	enum err err = audit_erase(tx, id);

	if (err == ERR_OK)
		err = account_hide(tx, id, clock_now());
	if (err == ERR_OK)
		err = search_forget_all(tx, id);
	return err == ERR_OK ? rights_changed(tx, id, NULL) : err;
}
