#include "websockets/messages.h"

#include "base/buf.h"
#include "http/transport.h"
#include "websockets/frames.h"
#include "websockets/topics.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
	TOKEN_MAX = 1024,
	ANSWER_MAX = 16 * 1024,            /* bytes of a message that answers one of a client's */
	AROUND_MAX = 6 * TOPIC_SIZE + 256, /* of an event's, around its fields */
};

static const char *const client_message_names[] = {
	[MESSAGE_AUTHENTICATE] = "authenticate",
	[MESSAGE_SUBSCRIBE] = "subscribe",
	[MESSAGE_UNSUBSCRIBE] = "unsubscribe",
	[MESSAGE_PING] = "ping",
	NULL,
};

static const struct field client_message_fields[] = {
	FIELD(struct client_message, type, .names = client_message_names, .doc = "What is asked."),
	FIELD(struct client_message, token, .optional = true, .min = 1, .max = TOKEN_MAX,
	      .format = FORMAT_TOKEN, .doc = "authenticate: an access token."),
	FIELD(struct client_message, topic, .optional = true, .min = 1, .max = TOPIC_SIZE - 1,
	      .format = FORMAT_TOKEN, .doc = "subscribe, unsubscribe: the topic."),
	FIELD(struct client_message, seq, .optional = true, .min = 0, .max = (INT64_C(1) << 53) - 1,
	      .doc = "subscribe: the last number that the client has."),
	{ 0 },
};

const struct schema client_message_schema = SCHEMA(struct client_message, client_message_fields,
						   .name = "ClientMessage", .presence = true);

/* What each type must and may carry besides `type`. */
static const struct content {
	const char *required, *optional;
} contents[] = {
	[MESSAGE_AUTHENTICATE] = { "token", NULL },
	[MESSAGE_SUBSCRIBE] = { "topic", "seq" },
	[MESSAGE_UNSUBSCRIBE] = { "topic", NULL },
	[MESSAGE_PING] = { NULL, NULL },
};

static bool same(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

/* The first field that is missing or out of place: NULL, or a sentence. */
static const char *content_fault(const struct client_message *message, struct arena *arena)
{
	const struct content *content = &contents[message->type];
	const char *type = client_message_names[message->type];

	for (const struct field *field = client_message_fields + 1; field->name != NULL; field++) {
		bool given = schema_given(&client_message_schema, message, field->name);
		bool required = same(content->required, field->name);

		if (required && !given)
			return arena_printf(arena, "\"%s\" needs \"%s\".", type, field->name);
		if (given && !required && !same(content->optional, field->name))
			return arena_printf(arena, "\"%s\" has no \"%s\".", type, field->name);
	}
	return NULL;
}

/*
 * The sender of a message learns of the first error alone: it is a program, and wrong in its code.
 */
enum err client_message_decode(const char *text, size_t length, struct arena *arena,
			       struct client_message *ret_message, const char **ret_detail)
{
	struct field_errors *errors = ARENA_NEW(arena, struct field_errors);
	struct client_message message;
	enum err err =
		schema_decode_json(&client_message_schema, text, length, arena, &message, errors);

	if (err != ERR_OK) {
		const struct field_error *first = errors->list;

		*ret_detail =
			errors->count == 0 ? "The message is malformed."
			: first->field[0] == '\0'
				? first->message
				: arena_printf(arena, "\"%s\": %s", first->field, first->message);
		return ERR_MALFORMED;
	}
	*ret_detail = content_fault(&message, arena);
	if (*ret_detail != NULL)
		return ERR_MALFORMED;
	*ret_message = message;
	return ERR_OK;
}

/* What the room itself says; each message is a choice of these fields. */
struct server_message {
	const char *type;
	const char *user_id;
	const char *topic;
	int64_t seq;
	int status;
	const char *code;
	const char *detail;
};

#define SERVER_TYPE FIELD(struct server_message, type, .doc = "What happened.")
#define SERVER_TOPIC FIELD(struct server_message, topic, .doc = "As the client named it.")

static const struct field plain_fields[] = { SERVER_TYPE, { 0 } };
static const struct schema plain_schema =
	SCHEMA(struct server_message, plain_fields, .name = "Pong");

static const struct field authenticated_fields[] = {
	SERVER_TYPE,
	FIELD(struct server_message, user_id, .doc = "Who the token says it is."),
	{ 0 },
};
static const struct schema authenticated_schema =
	SCHEMA(struct server_message, authenticated_fields, .name = "Authenticated");

static const struct field subscribed_fields[] = {
	SERVER_TYPE,
	SERVER_TOPIC,
	FIELD(struct server_message, seq, .doc = "Events after this number follow."),
	{ 0 },
};
static const struct schema subscribed_schema =
	SCHEMA(struct server_message, subscribed_fields, .name = "Subscribed");

static const struct field unsubscribed_fields[] = { SERVER_TYPE, SERVER_TOPIC, { 0 } };
static const struct schema unsubscribed_schema =
	SCHEMA(struct server_message, unsubscribed_fields, .name = "Unsubscribed");

static const struct field error_fields[] = {
	SERVER_TYPE,
	FIELD(struct server_message, topic, .nullable = true, .doc = "null: of no topic."),
	FIELD(struct server_message, status, .doc = "As in HTTP."),
	FIELD(struct server_message, code, .doc = "A stable word for programs."),
	FIELD(struct server_message, detail, .doc = "A sentence for people."),
	{ 0 },
};
static const struct schema error_schema =
	SCHEMA(struct server_message, error_fields, .name = "ErrorMessage");

static struct payload *frame_and_finish(struct buf *text)
{
	struct payload *payload = frame_create(OPCODE_TEXT, text->data, text->length);

	assert(!text->overflow);
	buf_finish(text);
	return payload;
}

static struct payload *render(const struct schema *schema, const struct server_message *message)
{
	struct buf text;

	buf_init(&text, ANSWER_MAX);
	schema_encode(schema, message, &text);
	return frame_and_finish(&text);
}

struct payload *message_authenticated(const char *user_id)
{
	return render(&authenticated_schema,
		      &(struct server_message){ .type = "authenticated", .user_id = user_id });
}

struct payload *message_subscribed(const char *topic, int64_t seq)
{
	return render(&subscribed_schema,
		      &(struct server_message){ .type = "subscribed", .topic = topic, .seq = seq });
}

struct payload *message_unsubscribed(const char *topic)
{
	return render(&unsubscribed_schema,
		      &(struct server_message){ .type = "unsubscribed", .topic = topic });
}

struct payload *message_pong(void)
{
	return render(&plain_schema, &(struct server_message){ .type = "pong" });
}

struct payload *message_error(const char *topic, enum err err, const char *detail)
{
	return render(&error_schema, &(struct server_message){
					     .type = "error",
					     .topic = topic,
					     .status = err_status(err),
					     .code = err_code(err),
					     .detail = detail != NULL ? detail : err_title(err) });
}

struct payload *message_warning(const char *type)
{
	char detail[128];

	snprintf(detail, sizeof(detail),
		 "Too much \"%s\": send less often, or the socket is closed.", type);
	return render(&error_schema, &(struct server_message){ .type = "warning",
							       .status = err_status(ERR_TOO_MANY),
							       .code = err_code(ERR_TOO_MANY),
							       .detail = detail });
}

struct payload *message_event(const struct event *event)
{
	struct buf text;

	buf_init(&text, event->fields_length + AROUND_MAX);
	BUF_LITERAL(&text, "{\"type\":");
	json_append_string(&text, event->type);
	BUF_LITERAL(&text, ",\"topic\":");
	json_append_string(&text, event->topic);
	if (event->seq >= 0) {
		BUF_LITERAL(&text, ",\"seq\":");
		buf_append_int(&text, event->seq);
	}
	if (event->fields_length > 0) {
		buf_append_char(&text, ',');
		buf_append(&text, event->fields, event->fields_length);
	}
	buf_append_char(&text, '}');
	return frame_and_finish(&text);
}
