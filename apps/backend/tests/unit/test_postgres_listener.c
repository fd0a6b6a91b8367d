/* What is notified on PostgreSQL is heard on the loop: once it is committed, and after a connection was lost too. */
#include "base/loop.h"
#include "db/database.h"

#include "support_postgres.h"

#include <stdlib.h>

enum { LIMIT_MS = 20000 };

static const char *const news = "test_news", *const other = "test_other";

struct ear {
	struct db_listener *listener;
	int heard;
};

struct fixture {
	struct home home;
	struct loop loop;
	struct ear ear;
};

static void hear(void *context)
{
	((struct ear *)context)->heard++;
}

static void on_limit(uv_timer_t *timer)
{
	*(bool *)timer->data = true;
}

/* Runs the loop until the ear has heard so often; fails when it takes too long. */
static void await_heard(struct fixture *fixture, const struct ear *ear, int count)
{
	bool late = false;
	uv_timer_t limit = { .data = &late };

	uv_timer_init(&fixture->loop.uv, &limit);
	uv_timer_start(&limit, on_limit, LIMIT_MS, 0);
	while (ear->heard < count && !late)
		uv_run(&fixture->loop.uv, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&limit, NULL);
	uv_run(&fixture->loop.uv, UV_RUN_NOWAIT);
	assert_false(late);
}

/* It is heard at the beginning, once. */
static void listen_to(struct fixture *fixture, struct ear *ear, const char *channel)
{
	*ear = (struct ear){ 0 };
	ear->listener = db_listen(fixture->home.db, channel, hear, ear);
	assert_non_null(ear->listener);
	await_heard(fixture, ear, 1);
	assert_int_equal(ear->heard, 1);
}

static enum err notify(struct db *tx, void *context)
{
	return db_notify(tx, context);
}

static enum err notify_and_fail(struct db *tx, void *context)
{
	enum err err = db_notify(tx, context);

	return err == ERR_OK ? ERR_FORBIDDEN : err;
}

static enum err transact(struct fixture *fixture, transaction run, const char *channel)
{
	return db_transaction(fixture->home.db, run, (void *)(uintptr_t)channel);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	home_make(&fixture->home);
	if (!fixture->home.options.url)
		home_make_postgres(&fixture->home, "UTF8");
	loop_init(&fixture->loop);
	fixture->home.options.loop = &fixture->loop;
	home_open(&fixture->home);
	listen_to(fixture, &fixture->ear, news);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	db_unlisten(fixture->ear.listener);
	loop_finish(&fixture->loop);
	home_remove(&fixture->home);
	free(fixture);
	return 0;
}

static void what_is_committed_is_heard(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 2; i < 5; i++) {
		assert_int_equal(transact(fixture, notify, news), ERR_OK);
		await_heard(fixture, &fixture->ear, i);
		assert_int_equal(fixture->ear.heard, i);
	}
}

/* The other channel shows when it would have come. */
static void what_is_rolled_back_is_not_heard(void **state)
{
	struct fixture *fixture = *state;
	struct ear second;

	listen_to(fixture, &second, other);
	assert_int_equal(transact(fixture, notify_and_fail, news), ERR_FORBIDDEN);
	assert_int_equal(transact(fixture, notify, other), ERR_OK);
	await_heard(fixture, &second, 2);
	assert_int_equal(fixture->ear.heard, 1);
	db_unlisten(second.listener);
}

static void a_connection_that_was_lost_is_opened_again(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(home_number(&fixture->home,
				     "SELECT count(pg_terminate_backend(pid, 10000)) FROM "
				     "pg_stat_activity WHERE datname = current_database() AND "
				     "query = 'LISTEN test_news'"),
			 1);
	await_heard(fixture, &fixture->ear, 2); /* what came meanwhile may have been missed */
	assert_int_equal(transact(fixture, notify, news), ERR_OK);
	await_heard(fixture, &fixture->ear, 3);
}

static void who_does_not_listen_any_more_hears_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct ear second = { 0 };

	second.listener = db_listen(fixture->home.db, news, hear, &second);
	db_unlisten(second.listener);
	assert_int_equal(transact(fixture, notify, news), ERR_OK);
	await_heard(fixture, &fixture->ear, 2);
	assert_int_equal(second.heard, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_is_committed_is_heard),
		TEST(what_is_rolled_back_is_not_heard),
		TEST(a_connection_that_was_lost_is_opened_again),
		TEST(who_does_not_listen_any_more_hears_nothing),
	};

	return RUN_TESTS(tests);
}
