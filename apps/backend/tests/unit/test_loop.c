#include "base/loop.h"

#include "test.h"

#include <pthread.h>

enum { THREADS = 4, PER_THREAD = 5000 };

struct post {
	struct loop_task task;
	struct loop *loop;
	int thread, number;
};

struct poster {
	pthread_t thread;
	struct post posts[PER_THREAD];
};

static struct poster posters[THREADS];
static int next[THREADS], total;

static void receive(struct loop_task *task)
{
	struct post *post = CONTAINER_OF(task, struct post, task);

	loop_assert(post->loop);
	assert_int_equal(post->number, next[post->thread]++);
	if (++total == THREADS * PER_THREAD)
		loop_stop(post->loop);
}

static void *post_all(void *context)
{
	struct poster *poster = context;

	for (int i = 0; i < PER_THREAD; i++)
		loop_post(poster->posts[i].loop, &poster->posts[i].task);
	return NULL;
}

static void tasks_of_many_threads_arrive_in_order(void **state)
{
	struct loop loop;

	(void)state;
	loop_init(&loop);
	for (int t = 0; t < THREADS; t++) {
		for (int i = 0; i < PER_THREAD; i++)
			posters[t].posts[i] = (struct post){
				.task.run = receive, .loop = &loop, .thread = t, .number = i
			};
		assert_int_equal(pthread_create(&posters[t].thread, NULL, post_all, &posters[t]),
				 0);
	}
	loop_run(&loop); /* a lost wake-up would hang here */
	assert_int_equal(total, THREADS * PER_THREAD);
	for (int t = 0; t < THREADS; t++)
		pthread_join(posters[t].thread, NULL);
	loop_finish(&loop);
}

struct chain {
	struct loop_task task;
	struct loop *loop;
	bool timer_ran;
	uv_timer_t timer;
};

static void post_again(struct loop_task *task)
{
	struct chain *chain = CONTAINER_OF(task, struct chain, task);

	if (chain->timer_ran)
		loop_stop(chain->loop);
	else
		loop_post(chain->loop, task);
}

static void on_timer(uv_timer_t *timer)
{
	struct chain *chain = timer->data;

	chain->timer_ran = true;
	uv_close((uv_handle_t *)timer, NULL);
}

static void a_task_that_posts_itself_starves_nobody(void **state)
{
	struct chain chain = { .task.run = post_again };
	struct loop loop;

	(void)state;
	loop_init(&loop);
	chain.loop = &loop;
	uv_timer_init(&loop.uv, &chain.timer);
	chain.timer.data = &chain;
	uv_timer_start(&chain.timer, on_timer, 1, 0);
	loop_post(&loop, &chain.task);
	loop_run(&loop);
	assert_true(chain.timer_ran);
	loop_finish(&loop);
}

struct round_trip {
	struct loop_task task;
	struct loop *loop;
	pthread_barrier_t *barrier;
	bool last;
};

static void meet(struct loop_task *task)
{
	struct round_trip *trip = CONTAINER_OF(task, struct round_trip, task);
	bool last = trip->last;
	struct loop *loop = trip->loop;

	pthread_barrier_wait(trip->barrier);
	if (last)
		loop_stop(loop);
}

static void *run_loop(void *context)
{
	loop_run(context);
	return NULL;
}

static void a_sleeping_loop_is_woken(void **state)
{
	pthread_barrier_t barrier;
	pthread_t thread;
	struct loop loop;

	(void)state;
	loop_init(&loop);
	pthread_barrier_init(&barrier, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, run_loop, &loop), 0);
	for (int i = 0; i < 5000; i++) {
		struct round_trip trip = { .task.run = meet, .loop = &loop, .barrier = &barrier };

		trip.last = i == 4999;
		loop_post(&loop, &trip.task);
		pthread_barrier_wait(&barrier);
	}
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&barrier);
	loop_finish(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_of_many_threads_arrive_in_order),
		cmocka_unit_test(a_task_that_posts_itself_starves_nobody),
		cmocka_unit_test(a_sleeping_loop_is_woken),
	};

	return RUN_TESTS(tests);
}
