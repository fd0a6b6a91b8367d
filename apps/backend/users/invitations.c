#include "users/users.h"

#include "app.h"
#include "audit/audit.h"
#include "auth/auth.h"
#include "db/page.h"
#include "http/export.h"
#include "http/request.h"
#include "users/roles.h"

#include <stdio.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

#define INVITATION_MEMBERS                                                                         \
	const char *id;                                                                            \
	const char *token_hash;                                                                    \
	const char *email;                                                                         \
	const char *role;                                                                          \
	const char *created_by;                                                                    \
	struct timestamp created_at;                                                               \
	struct timestamp expires_at;                                                               \
	struct timestamp used_at;

struct invitation {
	INVITATION_MEMBERS
};

/* The only time that the token is shown. */
struct invitation_made {
	INVITATION_MEMBERS
	const char *token;
};

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

static const struct schema invitation_schema =
	SCHEMA(struct invitation, invitation_fields, .name = "Invitation", .table = "invitation",
	       .key = { "id" }, .doc = "An invitation that was not used yet.");

PAGE_SCHEMA(invitation_page_schema, invitation_schema, "InvitationPage");

static const struct field invitation_made_fields[] = {
	INVITATION_FIELDS(struct invitation_made),
	FIELD(struct invitation_made, token, .shown = true, .credential = true,
	      .doc = "For the link `/register?invitation=…`. It is shown this once."),
	{ 0 },
};

static const struct schema invitation_made_schema =
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

/* ---- The list ---- */

struct invitation_list {
	int64_t limit;
	const char *cursor;
};

static const struct field invitation_list_fields[] = {
	FIELD(struct invitation_list, limit, .from = FROM_QUERY, .preset = "20", .min = 1,
	      .max = PAGE_LIMIT_MAX, .doc = "How many at the most."),
	FIELD(struct invitation_list, cursor, .from = FROM_QUERY, .optional = true,
	      .max = CURSOR_MAX, .format = FORMAT_TOKEN,
	      .doc = "`next_cursor` of the page before."),
	{ 0 },
};

static const struct schema invitation_list_schema =
	SCHEMA(struct invitation_list, invitation_list_fields, .name = "InvitationList");

static enum err invitations_list(struct request *request, const void *in, void *out)
{
	const struct invitation_list *input = in;
	struct place place = { { INT64_MAX }, "" };
	struct page *page = out;
	const struct invitation *last;
	enum err err;

	if (input->cursor && place_decode(input->cursor, &request->arena, &place) != ERR_OK)
		return request_invalid(request, "cursor", "is not one that this list gave");
	err = db_all(request->app->db, &select_page,
		     ARGS(clock_now(), place.time, place.id, input->limit + 1), &request->arena,
		     &page->items);
	last = err == ERR_OK ? page_cut(page, &invitation_schema, input->limit) : NULL;
	if (last)
		page->next_cursor =
			place_encode((struct place){ last->created_at, last->id }, &request->arena);
	return err;
}

/* ---- Those that one has made, for the file of one's data ---- */

static enum err next_made(struct export *export, struct arena *arena, bool *ret_end)
{
	char *after = export->state;
	struct array found = { 0 };
	enum err err = db_all(export->app->db, &select_made,
			      ARGS((const char *)export->principal.user_id, (const char *)after,
				   (int64_t)EXPORT_ROWS),
			      arena, &found);

	*ret_end = found.count < EXPORT_ROWS;
	if (err != ERR_OK || found.count == 0)
		return err;
	export_records(export, &invitation_schema, &found);
	snprintf(after, ID_SIZE, "%s",
		 ((const struct invitation *)found.items)[found.count - 1].id);
	return ERR_OK;
}

const struct export_part invitations_export = {
	.name = "invitations", .list = true, .state_size = ID_SIZE, .next = next_made
};

/* ---- Making one ---- */

struct invitation_new {
	const char *email;
	const char *role;
	int64_t expires_in_days;
};

static const struct field invitation_new_fields[] = {
	FIELD(struct invitation_new, email, .optional = true, .nullable = true, .min = 3,
	      .max = 254, .format = FORMAT_EMAIL, .doc = "For whom, to tell it by."),
	FIELD(struct invitation_new, role, .preset = ROLE_USER, .min = 1, .max = ROLE_NAME_SIZE - 1,
	      .format = FORMAT_TOKEN, .doc = "The role it gives."),
	FIELD(struct invitation_new, expires_in_days, .preset = "7", .min = 1, .max = 90,
	      .unit = "days", .doc = "How long it is good."),
	{ 0 },
};

static const struct schema invitation_new_schema =
	SCHEMA(struct invitation_new, invitation_new_fields, .name = "InvitationNew");

struct making {
	struct request *request;
	const struct invitation_made *invitation;
};

static enum err run_making(struct db *tx, void *context)
{
	struct making *making = context;
	struct request *request = making->request;
	struct audit_entry entry =
		audit_entry_of(request, AUDIT_INVITE, "invitation", making->invitation->id);
	enum err err = role_check_gift(request, tx, making->invitation->role);

	if (err == ERR_OK)
		err = db_insert(tx, &invitation_made_schema, making->invitation);
	entry.detail = making->invitation->role;
	return err == ERR_OK ? audit_append(request->app, tx, &entry) : err;
}

static enum err invitation_create(struct request *request, const void *in, void *out)
{
	const struct invitation_new *input = in;
	struct invitation_made *invitation = out;
	struct making making = { request, invitation };
	char *token = arena_alloc(&request->arena, SECRET_TOKEN_SIZE);
	char *hash = arena_alloc(&request->arena, SECRET_HASH_SIZE);
	char *id = arena_alloc(&request->arena, ID_SIZE);

	id_make(id);
	secret_token_make(token);
	secret_token_hash(request->app, KEY_INVITATION, token, hash);
	*invitation = (struct invitation_made){ .id = id,
						.token_hash = hash,
						.email = input->email,
						.role = input->role,
						.created_by = request->principal->user_id,
						.created_at = clock_now(),
						.token = token };
	invitation->expires_at.ms = invitation->created_at.ms + input->expires_in_days * DAY_MS;
	return db_transaction(request->app->db, run_making, &making);
}

/* ---- Taking one back ---- */

struct invitation_id {
	const char *id;
};

static const struct field invitation_id_fields[] = {
	FIELD(struct invitation_id, id, .from = FROM_PATH, .format = FORMAT_ID,
	      .doc = "The invitation's id."),
	{ 0 },
};

static const struct schema invitation_id_schema =
	SCHEMA(struct invitation_id, invitation_id_fields, .name = "InvitationId");

struct revoking {
	struct request *request;
	const char *id;
};

static enum err run_revoking(struct db *tx, void *context)
{
	struct revoking *revoking = context;
	struct audit_entry entry =
		audit_entry_of(revoking->request, AUDIT_INVITE_REVOKE, "invitation", revoking->id);
	int64_t changed = 0;
	enum err err = db_exec(tx, &delete_one, ARGS(revoking->id), &changed);

	if (err == ERR_OK && changed == 0)
		return ERR_NOT_FOUND;
	return err == ERR_OK ? audit_append(revoking->request->app, tx, &entry) : err;
}

static enum err invitation_delete(struct request *request, const void *in, void *out)
{
	const struct invitation_id *input = in;
	struct revoking revoking = { request, input->id };

	(void)out;
	return db_transaction(request->app->db, run_revoking, &revoking);
}

const struct route invitation_routes[] = {
	{ "GET", "/api/v1/invitations", .access = "users:manage", .in = &invitation_list_schema,
	  .out = &invitation_page_schema, .handle = invitations_list,
	  .doc = "The invitations that were not used yet." },
	{ "POST", "/api/v1/invitations", .access = "users:manage", .in = &invitation_new_schema,
	  .out = &invitation_made_schema, .status = 201, .handle = invitation_create,
	  .uncompressed = "The new token stands beside an address that was given.",
	  .doc = "Invite somebody. The token is shown this once." },
	{ "DELETE", "/api/v1/invitations/{id}", .access = "users:manage",
	  .in = &invitation_id_schema, .handle = invitation_delete,
	  .doc = "Take an invitation back." },
	{ 0 },
};
