#include "chat/chat_events.h"

#include "app.h"
#include "base/loop.h"
#include "base/memory.h"
#include "middleware/cache.h"
#include "websockets/bus.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void topic_name(char name[static TOPIC_SIZE], const char *kind, const char *id)
{
	snprintf(name, TOPIC_SIZE, "%s:%s", kind, id);
}

void delta_event(struct event *event, struct buf *out, const char *topic, int64_t seq,
		 const char *text, size_t length)
{
	buf_clear(out);
	BUF_LITERAL(out, "\"text\":");
	json_append_string_n(out, text, length);
	*event = (struct event){ .type = "delta",
				 .topic = topic,
				 .seq = seq,
				 .fields = out->data,
				 .fields_length = out->length };
}

void done_event(struct event *event, struct buf *out, const char *topic,
		const struct message *message)
{
	static const char name[] = "\"message\":";

	buf_clear(out);
	buf_append(out, name, sizeof(name) - 1);
	schema_encode(&message_schema, message, out);
	*event = (struct event){ .type = "done",
				 .topic = topic,
				 .seq = message->seq,
				 .fields = out->data,
				 .fields_length = out->length,
				 .data = out->data + sizeof(name) - 1,
				 .data_length = out->length - (sizeof(name) - 1) };
}

void error_event(struct event *event, struct buf *out, const char *topic, enum err err)
{
	buf_clear(out);
	buf_printf(out, "\"status\":%d,\"code\":", err_status(err));
	json_append_string(out, err_code(err));
	BUF_LITERAL(out, ",\"detail\":");
	json_append_string(out, err == ERR_NOT_FOUND ? "It is not there any more."
						     : "It cannot be followed from here now. "
						       "Subscribe again.");
	*event = (struct event){ .type = "error",
				 .topic = topic,
				 .seq = -1,
				 .fields = out->data,
				 .fields_length = out->length };
}

/* An event on its way to the loop. */
struct publication {
	struct loop_task task;
	struct app *app;
	const char *type;
	char topic[TOPIC_SIZE]; /* where it is published */
	char named[TOPIC_SIZE]; /* as subscribers named it */
	char id[ID_SIZE];       /* of what it is about */
	struct buf fields;
};

static void publish(struct loop_task *task)
{
	struct publication *publication = CONTAINER_OF(task, struct publication, task);
	struct event event = { .type = publication->type,
			       .topic = publication->named,
			       .seq = -1,
			       .fields = publication->fields.data,
			       .fields_length = publication->fields.length };

	topic_publish(publication->app->topics, publication->topic, &event);
	bus_announce(publication->app->bus, publication->topic,
		     &(struct announcement){
			     .type = publication->type, .id = publication->id, .seq = -1 });
	buf_finish(&publication->fields);
	free(publication);
}

static struct publication *publication_create(struct app *app, const char *type, const char *id)
{
	struct publication *publication = MEMORY_NEW(struct publication);

	publication->task.run = publish;
	publication->app = app;
	memcpy(publication->id, id, ID_SIZE);
	publication->type = type;
	buf_init(&publication->fields, EVENT_MAX);
	return publication;
}

static void publication_post(struct app *app, struct publication *publication)
{
	loop_post(app->loop, &publication->task);
}

void publish_message(struct app *app, const struct message *message)
{
	struct publication *publication = publication_create(app, "message", message->id);

	cache_raise(app, "chat:{user}", message->owner_id);
	topic_name(publication->topic, "conversation", message->conversation_id);
	topic_name(publication->named, "conversation", message->conversation_id);
	BUF_LITERAL(&publication->fields, "\"message\":");
	schema_encode(&message_schema, message, &publication->fields);
	publication_post(app, publication);
}

static struct publication *conversation_publication(struct app *app,
						    const struct conversation *conversation)
{
	struct publication *publication = publication_create(app, "conversation", conversation->id);

	BUF_LITERAL(&publication->fields, "\"conversation\":");
	schema_encode(&conversation_schema, conversation, &publication->fields);
	return publication;
}

static void name_list(struct publication *publication, const struct conversation *conversation)
{
	topic_name(publication->topic, "conversations", conversation->owner_id);
	snprintf(publication->named, TOPIC_SIZE, "conversations");
}

void publish_conversation(struct app *app, const struct conversation *conversation)
{
	struct publication *to_list = conversation_publication(app, conversation);
	struct publication *to_itself = conversation_publication(app, conversation);

	cache_raise(app, "chat:{user}", conversation->owner_id);
	name_list(to_list, conversation);
	topic_name(to_itself->topic, "conversation", conversation->id);
	topic_name(to_itself->named, "conversation", conversation->id);
	publication_post(app, to_list);
	publication_post(app, to_itself);
}

void publish_conversation_deleted(struct app *app, const struct conversation *conversation)
{
	struct publication *publication =
		publication_create(app, "conversation_deleted", conversation->id);

	cache_raise(app, "chat:{user}", conversation->owner_id);
	name_list(publication, conversation);
	BUF_LITERAL(&publication->fields, "\"id\":");
	json_append_string(&publication->fields, conversation->id);
	publication_post(app, publication);
}

/* ---- The end of a message ---- */

void announce_message(struct app *app, const char *type, const char *message_id, int64_t seq)
{
	char topic[TOPIC_SIZE];

	topic_name(topic, "message", message_id);
	bus_announce(app->bus, topic,
		     &(struct announcement){ .type = type, .id = message_id, .seq = seq });
}

void publish_end(struct app *app, struct buf *words, const struct message *message)
{
	char topic[TOPIC_SIZE];
	struct event event;

	topic_name(topic, "message", message->id);
	done_event(&event, words, topic, message);
	topic_publish(app->topics, topic, &event);
	announce_message(app, "done", message->id, message->seq);
	publish_message(app, message);
}

void publish_error(struct app *app, struct buf *words, const char *message_id, enum err err)
{
	char topic[TOPIC_SIZE];
	struct event event;

	topic_name(topic, "message", message_id);
	error_event(&event, words, topic, err);
	topic_publish(app->topics, topic, &event);
}
