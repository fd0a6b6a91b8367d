/*
 * Every statement of every store: it can be prepared on the present shape, and none reads a large
 * table from end to end.
 */
#include "db/row.h"
#include "db/sqlite_connection.h"
#include "routes.h"

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int set_up(void **state)
{
	struct home *home = calloc(1, sizeof(*home));

	home_make(home);
	home_open(home);
	*state = home;
	return 0;
}

static int tear_down(void **state)
{
	home_remove(*state);
	free(*state);
	return 0;
}

static void every_statement_can_be_prepared(void **state)
{
	struct home *home = *state;
	int count = 0;

	for (const struct statement *const *const *list = statement_lists; *list; list++) {
		for (const struct statement *const *statement = *list; *statement; statement++) {
			const char *reason = "";

			if (db_check(home->db, *statement, &home->arena, &reason) != ERR_OK)
				fail_msg("%s", reason);
			count++;
		}
	}
	assert_true(count > 20);
}

/*
 * The step "SCAN x" reads all of x, through an index or not. An index of the few that stream now
 * may be read whole.
 */
static bool reads_whole_table(const char *step, const char *sql)
{
	static const char *const large[] = { "message",
					     "conversation",
					     "message_chunk",
					     "session",
					     "refresh_token",
					     "idempotency_key",
					     "audit",
					     "api_key",
					     "rights_change",
					     "invitation",
					     NULL };
	char alias[64];

	if (sscanf(step, "SCAN %63s", alias) != 1 ||
	    strstr(step, "USING INDEX message_streaming") ||
	    strstr(step, "USING COVERING INDEX message_streaming"))
		return false;
	for (const char *const *table = large; *table; table++) {
		char from[160], join[160];

		snprintf(from, sizeof(from), "FROM %s %s ", *table, alias);
		snprintf(join, sizeof(join), "JOIN %s %s ", *table, alias);
		if (strcmp(alias, *table) == 0 || strstr(sql, from) || strstr(sql, join))
			return true;
	}
	return false;
}

static void check_plan(sqlite3 *handle, const char *sql)
{
	struct buf explain;
	sqlite3_stmt *row;

	buf_init(&explain, 65536);
	buf_printf(&explain, "EXPLAIN QUERY PLAN %s", sql);
	assert_int_equal(sqlite3_prepare_v2(handle, explain.data, -1, &row, NULL), SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW) {
		const char *step = (const char *)sqlite3_column_text(row, 3);

		if (reads_whole_table(step, sql))
			fail_msg("%s: %s", step, sql);
	}
	sqlite3_finalize(row);
	buf_finish(&explain);
}

static sqlite3 *open_beside(struct home *home)
{
	char path[SQLITE_PATH_SIZE];
	sqlite3 *handle;

	sqlite_path(&home->options, path);
	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	return handle;
}

/* SQLite's plans: PostgreSQL's follow from how many rows there are. */
static void no_statement_reads_a_large_table_whole(void **state)
{
	struct home *home = *state;
	sqlite3 *handle;

	if (home->options.url)
		skip();
	handle = open_beside(home);

	for (const struct statement *const *const *list = statement_lists; *list; list++) {
		for (const struct statement *const *statement = *list; *statement; statement++) {
			struct buf sql;

			buf_init(&sql, 65536);
			row_print_statement(*statement, &sql);
			check_plan(handle, sql.data);
			buf_finish(&sql);
		}
	}
	sqlite3_close(handle);
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
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_statement_can_be_prepared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_statement_reads_a_large_table_whole, set_up,
						tear_down),
		cmocka_unit_test(a_scan_is_recognised),
	};

	return RUN_TESTS(tests);
}
