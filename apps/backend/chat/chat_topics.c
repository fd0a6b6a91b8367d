/* What can be listened to: a message as it streams, a conversation, the list of one's conversations. */
#include "chat/chat.h"

#include "base/memory.h"
#include "chat/conversation_store.h"
#include "chat/follower.h"
#include "chat/generation.h"
#include "chat/message_store.h"
#include "websockets/connection_manager.h"

#include <stdio.h>
#include <string.h>

static enum err authorize_message(struct app *app, const struct principal *principal,
				  const char *id)
{
	struct message message;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = message_read(app->db, principal, PERMISSION_CHAT_READ, id, &arena, &message);
	arena_finish(&arena);
	return err;
}

/* The subscription's state is the follower. */
static void join_message(struct app *app, struct subscription *subscription,
			 const struct principal *principal, const char *id)
{
	(void)principal;
	subscription->state = follower_start(app, id, subscription->seq, &subscription->subscriber);
}

static void leave_message(struct app *app, struct subscription *subscription)
{
	(void)app;
	follower_stop(subscription->state);
}

/* An answer that still grows here ends within the grace of a server that drains. */
static bool message_holds(struct app *app, const struct subscription *subscription)
{
	return generation_find(app->generations, strchr(subscription->topic, ':') + 1) != NULL;
}

const struct topic_kind message_topic = { .name = "message",
					  .has_id = true,
					  .authorize = authorize_message,
					  .join = join_message,
					  .left = leave_message,
					  .holds = message_holds };

static enum err authorize_conversation(struct app *app, const struct principal *principal,
				       const char *id)
{
	struct conversation conversation;
	struct arena arena;
	enum err err;

	arena_init(&arena);
	err = conversation_read(app->db, principal, PERMISSION_CHAT_READ, id, &arena,
				&conversation);
	arena_finish(&arena);
	return err;
}

static void join_conversation(struct app *app, struct subscription *subscription,
			      const struct principal *principal, const char *id)
{
	char name[TOPIC_SIZE];

	(void)principal;
	snprintf(name, sizeof(name), "conversation:%s", id);
	topic_join(app->topics, name, &subscription->subscriber);
}

const struct topic_kind conversation_topic = { .name = "conversation",
					       .has_id = true,
					       .authorize = authorize_conversation,
					       .join = join_conversation };

static enum err authorize_list(struct app *app, const struct principal *principal, const char *id)
{
	(void)app;
	(void)id;
	return authorize(principal, PERMISSION_CHAT_READ);
}

static void join_list(struct app *app, struct subscription *subscription,
		      const struct principal *principal, const char *id)
{
	char name[TOPIC_SIZE];

	(void)id;
	snprintf(name, sizeof(name), "conversations:%s", principal->user_id);
	topic_join(app->topics, name, &subscription->subscriber);
}

const struct topic_kind conversations_topic = { .name = "conversations",
						.authorize = authorize_list,
						.join = join_list };
