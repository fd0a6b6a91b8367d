/*
 * Every statement of every store: it can be prepared on the present shape, none reads a table that grows from end to end,
 * and every index is there for one of them. On PostgreSQL the plans are those of a database with many rows:
 * STATEMENTS_MESSAGES says how many messages it has.
 */
#include "db/postgres_connection.h"
#include "db/row.h"
#include "db/sqlite_connection.h"
#include "routes.h"

#include "support_postgres.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGES = 20000, SQL_MAX = 65536, PLAN_MAX = 65536 };

static const char *const growing[] = {
	"message",       "conversation",   "message_chunk",  "session",
	"refresh_token", "account",        "audit",          "api_key",
	"rights_change", "invitation",     "resource_grant", "idempotency_key",
	"search_block",  "search_pending", "search_index",   NULL
};

/* What the plans are read from, and the plans of all statements one after the other. */
struct shape {
	struct home home;
	PGconn *postgres; /* one of both */
	sqlite3 *sqlite;
	struct buf plans;
};

/* ---- Many rows ---- */

/* Of 8 digits, so that the order of texts is that of numbers. "i" counts from 0. */
#define ID(n) "CAST(10000000 + " n " AS TEXT)"
#define BYTES(x) "CAST(" x " AS BLOB)"

static const char *const rows_of_tables[] = {
	"INSERT INTO account (id, username, email, email_hash, password_hash, role, created_at) "
	"SELECT " ID("i") ", 'user' || i, " BYTES("'e' || i") ", " BYTES(
		"'h' || i") ", 'none', 'user', i "
			    "FROM counting WHERE i % 20 = 0",
	"INSERT INTO session (id, account_id, created_at, expires_at, last_used_at, revoked_at) "
	"SELECT " ID("i") ", " ID("i / 20 * 20") ", i, i + 1000, i, CASE WHEN i % 8 = 0 THEN i END "
						 "FROM counting WHERE i % 4 = 0",
	"INSERT INTO refresh_token (hash, session_id, created_at) "
	"SELECT 'hash' || i, " ID("i / 4 * 4") ", i FROM counting WHERE i % 2 = 0",
	"INSERT INTO conversation (id, owner_id, title, model_id, created_at, updated_at, deleted_at) "
	"SELECT " ID("i") ", " ID("i / 20 * 20") ", " BYTES(
		"'t'") ", 'm', i, i, "
		       "CASE WHEN i % 100 = 0 THEN i END FROM counting WHERE i % 10 = 0",
	"INSERT INTO message (id, conversation_id, owner_id, parent_id, role, status, seq, node_id, epoch, "
	"lease_until, created_at, content) SELECT " ID("i") ", " ID("i / 10 * 10") ", " ID("i / 20 * 20") ", CASE WHEN i % 10 > 0 THEN " ID(
		"i - 1") " END, 'assistant', "
			 "CASE WHEN i % 1000 = 0 THEN 'streaming' ELSE 'complete' END, 1, 'node', 1, "
			 "CASE WHEN i % 1000 = 0 THEN i END, i, " BYTES(
				 "'What was said, in so many words.'") " FROM counting",
	"INSERT INTO message_chunk (message_id, first_seq, lengths, text) "
	"SELECT " ID("i") ", 1, " BYTES("'l'") ", " BYTES("'t'") " FROM counting WHERE i % 4 = 0",
	"INSERT INTO idempotency_key (owner_id, key, request_hash, user_message_id, "
	"assistant_message_id, created_at) SELECT " ID(
		"i / 20 * 20") ", 'k' || i, 'h', 'u', 'a', i "
			       "FROM counting WHERE i % 4 = 0",
	"INSERT INTO api_key (id, account_id, name, prefix, hash, scopes, created_at, revoked_at) "
	"SELECT " ID("i") ", " ID(
		"i / 20 * 20") ", 'n', 'p', 'h' || i, 's', i, "
			       "CASE WHEN i % 8 > 0 THEN i END FROM counting WHERE i % 4 = 0",
	"INSERT INTO invitation (id, token_hash, role, created_by, created_at, expires_at, used_at) "
	"SELECT " ID("i") ", 'h' || i, 'user', 'somebody', i, i + 1000, "
			  "CASE WHEN i % 8 > 0 THEN i END FROM counting WHERE i % 4 = 0",
	"INSERT INTO resource_grant (resource_kind, resource_id, subject_kind, subject_id, permissions, "
	"created_at) SELECT 'conversation', " ID("i") ", 'user', " ID(
		"i / 20 * 20") ", 'p', i "
			       "FROM counting WHERE i % 4 = 0",
	"INSERT INTO search_index (id, owner_id, state, conversation_after, messages, blocks, bytes, stale, "
	"lease_until, created_at) SELECT i / 20 + 1, " ID(
		"i") ", CASE WHEN i % 400 = 0 THEN 'building' ELSE 'serving' END, '', 1, 1, 1, 0, i, i "
		     "FROM counting WHERE i % 20 = 0",
	"INSERT INTO search_block (index_id, term, place, moments) "
	"SELECT i / 20 + 1, CAST(i AS BIGINT) * 7919, i % 3 * i, " BYTES("'m'") " FROM counting",
	"INSERT INTO search_pending (owner_id, kind, object_id, marked_at) "
	"SELECT " ID("i / 20 * 20") ", 'message', " ID("i") ", i FROM counting WHERE i % 4 = 0",
	"INSERT INTO rights_change (id, account_id, session_id, created_at) "
	"SELECT " ID("i") ", " ID("i") ", '', i FROM counting WHERE i % 4 = 0",
	"INSERT INTO audit (seq, at, actor_id, action, object_kind, object_id, outcome, commitment, hash) "
	"SELECT i + 1, i, " ID("i % 500") ", 'action' || (i % 10), 'account', " ID(
		"i % 700") ", 'ok', 'c', 'h' FROM counting",
	NULL,
};

static long messages(void)
{
	const char *text = getenv("STATEMENTS_MESSAGES");

	return text ? strtol(text, NULL, 10) : MESSAGES;
}

static void fill(struct home *home)
{
	if (home->options.url)
		home_sql(home, "CREATE DOMAIN blob AS bytea");
	home_sql(
		home,
		arena_printf(&home->arena,
			     "CREATE TABLE counting AS WITH RECURSIVE c (i) AS (SELECT 0 UNION ALL "
			     "SELECT i + 1 FROM c WHERE i < %ld) SELECT i FROM c",
			     messages() - 1));
	for (const char *const *sql = rows_of_tables; *sql; sql++)
		home_sql(home, *sql);
	home_sql(home, "DROP TABLE counting");
	if (home->options.url)
		home_sql(home, "ANALYZE");
}

/* ---- Plans ---- */

static void print_sqlite_plan(struct shape *shape, const char *sql)
{
	struct buf explain;
	sqlite3_stmt *row;

	buf_init(&explain, SQL_MAX);
	buf_printf(&explain, "EXPLAIN QUERY PLAN %s", sql);
	assert_int_equal(sqlite3_prepare_v2(shape->sqlite, explain.data, -1, &row, NULL),
			 SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW)
		buf_printf(&shape->plans, "%s\n", (const char *)sqlite3_column_text(row, 3));
	sqlite3_finalize(row);
	buf_finish(&explain);
}

static PGresult *done(PGconn *postgres, PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		fail_msg("%s", PQerrorMessage(postgres));
	return result;
}

/* A text is an id that is there; a number is small: an early time, or one row. */
static void print_arguments(PGconn *postgres, struct buf *out)
{
	enum { TEXT_TYPE = 25, BYTES_TYPE = 17 };
	PGresult *description = done(postgres, PQdescribePrepared(postgres, "statement"));

	for (int i = 0; i < PQnparams(description); i++) {
		Oid type = PQparamtype(description, i);

		buf_printf(out, "%s%s", i > 0 ? ", " : "(",
			   type == TEXT_TYPE    ? "'10000500'"
			   : type == BYTES_TYPE ? "'h'"
						: "1");
	}
	if (PQnparams(description) > 0)
		BUF_LITERAL(out, ")");
	PQclear(description);
}

static void print_postgres_plan(struct shape *shape, const char *sql)
{
	struct buf explain;
	PGresult *plan;

	PQclear(done(shape->postgres, PQprepare(shape->postgres, "statement", sql, 0, NULL)));
	buf_init(&explain, SQL_MAX);
	BUF_LITERAL(&explain, "EXPLAIN EXECUTE statement");
	print_arguments(shape->postgres, &explain);
	plan = done(shape->postgres, PQexec(shape->postgres, explain.data));
	for (int i = 0; i < PQntuples(plan); i++)
		buf_printf(&shape->plans, "%s\n", PQgetvalue(plan, i, 0));
	PQclear(plan);
	PQclear(done(shape->postgres, PQexec(shape->postgres, "DEALLOCATE statement")));
	buf_finish(&explain);
}

/*
 * SQLite's step "SCAN x" reads all of x, through an index or not; an index of the few that stream now may be read whole.
 * PostgreSQL says "Seq Scan on x".
 */
static bool reads_whole_table(const char *step, const char *sql)
{
	const char *scan = strstr(step, "Seq Scan on ");
	char alias[64];

	if (scan ? sscanf(scan, "Seq Scan on %63s", alias) != 1
		 : sscanf(step, "SCAN %63s", alias) != 1 || strstr(step, "INDEX message_streaming"))
		return false;
	for (const char *const *table = growing; *table; table++) {
		char from[160], join[160];

		snprintf(from, sizeof(from), "FROM %s %s ", *table, alias);
		snprintf(join, sizeof(join), "JOIN %s %s ", *table, alias);
		if (strcmp(alias, *table) == 0 || strstr(sql, from) || strstr(sql, join))
			return true;
	}
	return false;
}

/* Whether there is any account: the first row is the last. */
static const char ends_at_once[] = "(SELECT id FROM account LIMIT 1)";

static void check_steps(char *plan, const char *sql)
{
	char *rest = plan;

	for (char *step = strtok_r(plan, "\n", &rest); step; step = strtok_r(NULL, "\n", &rest)) {
		if (reads_whole_table(step, sql) && !strstr(sql, ends_at_once))
			fail_msg("%s: %s", step, sql);
	}
}

static void check_plan(struct shape *shape, const struct statement *statement)
{
	size_t before = shape->plans.length;
	struct buf sql;
	char *plan;

	buf_init(&sql, SQL_MAX);
	row_print_statement(statement, &sql);
	if (shape->postgres)
		print_postgres_plan(shape, sql.data);
	else
		print_sqlite_plan(shape, sql.data);
	assert_false(shape->plans.overflow);
	plan = strdup(shape->plans.data + before);
	check_steps(plan, sql.data);
	free(plan);
	buf_finish(&sql);
}

static void each_statement(struct shape *shape,
			   void (*check)(struct shape *shape, const struct statement *statement))
{
	for (const struct statement *const *const *list = statement_lists; *list; list++)
		for (const struct statement *const *statement = *list; *statement; statement++)
			check(shape, *statement);
}

/* ---- The tests ---- */

static int set_up(void **state)
{
	struct shape *shape = calloc(1, sizeof(*shape));
	char path[SQLITE_PATH_SIZE];

	home_make(&shape->home);
	home_open(&shape->home);
	buf_init(&shape->plans, (size_t)16 * PLAN_MAX);
	if (shape->home.options.url) {
		fill(&shape->home);
		shape->postgres = PQconnectdb(shape->home.options.url);
	} else {
		sqlite_path(&shape->home.options, path);
		assert_int_equal(sqlite3_open(path, &shape->sqlite), SQLITE_OK);
	}
	*state = shape;
	return 0;
}

static int tear_down(void **state)
{
	struct shape *shape = *state;

	PQfinish(shape->postgres);
	sqlite3_close(shape->sqlite);
	buf_finish(&shape->plans);
	home_remove(&shape->home);
	free(shape);
	return 0;
}

static void check_prepared(struct shape *shape, const struct statement *statement)
{
	const char *reason = "";

	if (db_check(shape->home.db, statement, &shape->home.arena, &reason) != ERR_OK)
		fail_msg("%s", reason);
	BUF_LITERAL(&shape->plans, ".");
}

static void every_statement_can_be_prepared(void **state)
{
	struct shape *shape = *state;

	each_statement(shape, check_prepared);
	assert_true(shape->plans.length > 20);
}

/* PostgreSQL comes to plan a statement for all arguments at once: by itself, or as it is told. */
static void no_statement_reads_a_growing_table_whole(void **state)
{
	struct shape *shape = *state;

	each_statement(shape, check_plan);
	if (!shape->postgres)
		return;
	PQclear(done(shape->postgres, PQexec(shape->postgres, POSTGRES_PLAN_ONCE)));
	each_statement(shape, check_plan);
}

/* What the test above leans on. */
static void a_scan_is_recognised(void **state)
{
	(void)state;
	assert_true(reads_whole_table("SCAN message", "SELECT 1 FROM message"));
	assert_true(reads_whole_table("SCAN m", "SELECT 1 FROM branch b JOIN message m ON 1"));
	assert_true(reads_whole_table("SCAN message USING COVERING INDEX message_by_conversation",
				      "SELECT 1 FROM message"));
	assert_false(reads_whole_table("SCAN message USING INDEX message_streaming (x)",
				       "FROM message"));
	assert_false(reads_whole_table("SEARCH message USING INDEX i (id=?)", "FROM message"));
	assert_false(reads_whole_table(
		"SCAN b", "WITH b AS (SELECT 1) SELECT 1 FROM branch b JOIN message m "));
	assert_true(
		reads_whole_table("  ->  Seq Scan on message m  (cost=0.00..9", "FROM message m"));
	assert_true(reads_whole_table("  ->  Parallel Seq Scan on audit  (cost=0", "FROM audit"));
	assert_false(reads_whole_table("  ->  Seq Scan on role  (cost=0", "FROM role"));
}

/* ---- The indexes, and what is said of them ---- */

static char *read_indexes_file(struct arena *arena)
{
	const char *path =
		arena_printf(arena, "%s/apps/backend/db/indexes.md", getenv("WEBPLUS_SOURCE"));
	FILE *file = fopen(path, "r");
	char *text = arena_alloc(arena, SQL_MAX);
	size_t length;

	assert_non_null(file);
	length = fread(text, 1, SQL_MAX - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

/* One row: `| `name` | on | why |`. */
static const char *row_of(const char *file, const char *name, struct arena *arena)
{
	const char *row = strstr(file, arena_printf(arena, "\n| `%s` |", name));

	return row ? arena_strndup(arena, row + 1, strcspn(row + 1, "\n")) : NULL;
}

static char *names_of_indexes(struct shape *shape)
{
	PGresult *result;
	sqlite3_stmt *row;
	char *names;

	if (shape->postgres) {
		result = done(
			shape->postgres,
			PQexec(shape->postgres,
			       "SELECT string_agg(i.relname, ' ' ORDER BY i.relname) FROM pg_index x "
			       "JOIN pg_class i ON i.oid = x.indexrelid WHERE NOT x.indisunique AND "
			       "i.relnamespace = 'public'::regnamespace"));
		names = arena_strdup(&shape->home.arena, PQgetvalue(result, 0, 0));
		PQclear(result);
		return names;
	}
	assert_int_equal(sqlite3_prepare_v2(shape->sqlite,
					    "SELECT group_concat(name, ' ') FROM sqlite_master "
					    "WHERE type = 'index' AND sql IS NOT NULL",
					    -1, &row, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	names = arena_strdup(&shape->home.arena, (const char *)sqlite3_column_text(row, 0));
	sqlite3_finalize(row);
	return names;
}

static size_t count_rows(const char *file)
{
	size_t count = 0;

	for (const char *at = file; (at = strstr(at, "\n| `")); at++)
		count++;
	return count;
}

/* Another index may have a name that begins with this one. */
static bool is_in_plans(const struct shape *shape, const char *name)
{
	for (const char *at = shape->plans.data; (at = strstr(at, name)); at++)
		if (strchr(" \n(", at[strlen(name)]))
			return true;
	return false;
}

/* On SQLite the plans are those of empty tables, where one index may serve in the place of another. */
static void every_index_has_its_reason_and_its_statement(void **state)
{
	struct shape *shape = *state;
	char *file = read_indexes_file(&shape->home.arena), *rest = NULL;
	size_t count = 0;

	each_statement(shape, check_plan);
	for (char *name = strtok_r(names_of_indexes(shape), " ", &rest); name;
	     name = strtok_r(NULL, " ", &rest), count++) {
		const char *row = row_of(file, name, &shape->home.arena);

		if (!row)
			fail_msg("db/indexes.md does not tell of %s", name);
		if (shape->postgres && !strstr(row, "eletes") && !is_in_plans(shape, name))
			fail_msg("no statement uses %s", name);
	}
	if (count != count_rows(file))
		fail_msg("db/indexes.md tells of %zu indexes, there are %zu", count_rows(file),
			 count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_statement_can_be_prepared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_statement_reads_a_growing_table_whole, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(every_index_has_its_reason_and_its_statement,
						set_up, tear_down),
		cmocka_unit_test(a_scan_is_recognised),
	};

	return RUN_TESTS(tests);
}
