/*
 * The event loop: the one thread that owns every socket and timer, and the door through which
 * others reach it.
 *
 * A thin companion of libuv: libuv's own calls (uv_tcp_*, uv_timer_*) are used directly with
 * `loop->uv`. All functions but loop_post and the last two are for the loop's own thread. Nothing
 * that runs on the loop may block or touch the database.
 *
 * A task that is posted while the loop is awake costs no system call: the loop looks at its queue
 * before it sleeps.
 */
#ifndef WEBPLUS_BASE_LOOP_H
#define WEBPLUS_BASE_LOOP_H

#include "base/list.h"
#include "base/queue.h"

#include <stdatomic.h>
#include <uv.h>

struct loop {
	uv_loop_t uv;
	uv_async_t wake;
	uv_prepare_t before_sleep;
	atomic_bool awake;   /* will look at `posted` before it sleeps; false is always safe */
	struct queue posted; /* of struct loop_task */
	pthread_t thread;    /* set by loop_init, and by loop_run if it is called elsewhere */
};

/* Embedded in what the task is about; the loop never allocates for a task. */
struct loop_task {
	struct list node;
	void (*run)(struct loop_task *task);
};

void loop_init(struct loop *loop);
/* Every handle but the loop's own must be closed. */
void loop_finish(struct loop *loop);
/* Runs until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/*
 * Called at the top of what libuv calls often (reads of sockets): from here to its next sleep the
 * loop is known to be awake.
 */
static inline void loop_woke(struct loop *loop)
{
	if (!atomic_load_explicit(&loop->awake, memory_order_relaxed))
		atomic_store(&loop->awake, true);
}

/* From any thread: runs the task on the loop, soon, in the order of posting. */
void loop_post(struct loop *loop, struct loop_task *task);
/* Whether the caller is the loop's thread. */
bool loop_is_current(const struct loop *loop);
/* Asserts that it is. */
void loop_assert(const struct loop *loop);

#endif
