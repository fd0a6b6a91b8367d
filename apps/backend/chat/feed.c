#include "chat/feed.h"

#include "base/memory.h"
#include "base/pool.h"
#include "chat/chat_events.h"
#include "chat/deltas.h"
#include "chat/generation.h"

#include <stdlib.h>
#include <string.h>

/* For how long it may look at what neither streams here nor has ended: it begins, or ends, within that. */
enum { LOOKS_MAX = 20, PAUSE_MS = 50 };

/*
 * A feed whose message does not stream here reads it on a worker. If it is read as one that streams here all the same, it
 * began or ended meanwhile, and the feed looks again, after a pause and not for ever: its posting may have been committed
 * unheard, so that nobody began it. One that streams on another node is joined, and heard of there.
 */
struct feed {
	struct app *app;
	struct subscriber *subscriber; /* NULL: cancelled */
	struct feed **slot;
	void (*ended)(struct feed **slot);
	char message_id[ID_SIZE];
	int64_t after;
	bool was_read;
	unsigned looks;
	uv_timer_t pause; /* data is NULL until it is first needed */
	bool pauses;
	struct task task;
	struct loop_task loop_task;
	struct arena arena;
	struct message message;
	enum err err;
};

static void on_pause_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void feed_destroy(struct feed *feed)
{
	if (feed->subscriber) {
		*feed->slot = NULL;
		if (feed->ended)
			feed->ended(feed->slot);
	}
	arena_finish(&feed->arena);
	if (feed->pause.data)
		uv_close((uv_handle_t *)&feed->pause, on_pause_closed);
	else
		free(feed);
}

static void deliver_stored(struct feed *feed, const char *topic)
{
	struct subscriber *subscriber = feed->subscriber;
	struct delta_walk walk;
	struct event event;
	struct buf words;

	buf_init(&words, EVENT_MAX);
	deltas_begin(&walk, feed->message.lengths, feed->message.content,
		     strlen(feed->message.content));
	while (feed->subscriber && deltas_next(&walk)) {
		if (walk.seq <= feed->after)
			continue;
		delta_event(&event, &words, topic, walk.seq, walk.delta, walk.length);
		event_deliver(&event, subscriber);
		event_finish(&event);
	}
	if (feed->subscriber && feed->message.status != MESSAGE_STREAMING) {
		done_event(&event, &words, topic, &feed->message);
		event_deliver(&event, subscriber);
		event_finish(&event);
	}
	buf_finish(&words);
}

static void advance(struct feed *feed);

/* It cannot go on: who waits is told, and comes back by number. */
static void deliver_error(struct feed *feed)
{
	char topic[TOPIC_SIZE];
	struct event event;
	struct buf words;

	topic_name(topic, "message", feed->message_id);
	buf_init(&words, EVENT_MAX);
	error_event(&event, &words, topic, feed->err);
	event_deliver(&event, feed->subscriber);
	event_finish(&event);
	buf_finish(&words);
}

static void fail(struct feed *feed)
{
	if (feed->subscriber)
		deliver_error(feed);
	feed_destroy(feed);
}

static void read_done(struct loop_task *task)
{
	struct feed *feed = CONTAINER_OF(task, struct feed, loop_task);

	if (feed->subscriber && feed->err == ERR_OK)
		advance(feed);
	else
		fail(feed);
}

/* On a worker. The caller has authorised the reading, so it is read for its owner. */
static void read_message(struct task *task)
{
	struct feed *feed = CONTAINER_OF(task, struct feed, task);

	arena_finish(&feed->arena);
	arena_init(&feed->arena);
	feed->err =
		message_read_whole(feed->app->db, feed->message_id, &feed->arena, &feed->message);
	feed->was_read = true;
	feed->loop_task.run = read_done;
	loop_post(feed->app->loop, &feed->loop_task);
}

static void start_reading(struct feed *feed)
{
	feed->task.run = read_message;
	pool_submit(feed->app->workers, &feed->task);
}

static void on_pause_over(uv_timer_t *timer)
{
	struct feed *feed = timer->data;

	feed->pauses = false;
	feed->was_read = false;
	advance(feed);
}

static void look_later(struct feed *feed)
{
	if (++feed->looks == LOOKS_MAX) {
		feed->err = ERR_UNAVAILABLE;
		fail(feed);
		return;
	}
	if (!feed->pause.data)
		uv_timer_init(&feed->app->loop->uv, &feed->pause);
	feed->pause.data = feed;
	feed->pauses = true;
	uv_timer_start(&feed->pause, on_pause_over, PAUSE_MS, 0);
}

static bool says_here(const struct feed *feed)
{
	const struct node *node = generations_node(feed->app->generations);

	return feed->message.status == MESSAGE_STREAMING &&
	       strcmp(feed->message.node_id, node->id) == 0;
}

static void deliver_and_join(struct feed *feed, struct generation *generation)
{
	char topic[TOPIC_SIZE];

	topic_name(topic, "message", feed->message_id);
	if (generation)
		generation_replay(generation, feed->after, feed->subscriber, topic);
	else
		deliver_stored(feed, topic);
	if (feed->subscriber)
		topic_join(feed->app->topics, topic, feed->subscriber);
	feed_destroy(feed);
}

static void advance(struct feed *feed)
{
	struct generation *generation = generation_find(feed->app->generations, feed->message_id);

	if (generation)
		deliver_and_join(feed, generation);
	else if (!feed->was_read)
		start_reading(feed);
	else if (says_here(feed))
		look_later(feed);
	else
		deliver_and_join(feed, NULL);
}

void feed_start(struct app *app, const char *message_id, int64_t after,
		struct subscriber *subscriber, struct feed **slot)
{
	struct feed *feed = MEMORY_NEW(struct feed);

	feed->app = app;
	feed->subscriber = subscriber;
	feed->slot = slot;
	feed->after = after;
	memcpy(feed->message_id, message_id, ID_SIZE);
	arena_init(&feed->arena);
	*slot = feed;
	advance(feed);
}

void feed_on_end(struct feed *feed, void (*ended)(struct feed **slot))
{
	feed->ended = ended;
}

void feed_cancel(struct feed *feed)
{
	if (!feed)
		return;
	*feed->slot = NULL;
	feed->subscriber = NULL;
	if (feed->pauses)
		feed_destroy(feed);
}
