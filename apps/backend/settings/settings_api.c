#include "settings/settings.h"

#include "app.h"
#include "audit/audit.h"
#include "http/request.h"

#include <string.h>

const char *const registration_words[] = { "open", "invite", "closed", NULL };

static const struct field settings_fields[] = {
	FIELD(struct settings, registration, .names = registration_words,
	      .doc = "Who may make an account: everybody, those who were invited, or nobody."),
	{ 0 },
};

static const struct schema settings_schema =
	SCHEMA(struct settings, settings_fields, .name = "Settings", .doc = "Of the installation.");

struct settings_change {
	struct presence presence;
	enum registration registration;
};

static const struct field settings_change_fields[] = {
	FIELD(struct settings_change, registration, .names = registration_words, .optional = true,
	      .doc = "Who may make an account."),
	{ 0 },
};

static const struct schema settings_change_schema = SCHEMA(
	struct settings_change, settings_change_fields, .name = "SettingsPatch", .presence = true);

/* A setting as it is stored, by its field's name. */
struct stored {
	const char *name;
	const char *value;
	struct timestamp updated_at;
};

static const struct field stored_fields[] = {
	FIELD(struct stored, name, .doc = "Which one."),
	FIELD(struct stored, value, .doc = "As text."),
	FIELD(struct stored, updated_at, .doc = "When it was set."),
	{ 0 },
};

static const struct schema stored_schema =
	SCHEMA(struct stored, stored_fields, .name = "StoredSetting", .table = "setting",
	       .key = { "name" });

static const struct statement select_settings = { "SELECT {columns} FROM setting ORDER BY name",
						  &stored_schema };

const struct statement *const settings_statements[] = { &select_settings, NULL };

static void decode(const struct stored *stored, struct arena *arena, struct settings *settings)
{
	const struct field *field = schema_field(&settings_schema, stored->name);
	struct field_errors errors = { .count = 0 };

	/* One that this version does not know, or cannot read, stays at its preset. */
	if (field)
		(void)!schema_decode_text(field, stored->value, arena, settings, &errors);
}

enum err settings_read(struct db *db, struct settings *ret_settings)
{
	struct array rows = { 0 };
	struct arena arena;
	enum err err;

	*ret_settings = (struct settings){ .registration = REGISTRATION_CLOSED };
	arena_init(&arena);
	err = db_all(db, &select_settings, ARGS_NONE, &arena, &rows);
	for (size_t i = 0; err == ERR_OK && i < rows.count; i++)
		decode(&((const struct stored *)rows.items)[i], &arena, ret_settings);
	arena_finish(&arena);
	return err;
}

static enum err settings_get(struct request *request, const void *in, void *out)
{
	(void)in;
	return settings_read(request->app->db, out);
}

struct changing {
	struct request *request;
	const struct settings_change *input;
};

static enum err store(struct db *tx, const struct stored *row)
{
	enum err err = db_update(tx, &stored_schema, row);

	return err == ERR_NOT_FOUND ? db_insert(tx, &stored_schema, row) : err;
}

static enum err run_change(struct db *tx, void *context)
{
	struct changing *changing = context;
	struct request *request = changing->request;
	const char *word = registration_words[changing->input->registration];
	struct stored row = { "registration", word, clock_now() };
	struct audit_entry entry =
		audit_entry_of(request, AUDIT_SETTINGS_CHANGE, "setting", row.name);
	enum err err = store(tx, &row);

	entry.detail = word;
	return err == ERR_OK ? audit_append(request->app, tx, &entry) : err;
}

static enum err settings_patch(struct request *request, const void *in, void *out)
{
	struct changing changing = { request, in };
	enum err err = ERR_OK;

	if (schema_given(&settings_change_schema, in, "registration"))
		err = db_transaction(request->app->db, run_change, &changing);
	return err == ERR_OK ? settings_read(request->app->db, out) : err;
}

const struct route settings_routes[] = {
	{ "GET", "/api/v1/settings", .access = "settings:manage",
	  .cache = { CACHE_ROLE, 300, "settings" }, .out = &settings_schema, .handle = settings_get,
	  .doc = "The settings." },
	{ "PATCH", "/api/v1/settings", .access = "settings:manage", .person = true,
	  .raises = "settings", .in = &settings_change_schema, .out = &settings_schema,
	  .handle = settings_patch, .doc = "Change some of them." },
	{ 0 },
};
