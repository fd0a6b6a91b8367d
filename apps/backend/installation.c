#include "installation.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "db/claim.h"
#include "db/copy.h"
#include "db/database.h"
#include "db/key_store.h"
#include "db/lock.h"
#include "db/migrate.h"
#include "master_key.h"
#include "security/data_keys.h"
#include "security/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct installation {
	int64_t id;
	const char *key_fingerprint;
	struct timestamp created_at;
	struct blob root_key;
};

static const struct field installation_fields[] = {
	FIELD(struct installation, id, .doc = "Always 1."),
	FIELD(struct installation, key_fingerprint, .doc = "Names the master key."),
	FIELD(struct installation, created_at, .doc = "When it was first started."),
	FIELD(struct installation, root_key, .stored = true, .nullable = true,
	      .doc = "Wrapped by the master key; none in one that was made before there were any."),
	{ 0 },
};

static const struct schema installation_schema = SCHEMA(
	struct installation, installation_fields, .name = "Installation", .table = "installation");

static const struct statement select_installation = { "SELECT {columns} FROM installation",
						      &installation_schema };

/* What of it each version has. */
struct installation_name {
	const char *key_fingerprint;
};

static const struct field name_fields[] = {
	FIELD(struct installation_name, key_fingerprint, .doc = "Names the master key."),
	{ 0 },
};

static const struct schema name_schema =
	SCHEMA(struct installation_name, name_fields, .name = "InstallationName");

static const struct statement select_name = { "SELECT {columns} FROM installation", &name_schema };

struct naming {
	const struct keyring *keyring;
	const char *fingerprint;
	struct installation installation;
	struct arena *arena;
};

/*
 * At the first start the database learns the key's name, and gets the keys that are stored; of several nodes that start at
 * once, from one of them.
 */
static enum err run_naming(struct db *tx, void *context)
{
	struct naming *naming = context;
	uint8_t *root;
	enum err err =
		db_one(tx, &select_installation, ARGS_NONE, naming->arena, &naming->installation);

	if (err != ERR_NOT_FOUND)
		return err;
	root = arena_alloc(naming->arena, WRAPPED_KEY_SIZE);
	keyring_make_root(naming->keyring, root);
	naming->installation = (struct installation){
		1, naming->fingerprint, clock_now(), { root, WRAPPED_KEY_SIZE }
	};
	err = db_insert(tx, &installation_schema, &naming->installation);
	return err == ERR_OK ? key_store_make_first(tx) : err;
}

static enum err refuse_key(const struct installation *installation, const char *fingerprint,
			   struct arena *arena, const char **ret_reason)
{
	*ret_reason = arena_printf(
		arena,
		"the master key is not the one that the database was written under (that is %s, "
		"this is %s). Bring back the file master.key, or what WEBPLUS_MASTER_KEY, "
		"WEBPLUS_MASTER_KEY_FILE or WEBPLUS_MASTER_KEY_COMMAND gave.",
		installation->key_fingerprint, fingerprint);
	return ERR_CORRUPT;
}

/* Those that are stored. */
static enum err learn_keys(struct app *app, struct blob root_key, const char **ret_reason)
{
	enum err err = root_key.data ? keyring_use_root(app->keyring, root_key) : ERR_OK;

	if (err == ERR_OK)
		err = key_store_learn(app->db);
	if (err == ERR_OK && data_keys_newest(keyring_data_keys(app->keyring)) < DATA_KEY_FIRST)
		err = ERR_CORRUPT;
	if (err == ERR_CORRUPT)
		*ret_reason = "a stored key (tables installation, data_key) is missing or was "
			      "changed: it does not open with the master key. Bring the table "
			      "back from a backup.";
	else if (err != ERR_OK)
		*ret_reason = "the data keys could not be read";
	return err;
}

/* ERR_KEY_MISSING: the key that the database was written under waited to take the file's place, and has it now. */
static enum err check_key(struct app *app, struct arena *arena, const char **ret_reason)
{
	char fingerprint[KEY_FINGERPRINT_SIZE];
	struct naming naming = { .keyring = app->keyring,
				 .fingerprint = fingerprint,
				 .arena = arena };
	enum err err;

	keyring_fingerprint(app->keyring, fingerprint);
	err = db_transaction(app->db, run_naming, &naming);
	if (err != ERR_OK) {
		*ret_reason = "the database could not be read";
		return err;
	}
	if (strcmp(naming.installation.key_fingerprint, fingerprint) == 0)
		return learn_keys(app, naming.installation.root_key, ret_reason);
	if (master_key_promote(app->config, naming.installation.key_fingerprint, app->keyring,
			       arena))
		return ERR_KEY_MISSING;
	return refuse_key(&naming.installation, fingerprint, arena, ret_reason);
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

enum { POSTGRES_CONNECTIONS = 16 };

/* Whether several servers may work on the database. */
static bool is_shared(const struct config *config)
{
	return config->database_url && strncmp(config->database_url, "sqlite:", 7) != 0;
}

static unsigned connection_count(const struct config *config)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (config->database_connections > 0)
		return (unsigned)config->database_connections;
	if (is_shared(config))
		return POSTGRES_CONNECTIONS;
	return cores > 0 ? (unsigned)cores * 2 : 2;
}

struct db_options installation_database(const struct config *config)
{
	return (struct db_options){
		.url = config->database_url,
		.folder = config->data,
		.readers = connection_count(config),
		.checkout_ms = config->database_checkout_ms,
		.answer_ms = config->database_answer_ms,
		.life_ms = config->database_url ? config->database_life_minutes * 60 * 1000 : 0,
	};
}

/* ---- The master key ---- */

/* Whether no key has been named in the database yet, so that one may be made. Whatever else is wrong shows when it is opened. */
static enum err is_unnamed(const struct db_options *options, struct arena *arena, bool *ret_unnamed,
			   const char **ret_reason)
{
	struct installation_name name;
	struct db *db;
	int applied;
	enum err err = migrate_applied(options, arena, &applied, ret_reason);

	*ret_unnamed = true;
	if (err != ERR_OK || applied == 0)
		return err;
	err = db_open(options, arena, &db, ret_reason);
	if (err != ERR_OK)
		return err;
	*ret_unnamed = db_one(db, &select_name, ARGS_NONE, arena, &name) == ERR_NOT_FOUND;
	db_close(db);
	return ERR_OK;
}

/* A new key would open nothing of what was sealed under the one that is missing. */
static enum err check_key_file(const struct config *config, struct arena *arena,
			       const char **ret_reason)
{
	struct db_options options = installation_database(config);
	const char *key_file = master_key_path(config, arena);
	bool unnamed;
	enum err err;

	if (!key_file || access(key_file, F_OK) == 0 || errno != ENOENT)
		return ERR_OK;
	err = is_unnamed(&options, arena, &unnamed, ret_reason);
	if (err != ERR_OK || unnamed)
		return err;
	*ret_reason = arena_printf(arena,
				   "the file %s is missing, and the database was written under the "
				   "key that it held. Bring it back, or set WEBPLUS_MASTER_KEY to "
				   "that key.",
				   key_file);
	return ERR_NOT_FOUND;
}

/* ---- Opening it ---- */

enum err installation_migrate(const struct config *config, int target, struct arena *arena,
			      const char **ret_reason)
{
	struct db_options options = installation_database(config);
	int lock;
	enum err err = db_lock_take(&options, arena, &lock, ret_reason);

	if (err == ERR_OK)
		err = migrate_to(&options, target, arena, ret_reason);
	db_lock_release(lock);
	return err;
}

/* Beside a server there is nothing to migrate, or it is too early to. */
static enum err migrate_beside(const struct config *config, struct arena *arena,
			       const char **ret_reason)
{
	struct db_options options = installation_database(config);
	int applied;
	enum err err = migrate_applied(&options, arena, &applied, ret_reason);

	if (err != ERR_OK || (size_t)applied == migrations_count)
		return err;
	return installation_migrate(config, MIGRATE_LATEST, arena, ret_reason);
}

static enum err open_database(struct app *app, enum installation_use use, struct arena *arena,
			      const char **ret_reason)
{
	struct db_options options = installation_database(app->config);
	enum err err;

	options.loop = app->loop;
	options.keyring = app->keyring;
	err = use == INSTALLATION_SERVE ? migrate_to(&options, MIGRATE_LATEST, arena, ret_reason)
					: migrate_beside(app->config, arena, ret_reason);
	if (err == ERR_OK)
		err = db_open(&options, arena, &app->db, ret_reason);
	return err == ERR_OK ? check_key(app, arena, ret_reason) : err;
}

/* A shared database has many servers, but a data folder one: with it goes the name that the server has among them. */
static enum err lock_database(struct app *app, struct arena *arena, const char **ret_reason)
{
	struct db_options options = installation_database(app->config);

	if (is_shared(app->config))
		options.url = NULL;
	return db_lock_take(&options, arena, &app->lock, ret_reason);
}

static enum err open_once(struct app *app, enum installation_use use, struct arena *arena,
			  const char **ret_reason)
{
	enum err err = check_key_file(app->config, arena, ret_reason);

	if (err == ERR_OK && use == INSTALLATION_SERVE)
		err = lock_database(app, arena, ret_reason);
	if (err == ERR_OK)
		err = master_key_open(app->config, arena, &app->keyring, ret_reason);
	if (err == ERR_OK)
		err = open_database(app, use, arena, ret_reason);
	if (err != ERR_OK)
		installation_close(app);
	return err;
}

enum err installation_open(struct app *app, enum installation_use use, struct arena *arena,
			   const char **ret_reason)
{
	enum err err = installation_make_folder(app->config, arena, ret_reason);

	app->lock = DB_LOCK_NONE;
	if (err == ERR_OK)
		err = open_once(app, use, arena, ret_reason);
	if (err == ERR_KEY_MISSING)
		err = open_once(app, use, arena, ret_reason);
	return err;
}

void installation_close(struct app *app)
{
	db_claim_release(app->claim);
	app->claim = NULL;
	db_close(app->db);
	keyring_destroy(app->keyring);
	db_lock_release(app->lock);
	app->db = NULL;
	app->keyring = NULL;
	app->lock = DB_LOCK_NONE;
}

/* ---- Under another master key ---- */

static const struct statement rename_key = {
	"UPDATE installation SET key_fingerprint = $2, root_key = $3 WHERE key_fingerprint = $1",
	NULL
};

enum err installation_rewrap(struct app *app, struct db *tx, const struct keyring *next)
{
	char from[KEY_FINGERPRINT_SIZE], to[KEY_FINGERPRINT_SIZE];
	uint8_t wrapped[WRAPPED_KEY_SIZE];
	struct blob root_key = { wrapped, sizeof(wrapped) };
	int64_t changed = 0;
	enum err err;

	keyring_fingerprint(app->keyring, from);
	keyring_fingerprint(next, to);
	keyring_wrap_root(app->keyring, next, wrapped);
	err = db_exec(tx, &rename_key, ARGS((const char *)from, (const char *)to, root_key),
		      &changed);
	if (err == ERR_OK && changed == 0)
		err = ERR_CONFLICT;
	return err == ERR_OK ? key_store_wrap(tx, keyring_data_keys(next)) : err;
}

/* ---- Moving it to another database ---- */

/* The key is the one that the source's installation names, or the copy would be of no use. */
static enum err check_source(const struct keyring *keyring, const struct db_options *from,
			     struct arena *arena, const char **ret_reason)
{
	struct installation installation;
	char fingerprint[KEY_FINGERPRINT_SIZE];
	struct db *db;
	enum err err = db_open(from, arena, &db, ret_reason);

	if (err != ERR_OK)
		return err;
	err = db_one(db, &select_installation, ARGS_NONE, arena, &installation);
	db_close(db);
	if (err != ERR_OK) {
		*ret_reason = "the source was never served: there is nothing to copy";
		return err;
	}
	keyring_fingerprint(keyring, fingerprint);
	if (strcmp(installation.key_fingerprint, fingerprint) == 0)
		return ERR_OK;
	return refuse_key(&installation, fingerprint, arena, ret_reason);
}

static enum err copy_locked(const struct db_options *from, const struct db_options *to,
			    struct arena *arena, const char **ret_reason)
{
	int lock;
	enum err err = db_lock_take(to, arena, &lock, ret_reason);

	if (err == ERR_OK)
		err = db_copy(from, to, stderr, arena, ret_reason);
	db_lock_release(lock);
	return err;
}

enum err installation_copy(const struct config *config, const char *from, const char *to,
			   struct arena *arena, const char **ret_reason)
{
	struct db_options source = installation_database(config), target = source;
	const char *key_file = master_key_path(config, arena);
	struct keyring *keyring = NULL;
	enum err err = ERR_OK;

	source.url = from;
	target.url = to;
	if (key_file && access(key_file, R_OK) != 0) {
		*ret_reason = arena_printf(arena, "the file %s cannot be read: %s", key_file,
					   strerror(errno));
		return ERR_INVALID;
	}
	err = master_key_open(config, arena, &keyring, ret_reason);
	if (err == ERR_OK)
		err = migrate_check(&source, arena, ret_reason);
	if (err == ERR_OK)
		err = check_source(keyring, &source, arena, ret_reason);
	if (err == ERR_OK)
		err = copy_locked(&source, &target, arena, ret_reason);
	keyring_destroy(keyring);
	return err;
}

/* ---- One server among several ---- */

/* Makes the file with a new id, unless it is there; it is read afterwards in any case. */
static void write_node_id(const char *path)
{
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char id[ID_SIZE];

	if (file < 0)
		return;
	id_make(id);
	if (write(file, id, ID_SIZE - 1) != ID_SIZE - 1 || fsync(file) != 0)
		(void)unlink(path);
	(void)close(file);
}

static bool read_node_id(const char *path, char id[static ID_SIZE])
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = file < 0 ? -1 : read(file, id, ID_SIZE - 1);

	if (file >= 0)
		(void)close(file);
	return size == ID_SIZE - 1 && id_valid(id);
}

enum { CLAIM_TRIES = 10 };

/* A process that was killed just now may hold it for a moment. */
static enum err claim_node_id(struct app *app, const char *id, struct arena *arena,
			      const char **ret_reason)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	const struct db_options options = installation_database(app->config);
	enum err err = ERR_CONFLICT;

	for (int i = 0; err == ERR_CONFLICT && i < CLAIM_TRIES; i++) {
		if (i > 0)
			(void)nanosleep(&pause, NULL);
		*ret_reason = "another server has the id of this one";
		err = db_claim_take(&options, id, arena, &app->claim, ret_reason);
	}
	return err;
}

static enum err use_node_id(struct app *app, const char *path, char id[static ID_SIZE],
			    struct arena *arena, const char **ret_reason)
{
	write_node_id(path);
	if (!read_node_id(path, id)) {
		*ret_reason = arena_printf(arena, "the file %s does not hold the id of this server",
					   path);
		return ERR_CORRUPT;
	}
	return claim_node_id(app, id, arena, ret_reason);
}

enum err installation_node_id(struct app *app, struct arena *arena, const char **ret_id,
			      const char **ret_reason)
{
	const char *path = arena_printf(arena, "%s/node", app->config->data);
	char *id = arena_alloc(arena, ID_SIZE);
	enum err err;

	*ret_id = NULL;
	if (!is_shared(app->config))
		return ERR_OK;
	err = use_node_id(app, path, id, arena, ret_reason);
	if (err == ERR_CONFLICT) {
		log_warning("another server has this one's id, so it takes a new one", "file", path,
			    NULL);
		(void)unlink(path);
		err = use_node_id(app, path, id, arena, ret_reason);
	}
	*ret_id = err == ERR_OK ? id : NULL;
	return err;
}
