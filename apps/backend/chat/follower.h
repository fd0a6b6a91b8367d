/*
 * Private to chat/: follows one message for one subscriber, wherever it streams.
 *
 * A feed (feed.h) brings it up to date, and the topic goes on while the message streams here. Of what streams on another node
 * the bus tells that there is more, and a feed brings that too, from the last number that was delivered. So it does where the
 * topic goes on behind a gap, since an end on another node was not heard. So no number is delivered twice, and none is left
 * out. Loop thread only. The caller has authorised the subscriber.
 */
#ifndef WEBPLUS_CHAT_FOLLOWER_H
#define WEBPLUS_CHAT_FOLLOWER_H

#include "app.h"
#include "websockets/topics.h"

struct follower;

/* Starts behind delta `after`. The subscriber, which joins nothing itself, lives until follower_stop. */
struct follower *follower_start(struct app *app, const char *message_id, int64_t after,
				struct subscriber *subscriber);
/* NULL is fine. */
void follower_stop(struct follower *follower);

#endif
