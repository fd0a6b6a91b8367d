#include "installation.h"

#include "base/clock.h"
#include "db/database.h"
#include "db/migrate.h"
#include "security/keyring.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct installation {
	int64_t id;
	const char *key_fingerprint;
	struct timestamp created_at;
};

static const struct field installation_fields[] = {
	FIELD(struct installation, id, .doc = "Always 1."),
	FIELD(struct installation, key_fingerprint, .doc = "Names the master key."),
	FIELD(struct installation, created_at, .doc = "When it was first started."),
	{ 0 },
};

static const struct schema installation_schema = SCHEMA(
	struct installation, installation_fields, .name = "Installation", .table = "installation");

static const struct statement select_installation = { "SELECT {columns} FROM installation",
						      &installation_schema };

/* At the first start the database learns the key's name; later ones compare. */
static enum err check_key(struct app *app, struct arena *arena, const char **ret_reason)
{
	struct installation installation;
	char fingerprint[KEY_FINGERPRINT_SIZE];
	enum err err = db_one(app->db, &select_installation, ARGS_NONE, arena, &installation);

	keyring_fingerprint(app->keyring, fingerprint);
	if (err == ERR_NOT_FOUND) {
		installation = (struct installation){ 1, fingerprint, clock_now() };
		err = db_insert(app->db, &installation_schema, &installation);
	} else if (err == ERR_OK && strcmp(installation.key_fingerprint, fingerprint) != 0) {
		err = ERR_CORRUPT;
		*ret_reason = arena_printf(
			arena,
			"the master key is not the one that the database was written under (that "
			"is %s, "
			"this is %s). Bring back the file master.key, or WEBPLUS_MASTER_KEY.",
			installation.key_fingerprint, fingerprint);
		return err;
	}
	if (err != ERR_OK)
		*ret_reason = "the database could not be read";
	return err;
}

enum err installation_make_folder(const struct config *config, struct arena *arena,
				  const char **ret_reason)
{
	if (mkdir(config->data, 0700) == 0 ||
	    (errno == EEXIST && access(config->data, R_OK | W_OK | X_OK) == 0))
		return ERR_OK;
	*ret_reason = arena_printf(arena, "the data folder %s cannot be used: %s", config->data,
				   strerror(errno));
	return ERR_INVALID;
}

static unsigned reader_count(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores > 0 ? (unsigned)cores * 2 : 2;
}

static enum err open_database(struct app *app, struct arena *arena, const char **ret_reason)
{
	struct db_options options = { .folder = app->config->data,
				      .readers = reader_count(),
				      .loop = app->loop,
				      .keyring = app->keyring };
	enum err err = migrate_to(&options, MIGRATE_LATEST, arena, ret_reason);

	if (err == ERR_OK)
		err = db_open(&options, arena, &app->db, ret_reason);
	return err == ERR_OK ? check_key(app, arena, ret_reason) : err;
}

enum err installation_open(struct app *app, struct arena *arena, const char **ret_reason)
{
	const char *key_file = arena_printf(arena, "%s/master.key", app->config->data);
	enum err err = installation_make_folder(app->config, arena, ret_reason);

	if (err == ERR_OK)
		err = keyring_open(app->config->master_key, key_file, &app->keyring, ret_reason);
	if (err == ERR_OK)
		err = open_database(app, arena, ret_reason);
	if (err != ERR_OK)
		installation_close(app);
	return err;
}

void installation_close(struct app *app)
{
	db_close(app->db);
	keyring_destroy(app->keyring);
	app->db = NULL;
	app->keyring = NULL;
}
