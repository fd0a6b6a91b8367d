#include "websockets/bus.h"

#include "base/map.h"
#include "base/memory.h"
#include "cache/redis_client.h"
#include "websockets/topics.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHANNEL_SIZE = 192,
	DATA_SIZE = 192,
	PUBLISH_MS = 1000,
	TICK_MS = 1000,
};

static const char *const missed_word = "missed";

struct bus_channel {
	struct list listeners; /* of struct bus_listener */
	char name[];
};

struct bus {
	struct redis_client *redis;
	struct redis_subscriber *subscriber;
	const char *node_id;
	struct map channels; /* to struct bus_channel, by the names that Redis knows */
	/* Announcements that may not have arrived, ever, and how many of them were told of. */
	uint64_t lost, told, telling;
	bool tells;
	char everybody[CHANNEL_SIZE]; /* the channel that all nodes hear */
	uv_timer_t tick;
	struct bus_counts counts;
};

static void name_channel(const struct bus *bus, const char *topic, char name[static CHANNEL_SIZE])
{
	snprintf(name, CHANNEL_SIZE, "%stopic:%s", redis_client_prefix(bus->redis), topic);
}

/* ---- Hearing ---- */

static void tell_listeners(struct bus_channel *channel, const struct announcement *announcement)
{
	LIST_EACH_SAFE(listener, &channel->listeners, struct bus_listener, node)
		listener->heard(listener, announcement);
}

static void tell_missed(const char *name, void *value, void *context)
{
	static const struct announcement missed = { .seq = -1 };

	(void)name;
	(void)context;
	tell_listeners(value, &missed);
}

/* "node type id seq"; whatever is in Redis is believed as far as that something is to be read. */
static void on_message(void *context, const char *name, const char *data, size_t length)
{
	struct bus *bus = context;
	struct bus_channel *channel = map_get(&bus->channels, name);
	char text[DATA_SIZE], node[BUS_WORD_SIZE], type[BUS_WORD_SIZE], id[BUS_WORD_SIZE];
	long long seq;

	if (length >= sizeof(text))
		return;
	memcpy(text, data, length);
	text[length] = '\0';
	if (sscanf(text, "%39s %39s %39s %lld", node, type, id, &seq) != 4 ||
	    strcmp(node, bus->node_id) == 0)
		return;
	bus->counts.heard++;
	if (strcmp(name, bus->everybody) == 0) {
		bus->counts.missed++;
		map_each(&bus->channels, tell_missed, NULL);
	} else if (channel != NULL) {
		tell_listeners(channel,
			       &(struct announcement){ .type = type, .id = id, .seq = seq });
	}
}

static void on_subscribed(void *context, const char *name)
{
	struct bus *bus = context;
	struct bus_channel *channel = map_get(&bus->channels, name);

	if (channel != NULL)
		tell_missed(name, channel, NULL);
	else if (strcmp(name, bus->everybody) == 0)
		map_each(&bus->channels, tell_missed, NULL);
}

/* Each channel says "subscribed" when it is heard again. */
static void on_lost(void *context)
{
	(void)context;
}

void bus_listen(struct bus *bus, const char *topic, struct bus_listener *listener)
{
	char name[CHANNEL_SIZE];
	struct bus_channel *channel;
	size_t size;

	if (bus == NULL)
		return;
	name_channel(bus, topic, name);
	channel = map_get(&bus->channels, name);
	if (channel == NULL) {
		size = strlen(name) + 1;
		channel = memory_alloc(sizeof(*channel) + size);
		list_init(&channel->listeners);
		memcpy(channel->name, name, size);
		map_set(&bus->channels, name, channel);
		redis_subscribe(bus->subscriber, name);
	}
	assert(listener->channel == NULL);
	listener->channel = channel;
	list_append(&channel->listeners, &listener->node);
}

void bus_leave(struct bus *bus, struct bus_listener *listener)
{
	struct bus_channel *channel = listener->channel;

	if (channel == NULL)
		return;
	listener->channel = NULL;
	list_remove(&listener->node);
	if (!list_empty(&channel->listeners))
		return;
	redis_unsubscribe(bus->subscriber, channel->name);
	map_remove(&bus->channels, channel->name);
	free(channel);
}

/* ---- Telling ---- */

static void on_announced(void *context, enum err err, const struct redis_value *value)
{
	struct bus *bus = context;

	(void)value;
	if (err != ERR_OK)
		bus->lost++;
}

static enum err publish(struct bus *bus, const char *channel,
			const struct announcement *announcement, redis_done done)
{
	char data[DATA_SIZE];

	snprintf(data, sizeof(data), "%s %s %s %lld", bus->node_id, announcement->type,
		 announcement->id, (long long)announcement->seq);
	return redis_publish(bus->redis, channel, redis_text(data), PUBLISH_MS, done, bus);
}

void bus_announce(struct bus *bus, const char *topic, const struct announcement *announcement)
{
	char name[CHANNEL_SIZE];

	if (bus == NULL)
		return;
	name_channel(bus, topic, name);
	bus->counts.announced++;
	if (publish(bus, name, announcement, on_announced) != ERR_OK)
		bus->lost++;
}

static void on_told(void *context, enum err err, const struct redis_value *value)
{
	struct bus *bus = context;

	(void)value;
	bus->tells = false;
	if (err == ERR_OK)
		bus->told = bus->telling;
}

/* Others may lack something of ours: once Redis answers again, they are told to look. */
static void on_tick(uv_timer_t *timer)
{
	struct bus *bus = timer->data;
	const struct announcement missed = { .type = missed_word, .id = "-", .seq = -1 };

	if (bus->tells || bus->told == bus->lost)
		return;
	bus->telling = bus->lost;
	bus->tells = publish(bus, bus->everybody, &missed, on_told) == ERR_OK;
}

/* ---- Its life ---- */

struct bus *bus_create(struct loop *loop, struct redis_client *redis, const char *node_id)
{
	static const struct redis_subscriber_events events = { .message = on_message,
							       .subscribed = on_subscribed,
							       .lost = on_lost };
	struct bus *bus = MEMORY_NEW(struct bus);

	bus->redis = redis;
	bus->node_id = node_id;
	map_init(&bus->channels);
	snprintf(bus->everybody, sizeof(bus->everybody), "%snodes", redis_client_prefix(redis));
	bus->subscriber = redis_subscriber_create(redis, &events, bus);
	redis_subscribe(bus->subscriber, bus->everybody);
	uv_timer_init(&loop->uv, &bus->tick);
	bus->tick.data = bus;
	uv_timer_start(&bus->tick, on_tick, TICK_MS, TICK_MS);
	return bus;
}

static void on_tick_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void bus_destroy(struct bus *bus)
{
	if (bus == NULL)
		return;
	assert(bus->channels.count == 0);
	redis_subscriber_destroy(bus->subscriber);
	map_finish(&bus->channels);
	uv_close((uv_handle_t *)&bus->tick, on_tick_closed);
}

struct bus_counts bus_counts(const struct bus *bus)
{
	struct bus_counts counts = { .announced = 0 };

	if (bus == NULL)
		return counts;
	counts = bus->counts;
	counts.lost = bus->lost;
	counts.channels = (unsigned)bus->channels.count;
	return counts;
}
