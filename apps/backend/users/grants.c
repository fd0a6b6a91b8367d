#include "users/users.h"

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

const struct statement *const grant_statements[] = { &select_grants, &delete_grant, NULL };

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
	enum err err = db_exec(tx, &delete_grant,
			       ARGS(grant->resource_kind, grant->resource_id, grant->subject_kind,
				    grant->subject_id),
			       NULL);

	return err == ERR_OK && grant->permissions.count > 0 ? db_insert(tx, &grant_schema, grant)
							     : err;
}
