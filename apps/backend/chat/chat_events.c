#include "chat/chat_events.h"

#include "app.h"
#include "base/loop.h"
#include "base/memory.h"
#include "chat/generation.h"
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

static const char message_name[] = "\"message\":";

static void word_message(struct buf *out, const struct message *message)
{
	buf_append(out, message_name, sizeof(message_name) - 1);
	schema_encode(&message_schema, message, out);
}

static struct event end_of(const char *topic, int64_t seq, const struct buf *words)
{
	return (struct event){ .type = "done",
			       .topic = topic,
			       .seq = seq,
			       .fields = words->data,
			       .fields_length = words->length,
			       .data = words->data + sizeof(message_name) - 1,
			       .data_length = words->length - (sizeof(message_name) - 1) };
}

void done_event(struct event *event, struct buf *out, const char *topic,
		const struct message *message)
{
	buf_clear(out);
	word_message(out, message);
	*event = end_of(topic, message->seq, out);
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

void announce_message(struct app *app, const char *type, const char *message_id, int64_t seq)
{
	char topic[TOPIC_SIZE];

	topic_name(topic, "message", message_id);
	bus_announce(app->bus, topic,
		     &(struct announcement){ .type = type, .id = message_id, .seq = seq });
}

/* ---- What is told once it is raised ---- */

enum { PLACES_MAX = 2 };

struct place {
	char topic[TOPIC_SIZE]; /* where it is published */
	char named[TOPIC_SIZE]; /* as subscribers named it */
};

/* An event, and where it is to be told. */
struct publication {
	struct app *app;
	const char *type;
	char id[ID_SIZE]; /* of what it is about */
	struct place places[PLACES_MAX];
	size_t places_count;
	bool ends;   /* it is a message that has ended: who follows that hears of it first */
	int64_t seq; /* its last number */
	struct buf fields;
};

/* One that streams again meanwhile has not ended for who follows it. */
static void tell_end(const struct publication *publication)
{
	struct app *app = publication->app;
	char topic[TOPIC_SIZE];
	struct event event;

	if (generation_find(app->generations, publication->id))
		return;
	topic_name(topic, "message", publication->id);
	event = end_of(topic, publication->seq, &publication->fields);
	topic_publish(app->topics, topic, &event);
	announce_message(app, "done", publication->id, publication->seq);
}

static void tell_place(const struct publication *publication, const struct place *place)
{
	struct event event = { .type = publication->type,
			       .topic = place->named,
			       .seq = -1,
			       .fields = publication->fields.data,
			       .fields_length = publication->fields.length };

	topic_publish(publication->app->topics, place->topic, &event);
	bus_announce(publication->app->bus, place->topic,
		     &(struct announcement){
			     .type = publication->type, .id = publication->id, .seq = -1 });
}

static void tell(void *context, enum err err)
{
	struct publication *publication = context;

	if (err == ERR_OK && publication->ends)
		tell_end(publication);
	for (size_t i = 0; err == ERR_OK && i < publication->places_count; i++)
		tell_place(publication, &publication->places[i]);
	buf_finish(&publication->fields);
	free(publication);
}

static struct publication *publication_create(struct app *app, const char *type, const char *id)
{
	struct publication *publication = MEMORY_NEW(struct publication);

	publication->app = app;
	memcpy(publication->id, id, ID_SIZE);
	publication->type = type;
	buf_init(&publication->fields, EVENT_MAX);
	return publication;
}

static void publication_send(struct publication *publication, const char *owner_id)
{
	cache_raise_and_tell(publication->app, "chat:{user}", owner_id, tell, publication);
}

static void add_conversation(struct publication *publication, const char *id)
{
	struct place *place = &publication->places[publication->places_count++];

	topic_name(place->topic, "conversation", id);
	topic_name(place->named, "conversation", id);
}

static void add_list(struct publication *publication, const char *owner_id)
{
	struct place *place = &publication->places[publication->places_count++];

	topic_name(place->topic, "conversations", owner_id);
	snprintf(place->named, TOPIC_SIZE, "conversations");
}

static struct publication *message_publication(struct app *app, const struct message *message)
{
	struct publication *publication = publication_create(app, "message", message->id);

	add_conversation(publication, message->conversation_id);
	word_message(&publication->fields, message);
	return publication;
}

void publish_message(struct app *app, const struct message *message)
{
	publication_send(message_publication(app, message), message->owner_id);
}

void publish_end(struct app *app, const struct message *message)
{
	struct publication *publication = message_publication(app, message);

	publication->ends = true;
	publication->seq = message->seq;
	publication_send(publication, message->owner_id);
}

void publish_conversation(struct app *app, const struct conversation *conversation)
{
	struct publication *publication = publication_create(app, "conversation", conversation->id);

	add_list(publication, conversation->owner_id);
	add_conversation(publication, conversation->id);
	BUF_LITERAL(&publication->fields, "\"conversation\":");
	schema_encode(&conversation_schema, conversation, &publication->fields);
	publication_send(publication, conversation->owner_id);
}

void publish_conversation_deleted(struct app *app, const struct conversation *conversation)
{
	struct publication *publication =
		publication_create(app, "conversation_deleted", conversation->id);

	add_list(publication, conversation->owner_id);
	BUF_LITERAL(&publication->fields, "\"id\":");
	json_append_string(&publication->fields, conversation->id);
	publication_send(publication, conversation->owner_id);
}

/* ---- What nobody keeps ---- */

void publish_error(struct app *app, struct buf *words, const char *message_id, enum err err)
{
	char topic[TOPIC_SIZE];
	struct event event;

	topic_name(topic, "message", message_id);
	error_event(&event, words, topic, err);
	topic_publish(app->topics, topic, &event);
}
