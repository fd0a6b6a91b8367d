/*
 * Messages as they are kept: branches, pages that end early, and what streams among them.
 */
#include "support_chat.h"

#include <string.h>

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
	const char *a = scene_add_message(scene, NULL, "a"), *b = scene_add_message(scene, a, "b");
	const char *c = scene_add_message(scene, b, "c"),
		   *sibling = scene_add_message(scene, a, "S");
	const char *d = scene_add_message(scene, c, "d"),
		   *under = scene_add_message(scene, sibling, "T");

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

/* Two servers made it, and the clock of the second is behind: what follows has the lesser id. */
static void a_branch_goes_down_to_what_nothing_follows(void **state)
{
	struct scene *scene = *state;
	const char *early = scene_new_id(scene), *late = scene_new_id(scene);
	const char *first = scene_add_message(scene, NULL, "a question");
	const char *answer, *leaf;

	scene_add_message_as(scene, late, first, "an answer");
	scene_add_message_as(scene, early, late, "what was asked next");
	assert_int_equal(message_newest_below(scene->home.db, scene->conversation_id, first,
					      &scene->home.arena, &leaf),
			 ERR_OK);
	assert_string_equal(leaf, early);
	answer = scene_add_message(scene, first, "another answer");
	assert_int_equal(message_newest_below(scene->home.db, scene->conversation_id, first,
					      &scene->home.arena, &leaf),
			 ERR_OK);
	assert_string_equal(leaf, answer);
}

/* ---- Pages that end early ---- */

static const char *long_message(struct scene *scene, const char *parent_id, char letter)
{
	char content[10001];

	memset(content, letter, sizeof(content) - 1);
	content[sizeof(content) - 1] = '\0';
	return scene_add_message(scene, parent_id, content);
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
	const char *other = scene_add_message(scene, NULL, "o");
	struct message message;

	scene->conversation_id = scene_add_conversation(scene, &scene->ada, "another");
	assert_string_equal(back(scene, other, 10), "");
	assert_string_equal(forth(scene, other, "", 10), "");
	assert_string_equal(tree(scene, "", 10), "");
	assert_int_equal(message_read_in(scene->home.db, scene->conversation_id, other,
					 &scene->home.arena, &message),
			 ERR_NOT_FOUND);
}

/* ---- What streams ---- */

static void what_streams_is_read_with_its_committed_prefix(void **state)
{
	struct scene *scene = *state;
	const char *id = scene_add_streaming(scene, NULL, &scene->node);
	struct message message = scene_read_message(scene, id);

	assert_string_equal(message.content, "");
	assert_int_equal(message.seq, 0);
	scene_add_chunk(scene, &scene->node, id, 1, "Hel");
	scene_add_chunk(scene, &scene->node, id, 2, "lo");
	message = scene_read_message(scene, id);
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
	const char *id = scene_add_streaming(scene, NULL, &scene->node);
	struct message message;

	scene_add_chunk(scene, &scene->node, id, 1, "Hel");
	scene_add_chunk(scene, &scene->node, id, 3, "rld");
	message = scene_read_message(scene, id);
	assert_string_equal(message.content, "Hel");
	assert_int_equal(message.seq, 1);
}

/* What it has committed beyond its content counts too. */
static void what_streams_counts_in_a_page(void **state)
{
	const struct message_bounds bounds = { 10, 120 };
	struct scene *scene = *state;
	const char *a = scene_add_streaming(scene, NULL, &scene->node);
	const char *text = arena_printf(&scene->home.arena, "%0100d", 0);
	struct array page;
	bool more;

	(void)scene_add_message(scene, a, "b");
	assert_int_equal(message_tree(scene->home.db, scene->conversation_id, "", bounds,
				      &scene->home.arena, &page, &more),
			 ERR_OK);
	assert_int_equal(page.count, 2);
	scene_add_chunk(scene, &scene->node, a, 1, text);
	assert_int_equal(message_tree(scene->home.db, scene->conversation_id, "", bounds,
				      &scene->home.arena, &page, &more),
			 ERR_OK);
	assert_int_equal(page.count, 1);
	assert_true(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(a_branch_is_read_both_ways),
		SCENE_TEST(a_page_has_a_bound_in_bytes),
		SCENE_TEST(what_streams_counts_in_a_page),
		SCENE_TEST(a_branch_stays_in_its_conversation),
		SCENE_TEST(a_branch_goes_down_to_what_nothing_follows),
		SCENE_TEST(what_streams_is_read_with_its_committed_prefix),
		SCENE_TEST(a_prefix_has_no_gap),
	};

	return RUN_TESTS(tests);
}
