#include "chat/generation_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "chat/chat_events.h"
#include "chat/deltas.h"
#include "config.h"
#include "providers/thought.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { DETAIL_MAX = 500 };

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

/* Other nodes hear how far it is, and read the rest. */
void generation_announce(struct generation *generation)
{
	announce_message(generation->owner->app, "delta", generation_message(generation)->id,
			 generation->stream.written.seq);
}

static void publish_deltas(struct generation *generation, const struct delta_range *range)
{
	struct generations *owner = generation->owner;
	char topic[TOPIC_SIZE];
	struct delta_walk walk;
	struct event event;

	generation_announce(generation);
	topic_name(topic, "message", generation_message(generation)->id);
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
	struct buf words; /* the owner's may be those of an event that is being published */

	if (range.to.seq == 0)
		return;
	buf_init(&words, EVENT_MAX);
	walk_range(&generation->stream, &range, &walk);
	while (deltas_next(&walk)) {
		if (walk.seq <= after)
			continue;
		delta_event(&event, &words, topic, walk.seq, walk.delta, walk.length);
		event_deliver(&event, subscriber);
		event_finish(&event);
	}
	buf_finish(&words);
}

/* ---- Who waits for the end ---- */

struct stop {
	struct list node;
	struct request *request;
};

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

/* `message` is NULL where there is an error. */
static void answer_stops(struct generation *generation, const struct message *message, enum err err)
{
	LIST_EACH_SAFE(stop, &generation->stops, struct stop, node) {
		struct request *request = stop->request;

		list_remove(&stop->node);
		if (message)
			copy_message(&request->arena, message, request->out);
		request_finish(request, err);
	}
}

static void generation_destroy(struct generation *generation)
{
	struct generations *owner = generation->owner;

	if (map_get(&owner->by_message, generation_message(generation)->id) == generation)
		map_remove(&owner->by_message, generation_message(generation)->id);
	list_remove(&generation->node);
	stream_finish(&generation->stream);
	arena_finish(&generation->found_arena);
	generation_start_discard(generation->start);
	free(generation);
	generations_check_ended(owner);
}

/* The line of the request that began it says only that it began. What was written is the user's. */
static void log_answer(struct generation *generation)
{
	static const char *const statuses[] = {
		[MESSAGE_COMPLETE] = "complete", [MESSAGE_STREAMING] = "streaming",
		[MESSAGE_STOPPED] = "stopped",   [MESSAGE_INTERRUPTED] = "interrupted",
		[MESSAGE_FAILED] = "failed",
	};
	const struct message *message = generation_message(generation);
	char deltas[24], duration[24];

	if (!generation->owner->app->config->access_log)
		return;
	snprintf(deltas, sizeof(deltas), "%lld", (long long)message->seq);
	snprintf(duration, sizeof(duration), "%lld",
		 (long long)(clock_monotonic_us() - generation->begun_us));
	log_info("answer", "request_id", generation->start->request_id, "message", message->id,
		 "model", message->model_id ? message->model_id : "-", "status",
		 statuses[message->status], "code", message->error.code ? message->error.code : "-",
		 "deltas", deltas, "duration_us", duration, NULL);
}

/*
 * What failed is tried again at the next tick, but not by a server whose time to leave is over: what it leaves as streaming is
 * interrupted by its next start, or by another one.
 */
static void try_again(struct generation *generation, enum generation_state state, enum err err)
{
	if (generations_are_late(generation->owner)) {
		answer_stops(generation, NULL, err);
		generation_destroy(generation);
		return;
	}
	generation->state = state;
}

/* ---- One that was lost ---- */

static enum err read_found(struct db *tx, void *context)
{
	struct generation *generation =
		CONTAINER_OF((struct db_job *)context, struct generation, job);

	arena_finish(&generation->found_arena);
	arena_init(&generation->found_arena);
	return message_read_whole(tx, generation_message(generation)->id, &generation->found_arena,
				  &generation->found);
}

static void look_done(struct db_job *job, enum err err)
{
	struct generation *generation = CONTAINER_OF(job, struct generation, job);
	const struct message *found = &generation->found;
	struct generations *owner = generation->owner;

	if (err != ERR_OK && err != ERR_NOT_FOUND) {
		log_warning("the state of an answer is not known", "error", err_code(err), NULL);
		try_again(generation, GENERATION_LOST, err);
		return;
	}
	if (err == ERR_OK && found->status == MESSAGE_STREAMING)
		err = ERR_CONFLICT; /* elsewhere */
	if (err == ERR_OK)
		publish_end(owner->app, found);
	else
		publish_error(owner->app, &owner->words, generation_message(generation)->id, err);
	log_answer(generation);
	answer_stops(generation, err == ERR_OK ? found : NULL, err);
	generation_destroy(generation);
}

static void look(struct generation *generation)
{
	generation->state = GENERATION_LOOKING;
	generation->job.run = read_found;
	generation->job.done = look_done;
	db_submit(generation->owner->app->db, &generation->job);
}

/* Deltas that were not committed are shown to nobody: what the database says counts. */
static void lose(struct generation *generation)
{
	if (generation->state == GENERATION_RUNNING)
		registry_chat_cancel(generation->chat);
	generation->chat.chat = NULL;
	generation->state = GENERATION_LOST;
	stream_leave(&generation->stream);
	generation_advance(generation);
}

/* ---- The end ---- */

static enum err write_finish(struct db *tx, void *context)
{
	struct generation *generation =
		CONTAINER_OF((struct db_job *)context, struct generation, job);

	return message_finish(tx, &generation->owner->node, generation_message(generation));
}

static void finish_done(struct db_job *job, enum err err)
{
	struct generation *generation = CONTAINER_OF(job, struct generation, job);
	struct stream *stream = &generation->stream;
	const struct delta_range rest = { stream->written, stream->end };

	if (err == ERR_CONFLICT || err == ERR_NOT_FOUND) {
		lose(generation);
		return;
	}
	if (err != ERR_OK) {
		log_warning("the end of an answer is not committed", "error", err_code(err), NULL);
		try_again(generation, GENERATION_ENDED, err);
		return;
	}
	stream->written = stream->end;
	publish_deltas(generation, &rest);
	publish_end(generation->owner->app, generation_message(generation));
	log_answer(generation);
	answer_stops(generation, generation_message(generation), ERR_OK);
	generation_destroy(generation);
}

static void finish(struct generation *generation)
{
	struct message *message = generation_message(generation);
	struct stream *stream = &generation->stream;

	generation->state = GENERATION_FINISHING;
	message->content = stream->text.length ? stream->text.data : "";
	message->lengths = (struct blob){ stream->lengths.length ? stream->lengths.data : "",
					  stream->lengths.length };
	message->seq = stream->end.seq;
	generation->job.run = write_finish;
	generation->job.done = finish_done;
	db_submit(generation->owner->app->db, &generation->job);
}

void generation_advance(struct generation *generation)
{
	if (generation->stream.in_batch)
		return;
	if (generation->state == GENERATION_ENDED)
		finish(generation);
	else if (generation->state == GENERATION_LOST)
		look(generation);
}

static void end(struct generation *generation, enum message_status status)
{
	struct message *message = generation_message(generation);

	assert(generation->state == GENERATION_RUNNING);
	generation->state = GENERATION_ENDED;
	generation->chat.chat = NULL;
	message->status = status;
	message->completed_at = clock_now();
	message->lease_until.ms = 0;
	stream_leave(&generation->stream);
	generation_advance(generation);
}

void generation_cancel(struct generation *generation, enum message_status status)
{
	if (generation->state != GENERATION_RUNNING)
		return;
	registry_chat_cancel(generation->chat);
	end(generation, status);
}

static void fail(struct generation *generation, const char *code, const char *detail)
{
	struct message *message = generation_message(generation);

	message->error.code = code;
	message->error.detail = arena_strdup(&generation->start->arena, detail);
	end(generation, MESSAGE_FAILED);
}

void generation_stop(struct generation *generation, struct request *request)
{
	struct stop *stop = ARENA_NEW(&request->arena, struct stop);

	stop->request = request;
	list_append(&generation->stops, &stop->node);
	generation_cancel(generation, MESSAGE_STOPPED);
}

/* ---- What the provider sends ---- */

static void on_batch_done(struct stream *stream, enum err err, const struct stream_mark *before)
{
	struct generation *generation = CONTAINER_OF(stream, struct generation, stream);
	const struct delta_range range = { *before, stream->written };

	if (err == ERR_CONFLICT) {
		lose(generation);
		return;
	}
	if (err == ERR_OK)
		publish_deltas(generation, &range);
	generation_advance(generation);
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
					.go_on = *thought_skip(start->message.content) != '\0',
					.thinking = thought_is_open(start->message.content),
					.request_id = start->request_id };

	generation->owner = owner;
	generation->start = start;
	generation->begun_us = clock_monotonic_us();
	arena_init(&generation->found_arena);
	list_init(&generation->stops);
	stream_init(&generation->stream, start->message.id);
	generation->stream.batch_done = on_batch_done;
	stream_restore(&generation->stream, start->message.content, start->message.lengths);
	list_append(&owner->all, &generation->node);
	map_set(&owner->by_message, start->message.id, generation);
	generation->chat = registry_chat_start(owner->app->models, start->message.model_id,
					       &request, &events, generation);
	if (owner->drains)
		generation_cancel(generation, MESSAGE_INTERRUPTED);
}

void generation_submit(struct generation_start *start)
{
	start->task.run = begin;
	loop_post(start->app->loop, &start->task);
}
