/* A change of rights that another server wrote: found within a second, once, and what was known is forgotten. */
#include "auth/auth.h"

#include "auth/auth_store.h"
#include "middleware/authentication.h"
#include "security/jwt.h"

#include "support_call.h"
#include "support_stage.h"

#include <stdio.h>
#include <string.h>

enum { FOUND_MS = 1000, WAIT_MS = 20000, TICK_MS = 10 };

static const char *token_of(struct stage *stage, const struct principal *who)
{
	struct claims claims = { .issued = clock_now() };

	claims.expires.ms = claims.issued.ms + 600000;
	memcpy(claims.user_id, who->user_id, ID_SIZE);
	memcpy(claims.session_id, who->session_id, ID_SIZE);
	return jwt_sign(stage->app.keyring, &claims, &stage->home.arena);
}

static uint64_t rights_of(struct stage *stage, const char *token)
{
	struct principal principal = { 0 };
	enum err err = authentication_check(stage->app.authentication, token, &principal);

	assert_true(err == ERR_OK || err == ERR_UNAUTHENTICATED);
	return err == ERR_OK ? principal.permissions : 0;
}

static void wake(uv_timer_t *timer)
{
	(void)timer;
}

static void count_tick(uv_timer_t *timer)
{
	*(int64_t *)timer->data += TICK_MS;
}

/*
 * Runs the loop until the token's rights are these; how long it took. Counted in turns of a timer, so that a machine that
 * holds the loop up is not held against it.
 */
static int64_t until_rights_are(struct stage *stage, const char *token, uint64_t rights)
{
	int64_t start = clock_monotonic_ms(), took_ms = 0;
	uv_timer_t tick = { .data = &took_ms };

	uv_timer_init(&stage->loop.uv, &tick);
	uv_timer_start(&tick, count_tick, TICK_MS, TICK_MS);
	while (rights_of(stage, token) != rights && clock_monotonic_ms() - start < WAIT_MS)
		uv_run(&stage->loop.uv, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&tick, NULL);
	stage_turn(stage);
	return took_ms;
}

static struct rights *watching;

static void on_stopped(void *context)
{
	*(bool *)context = true;
}

static void end_watch(struct stage *stage)
{
	bool stopped = false;

	rights_stop(watching, on_stopped, &stopped);
	while (!stopped)
		uv_run(&stage->loop.uv, UV_RUN_ONCE);
	rights_destroy(watching);
	watching = NULL;
	stage_turn(stage);
}

static int tear_down(void **state)
{
	if (watching)
		end_watch(*state);
	return stage_tear_down(state);
}

/* The first look takes what is there as known: it waits until that was. */
static void watch_with(struct stage *stage, int64_t window_ms, int64_t kept_ms)
{
	struct principal probe = stage_account(stage, "probe", ROLE_USER);
	const char *token = token_of(stage, &probe);
	uint64_t viewer = builtin_role_find("viewer")->permissions;

	watching = rights_create(&stage->app, window_ms, kept_ms);
	rights_start(watching);
	rights_of(stage, token);
	/* Written again and again, until one is found that was not there at the first look. */
	for (int i = 0; rights_of(stage, token) != viewer && i < 100; i++) {
		uv_timer_t tick;

		home_sql(&stage->home,
			 arena_printf(&stage->home.arena,
				      "UPDATE account SET role = 'viewer' WHERE id = '%s'; "
				      "INSERT INTO rights_change (id, account_id, session_id, "
				      "created_at) VALUES ('probe%d', '%s', '', %lld)",
				      probe.user_id, i, probe.user_id, (long long)clock_now().ms));
		uv_timer_init(&stage->loop.uv, &tick);
		uv_timer_start(&tick, wake, 100, 0);
		uv_run(&stage->loop.uv, UV_RUN_ONCE);
		uv_close((uv_handle_t *)&tick, NULL);
		stage_turn(stage);
	}
	assert_true(rights_of(stage, token) == viewer);
}

static void watch(struct stage *stage)
{
	watch_with(stage, RIGHTS_WINDOW_MS, RIGHTS_KEPT_MS);
}

/* What another server does: its own connection, and nothing that this one is told. */
static void change_elsewhere(struct stage *stage, const char *sql, const char *account_id,
			     const char *session_id)
{
	char id[ID_SIZE];

	id_make(id);
	home_sql(&stage->home,
		 arena_printf(&stage->home.arena,
			      "BEGIN; %s; INSERT INTO rights_change (id, account_id, session_id, "
			      "created_at) VALUES ('%s', '%s', '%s', %lld); COMMIT",
			      sql, id, account_id, session_id, (long long)clock_now().ms));
}

static void a_role_that_is_changed_elsewhere_is_seen_within_a_second(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	struct principal bob = stage_account(stage, "bob", ROLE_USER);
	const char *token = token_of(stage, &eve), *other = token_of(stage, &bob);
	uint64_t viewer = builtin_role_find("viewer")->permissions;

	watch(stage);
	assert_true(rights_of(stage, token) == eve.permissions);
	assert_true(rights_of(stage, other) == bob.permissions);
	change_elsewhere(stage, "UPDATE account SET role = 'viewer' WHERE username <> 'probe'",
			 eve.user_id, "");
	assert_true(until_rights_are(stage, token, viewer) <= FOUND_MS);
	/* Of bob nobody said anything: what was known of him still is. */
	assert_true(rights_of(stage, other) == bob.permissions);
	change_elsewhere(stage, "SELECT 1", "", ""); /* everybody's */
	assert_true(until_rights_are(stage, other, viewer) <= FOUND_MS);
}

static void a_session_that_is_ended_elsewhere_is_refused_within_a_second(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	const char *token = token_of(stage, &eve);

	watch(stage);
	assert_true(rights_of(stage, token) == eve.permissions);
	change_elsewhere(stage,
			 arena_printf(&stage->home.arena,
				      "UPDATE session SET revoked_at = 1 WHERE id = '%s'",
				      eve.session_id),
			 eve.user_id, eve.session_id);
	assert_true(until_rights_are(stage, token, 0) <= FOUND_MS);
}

/* Clocks differ, and what began earlier may be committed later. */
static void a_change_that_comes_late_is_not_missed(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	const char *token = token_of(stage, &eve);

	watch(stage);
	assert_true(rights_of(stage, token) == eve.permissions);
	change_elsewhere(stage, "UPDATE account SET role = 'viewer' WHERE username = 'eve'",
			 eve.user_id, "");
	home_sql(&stage->home, "UPDATE rights_change SET created_at = created_at - 20000");
	assert_true(until_rights_are(stage, token, builtin_role_find("viewer")->permissions) <=
		    FOUND_MS);
}

/* Each is acted on once: else sockets would be closed again and again, for a minute. */
static void a_change_is_acted_on_once(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	struct principal bob = stage_account(stage, "bob", ROLE_USER);
	const char *token = token_of(stage, &eve), *mark = token_of(stage, &bob);
	uint64_t viewer = builtin_role_find("viewer")->permissions;

	watch(stage);
	assert_true(rights_of(stage, token) == eve.permissions);
	change_elsewhere(stage, "UPDATE account SET role = 'viewer' WHERE username = 'eve'",
			 eve.user_id, "");
	until_rights_are(stage, token, viewer);
	/* Silently, so that only acting on the old change once more would bring it out. */
	home_sql(&stage->home, "UPDATE account SET role = 'developer' WHERE username = 'eve'");
	assert_true(rights_of(stage, mark) == bob.permissions);
	change_elsewhere(stage, "UPDATE account SET role = 'viewer' WHERE username = 'bob'",
			 bob.user_id, "");
	until_rights_are(stage, mark, viewer);
	assert_true(rights_of(stage, token) == viewer);
}

/* One server signs a thousand people out; the change that counts is the last one. */
static void a_change_behind_many_others_is_seen_as_soon(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	const char *token = token_of(stage, &eve);
	struct buf sql;

	watch(stage);
	assert_true(rights_of(stage, token) == eve.permissions);
	buf_init(&sql, 1 << 20);
	buf_append_text(&sql, "INSERT INTO rights_change (id, account_id, session_id, created_at) "
			      "VALUES ");
	for (int i = 0; i < 2500; i++)
		buf_printf(&sql, "%s('many%d', 'x', '', %lld)", i ? ", " : "", i,
			   (long long)clock_now().ms - 5000);
	home_sql(&stage->home, arena_strndup(&stage->home.arena, sql.data, sql.length));
	buf_finish(&sql);
	change_elsewhere(stage, "UPDATE account SET role = 'viewer' WHERE username = 'eve'",
			 eve.user_id, "");
	assert_true(until_rights_are(stage, token, builtin_role_find("viewer")->permissions) <=
		    FOUND_MS);
}

/* For longer than the window this server reads nothing; what happens then is what `sql` says. */
static void while_cut_off(struct stage *stage, const char *sql)
{
	uv_timer_t tick;

	home_sql(&stage->home, "ALTER TABLE rights_change RENAME TO away");
	home_sql(&stage->home, sql);
	uv_timer_init(&stage->loop.uv, &tick);
	uv_timer_start(&tick, wake, 2000, 0);
	while (uv_is_active((uv_handle_t *)&tick))
		uv_run(&stage->loop.uv, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&tick, NULL);
	stage_turn(stage);
	home_sql(&stage->home, "ALTER TABLE away RENAME TO rights_change");
}

static void what_changed_while_it_was_cut_off_is_seen(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	const char *token = token_of(stage, &eve);

	watch_with(stage, 1000, RIGHTS_KEPT_MS);
	assert_true(rights_of(stage, token) == eve.permissions);
	while_cut_off(stage,
		      arena_printf(&stage->home.arena,
				   "UPDATE account SET disabled_at = 1 WHERE username = 'eve'; "
				   "INSERT INTO away (id, account_id, session_id, created_at) "
				   "VALUES ('while', '%s', '', %lld)",
				   eve.user_id, (long long)clock_now().ms));
	assert_true(until_rights_are(stage, token, 0) <= FOUND_MS);
}

static void who_was_cut_off_for_longer_than_changes_are_kept_forgets_all(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	const char *token = token_of(stage, &eve);

	watch_with(stage, 200, 1500);
	assert_true(rights_of(stage, token) == eve.permissions);
	while_cut_off(stage, "UPDATE account SET disabled_at = 1 WHERE username = 'eve'");
	assert_true(until_rights_are(stage, token, 0) <= FOUND_MS);
}

static void what_is_over_is_cleared_away(void **state)
{
	struct stage *stage = *state;
	struct principal eve = stage_account(stage, "eve", ROLE_USER);
	int64_t now = clock_now().ms, day = 86400000;

	home_sql(&stage->home,
		 arena_printf(&stage->home.arena,
			      "INSERT INTO rights_change (id, account_id, session_id, created_at) "
			      "VALUES ('old', '', '', %lld); "
			      "INSERT INTO session (id, account_id, created_at, expires_at, "
			      "revoked_at) VALUES ('a', '%s', 1, %lld, NULL), ('b', '%s', 1, %lld, "
			      "%lld), ('c', '%s', 1, %lld, %lld)",
			      (long long)(now - day - 1000), eve.user_id,
			      (long long)(now - day - 1000), eve.user_id, (long long)(now + day),
			      (long long)(now - day - 1000), eve.user_id, (long long)(now + day),
			      (long long)(now - 1000)));
	watch(stage);
	end_watch(stage);
	assert_int_equal(stage_count(stage, "SELECT count(*) FROM rights_change WHERE id = 'old'"),
			 0);
	assert_int_equal(stage_count(stage, "SELECT count(*) FROM session WHERE id IN ('a', 'b')"),
			 0);
	assert_int_equal(stage_count(stage, "SELECT count(*) FROM session WHERE id = 'c'"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stage_set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_role_that_is_changed_elsewhere_is_seen_within_a_second),
		TEST(a_session_that_is_ended_elsewhere_is_refused_within_a_second),
		TEST(a_change_that_comes_late_is_not_missed),
		TEST(a_change_is_acted_on_once),
		TEST(a_change_behind_many_others_is_seen_as_soon),
		TEST(what_changed_while_it_was_cut_off_is_seen),
		TEST(who_was_cut_off_for_longer_than_changes_are_kept_forgets_all),
		TEST(what_is_over_is_cleared_away),
	};

	return RUN_TESTS(tests);
}
