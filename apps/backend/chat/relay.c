#include "chat/relay.h"

#include "base/map.h"
#include "base/memory.h"
#include "base/pool.h"
#include "chat/chat_events.h"
#include "chat/conversation_store.h"
#include "chat/message_store.h"
#include "websockets/bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct relay {
	struct app *app;
	struct map ears; /* to struct ear, by topic */
};

/* Of one topic; above it they are given up, and subscribers are told to fetch. */
enum { WAITING_MAX = 64 };

/*
 * Listens for one topic that has subscribers here. What it hears is read one after the other, so that it is published in the
 * order in which it happened.
 */
struct ear {
	struct bus_listener listener;
	struct relay *relay;
	struct hearing *running;
	struct list waiting; /* of struct hearing */
	unsigned waiting_count;
	char topic[TOPIC_SIZE];
};

/* Something heard, on its way to a worker and back. */
struct hearing {
	struct task task;
	struct loop_task back;
	struct list node;
	struct ear *ear; /* NULL: nobody listens any more */
	struct app *app;
	char topic[TOPIC_SIZE];
	char type[BUS_WORD_SIZE], id[BUS_WORD_SIZE];
	struct buf fields;
	enum err err;
};

/* How subscribers name a topic: a list is always one's own. */
static const char *name_of(const char *topic)
{
	return strncmp(topic, "conversations:", 14) == 0 ? "conversations" : topic;
}

static void publish_here(struct app *app, const char *topic, const char *type, int64_t seq,
			 const struct buf *fields)
{
	struct event event = { .type = type,
			       .topic = name_of(topic),
			       .seq = seq,
			       .fields = fields ? fields->data : "",
			       .fields_length = fields ? fields->length : 0 };

	topic_publish(app->topics, topic, &event);
}

static const char *id_in(const char *topic)
{
	return strchr(topic, ':') + 1;
}

/*
 * Redis says what to read, and is not believed in that it belongs to this topic: who can write there must not show one user
 * another's conversations.
 */
static enum err read_conversation(struct hearing *hearing, struct arena *arena)
{
	struct conversation conversation;
	enum err err = conversation_read_whole(hearing->app->db, hearing->id, arena, &conversation);
	bool is_list = strncmp(hearing->topic, "conversations:", 14) == 0;

	if (err == ERR_OK && (strcmp(is_list ? conversation.owner_id : conversation.id,
				     id_in(hearing->topic)) != 0 ||
			      conversation.deleted_at.ms != 0))
		err = ERR_NOT_FOUND;
	if (err != ERR_OK)
		return err;
	BUF_LITERAL(&hearing->fields, "\"conversation\":");
	schema_encode(&conversation_schema, &conversation, &hearing->fields);
	return ERR_OK;
}

static enum err read_message(struct hearing *hearing, struct arena *arena)
{
	struct message message;
	enum err err = message_read_whole(hearing->app->db, hearing->id, arena, &message);

	if (err == ERR_OK && strcmp(message.conversation_id, id_in(hearing->topic)) != 0)
		err = ERR_NOT_FOUND;
	if (err != ERR_OK)
		return err;
	BUF_LITERAL(&hearing->fields, "\"message\":");
	schema_encode(&message_schema, &message, &hearing->fields);
	return ERR_OK;
}

/* There is nothing to read any more. It waits its turn, so that no older state is published after it. */
static enum err name_deleted(struct hearing *hearing)
{
	BUF_LITERAL(&hearing->fields, "\"id\":");
	json_append_string(&hearing->fields, hearing->id);
	return ERR_OK;
}

static void hearing_destroy(struct hearing *hearing)
{
	buf_finish(&hearing->fields);
	free(hearing);
}

static void run_next(struct ear *ear)
{
	struct hearing *hearing;

	if (ear->running || list_empty(&ear->waiting))
		return;
	hearing = CONTAINER_OF(ear->waiting.next, struct hearing, node);
	list_remove(&hearing->node);
	ear->waiting_count--;
	ear->running = hearing;
	pool_submit(ear->relay->app->workers, &hearing->task);
}

static void drop_waiting(struct ear *ear)
{
	LIST_EACH_SAFE(hearing, &ear->waiting, struct hearing, node)
		hearing_destroy(hearing);
	list_init(&ear->waiting);
	ear->waiting_count = 0;
}

static void tell_missed(struct ear *ear)
{
	drop_waiting(ear);
	publish_here(ear->relay->app, ear->topic, "subscribed", 0, NULL);
}

/* What is not there any more needs no word; what could not be read is missed. */
static void tell_heard(const struct hearing *hearing)
{
	if (hearing->err == ERR_OK)
		publish_here(hearing->app, hearing->topic, hearing->type, -1, &hearing->fields);
	else if (hearing->err != ERR_NOT_FOUND)
		tell_missed(hearing->ear);
}

/* The last subscriber may leave at what it is told, and the ear with it. */
static void hearing_end(struct loop_task *task)
{
	struct hearing *hearing = CONTAINER_OF(task, struct hearing, back);

	if (hearing->ear)
		tell_heard(hearing);
	if (hearing->ear) {
		hearing->ear->running = NULL;
		run_next(hearing->ear);
	}
	hearing_destroy(hearing);
}

static void read_heard(struct task *task)
{
	struct hearing *hearing = CONTAINER_OF(task, struct hearing, task);
	struct arena arena;

	arena_init(&arena);
	if (strcmp(hearing->type, "message") == 0)
		hearing->err = read_message(hearing, &arena);
	else if (strcmp(hearing->type, "conversation") == 0)
		hearing->err = read_conversation(hearing, &arena);
	else
		hearing->err = name_deleted(hearing);
	arena_finish(&arena);
	hearing->back.run = hearing_end;
	loop_post(hearing->app->loop, &hearing->back);
}

static struct hearing *hearing_create(struct ear *ear, const struct announcement *announcement)
{
	struct hearing *hearing = MEMORY_NEW(struct hearing);

	hearing->ear = ear;
	hearing->app = ear->relay->app;
	hearing->task.run = read_heard;
	memcpy(hearing->topic, ear->topic, TOPIC_SIZE);
	snprintf(hearing->type, BUS_WORD_SIZE, "%s", announcement->type);
	snprintf(hearing->id, BUS_WORD_SIZE, "%s", announcement->id);
	buf_init(&hearing->fields, EVENT_MAX);
	return hearing;
}

static void read_in_turn(struct ear *ear, const struct announcement *announcement)
{
	struct hearing *hearing;

	if (ear->waiting_count >= WAITING_MAX) {
		tell_missed(ear);
		return;
	}
	hearing = hearing_create(ear, announcement);
	list_append(&ear->waiting, &hearing->node);
	ear->waiting_count++;
	run_next(ear);
}

static void on_heard(struct bus_listener *listener, const struct announcement *announcement)
{
	struct ear *ear = CONTAINER_OF(listener, struct ear, listener);
	const char *type = announcement->type;

	if (!type)
		tell_missed(ear);
	else if (strcmp(type, "message") == 0 || strcmp(type, "conversation") == 0 ||
		 strcmp(type, "conversation_deleted") == 0)
		read_in_turn(ear, announcement);
}

/* Messages have followers of their own. */
static void on_opened(void *context, const char *topic)
{
	struct relay *relay = context;
	struct ear *ear;

	if (strncmp(topic, "conversation", strlen("conversation")) != 0)
		return;
	ear = MEMORY_NEW(struct ear);
	ear->relay = relay;
	ear->listener.heard = on_heard;
	list_init(&ear->listener.node);
	list_init(&ear->waiting);
	snprintf(ear->topic, TOPIC_SIZE, "%s", topic);
	map_set(&relay->ears, topic, ear);
	bus_listen(relay->app->bus, topic, &ear->listener);
}

static void on_closed(void *context, const char *topic)
{
	struct relay *relay = context;
	struct ear *ear = map_remove(&relay->ears, topic);

	if (!ear)
		return;
	bus_leave(relay->app->bus, &ear->listener);
	drop_waiting(ear);
	if (ear->running)
		ear->running->ear = NULL;
	free(ear);
}

static const struct topics_watch watch = { .opened = on_opened, .closed = on_closed };

struct relay *relay_create(struct app *app)
{
	struct relay *relay;

	if (!app->bus)
		return NULL;
	relay = MEMORY_NEW(struct relay);
	relay->app = app;
	map_init(&relay->ears);
	topics_set_watch(app->topics, &watch, relay);
	return relay;
}

void relay_destroy(struct relay *relay)
{
	if (!relay)
		return;
	topics_set_watch(relay->app->topics, NULL, NULL);
	map_finish(&relay->ears);
	free(relay);
}
