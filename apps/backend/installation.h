/*
 * An installation: a data folder with its master key and its database in the shape that this version knows, checked
 * before anything else happens. Also what the commands work on that need no server.
 */
#ifndef WEBPLUS_INSTALLATION_H
#define WEBPLUS_INSTALLATION_H

#include "app.h"
#include "base/arena.h"
#include "base/err.h"
#include "config.h"
#include "db/database.h"

/* Only the folder: made with mode 0700 if it is missing. */
enum err installation_make_folder(const struct config *config, struct arena *arena,
				  const char **ret_reason) WARN_UNUSED;

/* The database that the settings name, without loop and keyring. */
struct db_options installation_database(const struct config *config);

/* What for it is opened. */
enum installation_use {
	INSTALLATION_SERVE,  /* as the one server of its data folder (db/lock.h) */
	INSTALLATION_BESIDE, /* for a command, which may run while it is served */
};

/*
 * Opens app->keyring and app->db, after the migrations. The database tells under which master key it was written: with
 * another one, or without the file of its key, the start is refused and nothing is written. app->config and, for a
 * server, app->loop are set before.
 */
enum err installation_open(struct app *app, enum installation_use use, struct arena *arena,
			   const char **ret_reason) WARN_UNUSED;
/*
 * In a transaction: names `next` as the master key that the database is written under, and stores under it what keys there
 * are. ERR_CONFLICT: the database is not any more under the one that the app has.
 */
enum err installation_rewrap(struct app *app, struct db *tx,
			     const struct keyring *next) WARN_UNUSED;
/* `webplus migrate up` and `down`: not while it is served. */
enum err installation_migrate(const struct config *config, int target, struct arena *arena,
			      const char **ret_reason) WARN_UNUSED;
void installation_close(struct app *app);

/*
 * The id of this server among those that share the database, held until the installation is closed: the file `node` in the
 * data folder, made at the first start, and anew where another server has that id, as when the folder was copied. NULL where
 * there can be but one server.
 */
enum err installation_node_id(struct app *app, struct arena *arena, const char **ret_id,
			      const char **ret_reason) WARN_UNUSED;

/*
 * Copies the installation's data from one database to another, empty one; both are named by URLs. Refuses a source
 * that was not written under the master key at hand. Progress goes to standard error.
 */
enum err installation_copy(const struct config *config, const char *from, const char *to,
			   struct arena *arena, const char **ret_reason) WARN_UNUSED;

#endif
