#include "users/invitation_store.h"

#include "auth/auth.h"
#include "users/role_store.h"
#include "users/users.h"

#define INVITATION_FIELDS(type)                                                                    \
	FIELD(type, id, .format = FORMAT_ID, .doc = "The invitation's id."),                       \
		FIELD(type, token_hash, .stored = true, .doc = "Keyed, of the token."),            \
		FIELD(type, email, .nullable = true, .private = "invitation.email",                \
		      .doc = "For whom."),                                                         \
		FIELD(type, role, .doc = "The role it gives."),                                    \
		FIELD(type, created_by, .doc = "Who invited."),                                    \
		FIELD(type, created_at, .doc = "When."),                                           \
		FIELD(type, expires_at, .doc = "When it ends."),                                   \
		FIELD(type, used_at, .stored = true, .nullable = true, .doc = "When it was used.")

static const struct field invitation_fields[] = { INVITATION_FIELDS(struct invitation), { 0 } };

const struct schema invitation_schema =
	SCHEMA(struct invitation, invitation_fields, .name = "Invitation", .table = "invitation",
	       .key = { "id" }, .doc = "An invitation that was not used yet.");

static const struct field invitation_made_fields[] = {
	INVITATION_FIELDS(struct invitation_made),
	FIELD(struct invitation_made, token, .shown = true, .credential = true,
	      .doc = "For the link `/register?invitation=…`. It is shown this once."),
	{ 0 },
};

const struct schema invitation_made_schema =
	SCHEMA(struct invitation_made, invitation_made_fields, .name = "InvitationMade",
	       .table = "invitation", .key = { "id" });

static const struct statement select_by_token = {
	"SELECT {columns} FROM invitation WHERE token_hash = $1 AND used_at IS NULL AND expires_at "
	"> $2",
	&invitation_schema
};
static const struct statement use = { "UPDATE invitation SET used_at = $2 WHERE token_hash = $1 "
				      "AND used_at IS NULL AND expires_at > $2",
				      NULL };
static const struct statement select_page = {
	"SELECT {columns} FROM invitation WHERE used_at IS NULL AND expires_at > $1 AND "
	"(created_at, id) < ($2, $3) "
	"ORDER BY created_at DESC, id DESC LIMIT $4",
	&invitation_schema
};
static const struct statement delete_one = {
	"DELETE FROM invitation WHERE id = $1 AND used_at IS NULL", NULL
};

static const struct statement select_made = {
	"SELECT {columns} FROM invitation WHERE id > $2 AND created_by = $1 ORDER BY id LIMIT $3",
	&invitation_schema
};

const struct statement *const invitation_statements[] = {
	&select_by_token, &use, &select_page, &select_made, &delete_one, NULL,
};

/* ---- For those who invite ---- */

enum err invitation_page(struct db *db, struct timestamp now, struct timestamp before,
			 const char *before_id, int64_t limit, struct arena *arena,
			 struct array *ret_invitations)
{
	return db_all(db, &select_page, ARGS(now, before, before_id, limit), arena,
		      ret_invitations);
}

enum err invitation_by_maker(struct db *db, const char *account_id, const char *after,
			     int64_t limit, struct arena *arena, struct array *ret_invitations)
{
	return db_all(db, &select_made, ARGS(account_id, after, limit), arena, ret_invitations);
}

enum err invitation_insert(struct db *tx, const struct invitation_made *invitation)
{
	return db_insert(tx, &invitation_made_schema, invitation);
}

enum err invitation_revoke(struct db *tx, const char *id)
{
	int64_t changed = 0;
	enum err err = db_exec(tx, &delete_one, ARGS(id), &changed);

	return err == ERR_OK && changed == 0 ? ERR_NOT_FOUND : err;
}

/* ---- For who was invited ---- */

/* ERR_NOT_FOUND when who invited could not give this role any more: an invitation must not outlive the right to make it. */
static enum err check_giver(struct db *db, const struct invitation *invitation, struct arena *arena)
{
	uint64_t given, own;
	struct account giver;
	enum err err = account_by_id(db, invitation->created_by, arena, &giver);

	if (err == ERR_OK)
		err = role_permissions(db, giver.role, &own);
	if (err == ERR_OK)
		err = role_permissions(db, invitation->role, &given);
	if (err != ERR_OK)
		return err;
	given |= UINT64_C(1) << PERMISSION_USERS_MANAGE;
	return giver.disabled_at.ms || (given & ~own) ? ERR_NOT_FOUND : ERR_OK;
}

enum err invitation_role(struct db *db, const char *token_hash, struct timestamp now,
			 struct arena *arena, const char **ret_role)
{
	struct invitation invitation;
	enum err err = db_one(db, &select_by_token, ARGS(token_hash, now), arena, &invitation);

	if (err == ERR_OK)
		err = check_giver(db, &invitation, arena);
	if (err == ERR_OK)
		*ret_role = invitation.role;
	return err;
}

enum err invitation_use(struct db *tx, const char *token_hash, struct timestamp now)
{
	int64_t changed = 0;
	struct arena arena;
	const char *role;
	enum err err;

	arena_init(&arena);
	err = invitation_role(tx, token_hash, now, &arena, &role);
	arena_finish(&arena);
	if (err == ERR_OK)
		err = db_exec(tx, &use, ARGS(token_hash, now), &changed);
	return err == ERR_OK && changed == 0 ? ERR_NOT_FOUND : err;
}
