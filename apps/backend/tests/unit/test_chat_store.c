/*
 * Conversations and messages as they are kept: whose they are, branches and pages, and the
 * exactness of what streams.
 */
#include "chat/conversation_store.h"
#include "chat/idempotency_store.h"
#include "chat/stream_store.h"

#include "chat/deltas.h"

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Somebody, and a conversation of theirs. */
struct scene {
	struct home home;
	struct principal ada, eve;
	struct node node;
	const char *conversation_id;
	int64_t clock; /* when the next thing is made */
};

static const char *new_id(struct scene *scene)
{
	char *id = arena_alloc(&scene->home.arena, ID_SIZE);

	id_make(id);
	return id;
}

static const char *add_conversation(struct scene *scene, const struct principal *owner,
				    const char *title)
{
	struct conversation conversation = { .id = new_id(scene),
					     .owner_id = owner->user_id,
					     .title = title,
					     .model_id = "webplus/guide",
					     .created_at = { ++scene->clock } };

	conversation.updated_at = conversation.created_at;
	assert_int_equal(conversation_insert(scene->home.db, &conversation), ERR_OK);
	return conversation.id;
}

static const char *add_message_as(struct scene *scene, const char *id, const char *parent_id,
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

static const char *add_message(struct scene *scene, const char *parent_id, const char *content)
{
	return add_message_as(scene, new_id(scene), parent_id, content);
}

static const char *add_streaming(struct scene *scene, const char *parent_id,
				 const struct node *node)
{
	struct message message = { .id = new_id(scene),
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

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	home_make(&scene->home);
	home_open(&scene->home);
	scene->ada = home_account(&scene->home, "ada");
	scene->eve = home_account(&scene->home, "eve");
	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &scene->node), ERR_OK);
	scene->conversation_id = add_conversation(scene, &scene->ada, "a private title");
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	home_remove(&scene->home);
	free(scene);
	return 0;
}

static struct message read_message(struct scene *scene, const char *id)
{
	struct message message;

	assert_int_equal(message_read(scene->home.db, &scene->ada, PERMISSION_CHAT_READ, id,
				      &scene->home.arena, &message),
			 ERR_OK);
	return message;
}

static struct conversation read_conversation(struct scene *scene, const char *id)
{
	struct conversation conversation;

	assert_int_equal(conversation_read(scene->home.db, &scene->ada, PERMISSION_CHAT_READ, id,
					   &scene->home.arena, &conversation),
			 ERR_OK);
	return conversation;
}

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
	const char *id = add_message(scene, NULL, "mine");
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
	assert_string_equal(read_message(scene, id).content, "mine");
}

static void contents_lengths_and_titles_are_sealed(void **state)
{
	struct scene *scene = *state;
	const char *id = add_message(scene, NULL, "words that are nobody's business");
	const char *streaming = add_streaming(scene, id, &scene->node);
	struct message_chunk chunk = { .message_id = streaming,
				       .first_seq = 1,
				       .lengths = { "lengths of a chunk", 18 },
				       .text = "secret chunk" };
	struct message end = { .id = add_streaming(scene, id, &scene->node),
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
	const char *message_id = add_message(scene, NULL, "hello");
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
	assert_string_equal(read_conversation(scene, scene->conversation_id).title,
			    "a private title");
	assert_string_equal(read_message(scene, message_id).content, "hello");
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
	conversation = read_conversation(scene, scene->conversation_id);
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
		add_conversation(scene, &scene->ada, "more");
		add_conversation(scene, &scene->eve, "of another");
	}
	assert_int_equal(page_through(scene), 9);
}

/* `column` of a table, in the row in which `key` is this. */
static void damage_cell(struct scene *scene, const char *table, const char *column, const char *key,
			const char *value)
{
	home_sql(&scene->home,
		 arena_printf(&scene->home.arena, "UPDATE %s SET %s = %s WHERE %s = '%s'", table,
			      column, scene->home.options.url ? "'\\x00'" : "x'00'", key, value));
}

static void damage(struct scene *scene, const char *id)
{
	damage_cell(scene, "conversation", "title", "id", id);
}

/* Of seven the first, the last, and one between. */
static void a_damaged_conversation_does_not_hide_the_others(void **state)
{
	struct scene *scene = *state;
	const char *ids[7] = { scene->conversation_id };
	struct array page;
	bool more;

	for (int i = 1; i < 7; i++)
		ids[i] = add_conversation(scene, &scene->ada, "more");
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
			scene->conversation_id = add_conversation(scene, &scene->ada, "");
		add_message(scene, NULL, "x");
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
		add_message(scene, NULL, "x");
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

	add_message(scene, NULL, "goes with it");
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

/* ---- Branches ---- */

/* The contents of messages, "abc". */
static const char *spell(struct scene *scene, const struct array *messages)
{
	const struct message *list = messages->items;
	const char *text = "";

	for (size_t i = 0; i < messages->count; i++)
		text = arena_printf(&scene->home.arena, "%s%s", text, list[i].content);
	return text;
}

static struct message_bounds unbounded(int64_t count)
{
	return (struct message_bounds){ count, INT64_MAX };
}

static const char *back(struct scene *scene, const char *from, int64_t limit)
{
	struct array messages;

	assert_int_equal(message_branch(scene->home.db, scene->conversation_id, from,
					unbounded(limit), &scene->home.arena, &messages),
			 ERR_OK);
	return spell(scene, &messages);
}

static const char *forth(struct scene *scene, const char *leaf, const char *after, int64_t limit)
{
	struct array messages;

	assert_int_equal(message_branch_from_root(scene->home.db, scene->conversation_id, leaf,
						  after, unbounded(limit), &scene->home.arena,
						  &messages),
			 ERR_OK);
	return spell(scene, &messages);
}

static const char *tree(struct scene *scene, const char *after, int64_t limit)
{
	struct array messages;
	bool more;

	assert_int_equal(message_tree(scene->home.db, scene->conversation_id, after,
				      unbounded(limit), &scene->home.arena, &messages, &more),
			 ERR_OK);
	return spell(scene, &messages);
}

static void a_branch_is_read_both_ways(void **state)
{
	struct scene *scene = *state;
	const char *a = add_message(scene, NULL, "a"), *b = add_message(scene, a, "b");
	const char *c = add_message(scene, b, "c"), *sibling = add_message(scene, a, "S");
	const char *d = add_message(scene, c, "d"), *under = add_message(scene, sibling, "T");

	assert_string_equal(back(scene, d, 10), "dcba");
	assert_string_equal(back(scene, under, 10), "TSa");
	assert_string_equal(back(scene, d, 2), "dc");
	assert_string_equal(back(scene, b, 10), "ba"); /* the next page begins with the cursor */
	assert_string_equal(forth(scene, d, "", 10), "abcd");
	assert_string_equal(forth(scene, under, "", 10), "aST");
	assert_string_equal(forth(scene, d, "", 2), "ab");
	assert_string_equal(forth(scene, d, b, 2), "cd");
	assert_string_equal(forth(scene, d, d, 2), "");
	assert_string_equal(forth(scene, d, sibling, 2), ""); /* not of this branch */
	assert_string_equal(tree(scene, "", 10), "abcSdT");
	assert_string_equal(tree(scene, "", 3), "abc");
	assert_string_equal(tree(scene, c, 2), "Sd");
}

/* ---- Pages that end early ---- */

static const char *long_message(struct scene *scene, const char *parent_id, char letter)
{
	char content[10001];

	memset(content, letter, sizeof(content) - 1);
	content[sizeof(content) - 1] = '\0';
	return add_message(scene, parent_id, content);
}

static const char *initials(struct scene *scene, const struct array *messages)
{
	const struct message *list = messages->items;
	char *text = arena_alloc(&scene->home.arena, messages->count + 1);

	for (size_t i = 0; i < messages->count; i++)
		text[i] = *list[i].content;
	return text;
}

/* A page of 15 000 bytes ends with the second message of 10 000; one that is longer than a page is one. */
static void a_page_has_a_bound_in_bytes(void **state)
{
	const struct message_bounds two = { 10, 15000 }, one = { 10, 5000 };
	struct scene *scene = *state;
	const char *a = long_message(scene, NULL, 'a'), *b = long_message(scene, a, 'b');
	const char *c = long_message(scene, b, 'c');
	struct arena *arena = &scene->home.arena;
	const char *conversation_id = scene->conversation_id;
	struct db *db = scene->home.db;
	struct array page;
	bool more;

	assert_int_equal(message_branch(db, conversation_id, c, two, arena, &page), ERR_OK);
	assert_string_equal(initials(scene, &page), "cb");
	assert_int_equal(message_branch_from_root(db, conversation_id, c, "", two, arena, &page),
			 ERR_OK);
	assert_string_equal(initials(scene, &page), "ab");
	assert_int_equal(message_branch_from_root(db, conversation_id, c, b, two, arena, &page),
			 ERR_OK);
	assert_string_equal(initials(scene, &page), "c");
	assert_int_equal(message_tree(db, conversation_id, "", one, arena, &page, &more), ERR_OK);
	assert_string_equal(initials(scene, &page), "a");
	assert_true(more);
	assert_int_equal(message_tree(db, conversation_id, a, two, arena, &page, &more), ERR_OK);
	assert_string_equal(initials(scene, &page), "bc");
	assert_false(more);
}

static void a_branch_stays_in_its_conversation(void **state)
{
	struct scene *scene = *state;
	const char *other = add_message(scene, NULL, "o");
	struct message message;

	scene->conversation_id = add_conversation(scene, &scene->ada, "another");
	assert_string_equal(back(scene, other, 10), "");
	assert_string_equal(forth(scene, other, "", 10), "");
	assert_string_equal(tree(scene, "", 10), "");
	assert_int_equal(message_read_in(scene->home.db, scene->conversation_id, other,
					 &scene->home.arena, &message),
			 ERR_NOT_FOUND);
}

/* ---- Streaming ---- */

static struct message_chunk chunk_of(const char *message_id, int64_t seq, const char *text)
{
	static char length;

	length = (char)strlen(text);
	return (struct message_chunk){
		.message_id = message_id, .first_seq = seq, .lengths = { &length, 1 }, .text = text
	};
}

static void add_chunk(struct scene *scene, const struct node *node, const char *id, int64_t seq,
		      const char *text)
{
	struct message_chunk chunk = chunk_of(id, seq, text);
	bool ours;

	assert_int_equal(chunks_insert(scene->home.db, node, &chunk, 1, &ours), ERR_OK);
	assert_true(ours);
}

static int64_t chunks_left(struct scene *scene)
{
	return home_number(&scene->home, "SELECT count(*) FROM message_chunk");
}

/* Two servers made it, and the clock of the second is behind: what follows has the lesser id. */
static void a_branch_goes_down_to_what_nothing_follows(void **state)
{
	struct scene *scene = *state;
	const char *early = new_id(scene), *late = new_id(scene);
	const char *first = add_message(scene, NULL, "a question");
	const char *answer, *leaf;

	add_message_as(scene, late, first, "an answer");
	add_message_as(scene, early, late, "what was asked next");
	assert_int_equal(message_newest_below(scene->home.db, scene->conversation_id, first,
					      &scene->home.arena, &leaf),
			 ERR_OK);
	assert_string_equal(leaf, early);
	answer = add_message(scene, first, "another answer");
	assert_int_equal(message_newest_below(scene->home.db, scene->conversation_id, first,
					      &scene->home.arena, &leaf),
			 ERR_OK);
	assert_string_equal(leaf, answer);
}

static void each_start_of_a_server_is_another_epoch(void **state)
{
	struct scene *scene = *state;
	struct node again;

	assert_int_equal(scene->node.epoch, 1);
	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &again), ERR_OK);
	assert_int_equal(again.epoch, 2);
	assert_string_equal(again.id, scene->node.id);
}

static void what_streams_is_read_with_its_committed_prefix(void **state)
{
	struct scene *scene = *state;
	const char *id = add_streaming(scene, NULL, &scene->node);
	struct message message = read_message(scene, id);

	assert_string_equal(message.content, "");
	assert_int_equal(message.seq, 0);
	add_chunk(scene, &scene->node, id, 1, "Hel");
	add_chunk(scene, &scene->node, id, 2, "lo");
	message = read_message(scene, id);
	assert_string_equal(message.content, "Hello");
	assert_int_equal(message.seq, 2);
	assert_int_equal(message.status, MESSAGE_STREAMING);
	assert_int_equal(message.lengths.size, 2);
	assert_string_equal(back(scene, id, 5), "Hello");
	assert_string_equal(tree(scene, "", 5), "Hello");
}

/* A reader may see chunks that belong behind what it read before: they are not what follows. */
static void a_prefix_has_no_gap(void **state)
{
	struct scene *scene = *state;
	const char *id = add_streaming(scene, NULL, &scene->node);
	struct message message;

	add_chunk(scene, &scene->node, id, 1, "Hel");
	add_chunk(scene, &scene->node, id, 3, "rld");
	message = read_message(scene, id);
	assert_string_equal(message.content, "Hel");
	assert_int_equal(message.seq, 1);
}

/* What it has committed beyond its content counts too. */
static void what_streams_counts_in_a_page(void **state)
{
	const struct message_bounds bounds = { 10, 120 };
	struct scene *scene = *state;
	const char *a = add_streaming(scene, NULL, &scene->node);
	const char *text = arena_printf(&scene->home.arena, "%0100d", 0);
	struct array page;
	bool more;

	(void)add_message(scene, a, "b");
	assert_int_equal(message_tree(scene->home.db, scene->conversation_id, "", bounds,
				      &scene->home.arena, &page, &more),
			 ERR_OK);
	assert_int_equal(page.count, 2);
	add_chunk(scene, &scene->node, a, 1, text);
	assert_int_equal(message_tree(scene->home.db, scene->conversation_id, "", bounds,
				      &scene->home.arena, &page, &more),
			 ERR_OK);
	assert_int_equal(page.count, 1);
	assert_true(more);
}

static void chunks_of_an_old_epoch_are_left_out(void **state)
{
	struct scene *scene = *state;
	const char *old = add_streaming(scene, NULL, &scene->node), *ours;
	struct message_chunk chunks[2];
	bool written[2];
	struct node again;

	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &again), ERR_OK);
	ours = add_streaming(scene, NULL, &again);
	chunks[0] = chunk_of(old, 1, "abc");
	chunks[1] = chunk_of(ours, 1, "abc");
	assert_int_equal(chunks_insert(scene->home.db, &again, chunks, 2, written), ERR_OK);
	assert_false(written[0]);
	assert_true(written[1]);
	assert_string_equal(read_message(scene, old).content, "");
	assert_string_equal(read_message(scene, ours).content, "abc");
	chunks[1] = chunk_of(ours, 2, "def"); /* who was before us comes late */
	assert_int_equal(chunks_insert(scene->home.db, &scene->node, &chunks[1], 1, written),
			 ERR_OK);
	assert_false(written[0]);
	assert_string_equal(read_message(scene, ours).content, "abc");
}

/* The attempt before was committed, and nobody heard of it; meanwhile there is more to write. */
static void a_chunk_that_may_be_there_is_written_again(void **state)
{
	struct scene *scene = *state;
	const char *id = add_streaming(scene, NULL, &scene->node);
	struct message_chunk longer = { .message_id = id,
					.first_seq = 2,
					.lengths = { "\x02\x01", 2 },
					.text = "lo!",
					.again = true };
	bool ours;

	add_chunk(scene, &scene->node, id, 1, "Hel");
	add_chunk(scene, &scene->node, id, 2, "lo");
	assert_int_equal(chunks_insert(scene->home.db, &scene->node, &longer, 1, &ours), ERR_OK);
	assert_true(ours);
	assert_string_equal(read_message(scene, id).content, "Hello!");
	assert_int_equal(read_message(scene, id).seq, 3);
}

static void an_end_folds_the_chunks(void **state)
{
	struct scene *scene = *state;
	const char *id = add_streaming(scene, NULL, &scene->node);
	struct message end = { .id = id,
			       .owner_id = scene->ada.user_id,
			       .status = MESSAGE_FAILED,
			       .content = "Hello",
			       .seq = 2,
			       .lengths = { "\x03\x02", 2 },
			       .error = { "upstream_error", "It broke." },
			       .completed_at = { 77 } };
	struct message message;

	add_chunk(scene, &scene->node, id, 1, "Hel");
	assert_int_equal(message_finish(scene->home.db, &scene->node, &end), ERR_OK);
	assert_int_equal(chunks_left(scene), 0);
	message = read_message(scene, id);
	assert_string_equal(message.content, "Hello");
	assert_int_equal(message.seq, 2);
	assert_int_equal(message.status, MESSAGE_FAILED);
	assert_string_equal(message.error.code, "upstream_error");
	assert_int_equal(message.completed_at.ms, 77);
	assert_int_equal(message.lease_until.ms, 0);
	assert_int_equal(message_finish(scene->home.db, &scene->node, &end),
			 ERR_CONFLICT); /* once */
}

static void an_end_of_an_old_epoch_is_refused(void **state)
{
	struct scene *scene = *state;
	struct message end = { .id = add_streaming(scene, NULL, &scene->node), .content = "late" };
	struct node again;

	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &again), ERR_OK);
	assert_int_equal(message_finish(scene->home.db, &again, &end), ERR_CONFLICT);
	assert_string_equal(read_message(scene, end.id).content, "");
}

static void an_answer_goes_on_from_its_prefix(void **state)
{
	struct scene *scene = *state;
	const char *id = add_streaming(scene, NULL, &scene->node);
	struct message end = { .id = id,
			       .owner_id = scene->ada.user_id,
			       .status = MESSAGE_STOPPED,
			       .content = "Hel",
			       .seq = 1,
			       .lengths = { "\x03", 1 },
			       .completed_at = { 77 } };
	struct timestamp now = { 5000 };
	struct message message;

	assert_int_equal(message_take(scene->home.db, id, &scene->node, now), ERR_CONFLICT);
	assert_int_equal(message_finish(scene->home.db, &scene->node, &end), ERR_OK);
	assert_int_equal(message_take(scene->home.db, id, &scene->node, now), ERR_OK);
	message = read_message(scene, id);
	assert_int_equal(message.status, MESSAGE_STREAMING);
	assert_int_equal(message.completed_at.ms, 0);
	assert_int_equal(message.lease_until.ms, now.ms + LEASE_MS);
	assert_string_equal(message.content, "Hel");
	add_chunk(scene, &scene->node, id, 2, "lo");
	message = read_message(scene, id);
	assert_string_equal(message.content, "Hello");
	assert_int_equal(message.seq, 2);
}

static int64_t interrupt_but(struct scene *scene, const struct node *node, const char *under_way,
			     int64_t now_ms)
{
	struct array messages;

	assert_int_equal(messages_interrupt(scene->home.db, node, under_way,
					    (struct timestamp){ now_ms }, &scene->home.arena,
					    &messages),
			 ERR_OK);
	return (int64_t)messages.count;
}

static int64_t interrupt_at(struct scene *scene, const struct node *node, int64_t now_ms)
{
	return interrupt_but(scene, node, "", now_ms);
}

static void renew_at(struct scene *scene, const struct node *node, const char *under_way,
		     int64_t now_ms)
{
	assert_int_equal(
		leases_renew(scene->home.db, node, under_way, (struct timestamp){ now_ms }),
		ERR_OK);
}

static void an_abandoned_answer_keeps_its_exact_prefix(void **state)
{
	struct scene *scene = *state;
	const char *id = add_streaming(scene, NULL, &scene->node);
	struct message message;
	struct node again;

	add_chunk(scene, &scene->node, id, 1, "Hel");
	add_chunk(scene, &scene->node, id, 2, "lo");
	assert_int_equal(interrupt_but(scene, &scene->node, id, 1000000),
			 0); /* it is ours, and streams */
	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &again), ERR_OK);
	assert_int_equal(interrupt_at(scene, &again, 2), 1);
	message = read_message(scene, id);
	assert_int_equal(message.status, MESSAGE_INTERRUPTED);
	assert_string_equal(message.content, "Hello");
	assert_int_equal(message.seq, 2);
	assert_int_equal(message.lengths.size, 2);
	assert_int_equal(message.completed_at.ms, 2);
	assert_int_equal(chunks_left(scene), 0);
	assert_int_equal(interrupt_at(scene, &again, 2), 0);
}

/* As the migration leaves what a version that sealed no lengths has written: those of chunks in the clear, none of messages. */
static void unseal_lengths(struct scene *scene)
{
	home_sql(&scene->home, "UPDATE message SET lengths = NULL");
	home_sql(&scene->home,
		 scene->home.options.url
			 ? "UPDATE message_chunk SET lengths = NULL, clear_lengths = "
			   "CASE first_seq WHEN 1 THEN '\\x03'::bytea ELSE '\\x0201' END"
			 : "UPDATE message_chunk SET lengths = NULL, clear_lengths = "
			   "CASE first_seq WHEN 1 THEN x'03' ELSE x'0201' END");
}

static struct message_chunk two_deltas(const char *message_id, int64_t seq)
{
	return (struct message_chunk){ .message_id = message_id,
				       .first_seq = seq,
				       .lengths = { "\x02\x01", 2 },
				       .text = "lo!" };
}

static void an_answer_of_the_version_before_keeps_its_exact_prefix(void **state)
{
	struct scene *scene = *state;
	const char *id = add_streaming(scene, NULL, &scene->node);
	struct message_chunk chunk = two_deltas(id, 2), behind_a_gap = two_deltas(id, 5);
	struct message message;
	struct node again;
	bool ours;

	add_chunk(scene, &scene->node, id, 1, "Hel");
	assert_int_equal(chunks_insert(scene->home.db, &scene->node, &chunk, 1, &ours), ERR_OK);
	assert_int_equal(chunks_insert(scene->home.db, &scene->node, &behind_a_gap, 1, &ours),
			 ERR_OK);
	unseal_lengths(scene);
	assert_string_equal(read_message(scene, id).content, "Hello!");
	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &again), ERR_OK);
	assert_int_equal(interrupt_at(scene, &again, 2), 1);
	message = read_message(scene, id);
	assert_int_equal(message.status, MESSAGE_INTERRUPTED);
	assert_string_equal(message.content, "Hello!");
	assert_int_equal(message.seq, 3);
	assert_int_equal(message.lengths.size, 3);
	assert_memory_equal(message.lengths.data, "\x03\x02\x01", 3);
	assert_int_equal(chunks_left(scene), 0);
}

/* It streamed once more there, and its first part has no lengths any more. */
static void one_that_went_on_there_keeps_its_text_and_number(void **state)
{
	struct scene *scene = *state;
	const char *id = add_streaming(scene, NULL, &scene->node);
	struct message end = { .id = id,
			       .owner_id = scene->ada.user_id,
			       .status = MESSAGE_STOPPED,
			       .content = "Well, ",
			       .seq = 2,
			       .lengths = { "\x04\x02", 2 } };
	struct message_chunk chunk = two_deltas(id, 3);
	struct message message;
	struct node again;
	bool ours;

	assert_int_equal(message_finish(scene->home.db, &scene->node, &end), ERR_OK);
	assert_int_equal(message_take(scene->home.db, id, &scene->node, (struct timestamp){ 1 }),
			 ERR_OK);
	assert_int_equal(chunks_insert(scene->home.db, &scene->node, &chunk, 1, &ours), ERR_OK);
	unseal_lengths(scene);
	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &again), ERR_OK);
	assert_int_equal(interrupt_at(scene, &again, 2), 1);
	message = read_message(scene, id);
	assert_string_equal(message.content, "Well, lo!");
	assert_int_equal(message.seq, 4);
	assert_int_equal(message.lengths.size, 4);
	assert_memory_equal(message.lengths.data, "\x06\x00\x02\x01", 4);
}

/* One row that does not open is not in the way of a start, nor of what else was left behind. */
static void damaged_answers_are_ended_with_what_can_be_read(void **state)
{
	struct scene *scene = *state;
	const char *cut = add_streaming(scene, NULL, &scene->node);
	const char *unreadable = add_streaming(scene, NULL, &scene->node);
	const char *sound = add_streaming(scene, NULL, &scene->node);
	struct message message;
	struct node again;

	add_chunk(scene, &scene->node, cut, 1, "Hel");
	add_chunk(scene, &scene->node, cut, 2, "lo");
	add_chunk(scene, &scene->node, sound, 1, "Hello");
	damage_cell(scene, "message_chunk", "text", "first_seq = 2 AND message_id", cut);
	damage_cell(scene, "message", "content", "id", unreadable);
	assert_int_equal(node_start(scene->home.db, &scene->home.arena, &again), ERR_OK);
	assert_int_equal(interrupt_at(scene, &again, 2), 3);
	assert_int_equal(interrupt_at(scene, &again, 2), 0);
	message = read_message(scene, cut);
	assert_int_equal(message.status, MESSAGE_FAILED);
	assert_string_equal(message.error.code, "corrupt");
	assert_string_equal(message.content, "Hel");
	assert_int_equal(message.seq, 1);
	message = read_message(scene, sound);
	assert_int_equal(message.status, MESSAGE_INTERRUPTED);
	assert_string_equal(message.content, "Hello");
	assert_int_equal(message_read(scene->home.db, &scene->ada, PERMISSION_CHAT_READ, unreadable,
				      &scene->home.arena, &message),
			 ERR_CORRUPT);
	assert_int_equal(home_number(&scene->home,
				     "SELECT count(*) FROM message WHERE status = 'streaming'"),
			 0);
}

/* Another server's answer is let alone while its lease lasts. */
static void a_lease_keeps_others_away(void **state)
{
	struct scene *scene = *state;
	const struct node other = { "another server", 9 };
	const char *id = add_streaming(scene, NULL, &other);

	assert_int_equal(interrupt_at(scene, &scene->node, 1000), 0);
	renew_at(scene, &other, id, 1000);
	assert_int_equal(interrupt_at(scene, &scene->node, 1000 + LEASE_MS), 0);
	renew_at(scene, &scene->node, id, 999999);
	assert_int_equal(interrupt_at(scene, &scene->node, 1001 + LEASE_MS), 1);
	assert_int_equal(read_message(scene, id).status, MESSAGE_INTERRUPTED);
}

/* Its posting was committed and nobody heard of it: it says that it streams here, and nothing does. */
static void what_nobody_began_runs_out(void **state)
{
	struct scene *scene = *state;
	const char *forgotten = add_streaming(scene, NULL, &scene->node);
	const char *first = add_streaming(scene, NULL, &scene->node);
	const char *second = add_streaming(scene, NULL, &scene->node);
	const char *under_way = arena_printf(&scene->home.arena, "%s%s", first, second);

	renew_at(scene, &scene->node, under_way, 2000);
	assert_int_equal(read_message(scene, forgotten).lease_until.ms, 1000);
	assert_int_equal(read_message(scene, second).lease_until.ms, 2000 + LEASE_MS);
	assert_int_equal(interrupt_but(scene, &scene->node, under_way, 1000), 0);
	assert_int_equal(interrupt_but(scene, &scene->node, under_way, 3000 + LEASE_MS), 1);
	assert_int_equal(read_message(scene, forgotten).status, MESSAGE_INTERRUPTED);
	assert_int_equal(read_message(scene, first).status, MESSAGE_STREAMING);
	assert_int_equal(read_message(scene, second).status, MESSAGE_STREAMING);
}

/* ---- Stopping ---- */

static size_t stops_of(struct scene *scene, const struct node *node)
{
	struct array stops;

	assert_int_equal(stops_requested(scene->home.db, node, &scene->home.arena, &stops), ERR_OK);
	return stops.count;
}

static bool streams(struct scene *scene, const char *id)
{
	bool streaming;

	assert_int_equal(message_streams(scene->home.db, id, &streaming), ERR_OK);
	return streaming;
}

static void a_wish_to_stop_is_for_who_streams_it(void **state)
{
	struct scene *scene = *state;
	const struct node other = { "another server", 9 };
	const char *first = add_streaming(scene, NULL, &scene->node);
	const char *second = add_streaming(scene, NULL, &other);
	struct timestamp now = { 5000 };

	assert_int_equal(stops_of(scene, &scene->node), 0);
	assert_int_equal(message_request_stop(scene->home.db, first, now), ERR_OK);
	assert_int_equal(stops_of(scene, &scene->node), 1);
	assert_int_equal(stops_of(scene, &other), 0);
	assert_int_equal(conversation_request_stop(scene->home.db, scene->conversation_id, now),
			 ERR_OK);
	assert_int_equal(stops_of(scene, &other), 1);
	assert_true(streams(scene, first));
	assert_int_equal(interrupt_at(scene, &scene->node, 2000), 2);
	assert_false(streams(scene, first));
	assert_int_equal(stops_of(scene, &scene->node), 0);
	assert_int_equal(message_take(scene->home.db, second, &scene->node, now), ERR_OK);
	assert_int_equal(stops_of(scene, &scene->node), 0); /* it was about what was then */
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_another_ones_is_not_there),
		TEST(contents_lengths_and_titles_are_sealed),
		TEST(a_deleted_conversation_can_be_undone),
		TEST(a_patch_changes_what_it_gives),
		TEST(conversations_page_by_key_newest_first),
		TEST(a_damaged_conversation_does_not_hide_the_others),
		TEST(a_purge_takes_some_at_a_time_and_can_be_cut_off),
		TEST(a_conversation_is_erased_some_rows_at_a_time),
		TEST(what_was_deleted_long_ago_is_purged),
		TEST(a_branch_is_read_both_ways),
		TEST(a_page_has_a_bound_in_bytes),
		TEST(what_streams_counts_in_a_page),
		TEST(a_branch_stays_in_its_conversation),
		TEST(a_branch_goes_down_to_what_nothing_follows),
		TEST(each_start_of_a_server_is_another_epoch),
		TEST(what_streams_is_read_with_its_committed_prefix),
		TEST(a_prefix_has_no_gap),
		TEST(chunks_of_an_old_epoch_are_left_out),
		TEST(a_chunk_that_may_be_there_is_written_again),
		TEST(an_end_folds_the_chunks),
		TEST(an_end_of_an_old_epoch_is_refused),
		TEST(an_answer_goes_on_from_its_prefix),
		TEST(an_abandoned_answer_keeps_its_exact_prefix),
		TEST(an_answer_of_the_version_before_keeps_its_exact_prefix),
		TEST(one_that_went_on_there_keeps_its_text_and_number),
		TEST(damaged_answers_are_ended_with_what_can_be_read),
		TEST(a_lease_keeps_others_away),
		TEST(what_nobody_began_runs_out),
		TEST(a_wish_to_stop_is_for_who_streams_it),
		TEST(a_key_is_its_owners_and_used_once),
	};

	return RUN_TESTS(tests);
}
