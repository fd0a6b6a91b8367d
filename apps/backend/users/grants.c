#include "users/users.h"

#include "app.h"
#include "export/export.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { KIND_SIZE = 32, RESOURCE_SIZE = 128 };

static const struct field grant_fields[] = {
	FIELD(struct grant, resource_kind, .doc = "What kind of thing is shared."),
	FIELD(struct grant, resource_id, .doc = "Which one."),
	FIELD(struct grant, subject_kind, .doc = "With a `user` or a `role`."),
	FIELD(struct grant, subject_id, .doc = "With which one."),
	FIELD(struct grant, permissions, .names = permission_words, .doc = "For what."),
	FIELD(struct grant, created_at, .doc = "When."),
	{ 0 },
};

static const struct schema grant_schema =
	SCHEMA(struct grant, grant_fields, .name = "Grant", .table = "resource_grant");

static const struct statement select_grants = {
	"SELECT {columns} FROM resource_grant WHERE resource_kind = $1 AND resource_id = $2 "
	"AND ((subject_kind = 'user' AND subject_id = $3) OR (subject_kind = 'role' AND subject_id "
	"= $4))",
	&grant_schema
};
static const struct statement delete_grant = { "DELETE FROM resource_grant WHERE resource_kind = "
					       "$1 AND resource_id = $2 AND subject_kind = $3 "
					       "AND subject_id = $4",
					       NULL };

static const struct statement select_given = {
	"SELECT {columns} FROM resource_grant WHERE subject_kind = 'user' AND subject_id = $1 "
	"AND (resource_kind, resource_id) > ($2, $3) ORDER BY resource_kind, resource_id LIMIT $4",
	&grant_schema
};

const struct statement *const grant_statements[] = { &select_grants, &delete_grant, &select_given,
						     NULL };

enum err grants_of(struct db *db, const struct principal *principal, const char *resource_kind,
		   const char *resource_id, uint64_t *ret_permissions)
{
	struct array rows = { 0 };
	struct arena arena;
	enum err err;

	*ret_permissions = 0;
	arena_init(&arena);
	err = db_all(db, &select_grants,
		     ARGS(resource_kind, resource_id, (const char *)principal->user_id,
			  (const char *)principal->role),
		     &arena, &rows);
	for (size_t i = 0; err == ERR_OK && i < rows.count; i++)
		*ret_permissions |=
			permissions_of(&((const struct grant *)rows.items)[i].permissions);
	arena_finish(&arena);
	return err;
}

enum err grant_set(struct db *tx, const struct grant *grant)
{
	enum err err;

	assert(strlen(grant->resource_kind) < KIND_SIZE &&
	       strlen(grant->resource_id) < RESOURCE_SIZE);
	err = db_exec(tx, &delete_grant,
		      ARGS(grant->resource_kind, grant->resource_id, grant->subject_kind,
			   grant->subject_id),
		      NULL);

	return err == ERR_OK && grant->permissions.count > 0 ? db_insert(tx, &grant_schema, grant)
							     : err;
}

/* ---- Those of one, for the file of their data ---- */

struct grant_place {
	char resource_kind[KIND_SIZE];
	char resource_id[RESOURCE_SIZE];
};

static enum err next_grants(struct export *export, struct arena *arena, bool *ret_end)
{
	struct grant_place *after = export->state;
	struct array found = { 0 };
	const struct grant *last;
	enum err err = db_all(export->app->db, &select_given,
			      ARGS((const char *)export->principal.user_id,
				   (const char *)after->resource_kind,
				   (const char *)after->resource_id, (int64_t)EXPORT_ROWS),
			      arena, &found);

	*ret_end = found.count < EXPORT_ROWS;
	if (err != ERR_OK || found.count == 0)
		return err;
	export_records(export, &grant_schema, &found);
	last = (const struct grant *)found.items + found.count - 1;
	snprintf(after->resource_kind, KIND_SIZE, "%s", last->resource_kind);
	snprintf(after->resource_id, RESOURCE_SIZE, "%s", last->resource_id);
	return ERR_OK;
}

const struct export_part grants_export = { .name = "grants",
					   .list = true,
					   .state_size = sizeof(struct grant_place),
					   .next = next_grants };
