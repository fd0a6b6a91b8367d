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

/*
 * Opens app->keyring and app->db, after the migrations. The database tells under which master key it was written: with
 * another one the start is refused. app->config and, for a server, app->loop are set before.
 */
enum err installation_open(struct app *app, struct arena *arena,
			   const char **ret_reason) WARN_UNUSED;
void installation_close(struct app *app);

#endif
