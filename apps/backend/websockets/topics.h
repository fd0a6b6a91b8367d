/*
 * Who listens to what. A topic is "kind:id" ("message:0198…", "conversations:<user>"); what happens
 * on it is published once and goes to every subscriber, WebSockets and server-sent events alike.
 *
 * Loop thread only. An event is rendered once for each kind of wire and shared by all subscribers.
 */
#ifndef WEBPLUS_WEBSOCKETS_TOPICS_H
#define WEBPLUS_WEBSOCKETS_TOPICS_H

#include "base/list.h"
#include "base/map.h"
#include "http/transport.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TOPIC_SIZE = 64 };

/*
 * Something that happened: `fields` is the inside of a JSON object without its braces,
 * `"text":"…"`, and must hold no line feed. Both wires name it by `type`; the WebSocket message is
 * {"type":…,"topic":…,"seq":…,fields}, the server-sent event has id `seq` and data
 * {"seq":…,fields}, or {fields} when `seq` is negative.
 */
struct event {
	const char *type;
	const char *topic; /* as the subscriber named it */
	int64_t seq;       /* negative: it has none */
	const char *fields;
	size_t fields_length;
	const char *data; /* the server-sent event's data where it differs, or NULL */
	size_t data_length;
	struct payload *websocket, *sse; /* made by the first subscriber that needs it */
};

struct subscriber {
	struct list node;    /* in its topic */
	struct topic *topic; /* NULL: not subscribed */
	void (*deliver)(struct subscriber *subscriber, struct event *event);
};

/* Hears when a topic gets its first subscriber and when its last one has gone. */
struct topics_watch {
	void (*opened)(void *context, const char *name);
	void (*closed)(void *context, const char *name);
};

struct topics {
	struct map by_name; /* to struct topic, only those with a subscriber */
	const struct topics_watch *watch;
	void *watch_context;
};

void topics_init(struct topics *topics);
/* Every subscriber must be gone. */
void topics_finish(struct topics *topics);

/* While there is no subscriber. NULL: nobody watches. It must not change subscriptions. */
void topics_set_watch(struct topics *topics, const struct topics_watch *watch, void *context);

/* The subscriber is the caller's memory, and must leave before it is freed. */
void topic_join(struct topics *topics, const char *name, struct subscriber *subscriber);
/* Does nothing when it has not joined. */
void topic_leave(struct topics *topics, struct subscriber *subscriber);
/* A subscriber may leave during its delivery. Drops the renderings afterwards. */
void topic_publish(struct topics *topics, const char *name, struct event *event);
bool topic_has_subscribers(const struct topics *topics, const char *name);

/* To one subscriber; the renderings stay with the event until event_finish. */
void event_deliver(struct event *event, struct subscriber *subscriber);
void event_finish(struct event *event);

#endif
