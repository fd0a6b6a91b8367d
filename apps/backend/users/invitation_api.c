#include "users/users.h"

#include "app.h"
#include "audit/audit.h"
#include "auth/auth.h"
#include "db/page.h"
#include "export/export.h"
#include "http/request.h"
#include "users/invitation_store.h"
#include "users/role_gift.h"

#include <stdio.h>

enum { DAY_MS = 24 * 60 * 60 * 1000 };

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

PAGE_SCHEMA(invitation_page_schema, invitation_schema, "InvitationPage");

static enum err invitations_list(struct request *request, const void *in, void *out)
{
	const struct invitation_list *input = in;
	struct place place = { { INT64_MAX }, "" };
	struct page *page = out;
	const struct invitation *last;
	enum err err;

	if (input->cursor && place_decode(input->cursor, &request->arena, &place) != ERR_OK)
		return request_invalid(request, "cursor", "is not one that this list gave");
	err = invitation_page(request->app->db, clock_now(), place.time, place.id, input->limit + 1,
			      &request->arena, &page->items);
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
	enum err err = invitation_by_maker(export->app->db, export->principal.user_id, after,
					   EXPORT_ROWS, arena, &found);

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
		err = invitation_insert(tx, making->invitation);
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
	enum err err = invitation_revoke(tx, revoking->id);

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
	{ "POST", "/api/v1/invitations", .access = "users:manage", .person = true,
	  .in = &invitation_new_schema, .out = &invitation_made_schema, .status = 201,
	  .handle = invitation_create,
	  .uncompressed = "The new token stands beside an address that was given.",
	  .doc = "Invite somebody. The token is shown this once." },
	{ "DELETE", "/api/v1/invitations/{id}", .access = "users:manage",
	  .in = &invitation_id_schema, .handle = invitation_delete,
	  .doc = "Take an invitation back." },
	{ 0 },
};
