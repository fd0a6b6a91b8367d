#include "test.h"

#include "websockets/topics.h"

#include <string.h>

struct listener {
	struct subscriber subscriber;
	struct topics *topics;
	struct listener *dismiss; /* leaves when this one is delivered to */
	struct listener *invite;  /* joins then */
	int events;
	struct payload *seen;
};

static void on_event(struct subscriber *subscriber, struct event *event)
{
	struct listener *listener = CONTAINER_OF(subscriber, struct listener, subscriber);

	listener->events++;
	if (event->websocket == NULL)
		event->websocket = payload_create("x", 1);
	listener->seen = event->websocket;
	if (listener->dismiss != NULL)
		topic_leave(listener->topics, &listener->dismiss->subscriber);
	if (listener->invite != NULL)
		topic_join(listener->topics, "a", &listener->invite->subscriber);
	listener->invite = NULL;
}

static void prepare(struct topics *topics, struct listener *listeners, size_t count)
{
	topics_init(topics);
	memset(listeners, 0, count * sizeof(*listeners));
	for (size_t i = 0; i < count; i++) {
		listeners[i].subscriber.deliver = on_event;
		listeners[i].topics = topics;
	}
}

static void publish(struct topics *topics, const char *name)
{
	struct event event = { .type = "test", .topic = name, .seq = -1 };

	topic_publish(topics, name, &event);
	assert_null(event.websocket);
	assert_null(event.sse);
}

static void reaches_those_who_joined_and_nobody_else(void **state)
{
	struct topics topics;
	struct listener listeners[3];

	(void)state;
	prepare(&topics, listeners, 3);
	topic_join(&topics, "a", &listeners[0].subscriber);
	topic_join(&topics, "a", &listeners[1].subscriber);
	topic_join(&topics, "b", &listeners[2].subscriber);
	publish(&topics, "a");
	publish(&topics, "nobody");
	assert_int_equal(listeners[0].events, 1);
	assert_int_equal(listeners[1].events, 1);
	assert_int_equal(listeners[2].events, 0);
	assert_ptr_equal(listeners[0].seen, listeners[1].seen); /* rendered once */
	for (int i = 0; i < 3; i++)
		topic_leave(&topics, &listeners[i].subscriber);
	assert_false(topic_has_subscribers(&topics, "a"));
	topics_finish(&topics);
}

static void leaving_twice_or_without_joining_does_nothing(void **state)
{
	struct topics topics;
	struct listener listener;

	(void)state;
	prepare(&topics, &listener, 1);
	topic_leave(&topics, &listener.subscriber);
	topic_join(&topics, "a", &listener.subscriber);
	assert_true(topic_has_subscribers(&topics, "a"));
	topic_leave(&topics, &listener.subscriber);
	topic_leave(&topics, &listener.subscriber);
	publish(&topics, "a");
	assert_int_equal(listener.events, 0);
	topics_finish(&topics);
}

static void anyone_may_leave_during_a_delivery(void **state)
{
	struct topics topics;
	struct listener listeners[4];

	(void)state;
	prepare(&topics, listeners, 4);
	for (int i = 0; i < 4; i++)
		topic_join(&topics, "a", &listeners[i].subscriber);
	listeners[0].dismiss = &listeners[0]; /* itself */
	listeners[1].dismiss = &listeners[2]; /* the next */
	listeners[3].dismiss = &listeners[1]; /* one before */
	publish(&topics, "a");
	assert_int_equal(listeners[0].events, 1);
	assert_int_equal(listeners[1].events, 1);
	assert_int_equal(listeners[2].events, 0);
	assert_int_equal(listeners[3].events, 1);
	publish(&topics, "a");
	assert_int_equal(listeners[1].events, 1);
	assert_int_equal(listeners[3].events, 2);
	topic_leave(&topics, &listeners[3].subscriber);
	topics_finish(&topics);
}

static void the_last_may_leave_during_its_delivery(void **state)
{
	struct topics topics;
	struct listener listener;

	(void)state;
	prepare(&topics, &listener, 1);
	topic_join(&topics, "a", &listener.subscriber);
	listener.dismiss = &listener;
	publish(&topics, "a");
	assert_false(topic_has_subscribers(&topics, "a"));
	topics_finish(&topics);
}

static void who_joins_during_a_delivery_gets_the_next_event(void **state)
{
	struct topics topics;
	struct listener listeners[2];

	(void)state;
	prepare(&topics, listeners, 2);
	topic_join(&topics, "a", &listeners[0].subscriber);
	listeners[0].invite = &listeners[1];
	publish(&topics, "a");
	assert_int_equal(listeners[1].events, 0);
	publish(&topics, "a");
	assert_int_equal(listeners[1].events, 1);
	topic_leave(&topics, &listeners[0].subscriber);
	topic_leave(&topics, &listeners[1].subscriber);
	topics_finish(&topics);
}

struct watched {
	int opened, closed;
};

static void on_opened(void *context, const char *name)
{
	assert_string_equal(name, "thing:1");
	((struct watched *)context)->opened++;
}

static void on_closed(void *context, const char *name)
{
	assert_string_equal(name, "thing:1");
	((struct watched *)context)->closed++;
}

static void a_watch_hears_of_the_first_and_the_last(void **state)
{
	static const struct topics_watch watch = { .opened = on_opened, .closed = on_closed };
	struct subscriber one = { .topic = NULL }, two = { .topic = NULL };
	struct watched watched = { 0, 0 };
	struct topics topics;

	(void)state;
	topics_init(&topics);
	topics_set_watch(&topics, &watch, &watched);
	topic_join(&topics, "thing:1", &one);
	topic_join(&topics, "thing:1", &two);
	topic_leave(&topics, &one);
	assert_int_equal(watched.opened, 1);
	assert_int_equal(watched.closed, 0);
	topic_leave(&topics, &two);
	assert_int_equal(watched.closed, 1);
	topics_finish(&topics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_watch_hears_of_the_first_and_the_last),
		cmocka_unit_test(reaches_those_who_joined_and_nobody_else),
		cmocka_unit_test(leaving_twice_or_without_joining_does_nothing),
		cmocka_unit_test(anyone_may_leave_during_a_delivery),
		cmocka_unit_test(the_last_may_leave_during_its_delivery),
		cmocka_unit_test(who_joins_during_a_delivery_gets_the_next_event),
	};

	return RUN_TESTS(tests);
}
