#include "base/pool.h"

#include "test.h"

#include <pthread.h>
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
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < WIDTH; i++) {
			meetings[i] = (struct meeting){ .task.run = meet, .barrier = &barrier };
			pool_submit(pool, &meetings[i].task);
		}
		pthread_barrier_wait(&barrier);
	}
	pool_destroy(pool);
	pthread_barrier_destroy(&barrier);
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
		cmocka_unit_test(one_thread_keeps_the_order),
		cmocka_unit_test(sleeping_workers_are_woken),
	};

	return RUN_TESTS(tests);
}
