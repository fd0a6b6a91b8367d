/*
 * Private to chat/: one reader of a message's events over SSE. Made by a handler, lives on the loop until the answer has
 * ended, the reader has left, or it has fallen too far behind.
 */
#ifndef WEBPLUS_CHAT_EVENT_STREAM_H
#define WEBPLUS_CHAT_EVENT_STREAM_H

#include "http/request.h"

#include <stdint.h>

struct event_streams;

struct event_streams *event_streams_create(struct app *app);
/* Every reader must be gone (server_drain). */
void event_streams_destroy(struct event_streams *streams);

/* From a worker, when the reading was authorised; returns what the handler is to return. */
enum err event_stream_begin(struct request *request, const char *message_id,
			    int64_t after) WARN_UNUSED;

#endif
