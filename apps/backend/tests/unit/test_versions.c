/*
 * Versions of what is kept: alone, and of several servers that share a Redis; with a Redis that goes away, and a clock that
 * stands still unless a test turns it.
 */
#include "cache/versions.h"

#include "base/clock.h"
#include "cache/redis_client.h"

#include "support_redis.h"
#include "test.h"

#include <signal.h>
#include <stdlib.h>

enum { LIMIT_MS = 20000, TICK_MS = 50, TRUST_MS = 900, DISTRUST_MS = 4000, DECLARE_MS = 1000 };

/* A server, as far as its versions go. */
struct side {
	struct redis_client *redis;
	struct versions *versions;
	int declarations; /* that were begun */
};

struct fixture {
	struct loop loop;
	struct redis_server server;
	struct side here, there, without; /* without Redis, and in one test alone */
};

static const struct tags tags = { .names = { "chat:ada" }, .count = 1 };
static int64_t now_ms;
static int raised; /* how often one was told that it is done; some are only at the end of a test */

static int64_t read_clock(void)
{
	return now_ms;
}

static void declare(void *context)
{
	((struct side *)context)->declarations++;
}

static void create_side(struct fixture *fixture, struct side *side)
{
	struct versions_options options = { .loop = &fixture->loop,
					    .shared = true,
					    .declare = declare,
					    .context = side,
					    .now_ms = read_clock };
	const char *reason;

	assert_int_equal(redis_client_create(&fixture->loop, fixture->server.url,
					     "test:", &options.redis, &reason),
			 ERR_OK);
	side->redis = options.redis;
	side->versions = versions_create(&options);
}

static void destroy_side(struct side *side)
{
	redis_client_destroy(side->redis);
	versions_destroy(side->versions);
	*side = (struct side){ 0 };
}

/* So that a loop that waits for nothing else comes round. */
static void on_limit(uv_timer_t *timer)
{
	(void)timer;
}

static void turn_once(struct fixture *fixture, int64_t end_ms)
{
	int64_t left_ms = end_ms - clock_monotonic_ms();
	uv_timer_t limit;

	uv_timer_init(&fixture->loop.uv, &limit);
	uv_timer_start(&limit, on_limit, left_ms > 0 ? (uint64_t)left_ms : 0, 0);
	uv_run(&fixture->loop.uv, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&limit, NULL);
	uv_run(&fixture->loop.uv, UV_RUN_NOWAIT);
}

#define RUN_UNTIL(fixture, condition)                                                              \
	do {                                                                                       \
		int64_t end_ms_ = clock_monotonic_ms() + LIMIT_MS;                                 \
		while (!(condition)) {                                                             \
			turn_once((fixture), end_ms_);                                             \
			if (clock_monotonic_ms() > end_ms_)                                        \
				fail_msg("waited in vain for %s", #condition);                     \
		}                                                                                  \
	} while (0)

static bool is_up(const struct side *side)
{
	return redis_client_up(side->redis);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	now_ms = 1000000;
	raised = 0;
	loop_init(&fixture->loop);
	redis_server_start(&fixture->server);
	create_side(fixture, &fixture->here);
	create_side(fixture, &fixture->there);
	RUN_UNTIL(fixture, is_up(&fixture->here) && is_up(&fixture->there));
	versions_looked(fixture->here.versions, now_ms);
	versions_looked(fixture->there.versions, now_ms);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	destroy_side(&fixture->here);
	destroy_side(&fixture->there);
	destroy_side(&fixture->without);
	loop_finish(&fixture->loop);
	redis_server_end(&fixture->server);
	free(fixture);
	return 0;
}

/* ---- What is asked of them ---- */

struct taken {
	int count;
	enum err err;
	struct held_versions held;
};

static void on_known(void *context, enum err err, const struct held_versions *held)
{
	struct taken *taken = context;

	taken->count++;
	taken->err = err;
	taken->held = *held;
}

/* Again where Redis took longer to answer than is waited for, as it may on a busy machine. */
static struct held_versions take(struct fixture *fixture, struct side *side)
{
	int64_t end_ms = clock_monotonic_ms() + LIMIT_MS;
	struct taken taken;

	do {
		taken = (struct taken){ 0 };
		RUN_UNTIL(fixture, is_up(side));
		assert_int_equal(versions_take(side->versions, &tags, on_known, &taken), ERR_OK);
		RUN_UNTIL(fixture, taken.count == 1);
	} while (taken.err == ERR_TIMEOUT && clock_monotonic_ms() < end_ms);
	assert_int_equal(taken.err, ERR_OK);
	return taken.held;
}

static bool same(const struct side *side, const struct held_versions *a,
		 const struct held_versions *b)
{
	return versions_same(side->versions, &tags, a, b);
}

static void on_raised(void *context)
{
	(void)context;
	raised++;
}

static enum err raise_it(struct side *side)
{
	return versions_raise(side->versions, &tags, on_raised, NULL);
}

/* Turns the loop for longer than the timer's tick, in real time. */
static void let_it_tick(struct fixture *fixture)
{
	int64_t end_ms = clock_monotonic_ms() + 150;

	while (clock_monotonic_ms() < end_ms)
		turn_once(fixture, end_ms);
}

/* ---- While all goes well ---- */

static void alone_they_are_counted_here(void **state)
{
	const struct versions_options options = { .loop = &((struct fixture *)*state)->loop };
	struct versions *versions = versions_create(&options);
	const struct tags other = { .names = { "chat:eve" }, .count = 1 };
	struct held_versions before, after, others;

	assert_true(versions_local(versions));
	assert_true(versions_trusted(versions));
	versions_take_local(versions, &tags, &before);
	versions_take_local(versions, &other, &others);
	assert_int_equal(versions_raise(versions, &tags, on_raised, NULL), ERR_OK);
	versions_take_local(versions, &tags, &after);
	assert_false(versions_same(versions, &tags, &before, &after));
	versions_take_local(versions, &other, &after);
	assert_true(versions_same(versions, &other, &others, &after));
	versions_destroy(versions);
}

static void what_one_raises_the_other_sees(void **state)
{
	struct fixture *fixture = *state;
	struct held_versions before, after;

	do { /* over one connection: with another one nothing is the same */
		before = take(fixture, &fixture->there);
		after = take(fixture, &fixture->there);
	} while (before.era != after.era);
	assert_true(same(&fixture->there, &before, &after));
	assert_int_equal(raise_it(&fixture->here), ERR_PENDING);
	RUN_UNTIL(fixture, raised == 1);
	after = take(fixture, &fixture->there);
	assert_false(same(&fixture->there, &before, &after));
	assert_int_equal(fixture->here.declarations, 0);
}

static void on_life(void *context, enum err err, const struct redis_value *value)
{
	assert_int_equal(err, ERR_OK);
	*(int64_t *)context = value->integer;
}

/* How long Redis keeps it, in milliseconds; -1: for ever. */
static int64_t life_of(struct fixture *fixture, const char *key)
{
	int64_t life_ms = -3;

	assert_int_equal(
		redis_call(fixture->here.redis, LIMIT_MS, on_life, &life_ms, "PTTL", key, NULL),
		ERR_OK);
	RUN_UNTIL(fixture, life_ms != -3);
	return life_ms;
}

/* That of everything is part of all that is held: with it, all would be lost at once. */
static void only_tags_grow_old_in_redis(void **state)
{
	struct fixture *fixture = *state;

	take(fixture, &fixture->here);
	assert_true(life_of(fixture, "test:v:chat:ada") > 0);
	assert_int_equal(life_of(fixture, "test:v:*"), -1);
}

static void who_has_not_looked_trusts_nothing(void **state)
{
	struct side *here = &((struct fixture *)*state)->here;
	struct taken taken;

	now_ms += TRUST_MS - 1;
	assert_true(versions_trusted(here->versions));
	now_ms++;
	assert_false(versions_trusted(here->versions));
	assert_int_equal(versions_take(here->versions, &tags, on_known, &taken), ERR_UNAVAILABLE);
	versions_looked(here->versions, now_ms);
	assert_true(versions_trusted(here->versions));
}

static void what_was_held_before_a_word_of_distrust_is_gone(void **state)
{
	struct fixture *fixture = *state;
	struct side *here = &fixture->here;
	struct held_versions before = take(fixture, here), after;

	versions_distrust(here->versions);
	assert_false(versions_trusted(here->versions));
	now_ms += DISTRUST_MS;
	versions_looked(here->versions, now_ms);
	assert_false(versions_trusted(here->versions));
	now_ms++;
	assert_true(versions_trusted(here->versions));
	after = take(fixture, here);
	assert_false(same(here, &before, &after));
}

/* ---- No Redis ---- */

/* It says so before anybody writes, and as long as it runs. */
static void who_has_no_redis_tells_the_others_all_the_time(void **state)
{
	struct fixture *fixture = *state;
	struct side *without = &fixture->without;
	struct versions_options options = { .loop = &fixture->loop,
					    .shared = true,
					    .declare = declare,
					    .context = without,
					    .now_ms = read_clock };

	without->versions = versions_create(&options);
	RUN_UNTIL(fixture, without->declarations == 1);
	assert_int_equal(raise_it(without), ERR_PENDING);
	assert_int_equal(versions_raise(without->versions, &tags, NULL, NULL), ERR_OK);
	versions_declared(without->versions, true);
	now_ms += VERSION_LEASE_MS;
	RUN_UNTIL(fixture, raised == 1 && without->declarations == 2);
	versions_declared(without->versions, true);
	assert_int_equal(raise_it(without), ERR_OK);
	versions_looked(without->versions, now_ms);
	assert_false(versions_trusted(without->versions));
}

/* ---- A Redis that goes away ---- */

/* A write whose raise did not come to Redis. */
static void lose_redis(struct fixture *fixture)
{
	redis_server_kill(&fixture->server);
	RUN_UNTIL(fixture, !is_up(&fixture->here) && !is_up(&fixture->there));
	assert_int_equal(raise_it(&fixture->here), ERR_PENDING);
	assert_int_equal(raised, 0);
	assert_int_equal(fixture->here.declarations, 1);
}

static void a_write_waits_until_the_others_know(void **state)
{
	struct fixture *fixture = *state;
	struct side *here = &fixture->here;

	lose_redis(fixture);
	versions_declared(here->versions, false);
	now_ms += DECLARE_MS;
	RUN_UNTIL(fixture, here->declarations == 2); /* tried again */
	versions_declared(here->versions, true);
	now_ms += VERSION_LEASE_MS - 1;
	let_it_tick(fixture);
	assert_int_equal(raised, 0);
	now_ms++;
	RUN_UNTIL(fixture, raised == 1);
	assert_int_equal(raise_it(here), ERR_OK); /* they know */
	now_ms += 2500;
	assert_int_equal(raise_it(here), ERR_PENDING); /* it is too long ago */
}

/*
 * Two declarations that each take 2.4 s to be confirmed. The first may have been read at once, and be forgotten DISTRUST_MS later,
 * before the second is there.
 */
static void slow_commits_leave_no_hole(void **state)
{
	struct fixture *fixture = *state;
	struct side *here = &fixture->here;

	lose_redis(fixture);
	now_ms += 2400;
	versions_declared(here->versions, true);
	RUN_UNTIL(fixture, here->declarations == 2);
	now_ms += 2400;
	versions_declared(here->versions, true);
	let_it_tick(fixture);
	assert_int_equal(raised, 0);
	assert_int_equal(raise_it(here), ERR_PENDING);
	assert_int_equal(here->declarations, 3);
	versions_declared(here->versions, true); /* this one was quick */
	now_ms += VERSION_LEASE_MS - 1;
	let_it_tick(fixture);
	assert_int_equal(raised, 0);
	now_ms++;
	RUN_UNTIL(fixture, raised == 2);
}

static void what_was_missed_is_raised_before_anything_is_trusted(void **state)
{
	struct fixture *fixture = *state;
	struct side *here = &fixture->here, *there = &fixture->there;
	struct held_versions before = take(fixture, there), after;

	lose_redis(fixture);
	redis_server_restart(&fixture->server);
	RUN_UNTIL(fixture, raised == 1); /* though nobody was told */
	versions_looked(here->versions, now_ms);
	versions_looked(there->versions, now_ms);
	assert_true(versions_trusted(here->versions));
	RUN_UNTIL(fixture, is_up(there));
	after = take(fixture, there);
	assert_false(same(there, &before, &after));
}

static void on_answered(void *context, enum err err, const struct redis_value *value)
{
	(void)value;
	assert_int_equal(err, ERR_OK);
	++*(int *)context;
}

/* Hung, not gone: it may still carry out what it was sent, but has not said so. */
static void a_raise_that_is_not_answered_waits_too(void **state)
{
	struct fixture *fixture = *state;
	struct side *here = &fixture->here;

	redis_server_signal(&fixture->server, SIGSTOP);
	assert_int_equal(raise_it(here), ERR_PENDING);
	RUN_UNTIL(fixture, here->declarations == 1);
	assert_int_equal(raised, 0);
	assert_false(versions_trusted(here->versions));
	redis_server_signal(&fixture->server, SIGCONT);
	RUN_UNTIL(fixture, raised == 1);
}

static void nobody_who_waits_is_told_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct side *here = &fixture->here;

	redis_server_signal(&fixture->server, SIGSTOP);
	assert_int_equal(versions_raise(here->versions, &tags, NULL, NULL), ERR_PENDING);
	RUN_UNTIL(fixture, here->declarations == 1);
	assert_false(versions_trusted(here->versions));
	versions_declared(here->versions, true);
	now_ms += VERSION_LEASE_MS;
	redis_server_signal(&fixture->server, SIGCONT);
	RUN_UNTIL(fixture, is_up(here));
}

static void refuse_writes(struct fixture *fixture, const char *host, const char *port)
{
	int done = 0;

	assert_int_equal(redis_call(fixture->here.redis, LIMIT_MS, on_answered, &done, "REPLICAOF",
				    host, port, NULL),
			 ERR_OK);
	RUN_UNTIL(fixture, done == 1);
}

/*
 * It answers, and takes nothing: writes wait for the others to know, once, and not for a tick each. Those that did would all
 * take one, since each begins right behind the one before; those that do not are quick but where the machine is busy.
 */
static void a_redis_that_refuses_costs_its_answer(void **state)
{
	struct fixture *fixture = *state;
	struct side *here = &fixture->here;
	int quick = 0;

	refuse_writes(fixture, "127.0.0.1", "1");
	assert_int_equal(raise_it(here), ERR_PENDING);
	RUN_UNTIL(fixture, here->declarations == 1);
	assert_int_equal(raised, 0);
	versions_declared(here->versions, true);
	now_ms += VERSION_LEASE_MS;
	RUN_UNTIL(fixture, raised == 1);
	for (int i = 2; i <= 40; i++) {
		int64_t begin_ms = clock_monotonic_ms();

		assert_int_equal(raise_it(here), ERR_PENDING);
		RUN_UNTIL(fixture, raised == i);
		quick += clock_monotonic_ms() - begin_ms < TICK_MS / 2;
	}
	assert_true(quick >= 10);
	refuse_writes(fixture, "NO", "ONE");
	versions_looked(here->versions, now_ms);
	RUN_UNTIL(fixture, versions_trusted(here->versions));
}

static void a_server_that_ends_lets_go(void **state)
{
	struct fixture *fixture = *state;

	lose_redis(fixture);
	versions_release(fixture->here.versions);
	assert_int_equal(raised, 1);
	assert_int_equal(raise_it(&fixture->here), ERR_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(alone_they_are_counted_here),
		TEST(what_one_raises_the_other_sees),
		TEST(only_tags_grow_old_in_redis),
		TEST(who_has_not_looked_trusts_nothing),
		TEST(what_was_held_before_a_word_of_distrust_is_gone),
		TEST(who_has_no_redis_tells_the_others_all_the_time),
		TEST(a_write_waits_until_the_others_know),
		TEST(slow_commits_leave_no_hole),
		TEST(what_was_missed_is_raised_before_anything_is_trusted),
		TEST(a_raise_that_is_not_answered_waits_too),
		TEST(nobody_who_waits_is_told_nothing),
		TEST(a_redis_that_refuses_costs_its_answer),
		TEST(a_server_that_ends_lets_go),
	};

	return RUN_TESTS(tests);
}
