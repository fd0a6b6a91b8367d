#include "chat/generation.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/memory.h"
#include "chat/chat_events.h"
#include "chat/deltas.h"
#include "chat/stream_writer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 1000, LEASE_TICKS = 10, PURGE_TICKS = 3600, DETAIL_MAX = 500 };

/*
 * RUNNING: the provider sends. ENDED: it is known how it ended, and a batch with its deltas may still be under way.
 * FINISHING: the end is being committed. A commit that fails leads back to ENDED, and is tried again.
 */
enum generation_state { GENERATION_RUNNING, GENERATION_ENDED, GENERATION_FINISHING };

struct generation {
	struct generations *owner;
	struct generation_start *start; /* its arena, and the message as it will be written */
	struct stream stream;
	struct registry_chat chat;
	enum generation_state state;
	struct list stops; /* of struct stop */
	struct list node;
	struct db_job finish_job;
};

/* A request that waits for the end. */
struct stop {
	struct list node;
	struct request *request;
};

struct generations {
	struct app *app;
	struct node node;
	struct stream_writer writer;
	struct map by_message;
	struct list all;
	uv_timer_t tick;
	unsigned ticks;
	struct db_job upkeep; /* leases and the purge */
	bool upkeep_busy;
	bool drains;
	int64_t drain_end_ms; /* monotonic */
	void (*ended)(void *context);
	void *ended_context;
	struct buf words; /* of the event that is being published */
};

static struct message *message_of(struct generation *generation)
{
	return &generation->start->message;
}

/* ---- Publishing ---- */

/* Calls `give` with the event of each delta behind `from` and up to `to`. */
struct delta_range {
	struct stream_mark from, to;
};

static void walk_range(const struct stream *stream, const struct delta_range *range,
		       struct delta_walk *walk)
{
	struct blob lengths = { stream->lengths.data + range->from.lengths,
				range->to.lengths - range->from.lengths };

	deltas_begin(walk, lengths, stream->text.data + range->from.text,
		     range->to.text - range->from.text);
	walk->seq = range->from.seq;
}

static void publish_deltas(struct generation *generation, const struct delta_range *range)
{
	struct generations *owner = generation->owner;
	char topic[TOPIC_SIZE];
	struct delta_walk walk;
	struct event event;

	topic_name(topic, "message", message_of(generation)->id);
	if (range->to.seq == range->from.seq || !topic_has_subscribers(owner->app->topics, topic))
		return;
	walk_range(&generation->stream, range, &walk);
	while (deltas_next(&walk)) {
		delta_event(&event, &owner->words, topic, walk.seq, walk.delta, walk.length);
		topic_publish(owner->app->topics, topic, &event);
	}
}

void generation_replay(struct generation *generation, int64_t after, struct subscriber *subscriber,
		       const char *topic)
{
	const struct delta_range range = { { 0, 0, 0 }, generation->stream.written };
	struct delta_walk walk;
	struct event event;

	if (range.to.seq == 0)
		return;
	walk_range(&generation->stream, &range, &walk);
	while (deltas_next(&walk)) {
		if (walk.seq <= after)
			continue;
		delta_event(&event, &generation->owner->words, topic, walk.seq, walk.delta,
			    walk.length);
		event_deliver(&event, subscriber);
		event_finish(&event);
	}
}

static void publish_end(struct generation *generation)
{
	struct generations *owner = generation->owner;
	char topic[TOPIC_SIZE];
	struct event event;

	topic_name(topic, "message", message_of(generation)->id);
	done_event(&event, &owner->words, topic, message_of(generation));
	topic_publish(owner->app->topics, topic, &event);
	publish_message(owner->app, message_of(generation));
}

/* ---- The end ---- */

static void copy_message(struct arena *arena, const struct message *from, struct message *to)
{
	*to = *from;
	to->id = arena_strdup(arena, from->id);
	to->conversation_id = arena_strdup(arena, from->conversation_id);
	to->parent_id = arena_strdup(arena, from->parent_id);
	to->content = arena_strdup(arena, from->content);
	to->model_id = arena_strdup(arena, from->model_id);
	to->error.code = arena_strdup(arena, from->error.code);
	to->error.detail = arena_strdup(arena, from->error.detail);
}

static void answer_stops(struct generation *generation, enum err err)
{
	LIST_EACH_SAFE(stop, &generation->stops, struct stop, node) {
		struct request *request = stop->request;

		list_remove(&stop->node);
		if (err == ERR_OK)
			copy_message(&request->arena, message_of(generation), request->out);
		request_finish(request, err);
	}
}

static void check_ended(struct generations *generations)
{
	if (generations->ended && list_empty(&generations->all) && !generations->upkeep_busy) {
		void (*ended)(void *) = generations->ended;

		generations->ended = NULL;
		ended(generations->ended_context);
	}
}

static void generation_destroy(struct generation *generation)
{
	struct generations *owner = generation->owner;

	map_remove(&owner->by_message, message_of(generation)->id);
	list_remove(&generation->node);
	stream_finish(&generation->stream);
	generation_start_discard(generation->start);
	free(generation);
	check_ended(owner);
}

static enum err write_finish(struct db *tx, void *context)
{
	struct generation *generation =
		CONTAINER_OF((struct db_job *)context, struct generation, finish_job);

	return message_finish(tx, &generation->owner->node, message_of(generation));
}

static void finish_done(struct db_job *job, enum err err)
{
	struct generation *generation = CONTAINER_OF(job, struct generation, finish_job);
	struct stream *stream = &generation->stream;
	const struct delta_range rest = { stream->written, stream->end };

	if (err != ERR_OK && err != ERR_CONFLICT && err != ERR_NOT_FOUND) {
		log_warning("the end of an answer is not committed", "error", err_code(err), NULL);
		generation->state = GENERATION_ENDED; /* the tick tries again */
		return;
	}
	if (err == ERR_OK) {
		stream->written = stream->end;
		publish_deltas(generation, &rest);
		publish_end(generation);
	}
	answer_stops(generation, err);
	generation_destroy(generation);
}

static void try_finish(struct generation *generation)
{
	struct message *message = message_of(generation);
	struct stream *stream = &generation->stream;

	if (generation->state != GENERATION_ENDED || stream->in_batch)
		return;
	generation->state = GENERATION_FINISHING;
	message->content = stream->text.length ? stream->text.data : "";
	message->lengths = (struct blob){ stream->lengths.length ? stream->lengths.data : "",
					  stream->lengths.length };
	message->seq = stream->end.seq;
	generation->finish_job.run = write_finish;
	generation->finish_job.done = finish_done;
	db_submit(generation->owner->app->db, &generation->finish_job);
}

static void end(struct generation *generation, enum message_status status)
{
	struct message *message = message_of(generation);

	assert(generation->state == GENERATION_RUNNING);
	generation->state = GENERATION_ENDED;
	generation->chat.chat = NULL;
	message->status = status;
	message->completed_at = clock_now();
	message->lease_until.ms = 0;
	stream_leave(&generation->stream);
	try_finish(generation);
}

static void cancel_and_end(struct generation *generation, enum message_status status)
{
	if (generation->state != GENERATION_RUNNING)
		return;
	registry_chat_cancel(generation->chat);
	end(generation, status);
}

static void fail(struct generation *generation, const char *code, const char *detail)
{
	struct message *message = message_of(generation);

	message->error.code = code;
	message->error.detail = arena_strdup(&generation->start->arena, detail);
	end(generation, MESSAGE_FAILED);
}

void generation_stop(struct generation *generation, struct request *request)
{
	struct stop *stop = ARENA_NEW(&request->arena, struct stop);

	stop->request = request;
	list_append(&generation->stops, &stop->node);
	cancel_and_end(generation, MESSAGE_STOPPED);
}

struct stopping {
	struct loop_task task;
	struct generations *generations;
	char conversation_id[ID_SIZE];
};

static void stop_conversation(struct loop_task *task)
{
	struct stopping *stopping = CONTAINER_OF(task, struct stopping, task);

	LIST_EACH_SAFE(generation, &stopping->generations->all, struct generation, node)
		if (strcmp(message_of(generation)->conversation_id, stopping->conversation_id) == 0)
			cancel_and_end(generation, MESSAGE_STOPPED);
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

/* ---- What the provider sends ---- */

static void on_batch_done(struct stream *stream, enum err err, const struct stream_mark *before)
{
	struct generation *generation = CONTAINER_OF(stream, struct generation, stream);
	const struct delta_range range = { *before, stream->written };

	if (err == ERR_OK)
		publish_deltas(generation, &range);
	try_finish(generation);
}

static void on_text(void *context, const char *text, size_t length)
{
	struct generation *generation = context;

	if (generation->state != GENERATION_RUNNING)
		return;
	if (stream_append(&generation->owner->writer, &generation->stream, text, length))
		return;
	registry_chat_cancel(generation->chat);
	fail(generation, chat_end_code(CHAT_MALFORMED), "The answer is too long to be kept.");
}

static void on_end(void *context, enum chat_end chat_end, const char *detail,
		   struct chat_usage usage)
{
	struct generation *generation = context;
	const char *sentence = chat_end_detail(chat_end);

	(void)usage;
	if (generation->state != GENERATION_RUNNING)
		return;
	if (chat_end == CHAT_COMPLETE)
		end(generation, MESSAGE_COMPLETE);
	else if (detail)
		fail(generation, chat_end_code(chat_end),
		     arena_printf(&generation->start->arena, "%s It said: %.*s", sentence,
				  DETAIL_MAX, detail));
	else
		fail(generation, chat_end_code(chat_end), sentence);
}

/* ---- The beginning ---- */

struct generation_start *generation_start_create(struct app *app)
{
	struct generation_start *start = MEMORY_NEW(struct generation_start);

	arena_init(&start->arena);
	start->app = app;
	return start;
}

void generation_start_discard(struct generation_start *start)
{
	arena_finish(&start->arena);
	free(start);
}

static void begin(struct loop_task *task)
{
	static const struct chat_events events = { .text = on_text, .end = on_end };
	struct generation_start *start = CONTAINER_OF(task, struct generation_start, task);
	struct generations *owner = start->app->generations;
	struct generation *generation = MEMORY_NEW(struct generation);
	struct chat_request request = { .turns = start->turns,
					.turns_count = start->turns_count,
					.go_on = *start->message.content != '\0',
					.request_id = start->request_id };

	generation->owner = owner;
	generation->start = start;
	list_init(&generation->stops);
	stream_init(&generation->stream, start->message.id);
	generation->stream.batch_done = on_batch_done;
	stream_restore(&generation->stream, start->message.content, start->message.lengths);
	list_append(&owner->all, &generation->node);
	map_set(&owner->by_message, start->message.id, generation);
	generation->chat = registry_chat_start(owner->app->models, start->message.model_id,
					       &request, &events, generation);
	if (owner->drains)
		cancel_and_end(generation, MESSAGE_INTERRUPTED);
}

void generation_submit(struct generation_start *start)
{
	start->task.run = begin;
	loop_post(start->app->loop, &start->task);
}

struct generation *generation_find(struct generations *generations, const char *message_id)
{
	return map_get(&generations->by_message, message_id);
}

unsigned generations_count(const struct generations *generations)
{
	return (unsigned)generations->by_message.count;
}

/* ---- All of them ---- */

static enum err write_upkeep(struct db *tx, void *context)
{
	struct generations *generations =
		CONTAINER_OF((struct db_job *)context, struct generations, upkeep);
	struct timestamp now = clock_now();
	int64_t interrupted;
	enum err err = leases_renew(tx, &generations->node, now);

	if (err == ERR_OK)
		err = messages_interrupt(tx, &generations->node, now, &interrupted);
	if (err == ERR_OK && generations->ticks % PURGE_TICKS == LEASE_TICKS)
		err = chat_purge(tx, now);
	return err;
}

static void upkeep_done(struct db_job *job, enum err err)
{
	struct generations *generations = CONTAINER_OF(job, struct generations, upkeep);

	generations->upkeep_busy = false;
	if (err != ERR_OK)
		log_warning("the leases of the answers under way are not renewed", "error",
			    err_code(err), NULL);
	check_ended(generations);
}

static void submit_upkeep(struct generations *generations)
{
	if (generations->upkeep_busy)
		return;
	generations->upkeep_busy = true;
	generations->upkeep.run = write_upkeep;
	generations->upkeep.done = upkeep_done;
	db_submit(generations->app->db, &generations->upkeep);
}

static void on_tick(uv_timer_t *timer)
{
	struct generations *generations = timer->data;
	bool late = generations->drains && clock_monotonic_ms() >= generations->drain_end_ms;

	if (++generations->ticks % LEASE_TICKS == 0 && !generations->drains)
		submit_upkeep(generations);
	LIST_EACH_SAFE(generation, &generations->all, struct generation, node) {
		if (late)
			cancel_and_end(generation, MESSAGE_INTERRUPTED);
		try_finish(generation);
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
	stream_writer_init(&generations->writer, app, &generations->node);
	uv_timer_init(&app->loop->uv, &generations->tick);
	generations->tick.data = generations;
	return generations;
}

struct recovery {
	struct generations *generations;
	int64_t interrupted;
};

static enum err run_recovery(struct db *tx, void *context)
{
	struct recovery *recovery = context;

	return messages_interrupt(tx, &recovery->generations->node, clock_now(),
				  &recovery->interrupted);
}

enum err generations_recover(struct generations *generations, int64_t *ret_interrupted)
{
	struct recovery recovery = { generations, 0 };
	enum err err;

	*ret_interrupted = 0;
	do {
		err = db_transaction(generations->app->db, run_recovery, &recovery);
		*ret_interrupted += recovery.interrupted;
	} while (err == ERR_OK && recovery.interrupted > 0);
	return err;
}

const struct node *generations_node(const struct generations *generations)
{
	return &generations->node;
}

void generations_start(struct generations *generations)
{
	uv_timer_start(&generations->tick, on_tick, TICK_MS, TICK_MS);
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
	check_ended(generations);
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
	map_finish(&generations->by_message);
	buf_finish(&generations->words);
	uv_close((uv_handle_t *)&generations->tick, on_tick_closed);
}
