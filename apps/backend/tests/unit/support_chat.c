#include "support_chat.h"

#include <stdlib.h>
#include <string.h>

const char *scene_new_id(struct scene *scene)
{
	char *id = arena_alloc(&scene->home.arena, ID_SIZE);

	id_make(id);
	return id;
}

const char *scene_add_conversation(struct scene *scene, const struct principal *owner,
				   const char *title)
{
	struct conversation conversation = { .id = scene_new_id(scene),
					     .owner_id = owner->user_id,
					     .title = title,
					     .model_id = "webplus/guide",
					     .created_at = { ++scene->clock } };

	conversation.updated_at = conversation.created_at;
	assert_int_equal(conversation_insert(scene->home.db, &conversation), ERR_OK);
	return conversation.id;
}

const char *scene_add_message_as(struct scene *scene, const char *id, const char *parent_id,
				 const char *content)
{
	struct message message = { .id = id,
				   .conversation_id = scene->conversation_id,
				   .owner_id = scene->ada.user_id,
				   .parent_id = parent_id,
				   .content = content,
				   .created_at = { ++scene->clock } };

	assert_int_equal(message_insert(scene->home.db, &message), ERR_OK);
	return message.id;
}

const char *scene_add_message(struct scene *scene, const char *parent_id, const char *content)
{
	return scene_add_message_as(scene, scene_new_id(scene), parent_id, content);
}

const char *scene_add_streaming(struct scene *scene, const char *parent_id, const struct node *node)
{
	struct message message = { .id = scene_new_id(scene),
				   .conversation_id = scene->conversation_id,
				   .owner_id = scene->ada.user_id,
				   .parent_id = parent_id,
				   .role = MESSAGE_ASSISTANT,
				   .status = MESSAGE_STREAMING,
				   .content = "",
				   .model_id = "webplus/guide",
				   .node_id = node->id,
				   .epoch = node->epoch,
				   .lease_until = { 1000 },
				   .created_at = { ++scene->clock } };

	assert_int_equal(message_insert(scene->home.db, &message), ERR_OK);
	return message.id;
}

int scene_set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	home_make(&scene->home);
	home_open(&scene->home);
	scene->ada = home_account(&scene->home, "ada");
	scene->eve = home_account(&scene->home, "eve");
	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &scene->node), ERR_OK);
	scene->conversation_id = scene_add_conversation(scene, &scene->ada, "a private title");
	*state = scene;
	return 0;
}

int scene_tear_down(void **state)
{
	struct scene *scene = *state;

	home_remove(&scene->home);
	free(scene);
	return 0;
}

struct message scene_read_message(struct scene *scene, const char *id)
{
	struct message message;

	assert_int_equal(message_read(scene->home.db, &scene->ada, PERMISSION_CHAT_READ, id,
				      &scene->home.arena, &message),
			 ERR_OK);
	return message;
}

struct conversation scene_read_conversation(struct scene *scene, const char *id)
{
	struct conversation conversation;

	assert_int_equal(conversation_read(scene->home.db, &scene->ada, PERMISSION_CHAT_READ, id,
					   &scene->home.arena, &conversation),
			 ERR_OK);
	return conversation;
}

void scene_damage(struct scene *scene, const char *table, const char *column, const char *key,
		  const char *value)
{
	home_sql(&scene->home,
		 arena_printf(&scene->home.arena, "UPDATE %s SET %s = %s WHERE %s = '%s'", table,
			      column, scene->home.options.url ? "'\\x00'" : "x'00'", key, value));
}

struct message_chunk chunk_of(const char *message_id, int64_t seq, const char *text)
{
	static char length;

	length = (char)strlen(text);
	return (struct message_chunk){
		.message_id = message_id, .first_seq = seq, .lengths = { &length, 1 }, .text = text
	};
}

void scene_add_chunk(struct scene *scene, const struct node *node, const char *id, int64_t seq,
		     const char *text)
{
	struct message_chunk chunk = chunk_of(id, seq, text);
	bool ours;

	assert_int_equal(chunks_insert(scene->home.db, node, &chunk, 1, &ours), ERR_OK);
	assert_true(ours);
}
