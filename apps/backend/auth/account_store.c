#include "auth/auth_store.h"

#include <stdio.h>
#include <string.h>

static const struct field account_fields[] = {
	FIELD(struct account, id, .format = FORMAT_ID, .doc = "The account's id."),
	FIELD(struct account, username, .doc = "The name to sign in with, in lower case."),
	FIELD(struct account, email, .private = "account.email", .doc = "The e-mail address."),
	FIELD(struct account, email_hash, .stored = true, .doc = "Keyed hash of the address."),
	FIELD(struct account, password_hash, .stored = true, .doc = "Argon2id."),
	FIELD(struct account, full_name, .nullable = true, .private = "account.full_name",
	      .doc = "How the person is called."),
	FIELD(struct account, role, .doc = "What the account may do, as GET /roles names it."),
	FIELD(struct account, created_at, .doc = "When it was made."),
	FIELD(struct account, disabled_at, .nullable = true,
	      .doc = "Since when it may not sign in."),
	{ 0 },
};

const struct schema account_schema =
	SCHEMA(struct account, account_fields, .name = "User", .table = "account", .key = { "id" },
	       .doc = "Somebody who can sign in.");

static const struct field account_patch_fields[] = {
	FIELD(struct account_patch, id, .doc = "Which one."),
	FIELD(struct account_patch, email, .private = "account.email", .doc = "The new address."),
	FIELD(struct account_patch, email_hash, .stored = true, .doc = "Its hash."),
	FIELD(struct account_patch, password_hash, .stored = true, .doc = "The new one."),
	FIELD(struct account_patch, full_name, .nullable = true, .private = "account.full_name",
	      .doc = "The new name."),
	FIELD(struct account_patch, role, .doc = "The new role."),
	FIELD(struct account_patch, disabled_at, .nullable = true, .doc = "Since when, or null."),
	FIELD(struct account_patch, username, .doc = "The new name."),
	FIELD(struct account_patch, deleted_at, .nullable = true, .doc = "When it was deleted."),
	{ 0 },
};

static const struct schema account_patch_schema =
	SCHEMA(struct account_patch, account_patch_fields, .name = "StoredAccountPatch",
	       .presence = true, .table = "account", .key = { "id" });

struct number {
	int64_t value;
};

static const struct field number_fields[] = {
	FIELD(struct number, value, .doc = "A count."),
	{ 0 },
};

static const struct schema number_schema = SCHEMA(struct number, number_fields, .name = "Number");

struct hidden {
	const char *id;
};

static const struct field hidden_fields[] = {
	FIELD(struct hidden, id, .doc = "Which account."),
	{ 0 },
};

static const struct schema hidden_schema =
	SCHEMA(struct hidden, hidden_fields, .name = "HiddenAccount");

/* At most one is looked at. */
static const struct statement count_accounts = {
	"SELECT count(*) AS value FROM (SELECT id FROM account LIMIT 1) AS one", &number_schema
};
static const struct statement count_username = {
	"SELECT count(*) AS value FROM account WHERE username = $1", &number_schema
};
static const struct statement count_other_administrators = {
	"SELECT count(*) AS value FROM account WHERE role = '" ROLE_ADMINISTRATOR
	"' AND disabled_at IS NULL AND id <> $1",
	&number_schema
};
static const struct statement select_account = {
	"SELECT {columns} FROM account WHERE id = $1 AND deleted_at IS NULL", &account_schema
};
static const struct statement select_account_by_email = {
	"SELECT {columns} FROM account WHERE email_hash = $1 AND deleted_at IS NULL",
	&account_schema
};
static const struct statement select_account_by_username = {
	"SELECT {columns} FROM account WHERE username = $1 AND deleted_at IS NULL", &account_schema
};
static const struct statement select_account_page = {
	"SELECT {columns} FROM account WHERE username >= $1 AND username < $2 AND username <> $3 "
	"AND deleted_at IS NULL ORDER BY username LIMIT $4",
	&account_schema
};
static const struct statement select_hidden = {
	"SELECT id FROM account WHERE deleted_at < $1 ORDER BY deleted_at LIMIT 1", &hidden_schema
};
static const struct statement delete_account = { "DELETE FROM account WHERE id = $1", NULL };

const struct statement *const account_statements[] = {
	&count_accounts,
	&count_username,
	&count_other_administrators,
	&select_account,
	&select_account_by_username,
	&select_account_by_email,
	&select_account_page,
	&select_hidden,
	&delete_account,
	NULL,
};

enum err account_any(struct db *db, bool *ret_any)
{
	struct number number;
	enum err err = db_one(db, &count_accounts, ARGS_NONE, NULL, &number);

	if (err == ERR_OK)
		*ret_any = number.value > 0;
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

enum err accounts_by_email_hash(struct db *db, struct blob hash, struct arena *arena,
				struct array *ret_accounts)
{
	return db_all(db, &select_account_by_email, ARGS(hash), arena, ret_accounts);
}

/*
 * Names are ASCII: behind every name that begins with a prefix comes the prefix and the last character of all. One lower
 * bound, since of two SQLite may take the one that is further away.
 */
enum err account_page(struct db *db, const char *prefix, const char *after, int64_t limit,
		      struct arena *arena, struct array *ret_accounts)
{
	const char *start = strcmp(after, prefix) > 0 ? after : prefix;
	const char *end = arena_printf(arena, "%s\x7f", prefix);

	return db_all(db, &select_account_page, ARGS(start, end, after, limit), arena,
		      ret_accounts);
}

void account_patch_give(struct account_patch *patch, const char *name)
{
	const struct field *field = schema_field(&account_patch_schema, name);

	patch->presence.set |= UINT64_C(1) << (field - account_patch_fields);
}

enum err account_update(struct db *db, const struct account_patch *patch)
{
	return db_update(db, &account_patch_schema, patch);
}

/* The name is none that can be given; a role that nobody has can be deleted. */
enum err account_hide(struct db *tx, const char *id, struct timestamp now)
{
	static const char *const given[] = { "username",    "email",     "email_hash",
					     "role",        "full_name", "password_hash",
					     "disabled_at", "deleted_at" };
	char name[ID_SIZE + 1];
	struct account_patch patch = { .id = id,
				       .username = name,
				       .email = "",
				       .email_hash = { id, strlen(id) },
				       .password_hash = "",
				       .role = "",
				       .disabled_at = now,
				       .deleted_at = now };

	snprintf(name, sizeof(name), "~%s", id);
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		account_patch_give(&patch, given[i]);
	return account_update(tx, &patch);
}

enum err account_hidden(struct db *db, struct timestamp before, struct arena *arena,
			const char **ret_id)
{
	struct hidden hidden;
	enum err err = db_one(db, &select_hidden, ARGS(before), arena, &hidden);

	if (err == ERR_OK)
		*ret_id = hidden.id;
	return err;
}

enum err account_delete(struct db *db, const char *id)
{
	return db_exec(db, &delete_account, ARGS(id), NULL);
}

enum err account_insert(struct db *tx, const struct account *account, const char **ret_taken)
{
	struct number number;
	enum err err = db_one(tx, &count_username, ARGS(account->username), NULL, &number);

	if (err != ERR_OK)
		return err;
	*ret_taken = number.value > 0 ? "username" : "email";
	return number.value > 0 ? ERR_CONFLICT : db_insert(tx, &account_schema, account);
}

enum err account_confirm(struct db *tx, const struct account *checked)
{
	struct account account;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = account_by_id(tx, checked->id, &arena, &account);
	if (err == ERR_NOT_FOUND ||
	    (err == ERR_OK && (account.disabled_at.ms ||
			       strcmp(account.password_hash, checked->password_hash) != 0)))
		err = ERR_UNAUTHENTICATED;
	arena_finish(&arena);
	return err;
}

enum err account_spare(struct db *tx, const struct account *account)
{
	struct number others;
	enum err err;

	if (strcmp(account->role, ROLE_ADMINISTRATOR) != 0 || account->disabled_at.ms)
		return ERR_OK;
	err = db_one(tx, &count_other_administrators, ARGS(account->id), NULL, &others);
	return err == ERR_OK && others.value == 0 ? ERR_CONFLICT : err;
}
