/*
 * Private to chat/: brings a subscriber up to date on one message, and keeps it there: the deltas that it lacks, those
 * that follow, and the end. From memory while the message streams here, from the database afterwards.
 *
 * Loop thread only. The caller has authorised the subscriber.
 */
#ifndef WEBPLUS_CHAT_FEED_H
#define WEBPLUS_CHAT_FEED_H

#include "app.h"
#include "websockets/topics.h"

struct feed;

/*
 * Starts behind delta `after`. The feed is over when it has delivered what there is and joined the topic or delivered "done";
 * it frees itself then, or after an "error" when the message cannot be read, or says that it streams here and does not begin;
 * and sets *slot, where the caller keeps it, to NULL.
 */
void feed_start(struct app *app, const char *message_id, int64_t after,
		struct subscriber *subscriber, struct feed **slot);
/* Calls `ended` with the slot, which may take another feed, when the feed is over; not when it is cancelled. */
void feed_on_end(struct feed *feed, void (*ended)(struct feed **slot));
/* The subscriber goes away. NULL is fine. */
void feed_cancel(struct feed *feed);

#endif
