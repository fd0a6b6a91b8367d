#include "auth/auth.h"

#include "app.h"
#include "auth/auth_store.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/pool.h"
#include "chat/chat.h"
#include "search/search.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

enum {
	LOOK_MS = 60 * 1000,
	LEFT_MS = 5 * 60 * 1000, /* by then it is no more under way on the server that deleted it */
	ROWS = 500,
};

/* ---- A step ---- */

/* What belongs to an account and may be much, one after the other; the rest goes with its row. */
static enum err (*const parts[])(struct db *tx, const char *account_id, int64_t rows,
				 bool *ret_more) = {
	search_erase_some,
	chat_erase_some,
	session_erase_some,
	NULL,
};

static enum err erase_some(struct db *tx, const char *account_id, int64_t rows)
{
	enum err err = ERR_OK;
	bool more = false;

	for (int i = 0; err == ERR_OK && !more && parts[i]; i++)
		err = parts[i](tx, account_id, rows, &more);
	return err == ERR_OK && !more ? account_delete(tx, account_id) : err;
}

enum err erasure_step(struct db *tx, void *context)
{
	struct erasing *erasing = context;
	struct arena arena;
	const char *id;
	enum err err;

	arena_init(&arena);
	err = account_hidden(tx, erasing->before, &arena, &id);
	erasing->more = err == ERR_OK;
	if (err == ERR_OK)
		err = erase_some(tx, id, erasing->rows);
	arena_finish(&arena);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ---- In a server ---- */

/* The first look, and one after a deletion here, is for all; the others for what somebody left. */
struct erasure {
	struct app *app;
	uv_timer_t timer;
	struct task task;
	struct loop_task back;
	atomic_bool hurried;
	atomic_bool stop;
	bool busy;
	enum err err;
	void (*stopped)(void *context);
	void *stopped_context;
};

struct erasure *erasure_create(struct app *app)
{
	struct erasure *erasure = MEMORY_NEW(struct erasure);

	erasure->app = app;
	atomic_init(&erasure->hurried, true);
	atomic_init(&erasure->stop, false);
	uv_timer_init(&app->loop->uv, &erasure->timer);
	erasure->timer.data = erasure;
	return erasure;
}

/* On a worker, whose place it leaves to requests. */
static void look(struct task *task)
{
	struct erasure *erasure = CONTAINER_OF(task, struct erasure, task);
	int64_t left_ms = atomic_exchange(&erasure->hurried, false) ? -LEFT_MS : LEFT_MS;
	struct erasing erasing = { { clock_now().ms - left_ms }, ROWS, true };

	erasure->err = ERR_OK;
	pool_wait_begin();
	while (erasure->err == ERR_OK && erasing.more && !atomic_load(&erasure->stop))
		erasure->err = db_transaction(erasure->app->db, erasure_step, &erasing);
	pool_wait_end();
	loop_post(erasure->app->loop, &erasure->back);
}

static void begin_look(struct erasure *erasure)
{
	erasure->busy = true;
	pool_submit(erasure->app->workers, &erasure->task);
}

static void tell_stopped(struct erasure *erasure)
{
	if (erasure->stopped && !erasure->busy)
		erasure->stopped(erasure->stopped_context);
}

/* What failed is left to the next look. */
static void look_done(struct loop_task *task)
{
	struct erasure *erasure = CONTAINER_OF(task, struct erasure, back);

	if (erasure->err != ERR_OK)
		log_warning("what deleted accounts had is not erased yet", "error",
			    err_code(erasure->err), NULL);
	erasure->busy = false;
	if (erasure->err == ERR_OK && atomic_load(&erasure->hurried) && !erasure->stopped)
		begin_look(erasure);
	tell_stopped(erasure);
}

static void on_timer(uv_timer_t *timer)
{
	struct erasure *erasure = timer->data;

	if (!erasure->busy)
		begin_look(erasure);
}

void erasure_start(struct erasure *erasure)
{
	erasure->task.run = look;
	erasure->back.run = look_done;
	uv_timer_start(&erasure->timer, on_timer, 0, LOOK_MS);
}

struct hurry {
	struct loop_task task;
	struct erasure *erasure;
};

static void on_hurry(struct loop_task *task)
{
	struct hurry *hurry = CONTAINER_OF(task, struct hurry, task);

	if (!hurry->erasure->stopped)
		on_timer(&hurry->erasure->timer);
	free(hurry);
}

void erasure_hurry(struct app *app)
{
	struct hurry *hurry;

	if (!app->erasure)
		return;
	hurry = MEMORY_NEW(struct hurry);
	hurry->task.run = on_hurry;
	hurry->erasure = app->erasure;
	atomic_store(&app->erasure->hurried, true);
	loop_post(app->loop, &hurry->task);
}

void erasure_stop(struct erasure *erasure, void (*stopped)(void *context), void *context)
{
	atomic_store(&erasure->stop, true);
	uv_timer_stop(&erasure->timer);
	erasure->stopped = stopped;
	erasure->stopped_context = context;
	tell_stopped(erasure);
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void erasure_destroy(struct erasure *erasure)
{
	if (!erasure)
		return;
	assert(!erasure->busy);
	uv_close((uv_handle_t *)&erasure->timer, on_timer_closed);
}
