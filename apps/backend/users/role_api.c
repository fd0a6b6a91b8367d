#include "users/users.h"

#include "app.h"
#include "audit/audit.h"
#include "auth/auth.h"
#include "http/request.h"
#include "users/role_gift.h"
#include "users/role_store.h"

#include <string.h>
#include <strings.h>

/* ---- The list ---- */

PAGE_SCHEMA(role_page_schema, role_schema, "RolePage");

static enum err roles_list(struct request *request, const void *in, void *out)
{
	struct page *page = out;
	struct array stored = { 0 };
	size_t count = 0;
	struct role *roles = ARENA_ARRAY(&request->arena, ROLES_MAX + 8, struct role);
	enum err err = role_all(request->app->db, &request->arena, &stored);

	(void)in;
	if (err != ERR_OK)
		return err;
	for (const struct builtin_role *role = builtin_roles; role->name; role++)
		roles[count++] = (struct role){ .name = role->name,
						.doc = role->doc,
						.permissions = permissions_list(role->permissions,
										&request->arena),
						.built_in = true };
	memcpy(roles + count, stored.items ? stored.items : roles, stored.count * sizeof(*roles));
	page->items = (struct array){ roles, count + stored.count };
	return ERR_OK;
}

/* ---- Making, changing, deleting one ---- */

struct role_new {
	const char *name;
	const char *doc;
	struct texts permissions;
};

static const struct field role_new_fields[] = {
	FIELD(struct role_new, name, .min = 3, .max = ROLE_NAME_SIZE - 1, .format = FORMAT_USERNAME,
	      .doc = "Its name."),
	FIELD(struct role_new, doc, .preset = "", .max = 200, .format = FORMAT_LINE,
	      .doc = "Who it is for."),
	FIELD(struct role_new, permissions, .names = permission_words, .min = 1,
	      .max = PERMISSION_COUNT, .doc = "What it may do, of what you may do."),
	{ 0 },
};

static const struct schema role_new_schema =
	SCHEMA(struct role_new, role_new_fields, .name = "RoleNew");

struct role_change {
	struct presence presence;
	const char *name;
	const char *doc;
	struct texts permissions;
};

static const struct field role_change_fields[] = {
	FIELD(struct role_change, name, .from = FROM_PATH, .max = ROLE_NAME_SIZE - 1,
	      .format = FORMAT_TOKEN, .doc = "The role's name."),
	FIELD(struct role_change, doc, .optional = true, .max = 200, .format = FORMAT_LINE,
	      .doc = "Who it is for."),
	FIELD(struct role_change, permissions, .optional = true, .names = permission_words,
	      .min = 1, .max = PERMISSION_COUNT, .doc = "What it may do, of what you may do."),
	{ 0 },
};

static const struct schema role_change_schema =
	SCHEMA(struct role_change, role_change_fields, .name = "RolePatch", .presence = true);

struct role_name {
	const char *name;
};

static const struct field role_name_fields[] = {
	FIELD(struct role_name, name, .from = FROM_PATH, .max = ROLE_NAME_SIZE - 1,
	      .format = FORMAT_TOKEN, .doc = "The role's name."),
	{ 0 },
};

static const struct schema role_name_schema =
	SCHEMA(struct role_name, role_name_fields, .name = "RoleName");

struct changing {
	struct request *request;
	struct role *role; /* as it is to be; the result */
	const struct role_change *change;
	const char *name;
};

/* Names are known in any case: "Administrator" beside "administrator" would only mislead. */
static bool is_taken(const char *name, const struct array *stored)
{
	const struct role *roles = stored->items;

	for (const struct builtin_role *role = builtin_roles; role->name; role++)
		if (strcasecmp(role->name, name) == 0)
			return true;
	for (size_t i = 0; i < stored->count; i++)
		if (strcasecmp(roles[i].name, name) == 0)
			return true;
	return false;
}

static enum err run_creation(struct db *tx, void *context)
{
	struct changing *changing = context;
	struct request *request = changing->request;
	struct audit_entry entry =
		audit_entry_of(request, AUDIT_ROLE_CREATE, "role", changing->role->name);
	struct array roles = { 0 };
	enum err err = role_all(tx, &request->arena, &roles);

	if (err == ERR_OK && roles.count >= ROLES_MAX)
		return request_fail(request, ERR_CONFLICT, "There are %d roles. Delete one first.",
				    ROLES_MAX);
	if (err == ERR_OK)
		err = is_taken(changing->role->name, &roles) ? ERR_CONFLICT
							     : role_insert(tx, changing->role);
	if (err == ERR_CONFLICT)
		return request_fail(request, err, "There is a role of this name.");
	return err == ERR_OK ? audit_append(request->app, tx, &entry) : err;
}

static enum err role_create(struct request *request, const void *in, void *out)
{
	const struct role_new *input = in;
	struct role *role = out;
	struct changing changing = { .request = request, .role = role };
	uint64_t permissions = permissions_of(&input->permissions);
	enum err err = role_check_within(request, permissions);

	if (err != ERR_OK)
		return err;
	*role = (struct role){ .name = input->name,
			       .doc = input->doc,
			       .permissions = permissions_list(permissions, &request->arena),
			       .created_at = clock_now() };
	return db_transaction(request->app->db, run_creation, &changing);
}

/* Whoever has the role has other rights from now on. */
static enum err run_change(struct db *tx, void *context)
{
	struct changing *changing = context;
	struct request *request = changing->request;
	const struct role_change *change = changing->change;
	struct role *role = changing->role;
	struct audit_entry entry = audit_entry_of(request, AUDIT_ROLE_CHANGE, "role", change->name);
	enum err err = role_read(tx, change->name, &request->arena, role);

	if (err == ERR_OK)
		err = role_check_within(request, permissions_of(&role->permissions) |
							 permissions_of(&change->permissions));
	if (err != ERR_OK)
		return err;
	if (change->doc)
		role->doc = change->doc;
	if (change->permissions.count)
		role->permissions =
			permissions_list(permissions_of(&change->permissions), &request->arena);
	err = role_update(tx, role);
	if (err == ERR_OK)
		err = rights_changed(tx, NULL, NULL);
	return err == ERR_OK ? audit_append(request->app, tx, &entry) : err;
}

static enum err refuse_builtin(struct request *request, const char *name)
{
	if (!builtin_role_find(name))
		return ERR_OK;
	return request_fail(request, ERR_CONFLICT, "This role is built in and stays as it is.");
}

static enum err role_patch(struct request *request, const void *in, void *out)
{
	const struct role_change *input = in;
	struct changing changing = { .request = request, .role = out, .change = input };
	enum err err = refuse_builtin(request, input->name);

	if (err == ERR_OK)
		err = db_transaction(request->app->db, run_change, &changing);
	if (err == ERR_OK)
		rights_apply(request->app, NULL, NULL);
	return err;
}

static enum err run_deletion(struct db *tx, void *context)
{
	struct changing *changing = context;
	struct request *request = changing->request;
	struct audit_entry entry =
		audit_entry_of(request, AUDIT_ROLE_DELETE, "role", changing->name);
	struct role role;
	enum err err = role_read(tx, changing->name, &request->arena, &role);

	if (err == ERR_OK)
		err = role_erase(tx, changing->name);
	if (err == ERR_CONFLICT)
		return request_fail(request, ERR_CONFLICT,
				    "Somebody has this role. Give them another one first.");
	return err == ERR_OK ? audit_append(request->app, tx, &entry) : err;
}

static enum err role_delete(struct request *request, const void *in, void *out)
{
	const struct role_name *input = in;
	struct changing changing = { .request = request, .name = input->name };
	enum err err = refuse_builtin(request, input->name);

	(void)out;
	return err == ERR_OK ? db_transaction(request->app->db, run_deletion, &changing) : err;
}

const struct route role_routes[] = {
	{ "GET", "/api/v1/roles", .access = "users:manage", .cache = { CACHE_ROLE, 300, "roles" },
	  .out = &role_page_schema, .handle = roles_list,
	  .doc = "The roles, those that are built in first." },
	{ "POST", "/api/v1/roles", .access = "roles:manage", .person = true, .raises = "roles",
	  .in = &role_new_schema, .out = &role_schema, .status = 201, .handle = role_create,
	  .doc = "Make a role of permissions." },
	{ "PATCH", "/api/v1/roles/{name}", .access = "roles:manage", .person = true,
	  .raises = "roles", .in = &role_change_schema, .out = &role_schema, .handle = role_patch,
	  .doc = "Change what a role may do; for those who have it, at once." },
	{ "DELETE", "/api/v1/roles/{name}", .access = "roles:manage", .raises = "roles",
	  .in = &role_name_schema, .handle = role_delete, .doc = "Delete a role that nobody has." },
	{ 0 },
};
