/*
 * Private to chat/: what is published of conversations and messages, and how it is worded.
 *
 *	message:<id>            delta, done
 *	conversation:<id>       message, conversation
 *	conversations:<user>    conversation, conversation_deleted     (the client names it "conversations")
 *
 * Who is told of something and asks for it, on whichever server, does not get what was kept before: all but deltas and errors is
 * told when that is raised, in the order in which it was published.
 */
#ifndef WEBPLUS_CHAT_CHAT_EVENTS_H
#define WEBPLUS_CHAT_CHAT_EVENTS_H

#include "chat/conversation_store.h"
#include "chat/message_store.h"
#include "chat/stream_writer.h"
#include "websockets/topics.h"

struct app;

/* Bytes of an event's words: a message's text of STREAM_TEXT_MAX, and its escapes, at the worst six bytes for one. */
enum { EVENT_MAX = 32 * 1024 * 1024 };
_Static_assert(EVENT_MAX >= 6 * STREAM_TEXT_MAX + 1024 * 1024, "whatever a model writes");

/* "message:<id>" */
void topic_name(char name[static TOPIC_SIZE], const char *kind, const char *id);

/* Loop: the event of one delta; `out` holds its words until event_finish. */
void delta_event(struct event *event, struct buf *out, const char *topic, int64_t seq,
		 const char *text, size_t length);
/* Loop: the event of a message's end; the server-sent event's data is the message itself. */
void done_event(struct event *event, struct buf *out, const char *topic,
		const struct message *message);
/* Loop: the event of a message that cannot be followed from here any more, or is gone; who listens may ask again. */
void error_event(struct event *event, struct buf *out, const char *topic, enum err err);

/* Loop: tells who follows it that a message cannot be read, or is not to be followed from here. Here alone. */
void publish_error(struct app *app, struct buf *words, const char *message_id, enum err err);
/* Loop: tells other servers that there is something to read of a message, up to a number. */
void announce_message(struct app *app, const char *type, const char *message_id, int64_t seq);

/* Any thread, after the commit, as those below: tells who listens to its conversation that the message is there or has changed. */
void publish_message(struct app *app, const struct message *message);
/* The same, and before that tells who follows the message, here and on other servers, that it has ended so. */
void publish_end(struct app *app, const struct message *message);
/* Tells who listens to it, and to its owner's list. */
void publish_conversation(struct app *app, const struct conversation *conversation);
void publish_conversation_deleted(struct app *app, const struct conversation *conversation);

#endif
