#include "chat/follower.h"

#include "base/memory.h"
#include "chat/chat_events.h"
#include "chat/feed.h"
#include "chat/generation.h"
#include "websockets/bus.h"

#include <stdlib.h>
#include <string.h>

struct follower {
	struct app *app;
	struct subscriber inner; /* of the feed, and then of the topic */
	struct subscriber *outer;
	struct feed *feed; /* while one runs */
	struct bus_listener listener;
	int64_t seq;     /* the last number delivered */
	bool ended;      /* "done" was delivered, and nothing since */
	int64_t awaited; /* a number that was announced */
	bool unsure;     /* something may have been missed */
	char message_id[ID_SIZE];
};

static void start_feed(struct follower *follower);

/* Something before it was not heard: the end that another node has told, and the message went on here. */
static bool has_gap(const struct follower *follower, const struct event *event)
{
	bool is_delta = strcmp(event->type, "delta") == 0;

	return !follower->feed && event->seq > follower->seq + is_delta;
}

static void deliver(struct subscriber *subscriber, struct event *event)
{
	struct follower *follower = CONTAINER_OF(subscriber, struct follower, inner);
	bool is_delta = strcmp(event->type, "delta") == 0;

	if (has_gap(follower, event)) {
		start_feed(follower);
		if (follower->feed)
			return; /* it brings this too; one that reads from memory is over, and an end is not kept there */
	}
	if (is_delta && event->seq <= follower->seq)
		return;
	if (strcmp(event->type, "done") == 0) {
		if (follower->ended && event->seq == follower->seq)
			return;
		follower->ended = true;
	}
	if (is_delta) {
		follower->seq = event->seq;
		follower->ended = false;
	}
	event_deliver(event, follower->outer);
}

static void read_on(struct follower *follower);

static void on_feed_end(struct feed **slot)
{
	read_on(CONTAINER_OF(slot, struct follower, feed));
}

static void start_feed(struct follower *follower)
{
	follower->awaited = 0;
	follower->unsure = false;
	topic_leave(follower->app->topics, &follower->inner);
	feed_start(follower->app, follower->message_id, follower->seq, &follower->inner,
		   &follower->feed);
	if (follower->feed)
		feed_on_end(follower->feed, on_feed_end);
}

static void read_on(struct follower *follower)
{
	bool lacks = follower->awaited > follower->seq || (follower->unsure && !follower->ended);

	if (!follower->feed && lacks)
		start_feed(follower);
}

/* What streams here comes by the topic. */
static void on_heard(struct bus_listener *listener, const struct announcement *announcement)
{
	struct follower *follower = CONTAINER_OF(listener, struct follower, listener);

	if (generation_find(follower->app->generations, follower->message_id))
		return;
	if (announcement->seq > follower->awaited)
		follower->awaited = announcement->seq;
	if (!announcement->type || strcmp(announcement->type, "done") == 0)
		follower->unsure = true;
	read_on(follower);
}

struct follower *follower_start(struct app *app, const char *message_id, int64_t after,
				struct subscriber *subscriber)
{
	struct follower *follower = MEMORY_NEW(struct follower);
	char topic[TOPIC_SIZE];

	follower->app = app;
	follower->outer = subscriber;
	follower->seq = after;
	follower->inner.deliver = deliver;
	follower->listener.heard = on_heard;
	list_init(&follower->inner.node);
	list_init(&follower->listener.node);
	memcpy(follower->message_id, message_id, ID_SIZE);
	topic_name(topic, "message", message_id);
	bus_listen(app->bus, topic, &follower->listener);
	start_feed(follower);
	return follower;
}

void follower_stop(struct follower *follower)
{
	if (!follower)
		return;
	bus_leave(follower->app->bus, &follower->listener);
	feed_cancel(follower->feed);
	topic_leave(follower->app->topics, &follower->inner);
	free(follower);
}
