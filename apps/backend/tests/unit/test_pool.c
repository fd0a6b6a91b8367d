#include "base/clock.h"
#include "base/pool.h"

#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>

enum { TASKS = 20000, WIDTH = 8 };

struct counter {
	struct task task;
	atomic_int *total;
};

static void count(struct task *task)
{
	struct counter *counter = CONTAINER_OF(task, struct counter, task);

	atomic_fetch_add(counter->total, 1);
}

static void everything_submitted_is_run(void **state)
{
	static struct counter counters[TASKS];
	struct pool *pool = pool_create("test", WIDTH);
	atomic_int total = 0;

	(void)state;
	for (int i = 0; i < TASKS; i++) {
		counters[i] = (struct counter){ .task.run = count, .total = &total };
		pool_submit(pool, &counters[i].task);
	}
	pool_destroy(pool);
	assert_int_equal(atomic_load(&total), TASKS);
}

struct meeting {
	struct task task;
	pthread_barrier_t *barrier;
};

static void meet(struct task *task)
{
	pthread_barrier_wait(CONTAINER_OF(task, struct meeting, task)->barrier);
}

/* WIDTH tasks that wait for each other end only if all of them run at once. */
static void as_many_run_at_once_as_there_are_threads(void **state)
{
	struct pool *pool = pool_create("test", WIDTH);
	struct meeting meetings[WIDTH];
	pthread_barrier_t barrier;

	(void)state;
	pthread_barrier_init(&barrier, NULL, WIDTH + 1);
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < WIDTH; i++) {
			meetings[i] = (struct meeting){ .task.run = meet, .barrier = &barrier };
			pool_submit(pool, &meetings[i].task);
		}
		pthread_barrier_wait(&barrier);
	}
	pool_destroy(pool);
	pthread_barrier_destroy(&barrier);
}

struct waiting {
	struct task task;
	sem_t *here, *go;
};

static void wait_aside(struct task *task)
{
	struct waiting *waiting = CONTAINER_OF(task, struct waiting, task);

	pool_wait_begin();
	sem_post(waiting->here);
	sem_wait(waiting->go);
	pool_wait_end();
}

/* All places but one are waited in: what comes runs in the last, and what waited goes on. */
static void who_waits_leaves_its_place_to_another(void **state)
{
	struct pool *pool = pool_create("test", WIDTH);
	struct waiting waiting[WIDTH - 1];
	struct counter counter = { .task.run = count };
	atomic_int total = 0;
	sem_t here, go;

	(void)state;
	sem_init(&here, 0, 0);
	sem_init(&go, 0, 0);
	pool_wait_begin(); /* not a worker: nothing happens */
	pool_wait_end();
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < WIDTH - 1; i++) {
			waiting[i] = (struct waiting){ { .run = wait_aside }, &here, &go };
			pool_submit(pool, &waiting[i].task);
		}
		for (int i = 0; i < WIDTH - 1; i++)
			sem_wait(&here);
		counter.total = &total;
		pool_submit(pool, &counter.task);
		while (atomic_load(&total) == round)
			sched_yield();
		for (int i = 0; i < WIDTH - 1; i++)
			sem_post(&go);
	}
	pool_destroy(pool);
	sem_destroy(&here);
	sem_destroy(&go);
	assert_int_equal(atomic_load(&total), 200);
}

/* One that holds its place without a word, and one that comes behind it and lets it go. */
struct pair {
	struct task first, second;
	sem_t go;
	int64_t first_us, second_us;
};

static void hold_place(struct task *task)
{
	struct pair *pair = CONTAINER_OF(task, struct pair, first);

	pair->first_us = clock_monotonic_us();
	sem_wait(&pair->go);
}

static void let_go(struct task *task)
{
	struct pair *pair = CONTAINER_OF(task, struct pair, second);

	pair->second_us = clock_monotonic_us();
	sem_post(&pair->go);
}

/*
 * On one processor the second has no place, until the pool takes the first for one that waits, which is so after ten
 * milliseconds. However busy the machine is, it is never earlier.
 */
static void no_more_run_than_there_are_processors(void **state)
{
	struct pair pair = { { .run = hold_place }, { .run = let_go }, .first_us = 0 };
	cpu_set_t all, one;
	struct pool *pool;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	CPU_ZERO(&one);
	for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	pool = pool_create("test", WIDTH);
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	sem_init(&pair.go, 0, 0);
	for (int round = 0; round < 20; round++) {
		pool_submit(pool, &pair.first);
		pool_submit(pool, &pair.second);
		while (pool_counts(pool).busy > 0 || pool_counts(pool).queued > 0)
			sched_yield();
		assert_true(pair.second_us - pair.first_us >= 8000);
	}
	pool_destroy(pool);
	sem_destroy(&pair.go);
}

struct ordered {
	struct task task;
	int number, *next;
	bool in_order;
};

static void check_order(struct task *task)
{
	struct ordered *ordered = CONTAINER_OF(task, struct ordered, task);

	ordered->in_order = ordered->number == (*ordered->next)++;
}

static void one_thread_keeps_the_order(void **state)
{
	static struct ordered tasks[1000];
	struct pool *pool = pool_create("test", 1);
	int next = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		tasks[i] = (struct ordered){ .task.run = check_order, .number = i, .next = &next };
		pool_submit(pool, &tasks[i].task);
	}
	pool_destroy(pool);
	for (int i = 0; i < 1000; i++)
		assert_true(tasks[i].in_order);
}

struct ping {
	struct task task;
	sem_t done;
};

static void answer(struct task *task)
{
	sem_post(&CONTAINER_OF(task, struct ping, task)->done);
}

/* Each finds the workers asleep, so that a lost wake-up hangs. */
static void sleeping_workers_are_woken(void **state)
{
	struct pool *pool = pool_create("test", 2);
	struct ping ping = { .task.run = answer };

	(void)state;
	sem_init(&ping.done, 0, 0);
	for (int i = 0; i < 5000; i++) {
		pool_submit(pool, &ping.task);
		sem_wait(&ping.done);
	}
	pool_destroy(pool);
	pool_destroy(NULL);
	sem_destroy(&ping.done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_submitted_is_run),
		cmocka_unit_test(as_many_run_at_once_as_there_are_threads),
		cmocka_unit_test(no_more_run_than_there_are_processors),
		cmocka_unit_test(who_waits_leaves_its_place_to_another),
		cmocka_unit_test(one_thread_keeps_the_order),
		cmocka_unit_test(sleeping_workers_are_woken),
	};

	return RUN_TESTS(tests);
}
