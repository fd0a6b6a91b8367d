/*
 * Deleting an account: it is gone at once, and what it had goes some rows at a time, however often that is cut off, its own
 * row last. Others keep theirs.
 */
#include "auth/auth_store.h"
#include "chat/conversation_store.h"

#include "support_stage.h"

#include <stdio.h>
#include <string.h>

enum { CONVERSATIONS = 3, MESSAGES = 1000 /* of each */, ROWS = 100, SESSIONS = 7 };

/* What an account may have, by its id. */
static const char *const tables[] = {
	"FROM message WHERE owner_id = '%s'",
	"FROM conversation WHERE owner_id = '%s'",
	"FROM idempotency_key WHERE owner_id = '%s'",
	"FROM search_pending WHERE owner_id = '%s'",
	"FROM search_block WHERE index_id IN (SELECT id FROM search_index WHERE owner_id = '%s')",
	"FROM search_index WHERE owner_id = '%s'",
	"FROM refresh_token WHERE session_id IN (SELECT id FROM session WHERE account_id = '%s')",
	"FROM session WHERE account_id = '%s'",
	"FROM account WHERE id = '%s'",
};

enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

static int64_t rows_in(struct stage *stage, int table, const char *account_id)
{
	char text[200],
		*sql = arena_printf(&stage->home.arena, "SELECT count(*) %s", tables[table]);
	char *mark = strstr(sql, "'%s'");

	snprintf(text, sizeof(text), "%.*s'%s'%s", (int)(mark - sql), sql, account_id, mark + 4);
	return stage_count(stage, text);
}

static int64_t rows_of(struct stage *stage, const char *account_id)
{
	int64_t rows = 0;

	for (int i = 0; i < TABLES; i++)
		rows += rows_in(stage, i, account_id);
	return rows;
}

/* Through SQL, since they are many: nobody opens what they hold. */
static void add_rows(struct stage *stage, const char *account_id)
{
	static const char *const inserts[] = {
		"INSERT INTO conversation (id, owner_id, title, model_id, created_at, updated_at) "
		"SELECT 'c' || n || '%s', '%s', %s, 'm', 1, 1 FROM numbers WHERE n < 3",
		"INSERT INTO message (id, conversation_id, owner_id, role, status, seq, epoch, created_at, "
		"content) SELECT 'm' || n || '%s', 'c' || (n %% 3) || '%s', '%s', 'user', 'complete', 0, 0, "
		"1, %s FROM numbers WHERE n < 3000",
		"INSERT INTO idempotency_key (owner_id, key, request_hash, user_message_id, "
		"assistant_message_id, created_at) SELECT '%s', 'k' || n, '', '', '', 1 FROM numbers "
		"WHERE n < 250",
		"INSERT INTO search_pending (owner_id, kind, object_id, marked_at) SELECT '%s', 'message', "
		"'m' || n, 1 FROM numbers WHERE n < 250",
		"INSERT INTO search_index (id, owner_id, state, conversation_after, messages, blocks, bytes, "
		"stale, lease_until, created_at) SELECT (SELECT count(*) FROM search_index) + 1, '%s', "
		"'serving', '', 1, 1, 1, 0, 0, 0 FROM numbers WHERE n < 1",
		"INSERT INTO search_block (index_id, term, place, moments) SELECT (SELECT max(id) FROM "
		"search_index WHERE owner_id = '%s'), n, 0, %s FROM numbers WHERE n < 2500",
		"INSERT INTO session (id, account_id, created_at, expires_at) SELECT 's' || n || '%s', '%s', 1, "
		"1 FROM numbers WHERE n < 7",
		"INSERT INTO refresh_token (hash, session_id, created_at) SELECT 't' || n || '%s', 's' || "
		"(n %% 7) || '%s', 1 FROM numbers WHERE n < 100",
	};
	const char *bytes = stage->home.options.url ? "'\\x00'" : "x'00'";

	for (size_t i = 0; i < sizeof(inserts) / sizeof(inserts[0]); i++) {
		struct buf sql;

		buf_init(&sql, 10000);
		BUF_LITERAL(&sql,
			    "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM "
			    "numbers WHERE n < 3000) ");
		for (const char *at = inserts[i]; *at; at++) {
			if (*at != '%') {
				buf_append_char(&sql, *at);
				continue;
			}
			at++;
			buf_append_text(&sql, *at == '%'       ? "%"
					      : at[-2] == '\'' ? account_id
							       : bytes);
		}
		home_sql(&stage->home, arena_strndup(&stage->home.arena, sql.data, sql.length));
		buf_finish(&sql);
	}
}

static enum err run_erase(struct db *tx, void *context)
{
	return account_erase(tx, context);
}

static struct principal deleted_account(struct stage *stage)
{
	struct principal bob = stage_account(stage, "bob", ROLE_USER);

	add_rows(stage, bob.user_id);
	assert_int_equal(db_transaction(stage->app.db, run_erase, bob.user_id), ERR_OK);
	return bob;
}

static void an_account_is_gone_before_what_it_had_is(void **state)
{
	struct stage *stage = *state;
	struct arena *arena = &stage->home.arena;
	struct principal bob = deleted_account(stage);
	struct session_owner owner;
	struct account account;
	struct array accounts;

	assert_int_equal(account_by_id(stage->app.db, bob.user_id, arena, &account), ERR_NOT_FOUND);
	assert_int_equal(account_by_username(stage->app.db, "bob", arena, &account), ERR_NOT_FOUND);
	assert_int_equal(account_page(stage->app.db, "", "", 10, arena, &accounts), ERR_OK);
	assert_int_equal(accounts.count, 0);
	assert_int_equal(session_owner(stage->app.db, bob.session_id, (struct timestamp){ 1 },
				       arena, &owner),
			 ERR_NOT_FOUND);
	assert_int_equal(stage_count(stage, "SELECT count(*) FROM search_index WHERE key IS NULL "
					    "AND state = 'dropped'"),
			 1);
	bob = stage_account(stage, "bob", ROLE_USER); /* name and address are free */
	assert_int_equal(account_by_id(stage->app.db, bob.user_id, arena, &account), ERR_OK);
}

static void what_it_had_goes_some_rows_at_a_time(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_USER);
	struct principal bob = deleted_account(stage);
	struct erasing erasing = { { INT64_MAX }, ROWS, true };
	int64_t of_ada, left = rows_in(stage, 0, bob.user_id);
	int steps = 0;

	add_rows(stage, ada.user_id);
	of_ada = rows_of(stage, ada.user_id);
	assert_int_equal(left, CONVERSATIONS * MESSAGES);
	for (; erasing.more; steps++) {
		int64_t now;

		assert_int_equal(db_transaction(stage->app.db, erasure_step, &erasing), ERR_OK);
		now = rows_in(stage, 0, bob.user_id);
		assert_in_range(left - now, 0, ROWS);
		left = now;
		if (steps == 10 || steps == 30) { /* in the middle, another process goes on */
			home_close(&stage->home);
			home_open(&stage->home);
			stage->app.db = stage->home.db;
		}
	}
	assert_in_range(steps, 30, 60);
	assert_int_equal(rows_of(stage, bob.user_id), 0);
	assert_int_equal(rows_of(stage, ada.user_id), of_ada);
}

static void on_stopped(void *context)
{
	*(bool *)context = true;
}

/* What a server left, the next one erases when it starts. */
static void a_server_goes_on_where_another_one_was_killed(void **state)
{
	struct stage *stage = *state;
	struct principal bob = deleted_account(stage);
	struct erasure *erasure = erasure_create(&stage->app);
	bool stopped = false;
	int64_t end_ms = clock_monotonic_ms() + 20000;

	erasure_start(erasure);
	while (rows_of(stage, bob.user_id) > 0 && clock_monotonic_ms() < end_ms)
		stage_turn(stage);
	assert_int_equal(rows_of(stage, bob.user_id), 0);
	erasure_stop(erasure, on_stopped, &stopped);
	while (!stopped)
		stage_turn(stage);
	erasure_destroy(erasure);
	stage_turn(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(an_account_is_gone_before_what_it_had_is),
		STAGE_TEST(what_it_had_goes_some_rows_at_a_time),
		STAGE_TEST(a_server_goes_on_where_another_one_was_killed),
	};

	return RUN_TESTS(tests);
}
