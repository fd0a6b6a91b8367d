#include "search/search.h"

#include "app.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/pool.h"
#include "config.h"
#include "search/search_store.h"
#include "search/upkeep.h"

#include <assert.h>
#include <stdlib.h>

enum { LOOK_MS = 2000, COUNT_LOOKS = 5 };

struct indexer {
	struct app *app;
	uv_timer_t timer;
	struct task task;
	struct loop_task back;
	atomic_bool stop;
	bool busy, begun;
	unsigned looks;
	enum err err; /* of the look that is under way */
	struct search_size found, size;
	void (*stopped)(void *context);
	void *stopped_context;
};

struct indexer *indexer_create(struct app *app)
{
	struct indexer *indexer = MEMORY_NEW(struct indexer);

	indexer->app = app;
	atomic_init(&indexer->stop, false);
	uv_timer_init(&app->loop->uv, &indexer->timer);
	indexer->timer.data = indexer;
	return indexer;
}

/* Where it is switched off, nothing is left of it; where it is on, everybody has an index, or gets one. */
static enum err begin(struct indexer *indexer)
{
	struct db *db = indexer->app->db;

	return indexer->app->config->search ? upkeep_adopt(db) : upkeep_abandon(db);
}

static enum err work(struct indexer *indexer)
{
	const struct upkeep upkeep = { .db = indexer->app->db,
				       .stop = &indexer->stop,
				       .settle_ms = SETTLE_MS };
	bool idle = false;
	enum err err = ERR_OK;

	while (err == ERR_OK && !idle && !atomic_load(&indexer->stop))
		err = upkeep_step(&upkeep, &idle);
	return err;
}

/* On a worker, whose place it leaves to requests: it may take minutes. */
static void look(struct task *task)
{
	struct indexer *indexer = CONTAINER_OF(task, struct indexer, task);

	pool_wait_begin();
	indexer->err = indexer->begun ? ERR_OK : begin(indexer);
	if (indexer->err == ERR_OK) {
		indexer->begun = true;
		indexer->err = work(indexer);
	}
	if (indexer->err == ERR_OK && indexer->looks++ % COUNT_LOOKS == 0)
		indexer->err = index_sizes(indexer->app->db, &indexer->found);
	pool_wait_end();
	loop_post(indexer->app->loop, &indexer->back);
}

static void tell_stopped(struct indexer *indexer)
{
	if (indexer->stopped && !indexer->busy)
		indexer->stopped(indexer->stopped_context);
}

static void look_done(struct loop_task *task)
{
	struct indexer *indexer = CONTAINER_OF(task, struct indexer, back);

	if (indexer->err != ERR_OK && indexer->err != ERR_CANCELLED)
		log_warning("the search index could not be written", "error",
			    err_code(indexer->err), NULL);
	indexer->size = indexer->found;
	indexer->busy = false;
	tell_stopped(indexer);
}

static void on_timer(uv_timer_t *timer)
{
	struct indexer *indexer = timer->data;

	if (indexer->busy)
		return;
	indexer->busy = true;
	pool_submit(indexer->app->workers, &indexer->task);
}

void indexer_start(struct indexer *indexer)
{
	indexer->task.run = look;
	indexer->back.run = look_done;
	uv_timer_start(&indexer->timer, on_timer, 0, LOOK_MS);
}

void indexer_stop(struct indexer *indexer, void (*stopped)(void *context), void *context)
{
	atomic_store(&indexer->stop, true);
	uv_timer_stop(&indexer->timer);
	indexer->stopped = stopped;
	indexer->stopped_context = context;
	tell_stopped(indexer);
}

static void on_timer_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void indexer_destroy(struct indexer *indexer)
{
	if (!indexer)
		return;
	assert(!indexer->busy);
	uv_close((uv_handle_t *)&indexer->timer, on_timer_closed);
}

#define ROW(member, name, help) METRIC(GAUGE, struct search_size, member, name, help)

const struct metric search_metrics[] = {
	ROW(indexes, "webplus_search_indexes",
	    "Indexes of words, one an owner; some seconds old, as the next four."),
	ROW(messages, "webplus_search_messages", "Messages that they hold."),
	ROW(blocks, "webplus_search_blocks", "Rows of them."),
	ROW(bytes, "webplus_search_bytes", "Bytes that are sealed in these."),
	ROW(pending, "webplus_search_pending", "Messages and titles that are in none yet."),
	{ 0 },
};

void search_print_metrics(const struct app *app, struct buf *out)
{
	metrics_print_table(search_metrics, &app->indexer->size, out);
}
