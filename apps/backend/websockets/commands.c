#include "websockets/websocket.h"

#include "base/clock.h"
#include "base/memory.h"
#include "websockets/messages.h"

#include <stdlib.h>
#include <string.h>

/* Who it is */

void command_admit(struct websocket *socket, const struct principal *principal)
{
	const struct connection_manager_options *options = &socket->manager->options;
	int64_t now = clock_monotonic_ms();

	/* What it listens to was authorised for its session, with whose end it is closed. */
	if (socket->state == WEBSOCKET_OPEN &&
	    strcmp(socket->principal.session_id, principal->session_id) != 0) {
		websocket_close(socket, CLOSE_UNAUTHENTICATED,
				"The token is another session's: it takes a socket of its own.");
		return;
	}
	if (socket->user == NULL && limits_admit(&socket->manager->limits, principal->user_id,
						 &socket->user) != REFUSED_NOT) {
		socket->manager->counts.refused[REFUSED_USER]++;
		websocket_close(socket, CLOSE_TOO_MANY, "You have too many sockets open.");
		return;
	}
	socket->principal = *principal;
	/* From here on time is counted by a clock that does not jump. */
	socket->ends_ms = now + (principal->ends_ms - clock_now().ms);
	if (socket->state == WEBSOCKET_NEW) {
		socket->state = WEBSOCKET_OPEN;
		socket->deadline_ms = now + options->ping_ms;
		socket->reader.message_max = options->message_max;
	}
	websocket_send(socket, message_authenticated(principal->user_id));
}

static enum err authenticate_work(struct job *job)
{
	const struct connection_manager_options *options = &job->socket->manager->options;

	return options->authenticate(options->app, job->text, &job->principal);
}

static void authenticate_finish(struct job *job)
{
	if (job->err == ERR_OK)
		command_admit(job->socket, &job->principal);
	else
		websocket_close(job->socket, CLOSE_UNAUTHENTICATED, "The token is not valid.");
}

void command_authenticate(struct websocket *socket, const char *token)
{
	job_submit(job_create(socket, token, authenticate_work, authenticate_finish));
}

bool command_is_authenticate(const struct job *job)
{
	return job->work == authenticate_work;
}

/* Subscriptions */

static void deliver(struct subscriber *subscriber, struct event *event)
{
	struct subscription *subscription =
		CONTAINER_OF(subscriber, struct subscription, subscriber);

	struct websocket_counts *counts = &subscription->socket->manager->counts;

	if (event->websocket == NULL)
		event->websocket = message_event(event);
	counts->events++;
	counts->event_bytes += event->websocket->length;
	websocket_send(subscription->socket, payload_ref(event->websocket));
}

static struct subscription *find_subscription(struct websocket *socket, const char *topic)
{
	LIST_EACH(subscription, &socket->subscriptions, struct subscription, node)
		if (strcmp(subscription->topic, topic) == 0)
			return subscription;
	return NULL;
}

static void end_subscription(struct subscription *subscription)
{
	const struct connection_manager_options *options = &subscription->socket->manager->options;

	topic_leave(options->topics, &subscription->subscriber);
	if (subscription->kind->left != NULL)
		subscription->kind->left(options->app, subscription);
	list_remove(&subscription->node);
	subscription->socket->subscription_count--;
	subscription->socket->manager->counts.subscriptions--;
	free(subscription);
}

/* The id of a topic that is known to be of the kind; NULL if the kind has none. */
static const char *topic_id(const struct topic_kind *kind, const char *topic)
{
	return kind->has_id ? topic + strlen(kind->name) + 1 : NULL;
}

static bool is_of_kind(const struct topic_kind *kind, const char *topic)
{
	size_t length = strlen(kind->name);

	if (strncmp(topic, kind->name, length) != 0)
		return false;
	return kind->has_id ? topic[length] == ':' && id_valid(topic + length + 1)
			    : topic[length] == '\0';
}

static const struct topic_kind *find_kind(const struct connection_manager *manager,
					  const char *topic)
{
	const struct topic_kind *const *kind = manager->options.kinds;

	while (*kind != NULL && !is_of_kind(*kind, topic))
		kind++;
	return *kind;
}

/* What it asks */

static enum err subscribe_work(struct job *job)
{
	const struct connection_manager_options *options = &job->socket->manager->options;

	return job->kind->authorize(options->app, &job->socket->principal,
				    topic_id(job->kind, job->text));
}

static void subscribe_finish(struct job *job)
{
	struct websocket *socket = job->socket;
	const struct connection_manager_options *options = &socket->manager->options;
	struct subscription *subscription;

	if (job->err != ERR_OK) {
		websocket_send(socket, message_error(job->text, job->err, NULL));
		return;
	}
	subscription = MEMORY_NEW(struct subscription);
	subscription->subscriber.deliver = deliver;
	subscription->socket = socket;
	subscription->kind = job->kind;
	subscription->seq = job->seq;
	memcpy(subscription->topic, job->text, strlen(job->text) + 1);
	list_append(&socket->subscriptions, &subscription->node);
	socket->subscription_count++;
	socket->manager->counts.subscriptions++;
	websocket_send(socket, message_subscribed(subscription->topic, subscription->seq));
	job->kind->join(options->app, subscription, &socket->principal,
			topic_id(job->kind, subscription->topic));
}

void command_unsubscribe_all(struct websocket *socket)
{
	LIST_EACH_SAFE(subscription, &socket->subscriptions, struct subscription, node)
		end_subscription(subscription);
}

bool command_holds(const struct websocket *socket)
{
	struct app *app = socket->manager->options.app;

	LIST_EACH(subscription, &socket->subscriptions, struct subscription, node)
		if (subscription->kind->holds != NULL &&
		    subscription->kind->holds(app, subscription))
			return true;
	return false;
}

static void unsubscribe(struct websocket *socket, const char *topic)
{
	struct subscription *subscription = find_subscription(socket, topic);

	if (subscription != NULL)
		end_subscription(subscription);
}

/* Who subscribes again starts again from its number. */
static void subscribe(struct websocket *socket, const struct client_message *message)
{
	const struct topic_kind *kind = find_kind(socket->manager, message->topic);
	struct job *job;

	unsubscribe(socket, message->topic);
	if (kind == NULL) {
		websocket_send(socket, message_error(message->topic, ERR_NOT_FOUND, NULL));
		return;
	}
	if (socket->subscription_count >= socket->manager->options.subscriptions_max) {
		websocket_send(socket, message_error(message->topic, ERR_TOO_MANY,
						     "The socket has too many subscriptions."));
		return;
	}
	job = job_create(socket, message->topic, subscribe_work, subscribe_finish);
	job->kind = kind;
	job->seq = message->seq;
	job_submit(job);
}

static const enum rate_type rate_types[] = {
	[MESSAGE_AUTHENTICATE] = RATE_AUTHENTICATE,
	[MESSAGE_SUBSCRIBE] = RATE_SUBSCRIBE,
	[MESSAGE_UNSUBSCRIBE] = RATE_UNSUBSCRIBE,
	[MESSAGE_PING] = RATE_PING,
};

static void obey(struct websocket *socket, const struct client_message *message)
{
	if (!websocket_allow(socket, rate_types[message->type]))
		return;
	if (message->type == MESSAGE_AUTHENTICATE) {
		command_authenticate(socket, message->token);
		return;
	}
	if (socket->state == WEBSOCKET_NEW) {
		websocket_close(socket, CLOSE_UNAUTHENTICATED, "Authenticate first.");
		return;
	}
	switch (message->type) {
	case MESSAGE_SUBSCRIBE:
		subscribe(socket, message);
		break;
	case MESSAGE_UNSUBSCRIBE:
		unsubscribe(socket, message->topic);
		websocket_send(socket, message_unsubscribed(message->topic));
		break;
	case MESSAGE_PING:
	default:
		websocket_send(socket, message_pong());
		break;
	}
}

void command_run(struct websocket *socket, const char *text, size_t length)
{
	struct client_message message;
	const char *detail;
	struct arena arena;

	arena_init(&arena);
	if (client_message_decode(text, length, &arena, &message, &detail) == ERR_OK)
		obey(socket, &message);
	else if (websocket_allow(socket, RATE_MALFORMED))
		websocket_send(socket, message_error(NULL, ERR_MALFORMED, detail));
	arena_finish(&arena);
}
