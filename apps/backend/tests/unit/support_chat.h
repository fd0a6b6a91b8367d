/*
 * An installation (support.h) with somebody and a conversation of theirs, for the tests of what is kept of chats; no
 * services. On either engine, and everything asserts. Ids and what is read live in the home's arena.
 */
#ifndef WEBPLUS_TESTS_UNIT_SUPPORT_CHAT_H
#define WEBPLUS_TESTS_UNIT_SUPPORT_CHAT_H

#include "chat/conversation_store.h"
#include "chat/message_store.h"
#include "chat/stream_store.h"

#include "support.h"

struct scene {
	struct home home;
	struct principal ada, eve;
	struct node node;
	const char *conversation_id; /* ada's; messages are added to it */
	int64_t clock;               /* when the next thing is made */
};

/* For cmocka: *state is a struct scene. */
int scene_set_up(void **state);
int scene_tear_down(void **state);

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, scene_set_up, scene_tear_down)

/* Each returns the id of what it added. */
const char *scene_new_id(struct scene *scene);
const char *scene_add_conversation(struct scene *scene, const struct principal *owner,
				   const char *title);
const char *scene_add_message(struct scene *scene, const char *parent_id, const char *content);
const char *scene_add_message_as(struct scene *scene, const char *id, const char *parent_id,
				 const char *content);
/* An answer without a word yet, which this node streams. */
const char *scene_add_streaming(struct scene *scene, const char *parent_id,
				const struct node *node);

/* Of one delta. Its length is valid until the next is made. */
struct message_chunk chunk_of(const char *message_id, int64_t seq, const char *text);
void scene_add_chunk(struct scene *scene, const struct node *node, const char *id, int64_t seq,
		     const char *text);

/* As ada. */
struct message scene_read_message(struct scene *scene, const char *id);
struct conversation scene_read_conversation(struct scene *scene, const char *id);

/* `column` of a table, in the row in which `key` is this. */
void scene_damage(struct scene *scene, const char *table, const char *column, const char *key,
		  const char *value);

#endif
