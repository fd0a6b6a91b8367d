/*
 * The JSON messages of a WebSocket, both ways, from field tables: see docs/websockets.md. Any
 * thread, but for the rendering of payloads, which are the loop's.
 */
#ifndef WEBPLUS_WEBSOCKETS_MESSAGES_H
#define WEBPLUS_WEBSOCKETS_MESSAGES_H

#include "base/arena.h"
#include "base/err.h"
#include "schema/schema.h"

struct event;
struct payload;

enum client_message_type {
	MESSAGE_AUTHENTICATE,
	MESSAGE_SUBSCRIBE,
	MESSAGE_UNSUBSCRIBE,
	MESSAGE_PING,
};

struct client_message {
	struct presence presence;
	enum client_message_type type;
	const char *token;
	const char *topic;
	int64_t seq;
};

extern const struct schema client_message_schema;

/* Texts live in the arena. An error comes with a sentence for the client. */
enum err client_message_decode(const char *text, size_t length, struct arena *arena,
			       struct client_message *ret_message,
			       const char **ret_detail) WARN_UNUSED;

/* Each returns a whole frame, which the caller drops after its last write. */
struct payload *message_authenticated(const char *user_id);
struct payload *message_subscribed(const char *topic, int64_t seq);
struct payload *message_unsubscribed(const char *topic);
struct payload *message_pong(void);
/* The client sends too much of this type, and will be closed if it goes on. */
struct payload *message_warning(const char *type);
/* `topic` may be NULL, `detail` too: then the title of the error is sent. */
struct payload *message_error(const char *topic, enum err err, const char *detail);
struct payload *message_event(const struct event *event);

#endif
