#include "db/sqlite_connection.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	BUSY_MS = 5000,
	RETRY_MS = 10,
	CANCEL_CHECK_STEPS = 4000,
	SQL_MAX = 64 * 1024,
	PARAMETERS_MAX = COLUMNS_MAX
};

struct sqlite_prepared {
	struct prepared prepared; /* first */
	sqlite3_stmt *statement;
	int parameters;                   /* how many, $1 to $parameters */
	int index_of[PARAMETERS_MAX + 1]; /* SQLite numbers them by first appearance */
};

/*
 * What the user may mend is a conflict; that a column is null or out of its check is for the code
 * to know.
 */
static enum err constraint_err(int code)
{
	switch (code) {
	case SQLITE_CONSTRAINT_NOTNULL:
	case SQLITE_CONSTRAINT_CHECK:
	case SQLITE_CONSTRAINT_DATATYPE:
		return ERR_INTERNAL;
	default:
		return ERR_CONFLICT;
	}
}

enum err sqlite_err(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return ERR_OK;
	case SQLITE_CONSTRAINT:
		return constraint_err(code);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_UNAVAILABLE;
	case SQLITE_FULL:
		return ERR_DISK_FULL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_INTERRUPT:
		return ERR_CANCELLED;
	default:
		return ERR_INTERNAL;
	}
}

/*
 * The disk is an edge too: what SQLite says of an unexpected fault is lost unless it is logged
 * here.
 */
static enum err fault(struct sqlite_connection *connection, int code)
{
	enum err err = sqlite_err(code);

	if (err == ERR_INTERNAL || err == ERR_CORRUPT || err == ERR_DISK_FULL)
		log_error("database", "fault", sqlite3_errmsg(connection->handle), NULL);
	return err;
}

/* ---- Opening ---- */

static int check_cancelled(void *context)
{
	(void)context;
	return db_cancelled();
}

void sqlite_path(const struct db_options *options, char path[static SQLITE_PATH_SIZE])
{
	static const char scheme[] = "sqlite:";
	const char *place = options->folder;
	struct stat status;

	if (options->url)
		place = options->url + (strncmp(options->url, scheme, sizeof(scheme) - 1) == 0
						? sizeof(scheme) - 1
						: 0);
	if (!options->url || (stat(place, &status) == 0 && S_ISDIR(status.st_mode)))
		snprintf(path, SQLITE_PATH_SIZE, "%s/webplus.db", place);
	else
		snprintf(path, SQLITE_PATH_SIZE, "%s", place);
}

/*
 * synchronous=FULL: with less, an acknowledged row may be lost with the power. wal_autocheckpoint: with the 1000 pages that
 * are SQLite's default, every eighth commit of a busy server would pay for a checkpoint, which is three fsyncs more.
 */
static const char *const reader_pragmas =
	"PRAGMA query_only=ON; PRAGMA cache_size=-4000; PRAGMA temp_store=MEMORY;";
static const char *const writer_pragmas =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
	"PRAGMA cache_size=-4000; PRAGMA temp_store=MEMORY;"
	"PRAGMA journal_size_limit=67108864;"
	"PRAGMA wal_autocheckpoint=4000;";

/*
 * Of two that change a new file to the write-ahead log at once, SQLite refuses one without waiting:
 * it tries again.
 */
static enum err set_pragmas(struct sqlite_connection *connection, const char *pragmas)
{
	int64_t end_ms = clock_monotonic_ms() + BUSY_MS;
	enum err err = sqlite_script(connection, pragmas);

	while (err == ERR_UNAVAILABLE && clock_monotonic_ms() < end_ms) {
		sqlite3_sleep(RETRY_MS);
		err = sqlite_script(connection, pragmas);
	}
	return err;
}

enum err sqlite_connect(const struct db_options *options, enum sqlite_mode mode,
			struct sqlite_connection *ret_connection, struct arena *arena,
			const char **ret_reason)
{
	struct sqlite_connection connection = { 0 };
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
		    (mode == SQLITE_WRITER ? SQLITE_OPEN_CREATE : 0);
	char path[SQLITE_PATH_SIZE];
	enum err err;

	sqlite_path(options, path);
	err = sqlite_err(sqlite3_open_v2(path, &connection.handle, flags, options->vfs));
	if (err == ERR_OK) {
		sqlite3_busy_timeout(connection.handle, BUSY_MS);
		err = set_pragmas(&connection,
				  mode == SQLITE_WRITER ? writer_pragmas : reader_pragmas);
	}
	if (err != ERR_OK) {
		*ret_reason = arena_printf(arena, "the database %s cannot be opened: %s", path,
					   sqlite3_errmsg(connection.handle));
		sqlite3_close(connection.handle);
		return err;
	}
	if (mode == SQLITE_READER)
		sqlite3_progress_handler(connection.handle, CANCEL_CHECK_STEPS, check_cancelled,
					 NULL);
	*ret_connection = connection;
	return ERR_OK;
}

static void destroy_prepared(struct prepared *prepared)
{
	struct sqlite_prepared *own = CONTAINER_OF(prepared, struct sqlite_prepared, prepared);

	sqlite3_finalize(own->statement);
	free(own);
}

void sqlite_disconnect(struct sqlite_connection *connection)
{
	prepared_finish(&connection->prepared, destroy_prepared);
	sqlite3_close(connection->handle);
	*connection = (struct sqlite_connection){ 0 };
}

enum err sqlite_script(struct sqlite_connection *connection, const char *sql)
{
	return fault(connection, sqlite3_exec(connection->handle, sql, NULL, NULL, NULL));
}

/* ---- What is prepared ---- */

/* Each parameter is $N, and there is none left out below the highest. */
static const char *number_parameters(struct sqlite_prepared *prepared)
{
	int count = sqlite3_bind_parameter_count(prepared->statement);

	for (int i = 1; i <= count; i++) {
		const char *name = sqlite3_bind_parameter_name(prepared->statement, i);
		int number = name && name[0] == '$' && isdigit((unsigned char)name[1])
				     ? (int)strtol(name + 1, NULL, 10)
				     : 0;

		if (number < 1 || number > PARAMETERS_MAX)
			return "a parameter is not $1, $2, …";
		prepared->index_of[number] = i;
		if (number > prepared->parameters)
			prepared->parameters = number;
	}
	return prepared->parameters == count ? NULL : "a parameter is left out";
}

static enum err make_plan(struct sqlite_prepared *prepared, const struct query *query,
			  struct arena *arena, const char **ret_reason)
{
	const char *names[COLUMNS_MAX];
	int count = sqlite3_column_count(prepared->statement);

	if (count > COLUMNS_MAX) {
		*ret_reason = "too many columns";
		return ERR_INTERNAL;
	}
	if (!query->row)
		return ERR_OK;
	for (int i = 0; i < count; i++)
		names[i] = sqlite3_column_name(prepared->statement, i);
	return row_plan_make(query->row, names, count, &prepared->prepared.plan, arena, ret_reason);
}

static enum err prepare(struct sqlite_connection *connection, const struct query *query,
			struct arena *arena, struct sqlite_prepared **ret_prepared,
			const char **ret_reason)
{
	struct sqlite_prepared *prepared = MEMORY_NEW(struct sqlite_prepared);
	struct buf sql;
	const char *reason;
	enum err err;

	buf_init(&sql, SQL_MAX);
	query->print(query, &sql);
	assert(!sql.overflow);
	err = sqlite_err(sqlite3_prepare_v3(connection->handle, sql.data, (int)sql.length + 1,
					    SQLITE_PREPARE_PERSISTENT, &prepared->statement, NULL));
	if (err != ERR_OK)
		reason = sqlite3_errmsg(connection->handle);
	else if ((reason = number_parameters(prepared)) != NULL)
		err = ERR_INTERNAL;
	else
		err = make_plan(prepared, query, arena, &reason);
	if (err == ERR_OK) {
		prepared->prepared.identity = query->identity;
		prepared->prepared.variant = query->variant;
		*ret_prepared = prepared;
	} else {
		*ret_reason = arena_printf(arena, "%s: %s", reason, sql.data);
		destroy_prepared(&prepared->prepared);
	}
	buf_finish(&sql);
	return err;
}

static enum err prepared_for(struct sqlite_connection *connection, const struct query *query,
			     struct sqlite_prepared **ret_prepared)
{
	struct prepared *known =
		prepared_find(&connection->prepared, query->identity, query->variant);
	struct arena arena;
	const char *reason;
	enum err err;

	if (known) {
		*ret_prepared = CONTAINER_OF(known, struct sqlite_prepared, prepared);
		return ERR_OK;
	}
	arena_init(&arena);
	err = prepare(connection, query, &arena, ret_prepared, &reason);
	if (err == ERR_OK)
		prepared_add(&connection->prepared, &(*ret_prepared)->prepared);
	else
		log_error("statement", "fault", reason, NULL);
	arena_finish(&arena);
	return err;
}

enum err sqlite_check(struct sqlite_connection *connection, const struct query *query,
		      struct arena *arena, const char **ret_reason)
{
	struct sqlite_prepared *prepared;
	enum err err = prepare(connection, query, arena, &prepared, ret_reason);

	if (err == ERR_OK)
		destroy_prepared(&prepared->prepared);
	return err;
}

/* ---- Running ---- */

static int bind_value(sqlite3_stmt *statement, int index, const struct db_value *value)
{
	switch (value->type) {
	case DB_INT:
		return sqlite3_bind_int64(statement, index, value->integer);
	case DB_REAL:
		return sqlite3_bind_double(statement, index, value->real);
	case DB_TEXT:
		return sqlite3_bind_text64(statement, index, value->bytes.data, value->bytes.size,
					   SQLITE_STATIC, SQLITE_UTF8);
	case DB_BLOB:
		return sqlite3_bind_blob64(statement, index,
					   value->bytes.size ? value->bytes.data : "",
					   value->bytes.size, SQLITE_STATIC);
	default:
		return sqlite3_bind_null(statement, index);
	}
}

static struct db_value cell_value(sqlite3_stmt *statement, int column)
{
	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_INTEGER:
		return db_value_int(sqlite3_column_int64(statement, column));
	case SQLITE_FLOAT:
		return db_value_real(sqlite3_column_double(statement, column));
	case SQLITE_TEXT:
		return (struct db_value){ .type = DB_TEXT,
					  .bytes = { sqlite3_column_text(statement, column),
						     (size_t)sqlite3_column_bytes(statement,
										  column) } };
	case SQLITE_BLOB:
		return db_value_blob(
			(struct blob){ sqlite3_column_blob(statement, column),
				       (size_t)sqlite3_column_bytes(statement, column) });
	default:
		return (struct db_value){ .type = DB_NULL };
	}
}

static enum err load_row(const struct sqlite_prepared *prepared, const struct keyring *keyring,
			 struct rows *rows)
{
	struct db_value cells[COLUMNS_MAX];
	int count = sqlite3_column_count(prepared->statement);

	for (int i = 0; i < count; i++)
		cells[i] = cell_value(prepared->statement, i);
	return rows->each ? rows->each(rows->context, cells, count)
			  : rows_add(rows, &prepared->prepared.plan, keyring, cells);
}

static enum err step(struct sqlite_connection *connection, const struct sqlite_prepared *prepared,
		     const struct keyring *keyring, struct rows *rows)
{
	int code;

	while ((code = sqlite3_step(prepared->statement)) == SQLITE_ROW) {
		bool wanted = rows->one || rows->all || rows->each;
		enum err err = wanted ? load_row(prepared, keyring, rows) : ERR_OK;

		if (err != ERR_OK || rows->one)
			return err;
	}
	return fault(connection, code);
}

static enum err run_once(struct sqlite_connection *connection, struct sqlite_prepared *prepared,
			 const struct keyring *keyring, const struct db_args *args,
			 struct rows *rows)
{
	enum err err = ERR_OK;

	assert(args->count == prepared->parameters);
	for (int i = 0; i < args->count && err == ERR_OK; i++)
		err = fault(connection, bind_value(prepared->statement, prepared->index_of[i + 1],
						   &args->values[i]));
	if (err == ERR_OK)
		err = step(connection, prepared, keyring, rows);
	rows->changed = sqlite3_changes(connection->handle);
	sqlite3_reset(prepared->statement);
	sqlite3_clear_bindings(prepared->statement);
	return err;
}

enum err sqlite_run(struct sqlite_connection *connection, const struct keyring *keyring,
		    const struct query *query, struct rows *rows)
{
	struct sqlite_prepared *prepared;
	enum err err = prepared_for(connection, query, &prepared);

	if (err == ERR_OK)
		err = run_once(connection, prepared, keyring, &query->args, rows);
	for (size_t i = 0; err == ERR_OK && i < query->more_count; i++)
		err = run_once(connection, prepared, keyring, &query->more[i], rows);
	return err;
}
