#include "base/map.h"
#include "base/memory.h"
#include "cache/redis_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { PING_MS = 500, SILENCE_PINGS_MAX = 2, SUBSCRIBES_MAX = 1024 };

struct channel {
	struct list node; /* of those that are yet to be subscribed to here, or alone */
	char name[];
};

struct redis_subscriber {
	struct redis_client *client;
	struct redis_connection *connection; /* NULL before the first channel */
	const struct redis_subscriber_events *events;
	void *context;
	struct map channels; /* that are asked for: struct channel */
	struct list waiting; /* of these; while the connection is up */
	unsigned under_way;  /* SUBSCRIBEs that were not answered yet */
	uv_timer_t timer;
	unsigned unanswered; /* pings */
	bool was_up;
};

static void send_pair(struct redis_subscriber *subscriber, const char *verb, const char *channel)
{
	struct buf *out;

	if (!subscriber->connection || !redis_connection_up(subscriber->connection))
		return;
	if (redis_connection_room(subscriber->connection) < strlen(verb) + strlen(channel) + 64) {
		redis_connection_drop(subscriber->connection);
		return;
	}
	out = redis_connection_out(subscriber->connection);
	resp_write_count(out, 2);
	resp_write_text(out, redis_text(verb));
	resp_write_text(out, redis_text(channel));
	redis_connection_flush(subscriber->connection);
}

/* As many as are surely sent: each that is answered makes room for another, however many there are. */
static void send_waiting(struct redis_subscriber *subscriber)
{
	while (subscriber->under_way < SUBSCRIBES_MAX && !list_empty(&subscriber->waiting)) {
		struct channel *channel =
			CONTAINER_OF(subscriber->waiting.next, struct channel, node);

		list_remove(&channel->node);
		subscriber->under_way++;
		send_pair(subscriber, "SUBSCRIBE", channel->name);
	}
}

/* ---- What the connection says ---- */

static void subscribe_again(const char *name, void *value, void *context)
{
	struct redis_subscriber *subscriber = context;
	struct channel *channel = value;

	(void)name;
	list_remove(&channel->node);
	list_append(&subscriber->waiting, &channel->node);
}

static void on_up(void *context)
{
	struct redis_subscriber *subscriber = context;

	subscriber->unanswered = subscriber->under_way = 0;
	subscriber->was_up = true;
	map_each(&subscriber->channels, subscribe_again, subscriber);
	send_waiting(subscriber);
}

static void on_down(void *context)
{
	struct redis_subscriber *subscriber = context;

	if (subscriber->was_up)
		subscriber->events->lost(subscriber->context);
	subscriber->was_up = false;
}

static bool is_text(const struct redis_value *value, const char *text)
{
	return value->type == REDIS_STRING && value->length == strlen(text) &&
	       memcmp(value->text, text, value->length) == 0;
}

/* Messages of a channel that was given up, and of one that nobody asked for, are passed over. */
static const char *find_channel(struct redis_subscriber *subscriber,
				const struct redis_value *value)
{
	const struct channel *channel;
	char *name;

	if (value->type != REDIS_STRING || memchr(value->text, '\0', value->length))
		return NULL;
	name = strndup(value->text, value->length);
	if (!name)
		memory_exhausted();
	channel = map_get(&subscriber->channels, name);
	free(name);
	return channel ? channel->name : NULL;
}

static void take_message(struct redis_subscriber *subscriber, const struct redis_value *items)
{
	const char *channel = find_channel(subscriber, &items[1]);

	if (!channel || items[2].type != REDIS_STRING)
		return;
	subscriber->client->counts.heard++;
	subscriber->events->message(subscriber->context, channel, items[2].text, items[2].length);
}

/* ["message", channel, data], ["subscribe", channel, count], ["pong", ""]; "PONG" where there is no channel. */
static bool on_value(void *context, const struct redis_value *value)
{
	struct redis_subscriber *subscriber = context;
	const char *channel;

	subscriber->unanswered = 0;
	if (is_text(value, "PONG"))
		return true;
	if (value->type != REDIS_ARRAY || value->count < 2)
		return false;
	if (is_text(&value->items[0], "message") && value->count == 3) {
		take_message(subscriber, value->items);
	} else if (is_text(&value->items[0], "subscribe")) {
		subscriber->under_way -= subscriber->under_way > 0;
		send_waiting(subscriber);
		channel = find_channel(subscriber, &value->items[1]);
		if (channel)
			subscriber->events->subscribed(subscriber->context, channel);
	}
	return true;
}

static void on_timer(uv_timer_t *timer)
{
	struct redis_subscriber *subscriber = timer->data;
	struct buf *out;

	if (!subscriber->connection || !redis_connection_up(subscriber->connection))
		return;
	if (++subscriber->unanswered > SILENCE_PINGS_MAX) {
		redis_connection_drop(subscriber->connection);
		return;
	}
	out = redis_connection_out(subscriber->connection);
	resp_write_count(out, 1);
	resp_write_text(out, redis_text("PING"));
	redis_connection_flush(subscriber->connection);
}

/* ---- Public ---- */

static const struct redis_events connection_events = { .up = on_up,
						       .down = on_down,
						       .value = on_value };

struct redis_subscriber *redis_subscriber_create(struct redis_client *client,
						 const struct redis_subscriber_events *events,
						 void *context)
{
	struct redis_subscriber *subscriber = MEMORY_NEW(struct redis_subscriber);

	subscriber->client = client;
	subscriber->events = events;
	subscriber->context = context;
	map_init(&subscriber->channels);
	list_init(&subscriber->waiting);
	uv_timer_init(&client->loop->uv, &subscriber->timer);
	subscriber->timer.data = subscriber;
	uv_timer_start(&subscriber->timer, on_timer, PING_MS, PING_MS);
	return subscriber;
}

static void free_channel(const char *key, void *value, void *context)
{
	(void)key;
	(void)context;
	free(value);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct redis_subscriber *subscriber = handle->data;

	map_each(&subscriber->channels, free_channel, NULL);
	map_finish(&subscriber->channels);
	free(subscriber);
}

void redis_subscriber_destroy(struct redis_subscriber *subscriber)
{
	if (!subscriber)
		return;
	subscriber->client->counts.channels -= (unsigned)subscriber->channels.count;
	redis_connection_destroy(subscriber->connection);
	subscriber->connection = NULL;
	uv_close((uv_handle_t *)&subscriber->timer, on_timer_closed);
}

static struct channel *create_channel(const char *name)
{
	size_t size = strlen(name) + 1;
	struct channel *channel = memory_alloc(sizeof(*channel) + size);

	list_init(&channel->node);
	memcpy(channel->name, name, size);
	return channel;
}

static void connect_subscriber(struct redis_subscriber *subscriber)
{
	struct redis_connection_options options = redis_client_options(subscriber->client);

	options.events = &connection_events;
	options.context = subscriber;
	subscriber->connection = redis_connection_create(&options);
}

void redis_subscribe(struct redis_subscriber *subscriber, const char *channel)
{
	struct channel *asked;

	assert(strpbrk(channel, "\r\n") == NULL);
	if (map_get(&subscriber->channels, channel))
		return;
	asked = create_channel(channel);
	map_set(&subscriber->channels, channel, asked);
	subscriber->client->counts.channels++;
	if (!subscriber->connection) {
		connect_subscriber(subscriber);
	} else if (redis_connection_up(subscriber->connection)) {
		list_append(&subscriber->waiting, &asked->node);
		send_waiting(subscriber);
	}
}

void redis_unsubscribe(struct redis_subscriber *subscriber, const char *channel)
{
	struct channel *asked = map_remove(&subscriber->channels, channel);

	if (!asked)
		return;
	subscriber->client->counts.channels--;
	if (list_empty(&asked->node))
		send_pair(subscriber, "UNSUBSCRIBE", channel);
	list_remove(&asked->node);
	free(asked);
}
