#include "base/memory.h"
#include "db/admin.h"
#include "db/postgres_connection.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SCRIPT_MAX = 1024 * 1024 };

struct postgres_admin {
	struct admin admin; /* first */
	struct postgres_connection *connection;
};

static struct postgres_connection *connection_of(const struct admin *admin)
{
	return CONTAINER_OF(admin, const struct postgres_admin, admin)->connection;
}

static enum err run(struct db *db, const struct query *query, struct rows *rows)
{
	return postgres_run(connection_of(CONTAINER_OF(db, struct admin, db)), NULL, query, NULL,
			    rows);
}

static const struct engine statements = { .run = run };

/* The number says nothing; it must only be the same in all versions. Who waits for the lock may wait for long. */
static const char *const begin_alone =
	"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock(6296512070)";
static const char *const begin_snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

static enum err begin(struct admin *admin, enum admin_mode mode)
{
	return postgres_script(connection_of(admin),
			       mode == ADMIN_ALONE ? begin_alone : begin_snapshot);
}

/* ---- The words of migrations ---- */

/* Past a comment, or a text or name in quotes; `at` itself when it is neither. */
static const char *skip_quoted(const char *at)
{
	const char *end;

	if (at[0] == '-' && at[1] == '-')
		return at + strcspn(at, "\n");
	if (at[0] != '\'' && at[0] != '"')
		return at;
	end = strchr(at + 1, at[0]);
	return end ? end + 1 : at + strlen(at);
}

static size_t word_length(const char *at)
{
	size_t length = 0;

	while (isalnum((unsigned char)at[length]) || at[length] == '_')
		length++;
	return length;
}

/*
 * Texts are compared byte by byte, as SQLite does, whatever collation the database was made with: ids and cursors
 * depend on it. WITHOUT ROWID tells SQLite to keep a table in the order of its key, and nobody else.
 */
static void print_script(const char *sql, struct buf *out)
{
	static const char without[] = "WITHOUT ROWID";

	while (*sql) {
		const char *end = skip_quoted(sql);
		size_t length = word_length(sql);

		if (end == sql)
			end = sql + (length ? length : 1);
		if (strncmp(sql, without, sizeof(without) - 1) == 0) {
			sql += sizeof(without) - 1;
			continue;
		}
		buf_append(out, sql, (size_t)(end - sql));
		if (length == 4 && memcmp(sql, "TEXT", 4) == 0)
			BUF_LITERAL(out, " COLLATE \"C\"");
		sql = end;
	}
}

static enum err script(struct admin *admin, const char *sql)
{
	struct buf text;
	enum err err = ERR_TOO_LARGE;

	buf_init(&text, SCRIPT_MAX);
	print_script(sql, &text);
	if (!text.overflow)
		err = postgres_script(connection_of(admin), text.data);
	buf_finish(&text);
	return err;
}

static const char *reason(const struct admin *admin)
{
	return connection_of(admin)->reason;
}

static void close_admin(struct admin *admin)
{
	postgres_disconnect(connection_of(admin));
	free(CONTAINER_OF(admin, struct postgres_admin, admin));
}

static const struct admin_engine engine = {
	.begin = begin,
	.script = script,
	.reason = reason,
	.close = close_admin,
};

enum err postgres_admin_open(const struct db_options *options, struct arena *arena,
			     struct admin **ret_admin, const char **ret_reason)
{
	struct postgres_connection *connection;
	struct postgres_admin *admin;
	const struct postgres_connect_options connect = { .url = options->url, .end = -1 };
	enum err err = postgres_connect(&connect, &connection, arena, ret_reason);

	if (err != ERR_OK)
		return err;
	err = postgres_script(connection, "SET lock_timeout = 0;"
					  "SET idle_in_transaction_session_timeout = 0");
	if (err != ERR_OK) {
		*ret_reason = arena_printf(arena, "PostgreSQL refused the settings: %s",
					   connection->reason);
		postgres_disconnect(connection);
		return err;
	}
	admin = MEMORY_NEW(struct postgres_admin);
	admin->connection = connection;
	admin->admin = (struct admin){ .db.engine = &statements, .engine = &engine };
	*ret_admin = &admin->admin;
	return ERR_OK;
}
