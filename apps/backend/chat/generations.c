/* All answers under way: their leases, and their end with a conversation, an account or the server. */
#include "chat/generation_private.h"

#include "auth/auth.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "chat/chat.h"
#include "chat/chat_events.h"
#include "chat/conversation_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	TICK_MS = 1000,
	LEASE_TICKS = 10,
	PURGE_TICKS = 3600,
	UNDER_WAY_MAX = 4 * 1024 * 1024, /* of ids: a hundred thousand */
};

struct generation *generation_find(struct generations *generations, const char *message_id)
{
	return map_get(&generations->by_message, message_id);
}

unsigned generations_count(const struct generations *generations)
{
	return (unsigned)generations->by_message.count;
}

/* ---- Those of a conversation that is deleted ---- */

struct stopping {
	struct loop_task task;
	struct generations *generations;
	char conversation_id[ID_SIZE];
};

static void stop_conversation(struct loop_task *task)
{
	struct stopping *stopping = CONTAINER_OF(task, struct stopping, task);

	LIST_EACH_SAFE(generation, &stopping->generations->all, struct generation, node)
		if (strcmp(generation_message(generation)->conversation_id,
			   stopping->conversation_id) == 0)
			generation_cancel(generation, MESSAGE_STOPPED);
	generations_announce_stop(stopping->generations, stopping->conversation_id);
	free(stopping);
}

void generations_stop_conversation(struct generations *generations, const char *conversation_id)
{
	struct stopping *stopping = MEMORY_NEW(struct stopping);

	assert(strlen(conversation_id) < ID_SIZE);
	stopping->task.run = stop_conversation;
	stopping->generations = generations;
	memcpy(stopping->conversation_id, conversation_id, strlen(conversation_id) + 1);
	loop_post(generations->app->loop, &stopping->task);
}

/* ---- Those that another server was asked to stop ---- */

static const char *const stops_topic = "stops";

void generations_announce_stop(struct generations *generations, const char *message_id)
{
	bus_announce(generations->app->bus, stops_topic,
		     &(struct announcement){ .type = "stop", .id = message_id, .seq = -1 });
}

static void look_on_worker(struct task *task)
{
	struct generations *generations = CONTAINER_OF(task, struct generations, stops.task);
	struct stop_look *look = &generations->stops;

	arena_init(&look->arena);
	look->found = (struct array){ 0 };
	look->err = stops_requested(generations->app->db, &generations->node, &look->arena,
				    &look->found);
	loop_post(generations->app->loop, &look->back);
}

static void look_for_stops(struct generations *generations)
{
	struct stop_look *look = &generations->stops;

	look->again = look->busy;
	if (look->busy || list_empty(&generations->all))
		return;
	look->busy = true;
	pool_submit(generations->app->workers, &look->task);
}

/* What could not be read is looked for at the next tick. */
static void stops_found(struct loop_task *back)
{
	struct generations *generations = CONTAINER_OF(back, struct generations, stops.back);
	struct stop_look *look = &generations->stops;
	const struct streaming *found = look->found.items;

	for (size_t i = 0; look->err == ERR_OK && i < look->found.count; i++) {
		struct generation *generation = generation_find(generations, found[i].id);

		if (generation)
			generation_cancel(generation, MESSAGE_STOPPED);
	}
	arena_finish(&look->arena);
	look->busy = false;
	if (look->again)
		look_for_stops(generations);
}

static void on_stop_heard(struct bus_listener *listener, const struct announcement *announcement)
{
	(void)announcement;
	look_for_stops(CONTAINER_OF(listener, struct generations, stops.listener));
}

/* ---- Those of an account that is gone ---- */

struct review {
	struct loop_task task;
	struct db_job job;
	struct generations *generations;
	char account_id[ID_SIZE];
	bool gone;
};

static bool is_of_account(struct generation *generation, const char *account_id)
{
	return strcmp(generation_message(generation)->owner_id, account_id) == 0;
}

/* What it was to say is for nobody, and may cost something. */
static void review_done(struct db_job *job, enum err err)
{
	struct review *review = CONTAINER_OF(job, struct review, job);
	struct generations *generations = review->generations;

	if (err != ERR_OK)
		log_warning("the answers of an account are not reviewed", "error", err_code(err),
			    NULL);
	LIST_EACH_SAFE(generation, &generations->all, struct generation, node)
		if (err == ERR_OK && review->gone && is_of_account(generation, review->account_id))
			generation_cancel(generation, MESSAGE_STOPPED);
	free(review);
	generations->reviews--;
	generations_check_ended(generations);
}

static enum err read_account(struct db *tx, void *context)
{
	struct review *review = CONTAINER_OF((struct db_job *)context, struct review, job);
	struct account account = { 0 };
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = account_by_id(tx, review->account_id, &arena, &account);
	review->gone = err == ERR_NOT_FOUND || (err == ERR_OK && account.disabled_at.ms);
	arena_finish(&arena);
	return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void begin_review(struct loop_task *task)
{
	struct review *review = CONTAINER_OF(task, struct review, task);
	struct generations *generations = review->generations;
	bool any = false;

	LIST_EACH(generation, &generations->all, struct generation, node)
		any = any || is_of_account(generation, review->account_id);
	if (!any) {
		free(review);
		return;
	}
	generations->reviews++;
	review->job.run = read_account;
	review->job.done = review_done;
	db_submit(generations->app->db, &review->job);
}

void generations_review(struct app *app, const char *account_id)
{
	struct review *review;

	if (!app->generations)
		return;
	review = MEMORY_NEW(struct review);
	assert(strlen(account_id) < ID_SIZE);
	review->task.run = begin_review;
	review->generations = app->generations;
	memcpy(review->account_id, account_id, strlen(account_id) + 1);
	loop_post(app->loop, &review->task);
}

/* ---- Leases, and what was left behind ---- */

static struct chore *chore_of(struct db_job *job)
{
	return CONTAINER_OF(job, struct chore, job);
}

static const char *under_way(const struct chore *chore)
{
	return chore->under_way.length > 0 ? chore->under_way.data : "";
}

static enum err renew_leases(struct db *tx, void *context)
{
	struct chore *chore = chore_of(context);

	return leases_renew(tx, &chore->owner->node, under_way(chore), clock_now());
}

/* It may run more than once. */
static enum err end_abandoned(struct db *tx, void *context)
{
	struct chore *chore = chore_of(context);

	arena_finish(&chore->arena);
	arena_init(&chore->arena);
	return messages_interrupt(tx, &chore->owner->node, under_way(chore), clock_now(),
				  &chore->arena, &chore->ended);
}

/* Who streamed them is not there to tell: whoever follows them waits, here and on other servers. */
static void publish_abandoned(struct generations *generations, const struct array *ended)
{
	const struct message *messages = ended->items;

	for (size_t i = 0; i < ended->count; i++) {
		if (messages[i].owner_id) {
			publish_end(generations->app, &messages[i]);
			continue;
		}
		publish_error(generations->app, &generations->words, messages[i].id, ERR_CORRUPT);
		announce_message(generations->app, "done", messages[i].id, messages[i].seq);
	}
}

static void abandoned_ended(struct chore *chore)
{
	publish_abandoned(chore->owner, &chore->ended);
}

static enum err purge(struct db *tx, void *context)
{
	return chat_purge(tx, clock_now(), ERASE_ROWS, &chore_of(context)->more);
}

static const struct chore_kind {
	transaction run;
	unsigned ticks, first; /* at tick `first`, and then each so many */
	const char *failure;
	void (*done)(struct chore *chore); /* after the commit, or NULL */
} chore_kinds[CHORES] = {
	[CHORE_LEASES] = { renew_leases, LEASE_TICKS, 0,
			   "the leases of the answers under way are not renewed", NULL },
	[CHORE_ABANDONED] = { end_abandoned, LEASE_TICKS, 0,
			      "answers of servers that went away are not ended", abandoned_ended },
	[CHORE_PURGE] = { purge, PURGE_TICKS, LEASE_TICKS, "what was deleted is not erased", NULL },
};

static void chore_done(struct db_job *job, enum err err)
{
	struct chore *chore = chore_of(job);
	struct generations *generations = chore->owner;
	const struct chore_kind *kind = &chore_kinds[chore - generations->chores];

	if (err == ERR_OK && chore->more && !generations->drains) {
		db_submit(generations->app->db, &chore->job);
		return;
	}
	chore->busy = false;
	if (err != ERR_OK)
		log_warning(kind->failure, "error", err_code(err), NULL);
	else if (kind->done)
		kind->done(chore);
	arena_finish(&chore->arena);
	generations_check_ended(generations);
}

/* What is posted later has a lease of its own. */
static void list_under_way(struct generations *generations, struct buf *ids)
{
	buf_clear(ids);
	LIST_EACH(generation, &generations->all, struct generation, node)
		buf_append_text(ids, generation_message(generation)->id);
}

static void do_chores(struct generations *generations)
{
	for (int i = 0; i < CHORES; i++) {
		const struct chore_kind *kind = &chore_kinds[i];
		struct chore *chore = &generations->chores[i];

		if (chore->busy || generations->ticks % kind->ticks != kind->first)
			continue;
		chore->busy = true;
		list_under_way(generations, &chore->under_way);
		arena_init(&chore->arena);
		chore->job.run = kind->run;
		chore->job.done = chore_done;
		db_submit(generations->app->db, &chore->job);
	}
}

static bool has_chores(const struct generations *generations)
{
	bool busy = false;

	for (int i = 0; i < CHORES; i++)
		busy = busy || generations->chores[i].busy;
	return busy;
}

bool generations_are_late(const struct generations *generations)
{
	return generations->drains && clock_monotonic_ms() >= generations->drain_end_ms;
}

static void on_tick(uv_timer_t *timer)
{
	struct generations *generations = timer->data;
	bool late = generations_are_late(generations);

	/* While draining too, as long as there is something under way: another server would take it for abandoned. */
	generations->ticks++;
	if (!(generations->drains && list_empty(&generations->all)))
		do_chores(generations);
	look_for_stops(generations);
	LIST_EACH(generation, &generations->all, struct generation, node)
		generation_announce(generation); /* what was told before may have been lost */
	LIST_EACH_SAFE(generation, &generations->all, struct generation, node) {
		if (late)
			generation_cancel(generation, MESSAGE_INTERRUPTED);
		generation_advance(generation);
	}
}

struct generations *generations_create(struct app *app, const struct node *node)
{
	struct generations *generations = MEMORY_NEW(struct generations);

	generations->app = app;
	generations->node = (struct node){ memory_strdup(node->id), node->epoch };
	map_init(&generations->by_message);
	list_init(&generations->all);
	buf_init(&generations->words, EVENT_MAX);
	for (int i = 0; i < CHORES; i++) {
		generations->chores[i].owner = generations;
		buf_init(&generations->chores[i].under_way, UNDER_WAY_MAX);
	}
	stream_writer_init(&generations->writer, app, &generations->node);
	generations->stops.listener.heard = on_stop_heard;
	generations->stops.task.run = look_on_worker;
	generations->stops.back.run = stops_found;
	list_init(&generations->stops.listener.node);
	uv_timer_init(&app->loop->uv, &generations->tick);
	generations->tick.data = generations;
	return generations;
}

static enum err recover_some(struct generations *generations, int64_t *interrupted)
{
	struct chore *chore = &generations->chores[CHORE_ABANDONED];
	enum err err;

	arena_init(&chore->arena);
	err = db_transaction(generations->app->db, end_abandoned, &chore->job);
	if (err == ERR_OK) {
		publish_abandoned(generations, &chore->ended);
		*interrupted += (int64_t)chore->ended.count;
	}
	arena_finish(&chore->arena);
	return err;
}

enum err generations_recover(struct generations *generations, int64_t *ret_interrupted)
{
	int64_t before;
	enum err err;

	*ret_interrupted = 0;
	do {
		before = *ret_interrupted;
		err = recover_some(generations, ret_interrupted);
	} while (err == ERR_OK && *ret_interrupted > before);
	return err;
}

const struct node *generations_node(const struct generations *generations)
{
	return &generations->node;
}

void generations_start(struct generations *generations)
{
	uv_timer_start(&generations->tick, on_tick, TICK_MS, TICK_MS);
	bus_listen(generations->app->bus, stops_topic, &generations->stops.listener);
}

/* ---- The end of a server ---- */

void generations_check_ended(struct generations *generations)
{
	if (generations->ended && list_empty(&generations->all) && !has_chores(generations) &&
	    generations->reviews == 0) {
		void (*ended)(void *) = generations->ended;

		generations->ended = NULL;
		ended(generations->ended_context);
	}
}

void generations_drain(struct generations *generations, int64_t grace_ms)
{
	generations->drains = true;
	generations->drain_end_ms = clock_monotonic_ms() + grace_ms;
	on_tick(&generations->tick); /* without grace, at once */
}

void generations_await(struct generations *generations, void (*ended)(void *context), void *context)
{
	assert(generations->drains);
	generations->ended = ended;
	generations->ended_context = context;
	generations_check_ended(generations);
}

static void on_writer_closed(struct stream_writer *writer)
{
	struct generations *generations = CONTAINER_OF(writer, struct generations, writer);

	free((char *)(uintptr_t)generations->node.id);
	free(generations);
}

/* One after the other: libuv has done with neither before its callback. */
static void on_tick_closed(uv_handle_t *handle)
{
	struct generations *generations = handle->data;

	stream_writer_finish(&generations->writer, on_writer_closed);
}

void generations_destroy(struct generations *generations)
{
	if (!generations)
		return;
	assert(list_empty(&generations->all));
	bus_leave(generations->app->bus, &generations->stops.listener);
	map_finish(&generations->by_message);
	buf_finish(&generations->words);
	for (int i = 0; i < CHORES; i++)
		buf_finish(&generations->chores[i].under_way);
	uv_close((uv_handle_t *)&generations->tick, on_tick_closed);
}
