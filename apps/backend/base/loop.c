#include "base/loop.h"

#include "base/memory.h"

#include <assert.h>

/* Rounds of tasks that post more tasks, before the sockets get their turn again. */
enum { ROUNDS_MAX = 8 };

static void run_tasks(struct list *tasks)
{
	while (!list_empty(tasks)) {
		struct loop_task *task = CONTAINER_OF(tasks->next, struct loop_task, node);

		list_remove(&task->node);
		task->run(task);
	}
}

/*
 * The loop says that it sleeps *before* it looks at the queue: who pushed earlier is seen here, and
 * who pushes later sees `awake` false and sends the wake-up.
 */
static void on_before_sleep(uv_prepare_t *prepare)
{
	struct loop *loop = prepare->data;
	struct list tasks;

	list_init(&tasks);
	for (int round = 0; round < ROUNDS_MAX; round++) {
		atomic_store(&loop->awake, false);
		if (!queue_take_all(&loop->posted, &tasks))
			return;
		atomic_store(&loop->awake, true);
		run_tasks(&tasks);
	}
	atomic_store(&loop->awake, false);
	uv_async_send(&loop->wake);
}

/* Brings the loop round to on_before_sleep. */
static void on_wake(uv_async_t *wake)
{
	loop_woke(wake->data);
}

static void wake_loop(void *context)
{
	struct loop *loop = context;

	if (!atomic_load(&loop->awake))
		uv_async_send(&loop->wake);
}

void loop_init(struct loop *loop)
{
	if (uv_loop_init(&loop->uv) != 0 || uv_async_init(&loop->uv, &loop->wake, on_wake) != 0)
		memory_exhausted();
	uv_prepare_init(&loop->uv, &loop->before_sleep);
	uv_prepare_start(&loop->before_sleep, on_before_sleep);
	loop->wake.data = loop;
	loop->before_sleep.data = loop;
	loop->thread = pthread_self();
	atomic_init(&loop->awake, false);
	queue_init(&loop->posted, wake_loop, loop);
}

void loop_finish(struct loop *loop)
{
	int busy;

	uv_close((uv_handle_t *)&loop->wake, NULL);
	uv_close((uv_handle_t *)&loop->before_sleep, NULL);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	busy = uv_loop_close(&loop->uv);
	assert(busy == 0);
	(void)busy;
	queue_finish(&loop->posted);
}

void loop_run(struct loop *loop)
{
	loop->thread = pthread_self();
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

void loop_post(struct loop *loop, struct loop_task *task)
{
	queue_push(&loop->posted, &task->node);
}

bool loop_is_current(const struct loop *loop)
{
	return pthread_equal(loop->thread, pthread_self()) != 0;
}

void loop_assert(const struct loop *loop)
{
	assert(loop_is_current(loop));
	(void)loop;
}
