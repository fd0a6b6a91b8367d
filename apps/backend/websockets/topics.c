#include "websockets/topics.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct topic {
	struct list subscribers; /* of struct subscriber */
	struct list due;         /* those that the event being published has not reached */
	size_t count;            /* in both */
	bool publishing;
	char name[TOPIC_SIZE];
};

void topics_init(struct topics *topics)
{
	*topics = (struct topics){ .watch = NULL };
	map_init(&topics->by_name);
}

void topics_set_watch(struct topics *topics, const struct topics_watch *watch, void *context)
{
	assert(topics->by_name.count == 0);
	topics->watch = watch;
	topics->watch_context = context;
}

void topics_finish(struct topics *topics)
{
	assert(topics->by_name.count == 0);
	map_finish(&topics->by_name);
}

static struct topic *create(struct topics *topics, const char *name)
{
	struct topic *topic = MEMORY_NEW(struct topic);
	size_t length = strlen(name);

	assert(length < TOPIC_SIZE);
	memcpy(topic->name, name, length + 1);
	list_init(&topic->subscribers);
	list_init(&topic->due);
	map_set(&topics->by_name, name, topic);
	if (topics->watch != NULL)
		topics->watch->opened(topics->watch_context, name);
	return topic;
}

static void destroy_if_empty(struct topics *topics, struct topic *topic)
{
	if (topic->count > 0 || topic->publishing)
		return;
	map_remove(&topics->by_name, topic->name);
	if (topics->watch != NULL)
		topics->watch->closed(topics->watch_context, topic->name);
	free(topic);
}

void topic_join(struct topics *topics, const char *name, struct subscriber *subscriber)
{
	struct topic *topic = map_get(&topics->by_name, name);

	assert(subscriber->topic == NULL);
	if (topic == NULL)
		topic = create(topics, name);
	subscriber->topic = topic;
	list_append(&topic->subscribers, &subscriber->node);
	topic->count++;
}

void topic_leave(struct topics *topics, struct subscriber *subscriber)
{
	struct topic *topic = subscriber->topic;

	if (topic == NULL)
		return;
	subscriber->topic = NULL;
	list_remove(&subscriber->node);
	topic->count--;
	destroy_if_empty(topics, topic);
}

/*
 * Each subscriber moves from `due` back to the topic before its delivery, so that any of them may
 * leave meanwhile, and one that joins meanwhile does not get this event.
 */
void topic_publish(struct topics *topics, const char *name, struct event *event)
{
	struct topic *topic = map_get(&topics->by_name, name);

	if (topic != NULL) {
		assert(!topic->publishing);
		topic->publishing = true;
		list_splice(&topic->due, &topic->subscribers);
		while (!list_empty(&topic->due)) {
			struct subscriber *subscriber =
				CONTAINER_OF(topic->due.next, struct subscriber, node);

			list_remove(&subscriber->node);
			list_append(&topic->subscribers, &subscriber->node);
			event_deliver(event, subscriber);
		}
		topic->publishing = false;
		destroy_if_empty(topics, topic);
	}
	event_finish(event);
}

bool topic_has_subscribers(const struct topics *topics, const char *name)
{
	return map_get(&topics->by_name, name) != NULL;
}

void event_deliver(struct event *event, struct subscriber *subscriber)
{
	subscriber->deliver(subscriber, event);
}

static void drop(struct payload **payload)
{
	if (*payload != NULL)
		payload_unref(*payload);
	*payload = NULL;
}

void event_finish(struct event *event)
{
	drop(&event->websocket);
	drop(&event->sse);
}
