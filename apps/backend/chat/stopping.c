#include "chat/stopping.h"

#include "app.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/pool.h"
#include "chat/generation.h"
#include "chat/stream_store.h"

#include <stdlib.h>

enum { PAUSE_MS = 50, WAIT_MS = 10 * 1000 };

/* A request that waits for the end of a message that does not stream here, or has yet to begin here, or has ended meanwhile. */
struct stopping {
	struct request *request;
	uv_timer_t pause;
	struct task task;
	struct loop_task back;
	int64_t end_ms; /* monotonic */
	bool streams;
	enum err err;
};

static void look(struct stopping *stopping);

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void finish(struct stopping *stopping, enum err err)
{
	struct request *request = stopping->request;

	uv_close((uv_handle_t *)&stopping->pause, on_closed);
	if (err == ERR_UNAVAILABLE)
		err = request_fail(request, err, "It has not stopped yet. Ask again.");
	request_finish(request, err);
}

static void on_pause_over(uv_timer_t *timer)
{
	look(timer->data);
}

/* It may have begun here since. */
static bool stop_here(struct stopping *stopping)
{
	struct request *request = stopping->request;
	const struct message *message = request->out;
	struct generation *generation = generation_find(request->app->generations, message->id);

	if (!generation)
		return false;
	uv_close((uv_handle_t *)&stopping->pause, on_closed);
	generation_stop(generation, request);
	return true;
}

static void on_looked(struct loop_task *back)
{
	struct stopping *stopping = CONTAINER_OF(back, struct stopping, back);

	if (stopping->err != ERR_OK || !stopping->streams)
		finish(stopping, stopping->err);
	else if (request_cancelled(stopping->request))
		finish(stopping, ERR_CANCELLED);
	else if (clock_monotonic_ms() >= stopping->end_ms)
		finish(stopping, ERR_UNAVAILABLE);
	else if (!stop_here(stopping))
		uv_timer_start(&stopping->pause, on_pause_over, PAUSE_MS, 0);
}

/* While it streams only that is asked; what it has become is read once. */
static void look_on_worker(struct task *task)
{
	struct stopping *stopping = CONTAINER_OF(task, struct stopping, task);
	struct request *request = stopping->request;
	struct message *message = request->out;

	stopping->err = message_streams(request->app->db, message->id, &stopping->streams);
	if (stopping->err == ERR_OK && !stopping->streams)
		stopping->err =
			message_read(request->app->db, request->principal, PERMISSION_CHAT_WRITE,
				     message->id, &request->arena, message);
	loop_post(request->app->loop, &stopping->back);
}

static void look(struct stopping *stopping)
{
	pool_submit(stopping->request->app->workers, &stopping->task);
}

void stopping_begin(struct request *request)
{
	const struct message *message = request->out;
	struct generation *generation = generation_find(request->app->generations, message->id);
	struct stopping *stopping;

	if (generation) {
		generation_stop(generation, request);
		return;
	}
	generations_announce_stop(request->app->generations, message->id);
	stopping = MEMORY_NEW(struct stopping);
	stopping->request = request;
	stopping->end_ms = clock_monotonic_ms() + WAIT_MS;
	stopping->task.run = look_on_worker;
	stopping->back.run = on_looked;
	uv_timer_init(&request->app->loop->uv, &stopping->pause);
	stopping->pause.data = stopping;
	look(stopping);
}
