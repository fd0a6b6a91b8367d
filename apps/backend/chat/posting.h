/*
 * Private to chat/: everything that begins an answer, each in one transaction: sending a message, going on with an
 * answer that was cut short, and asking for another one. Workers.
 */
#ifndef WEBPLUS_CHAT_POSTING_H
#define WEBPLUS_CHAT_POSTING_H

#include "chat/message_store.h"
#include "http/request.h"

struct message_new {
	struct presence presence;
	const char *id; /* of the conversation */
	const char *idempotency_key;
	const char *content;
	const char *parent_id;
	const char *model_id;
	bool is_first; /* parent_id was given as null: it follows nothing */
};

struct message_pair {
	struct message user_message;
	struct message assistant_message;
};

/* *ret_replayed: the key was used before for the same, and the pair is the one that was made then. */
enum err posting_send(struct request *request, const struct message_new *input,
		      struct message_pair *ret_pair, bool *ret_replayed) WARN_UNUSED;
/* The same message streams again, from the end of its prefix. */
enum err posting_continue(struct request *request, const char *message_id,
			  struct message *ret_message) WARN_UNUSED;
/* A new answer beside the message, which becomes the one that is shown. */
enum err posting_regenerate(struct request *request, const char *message_id,
			    struct message *ret_message) WARN_UNUSED;

#endif
