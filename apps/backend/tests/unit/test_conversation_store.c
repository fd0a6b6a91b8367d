/*
 * Conversations as they are kept: whose they are, pages, what is deleted and erased, and the keys
 * under which a message is sent once.
 */
#include "chat/idempotency_store.h"

#include "support_chat.h"

#include <string.h>

static enum err reading_conversation(struct scene *scene, const struct principal *principal,
				     const char *id)
{
	struct conversation conversation;

	return conversation_read(scene->home.db, principal, PERMISSION_CHAT_READ, id,
				 &scene->home.arena, &conversation);
}

/* ---- Whose they are ---- */

static void what_is_another_ones_is_not_there(void **state)
{
	struct scene *scene = *state;
	const char *id = scene_add_message(scene, NULL, "mine");
	struct message message;
	char nobody[ID_SIZE];

	id_make(nobody);
	assert_int_equal(reading_conversation(scene, &scene->ada, scene->conversation_id), ERR_OK);
	assert_int_equal(reading_conversation(scene, &scene->eve, scene->conversation_id),
			 ERR_NOT_FOUND);
	assert_int_equal(reading_conversation(scene, &scene->ada, nobody), ERR_NOT_FOUND);
	assert_int_equal(reading_conversation(scene, NULL, scene->conversation_id),
			 ERR_UNAUTHENTICATED);
	assert_int_equal(message_read(scene->home.db, &scene->eve, PERMISSION_CHAT_READ, id,
				      &scene->home.arena, &message),
			 ERR_NOT_FOUND);
	assert_string_equal(scene_read_message(scene, id).content, "mine");
}

static void contents_lengths_and_titles_are_sealed(void **state)
{
	struct scene *scene = *state;
	const char *id = scene_add_message(scene, NULL, "words that are nobody's business");
	const char *streaming = scene_add_streaming(scene, id, &scene->node);
	struct message_chunk chunk = { .message_id = streaming,
				       .first_seq = 1,
				       .lengths = { "lengths of a chunk", 18 },
				       .text = "secret chunk" };
	struct message end = { .id = scene_add_streaming(scene, id, &scene->node),
			       .owner_id = scene->ada.user_id,
			       .content = "secret end",
			       .lengths = { "lengths of an answer", 20 } };
	bool ours;

	assert_int_equal(chunks_insert(scene->home.db, &scene->node, &chunk, 1, &ours), ERR_OK);
	assert_int_equal(message_finish(scene->home.db, &scene->node, &end), ERR_OK);
	assert_true(home_holds_bytes(&scene->home, "webplus/guide"));
	assert_false(home_holds_bytes(&scene->home, "nobody's business"));
	assert_false(home_holds_bytes(&scene->home, "private title"));
	assert_false(home_holds_bytes(&scene->home, "secret chunk"));
	assert_false(home_holds_bytes(&scene->home, "lengths of a chunk"));
	assert_false(home_holds_bytes(&scene->home, "secret end"));
	assert_false(home_holds_bytes(&scene->home, "lengths of an answer"));
}

/* ---- Conversations ---- */

static void a_deleted_conversation_can_be_undone(void **state)
{
	struct scene *scene = *state;
	const char *message_id = scene_add_message(scene, NULL, "hello");
	struct conversation_patch patch = { .id = scene->conversation_id, .deleted_at = { 5 } };
	struct conversation conversation;
	struct message message;
	struct array page;
	bool more;

	conversation_patch_give(&patch, "deleted_at");
	assert_int_equal(conversation_update(scene->home.db, &patch), ERR_OK);
	assert_int_equal(reading_conversation(scene, &scene->ada, scene->conversation_id),
			 ERR_NOT_FOUND);
	assert_int_equal(message_read(scene->home.db, &scene->ada, PERMISSION_CHAT_READ, message_id,
				      &scene->home.arena, &message),
			 ERR_NOT_FOUND);
	assert_int_equal(conversation_page(scene->home.db, &scene->ada,
					   (struct timestamp){ INT64_MAX }, "", 10,
					   &scene->home.arena, &page, &more),
			 ERR_OK);
	assert_int_equal(page.count, 0);
	assert_false(more);
	assert_int_equal(conversation_read_any(scene->home.db, &scene->ada, PERMISSION_CHAT_WRITE,
					       scene->conversation_id, &scene->home.arena,
					       &conversation),
			 ERR_OK);
	patch.deleted_at.ms = 0;
	assert_int_equal(conversation_update(scene->home.db, &patch), ERR_OK);
	assert_string_equal(scene_read_conversation(scene, scene->conversation_id).title,
			    "a private title");
	assert_string_equal(scene_read_message(scene, message_id).content, "hello");
}

static void a_patch_changes_what_it_gives(void **state)
{
	struct scene *scene = *state;
	struct conversation_patch patch = { .id = scene->conversation_id,
					    .title = "new",
					    .model_id = "x/y",
					    .updated_at = { 99 } };
	struct conversation conversation;

	conversation_patch_give(&patch, "title");
	assert_int_equal(conversation_update(scene->home.db, &patch), ERR_OK);
	conversation = scene_read_conversation(scene, scene->conversation_id);
	assert_string_equal(conversation.title, "new");
	assert_string_equal(conversation.model_id, "webplus/guide");
	assert_int_equal(conversation.updated_at.ms, 1);
}

/* Reads all of ada's, two by two, and checks their order; how many they are. */
static int page_through(struct scene *scene)
{
	struct timestamp before = { INT64_MAX };
	const char *before_id = "";
	bool more = true;
	int seen = 0;

	while (more) {
		const struct conversation *list;
		struct array page;

		assert_int_equal(conversation_page(scene->home.db, &scene->ada, before, before_id,
						   2, &scene->home.arena, &page, &more),
				 ERR_OK);
		assert_in_range(page.count, seen == 0, 2);
		list = page.items;
		for (size_t i = 0; i < page.count; i++, seen++) {
			assert_string_equal(list[i].owner_id, scene->ada.user_id);
			assert_true(list[i].updated_at.ms < before.ms ||
				    (list[i].updated_at.ms == before.ms &&
				     strcmp(list[i].id, before_id) < 0));
			before = list[i].updated_at;
			before_id = list[i].id;
		}
	}
	return seen;
}

static void conversations_page_by_key_newest_first(void **state)
{
	struct scene *scene = *state;

	for (int i = 0; i < 8; i++) {
		scene->clock -= i % 2; /* two each at the same time */
		scene_add_conversation(scene, &scene->ada, "more");
		scene_add_conversation(scene, &scene->eve, "of another");
	}
	assert_int_equal(page_through(scene), 9);
}

static void damage(struct scene *scene, const char *id)
{
	scene_damage(scene, "conversation", "title", "id", id);
}

/* Of seven the first, the last, and one between. */
static void a_damaged_conversation_does_not_hide_the_others(void **state)
{
	struct scene *scene = *state;
	const char *ids[7] = { scene->conversation_id };
	struct array page;
	bool more;

	for (int i = 1; i < 7; i++)
		ids[i] = scene_add_conversation(scene, &scene->ada, "more");
	damage(scene, ids[0]);
	damage(scene, ids[3]);
	damage(scene, ids[6]);
	assert_int_equal(page_through(scene), 4);
	assert_int_equal(reading_conversation(scene, &scene->ada, ids[3]), ERR_CORRUPT);
	damage(scene, ids[1]);
	damage(scene, ids[2]);
	damage(scene, ids[4]);
	damage(scene, ids[5]);
	assert_int_equal(conversation_page(scene->home.db, &scene->ada,
					   (struct timestamp){ INT64_MAX }, "", 2,
					   &scene->home.arena, &page, &more),
			 ERR_CORRUPT);
}

struct purging {
	struct timestamp now;
	int64_t rows;
	bool more;
};

static enum err run_purge(struct db *tx, void *context)
{
	struct purging *purging = context;

	return chat_purge(tx, purging->now, purging->rows, &purging->more);
}

/* Once; whether there is more. */
static bool purge(struct scene *scene, struct timestamp now, int64_t rows)
{
	struct purging purging = { now, rows, false };

	assert_int_equal(db_transaction(scene->home.db, run_purge, &purging), ERR_OK);
	return purging.more;
}

/* A thousand messages in three conversations, of which one stays. */
static void a_purge_takes_some_at_a_time_and_can_be_cut_off(void **state)
{
	struct scene *scene = *state;
	const char *stays = scene->conversation_id;
	int64_t left = 1000;
	int times = 1;

	for (int i = 0; i < 1000; i++) {
		if (i == 200 || i == 600)
			scene->conversation_id = scene_add_conversation(scene, &scene->ada, "");
		scene_add_message(scene, NULL, "x");
	}
	home_sql(&scene->home,
		 arena_printf(&scene->home.arena,
			      "UPDATE conversation SET deleted_at = 1 WHERE id <> '%s'", stays));
	for (; purge(scene, (struct timestamp){ INT64_C(1) << 40 }, 90); times++) {
		int64_t now = home_number(&scene->home, "SELECT count(*) FROM message");

		assert_in_range(left - now, 0, 90);
		left = now;
		if (times == 4) {
			home_close(&scene->home);
			home_open(&scene->home);
		}
	}
	assert_in_range(times, 9, 12);
	assert_int_equal(home_number(&scene->home, "SELECT count(*) FROM message"), 200);
	assert_int_equal(home_number(&scene->home, "SELECT count(*) FROM conversation"), 1);
}

struct erasing_one {
	const char *id;
	bool more;
};

static enum err run_erase_some(struct db *tx, void *context)
{
	struct erasing_one *erasing = context;

	return conversation_erase(tx, erasing->id, 90, &erasing->more);
}

/* Cut off in the middle, it is past restoring, and the purge goes on. */
static void a_conversation_is_erased_some_rows_at_a_time(void **state)
{
	struct scene *scene = *state;
	struct erasing_one erasing = { .id = scene->conversation_id };
	struct conversation_patch patch = { .id = erasing.id, .deleted_at = { INT64_C(1) << 40 } };

	for (int i = 0; i < 300; i++)
		scene_add_message(scene, NULL, "x");
	assert_int_equal(db_transaction(scene->home.db, run_erase_some, &erasing), ERR_CONFLICT);
	conversation_patch_give(&patch, "deleted_at");
	assert_int_equal(conversation_update(scene->home.db, &patch), ERR_OK);
	for (int left = 210; left > 0; left -= 90) {
		assert_int_equal(db_transaction(scene->home.db, run_erase_some, &erasing), ERR_OK);
		assert_true(erasing.more);
		assert_int_equal(home_number(&scene->home, "SELECT count(*) FROM message"), left);
	}
	assert_false(purge(scene, (struct timestamp){ INT64_C(1) << 40 }, ERASE_ROWS));
	assert_int_equal(home_number(&scene->home, "SELECT count(*) FROM conversation"), 0);
}

static void what_was_deleted_long_ago_is_purged(void **state)
{
	struct scene *scene = *state;
	const int64_t day = INT64_C(86400000);
	struct timestamp now = { 100 * day };
	struct conversation_patch patch = { .id = scene->conversation_id,
					    .deleted_at = { now.ms - UNDO_DAYS * day } };
	struct idempotency_key key = { scene->ada.user_id, "k", "h", "u", "a", NULL, "m",
				       { now.ms - day } };

	scene_add_message(scene, NULL, "goes with it");
	conversation_patch_give(&patch, "deleted_at");
	assert_int_equal(conversation_update(scene->home.db, &patch), ERR_OK);
	assert_int_equal(idempotency_insert(scene->home.db, &key), ERR_OK);
	assert_false(purge(scene, now, ERASE_ROWS));
	assert_int_equal(home_number(&scene->home, "SELECT count(*) FROM message"),
			 1); /* not yet */
	assert_int_equal(home_number(&scene->home, "SELECT count(*) FROM idempotency_key"), 1);
	now.ms++;
	assert_false(purge(scene, now, ERASE_ROWS));
	assert_int_equal(home_number(&scene->home, "SELECT count(*) FROM conversation"), 0);
	assert_int_equal(home_number(&scene->home, "SELECT count(*) FROM message"), 0);
	assert_int_equal(home_number(&scene->home, "SELECT count(*) FROM idempotency_key"), 0);
}

/* ---- Keys ---- */

static void a_key_is_its_owners_and_used_once(void **state)
{
	struct scene *scene = *state;
	struct idempotency_key key = { scene->ada.user_id, "k", "hash", "u", "a", "p", "m", { 1 } },
			       found;
	struct arena *arena = &scene->home.arena;

	assert_int_equal(idempotency_find(scene->home.db, scene->ada.user_id, "k", arena, &found),
			 ERR_NOT_FOUND);
	assert_int_equal(idempotency_insert(scene->home.db, &key), ERR_OK);
	assert_int_equal(idempotency_insert(scene->home.db, &key), ERR_CONFLICT);
	assert_int_equal(idempotency_find(scene->home.db, scene->ada.user_id, "k", arena, &found),
			 ERR_OK);
	assert_string_equal(found.request_hash, "hash");
	assert_string_equal(found.assistant_message_id, "a");
	assert_int_equal(idempotency_find(scene->home.db, scene->eve.user_id, "k", arena, &found),
			 ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(what_is_another_ones_is_not_there),
		SCENE_TEST(contents_lengths_and_titles_are_sealed),
		SCENE_TEST(a_deleted_conversation_can_be_undone),
		SCENE_TEST(a_patch_changes_what_it_gives),
		SCENE_TEST(conversations_page_by_key_newest_first),
		SCENE_TEST(a_damaged_conversation_does_not_hide_the_others),
		SCENE_TEST(a_purge_takes_some_at_a_time_and_can_be_cut_off),
		SCENE_TEST(a_conversation_is_erased_some_rows_at_a_time),
		SCENE_TEST(what_was_deleted_long_ago_is_purged),
		SCENE_TEST(a_key_is_its_owners_and_used_once),
	};

	return RUN_TESTS(tests);
}
