#include "users/role_store.h"

#include "users/users.h"

static const struct field role_fields[] = {
	FIELD(struct role, name, .doc = "The role's name."),
	FIELD(struct role, doc, .doc = "Who it is for."),
	FIELD(struct role, permissions, .names = permission_words, .doc = "What it may do."),
	FIELD(struct role, created_at, .nullable = true,
	      .doc = "When it was made; null for one that is built in."),
	FIELD(struct role, built_in, .shown = true,
	      .doc = "Whether it is the program's, and stays as it is."),
	{ 0 },
};

const struct schema role_schema = SCHEMA(struct role, role_fields, .name = "Role", .table = "role",
					 .key = { "name" }, .doc = "A named set of permissions.");

static const struct statement select_role = { "SELECT {columns} FROM role WHERE name = $1",
					      &role_schema };
static const struct statement select_roles = { "SELECT {columns} FROM role ORDER BY name LIMIT 100",
					       &role_schema };
/* A planner that knows no arguments would take any role for that of many, whose first one is found soon. */
static const struct statement delete_role = {
	"DELETE FROM role WHERE name = $1 AND NOT EXISTS (SELECT 1 FROM account WHERE role BETWEEN "
	"$1 AND $1)",
	NULL
};

const struct statement *const role_statements[] = { &select_role, &select_roles, &delete_role,
						    NULL };

enum err role_read(struct db *db, const char *name, struct arena *arena, struct role *ret_role)
{
	return db_one(db, &select_role, ARGS(name), arena, ret_role);
}

enum err role_all(struct db *db, struct arena *arena, struct array *ret_roles)
{
	return db_all(db, &select_roles, ARGS_NONE, arena, ret_roles);
}

enum err role_insert(struct db *tx, const struct role *role)
{
	return db_insert(tx, &role_schema, role);
}

enum err role_update(struct db *tx, const struct role *role)
{
	return db_update(tx, &role_schema, role);
}

enum err role_erase(struct db *tx, const char *name)
{
	int64_t changed = 0;
	enum err err = db_exec(tx, &delete_role, ARGS(name), &changed);

	return err == ERR_OK && changed == 0 ? ERR_CONFLICT : err;
}

enum err role_permissions(struct db *db, const char *name, uint64_t *ret_permissions)
{
	const struct builtin_role *builtin = builtin_role_find(name);
	struct arena arena;
	struct role role;
	enum err err;

	if (builtin) {
		*ret_permissions = builtin->permissions;
		return ERR_OK;
	}
	arena_init(&arena);
	err = role_read(db, name, &arena, &role);
	if (err == ERR_OK)
		*ret_permissions = permissions_of(&role.permissions);
	arena_finish(&arena);
	return err;
}
