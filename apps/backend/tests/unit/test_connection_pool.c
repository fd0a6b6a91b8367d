#include "db/connection_pool.h"

#include "base/clock.h"
#include "base/memory.h"

#include "test.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { LONG_MS = 20000, SHORT_MS = 30, THREADS = 12, ROUNDS = 400, SIZE = 3 };

struct connection {
	struct pooled pooled;
	int number;
	atomic_bool busy;
};

/* An engine that does as it is told. */
static struct {
	atomic_int opened, closed, checked;
	atomic_int turns;
	atomic_bool refuses, unwell, slow;
	sem_t verdict; /* what a slow check waits for */
} engine;

static enum err open_one(void *context, struct pooled **ret_pooled)
{
	struct connection *connection;

	(void)context;
	if (atomic_load(&engine.refuses))
		return ERR_UNAVAILABLE;
	connection = MEMORY_NEW(struct connection);
	connection->number = atomic_fetch_add(&engine.opened, 1) + 1;
	*ret_pooled = &connection->pooled;
	return ERR_OK;
}

static bool check_one(void *context, struct pooled *pooled)
{
	(void)context;
	(void)pooled;
	atomic_fetch_add(&engine.checked, 1);
	if (atomic_load(&engine.slow))
		sem_wait(&engine.verdict);
	return !atomic_load(&engine.unwell);
}

static void close_one(void *context, struct pooled *pooled)
{
	(void)context;
	atomic_fetch_add(&engine.closed, 1);
	free(CONTAINER_OF(pooled, struct connection, pooled));
}

static const struct connection_pool_options usual = { .size = SIZE,
						      .checkout_ms = LONG_MS,
						      .backoff_ms = LONG_MS,
						      .backoff_max_ms = LONG_MS,
						      .open = open_one,
						      .check = check_one,
						      .close = close_one };

static struct connection_pool *create(const struct connection_pool_options *options)
{
	atomic_store(&engine.opened, 0);
	atomic_store(&engine.closed, 0);
	atomic_store(&engine.checked, 0);
	atomic_store(&engine.turns, 0);
	atomic_store(&engine.refuses, false);
	atomic_store(&engine.unwell, false);
	atomic_store(&engine.slow, false);
	return connection_pool_create(options);
}

static struct connection *take(struct connection_pool *pool)
{
	struct pooled *pooled = NULL;

	assert_int_equal(connection_pool_take(pool, &pooled), ERR_OK);
	return CONTAINER_OF(pooled, struct connection, pooled);
}

static void give(struct connection_pool *pool, struct connection *connection)
{
	connection_pool_give(pool, &connection->pooled, false);
}

static void wait_past(int64_t ms)
{
	while (clock_monotonic_ms() <= ms)
		sched_yield();
}

/* ---- Lending ---- */

static void the_one_used_last_is_lent_first(void **state)
{
	struct connection_pool *pool = create(&usual);
	struct connection *first = take(pool), *second = take(pool);

	(void)state;
	assert_int_not_equal(first->number, second->number);
	give(pool, first);
	give(pool, second);
	assert_ptr_equal(take(pool), second);
	assert_ptr_equal(take(pool), first);
	assert_int_equal(atomic_load(&engine.opened), 2);
	give(pool, first);
	give(pool, second);
	connection_pool_destroy(pool);
	assert_int_equal(atomic_load(&engine.closed), 2);
}

static void who_waits_too_long_is_told(void **state)
{
	struct connection_pool_options options = usual;
	struct connection_pool *pool;
	struct connection *taken[SIZE];
	struct pooled *none = NULL;

	(void)state;
	options.checkout_ms = SHORT_MS;
	pool = create(&options);
	for (int i = 0; i < SIZE; i++)
		taken[i] = take(pool);
	assert_int_equal(connection_pool_take(pool, &none), ERR_UNAVAILABLE);
	assert_null(none);
	assert_int_equal(connection_pool_counts(pool).timeouts, 1);
	assert_int_equal(connection_pool_counts(pool).in_use, SIZE);
	for (int i = 0; i < SIZE; i++)
		give(pool, taken[i]);
	assert_int_equal(connection_pool_counts(pool).in_use, 0);
	assert_int_equal(connection_pool_counts(pool).open, SIZE);
	connection_pool_destroy(pool);
}

static void *use_often(void *context)
{
	struct connection_pool *pool = context;

	for (int i = 0; i < ROUNDS; i++) {
		struct connection *connection = take(pool);

		assert_false(atomic_exchange(&connection->busy, true));
		sched_yield();
		atomic_store(&connection->busy, false);
		connection_pool_give(pool, &connection->pooled, i % 50 == 7);
	}
	return NULL;
}

static void many_threads_share_few_and_none_twice(void **state)
{
	struct connection_pool *pool = create(&usual);
	pthread_t threads[THREADS];
	struct db_pool_counts counts;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, use_often, pool);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	counts = connection_pool_counts(pool);
	assert_int_equal(counts.in_use, 0);
	assert_int_equal(counts.waiting, 0);
	assert_true(counts.open <= SIZE);
	assert_int_equal(counts.checkouts, THREADS * ROUNDS);
	assert_int_equal(counts.timeouts, 0);
	connection_pool_destroy(pool);
	assert_int_equal(atomic_load(&engine.opened), atomic_load(&engine.closed));
}

struct waiter {
	struct connection_pool *pool;
	enum err err;
	struct pooled *pooled;
	bool gives_back;
	atomic_int turn; /* the how many-th it was that had one; only of those that give back */
};

static void *wait_for_one(void *context)
{
	struct waiter *waiter = context;

	waiter->err = connection_pool_take(waiter->pool, &waiter->pooled);
	if (waiter->gives_back) {
		atomic_store(&waiter->turn, atomic_fetch_add(&engine.turns, 1) + 1);
		connection_pool_give(waiter->pool, waiter->pooled, false);
	}
	return NULL;
}

static void wait_until_waiting(struct connection_pool *pool, unsigned count)
{
	while (connection_pool_counts(pool).waiting != count)
		sched_yield();
}

static void who_waits_has_what_comes_back(void **state)
{
	struct connection_pool_options options = usual;
	struct waiter waiter = { .err = ERR_INTERNAL };
	struct connection *connection;
	pthread_t thread;

	(void)state;
	options.size = 1;
	waiter.pool = create(&options);
	connection = take(waiter.pool);
	pthread_create(&thread, NULL, wait_for_one, &waiter);
	wait_until_waiting(waiter.pool, 1);
	give(waiter.pool, connection);
	pthread_join(thread, NULL);
	assert_int_equal(waiter.err, ERR_OK);
	assert_ptr_equal(waiter.pooled, &connection->pooled);
	give(waiter.pool, connection);
	connection_pool_destroy(waiter.pool);
}

/* What one gives back is not his again while others wait for it. */
static void who_came_first_is_first(void **state)
{
	struct connection_pool_options options = usual;
	struct waiter waiters[4];
	struct connection *connection;
	pthread_t threads[4];
	struct connection_pool *pool;

	(void)state;
	options.size = 1;
	pool = create(&options);
	connection = take(pool);
	for (unsigned i = 0; i < 4; i++) {
		waiters[i] = (struct waiter){ .pool = pool, .gives_back = true };
		pthread_create(&threads[i], NULL, wait_for_one, &waiters[i]);
		wait_until_waiting(pool, i + 1);
	}
	give(pool, connection);
	connection = take(pool);
	for (int i = 0; i < 4; i++)
		assert_int_equal(atomic_load(&waiters[i].turn), i + 1);
	give(pool, connection);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(connection_pool_counts(pool).waiting, 0);
	connection_pool_destroy(pool);
}

/* It finds out that the one that lay idle is no good when its own time is over. */
static void a_place_that_becomes_free_is_told_to_who_waits(void **state)
{
	struct connection_pool_options options = usual;
	struct waiter late, next;
	pthread_t late_thread, next_thread;
	struct connection_pool *pool;
	struct connection *idle;
	int64_t end_ms;

	(void)state;
	options.size = 1;
	options.checkout_ms = 1000;
	pool = create(&options);
	idle = take(pool);
	give(pool, idle);
	idle->pooled.suspect = true;
	sem_init(&engine.verdict, 0, 0);
	atomic_store(&engine.unwell, true);
	atomic_store(&engine.slow, true);
	late = next = (struct waiter){ .pool = pool, .err = ERR_INTERNAL };
	pthread_create(&late_thread, NULL, wait_for_one, &late);
	while (atomic_load(&engine.checked) == 0)
		sched_yield();
	end_ms = clock_monotonic_ms() + options.checkout_ms;
	wait_past(end_ms);
	pthread_create(&next_thread, NULL, wait_for_one, &next);
	wait_until_waiting(pool, 1);
	sem_post(&engine.verdict);
	pthread_join(late_thread, NULL);
	pthread_join(next_thread, NULL);
	assert_int_equal(late.err, ERR_UNAVAILABLE);
	assert_int_equal(next.err, ERR_OK);
	connection_pool_give(pool, next.pooled, false);
	connection_pool_destroy(pool);
	sem_destroy(&engine.verdict);
}

/* ---- Life ---- */

static void one_past_its_life_is_closed(void **state)
{
	struct connection_pool_options options = usual;
	struct connection_pool *pool;
	struct connection *connection;

	(void)state;
	options.life_ms = SHORT_MS;
	pool = create(&options);
	connection = take(pool);
	wait_past(clock_monotonic_ms() + SHORT_MS);
	give(pool, connection);
	assert_int_equal(atomic_load(&engine.closed), 1);
	connection = take(pool);
	assert_int_equal(connection->number, 2);
	give(pool, connection);
	wait_past(clock_monotonic_ms() + SHORT_MS);
	connection = take(pool);
	assert_int_equal(connection->number, 3);
	give(pool, connection);
	connection_pool_destroy(pool);
}

static void one_that_lay_idle_is_checked(void **state)
{
	struct connection_pool_options options = usual;
	struct connection_pool *pool;
	struct connection *connection;

	(void)state;
	options.idle_check_ms = SHORT_MS;
	pool = create(&options);
	give(pool, take(pool));
	wait_past(clock_monotonic_ms() + SHORT_MS);
	connection = take(pool);
	assert_int_equal(atomic_load(&engine.checked), 1);
	assert_int_equal(connection->number, 1);
	give(pool, connection);
	atomic_store(&engine.unwell, true);
	wait_past(clock_monotonic_ms() + SHORT_MS);
	connection = take(pool);
	assert_int_equal(connection->number, 2);
	assert_int_equal(atomic_load(&engine.closed), 1);
	give(pool, connection);
	connection_pool_destroy(pool);
}

static void a_broken_one_makes_the_idle_ones_suspect(void **state)
{
	struct connection_pool *pool = create(&usual);
	struct connection *broken = take(pool), *idle = take(pool);

	(void)state;
	give(pool, idle);
	connection_pool_give(pool, &broken->pooled, true);
	assert_int_equal(atomic_load(&engine.closed), 1);
	assert_ptr_equal(take(pool), idle);
	assert_int_equal(atomic_load(&engine.checked), 1);
	give(pool, idle);
	assert_ptr_equal(take(pool), idle);
	assert_int_equal(atomic_load(&engine.checked), 1);
	give(pool, idle);
	connection_pool_destroy(pool);
}

/* ---- Failure ---- */

static void after_a_failure_all_are_refused_at_once_until_it_is_time(void **state)
{
	struct connection_pool_options options = usual;
	struct connection_pool *pool;
	struct pooled *taken;
	int64_t begin_ms = clock_monotonic_ms(), took_ms;
	int refused = 0;

	(void)state;
	options.backoff_ms = options.backoff_max_ms = 200;
	pool = create(&options);
	atomic_store(&engine.refuses, true);
	assert_int_equal(connection_pool_take(pool, &taken), ERR_UNAVAILABLE);
	atomic_store(&engine.refuses, false);
	while (connection_pool_take(pool, &taken) == ERR_UNAVAILABLE)
		refused++;
	took_ms = clock_monotonic_ms() - begin_ms;
	assert_true(took_ms >= 100);
	assert_true(refused > 0 || took_ms > 1000); /* or the machine had no time for it */
	assert_int_equal(connection_pool_counts(pool).failures, 1);
	connection_pool_give(pool, taken, false);
	connection_pool_destroy(pool);
}

static void while_others_hold_some_who_cannot_open_waits(void **state)
{
	struct connection_pool *pool = create(&usual);
	struct connection *connection = take(pool);
	struct waiter waiter = { .pool = pool, .err = ERR_INTERNAL };
	pthread_t thread;

	(void)state;
	atomic_store(&engine.refuses, true);
	pthread_create(&thread, NULL, wait_for_one, &waiter);
	wait_until_waiting(pool, 1);
	give(pool, connection);
	pthread_join(thread, NULL);
	assert_int_equal(waiter.err, ERR_OK);
	give(pool, connection);
	connection_pool_destroy(pool);
}

static void when_the_last_one_breaks_nobody_waits_for_nothing(void **state)
{
	struct connection_pool *pool = create(&usual);
	struct connection *connection = take(pool);
	struct waiter waiters[4];
	pthread_t threads[4];

	(void)state;
	atomic_store(&engine.refuses, true);
	for (int i = 0; i < 4; i++) {
		waiters[i] = (struct waiter){ .pool = pool };
		pthread_create(&threads[i], NULL, wait_for_one, &waiters[i]);
	}
	wait_until_waiting(pool, 4);
	connection_pool_give(pool, &connection->pooled, true);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(waiters[i].err, ERR_UNAVAILABLE);
	}
	assert_int_equal(connection_pool_counts(pool).timeouts, 0);
	connection_pool_destroy(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_one_used_last_is_lent_first),
		cmocka_unit_test(who_waits_too_long_is_told),
		cmocka_unit_test(many_threads_share_few_and_none_twice),
		cmocka_unit_test(who_waits_has_what_comes_back),
		cmocka_unit_test(who_came_first_is_first),
		cmocka_unit_test(a_place_that_becomes_free_is_told_to_who_waits),
		cmocka_unit_test(one_past_its_life_is_closed),
		cmocka_unit_test(one_that_lay_idle_is_checked),
		cmocka_unit_test(a_broken_one_makes_the_idle_ones_suspect),
		cmocka_unit_test(after_a_failure_all_are_refused_at_once_until_it_is_time),
		cmocka_unit_test(while_others_hold_some_who_cannot_open_waits),
		cmocka_unit_test(when_the_last_one_breaks_nobody_waits_for_nothing),
	};

	return RUN_TESTS(tests);
}
