#include "master_rotation.h"

#include "audit/audit.h"
#include "installation.h"
#include "master_key.h"

#include <string.h>

struct rotation {
	struct app *app;
	const struct keyring *next;
	char from[KEY_FINGERPRINT_SIZE], to[KEY_FINGERPRINT_SIZE];
	struct arena *arena;
};

static enum err run_rewrap(struct db *tx, void *context)
{
	struct rotation *rotation = context;
	struct audit_entry entry = {
		.action = AUDIT_MASTER_KEY_CHANGE,
		.object_kind = "master_key",
		.object_id = rotation->to,
		.detail = arena_printf(rotation->arena, "before: %s", rotation->from),
	};
	enum err err = installation_rewrap(rotation->app, tx, rotation->next);

	return err == ERR_OK ? audit_append(rotation->app, tx, &entry) : err;
}

static enum err rewrap(struct rotation *rotation, const char **ret_reason)
{
	enum err err;

	keyring_fingerprint(rotation->app->keyring, rotation->from);
	keyring_fingerprint(rotation->next, rotation->to);
	if (strcmp(rotation->from, rotation->to) == 0) {
		*ret_reason = "this is the master key already";
		return ERR_INVALID;
	}
	err = db_transaction(rotation->app->db, run_rewrap, rotation);
	if (err == ERR_CONFLICT)
		*ret_reason = "somebody else has changed the master key meanwhile";
	else if (err != ERR_OK)
		*ret_reason =
			"the database does not answer as it should. Start with either key: the "
			"one that is refused is the other.";
	return err;
}

static enum err rotate(struct rotation *rotation, const char *path, FILE *out,
		       const char **ret_reason)
{
	const struct config *config = rotation->app->config;
	enum err err = rewrap(rotation, ret_reason);

	if (err != ERR_OK)
		return err;
	if (path &&
	    !master_key_promote(config, rotation->to, rotation->app->keyring, rotation->arena)) {
		*ret_reason =
			arena_printf(rotation->arena,
				     "the database is under the new key, but %s.new could not "
				     "take the place of %s: rename it",
				     path, path);
		return ERR_UNAVAILABLE;
	}
	fprintf(out, "The master key is %s now; %s opens nothing any more.\n", rotation->to,
		rotation->from);
	if (path)
		fprintf(out, "%s holds it. Backups made before need the old one: %s.%s\n", path,
			path, rotation->from);
	return ERR_OK;
}

enum err master_key_rotate(const struct config *config, const char *text, struct arena *arena,
			   FILE *out, const char **ret_reason)
{
	const char *path = master_key_path(config, arena);
	struct app app = { .config = config };
	struct rotation rotation = { .app = &app, .arena = arena };
	struct keyring *next = NULL;
	enum err err = installation_open(&app, INSTALLATION_SERVE, arena, ret_reason);

	if (err != ERR_OK)
		return err;
	err = path ? master_key_open_next(config, arena, &next, ret_reason)
		   : keyring_open(text, NULL, &next, ret_reason);
	rotation.next = next;
	if (err == ERR_OK)
		err = rotate(&rotation, path, out, ret_reason);
	keyring_destroy(next);
	installation_close(&app);
	return err;
}
