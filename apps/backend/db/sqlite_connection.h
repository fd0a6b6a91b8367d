/*
 * Private to db/: one connection to a SQLite file, with what it has prepared.
 *
 * A connection belongs to one thread at a time.
 */
#ifndef WEBPLUS_DB_SQLITE_CONNECTION_H
#define WEBPLUS_DB_SQLITE_CONNECTION_H

#include "db/prepared.h"

#include <sqlite3.h>

struct sqlite_connection {
	sqlite3 *handle;
	struct prepared_table prepared;
};

enum sqlite_mode { SQLITE_READER, SQLITE_WRITER };

enum { SQLITE_PATH_SIZE = 4096 };

/* The file that the options name. */
void sqlite_path(const struct db_options *options, char path[static SQLITE_PATH_SIZE]);
enum err sqlite_connect(const struct db_options *options, enum sqlite_mode mode,
			struct sqlite_connection *ret_connection, struct arena *arena,
			const char **ret_reason) WARN_UNUSED;
void sqlite_disconnect(struct sqlite_connection *connection);

enum err sqlite_run(struct sqlite_connection *connection, const struct keyring *keyring,
		    const struct query *query, struct rows *rows) WARN_UNUSED;
enum err sqlite_check(struct sqlite_connection *connection, const struct query *query,
		      struct arena *arena, const char **ret_reason) WARN_UNUSED;
/* A text without parameters or rows: BEGIN, PRAGMA, a migration. */
enum err sqlite_script(struct sqlite_connection *connection, const char *sql) WARN_UNUSED;
/* What a result code of SQLite is to us. */
enum err sqlite_err(int code);

#endif
