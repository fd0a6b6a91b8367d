/*
 * The index as it is kept: what is merged is found along a term, however it came in; an index is built, built anew and
 * dropped; and nothing of a word stands in it.
 */
#include "chat/conversation_store.h"
#include "chat/message_store.h"
#include "search/candidates.h"
#include "search/merge.h"
#include "search/search.h"
#include "search/search_store.h"
#include "search/upkeep.h"
#include "search/walk.h"

#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BEGINNING = 1700000000 /* seconds; moments of the tests come behind it */ };

struct scene {
	struct home home;
	struct principal ada;
	const char *conversation_id;
};

/* An id of this moment. */
static const char *id_at(struct scene *scene, int64_t moment, int number)
{
	char *id = arena_alloc(&scene->home.arena, ID_SIZE);

	moment_bound(moment, id);
	id[14] = '7';
	id[19] = '8';
	snprintf(id + 24, 13, "%012d", number);
	return id;
}

static int64_t moment(int64_t number)
{
	return INT64_C(1000) * (BEGINNING + number);
}

static const char *add_conversation(struct scene *scene, int64_t at, const char *title)
{
	struct conversation conversation = { .id = id_at(scene, at, 0),
					     .owner_id = scene->ada.user_id,
					     .title = title,
					     .model_id = "webplus/guide",
					     .created_at = { at },
					     .updated_at = { at } };

	assert_int_equal(conversation_insert(scene->home.db, &conversation), ERR_OK);
	return conversation.id;
}

static const char *add_message(struct scene *scene, int64_t at, const char *content)
{
	struct message message = { .id = id_at(scene, at, 1),
				   .conversation_id = scene->conversation_id,
				   .owner_id = scene->ada.user_id,
				   .content = content,
				   .created_at = { at } };

	assert_int_equal(message_insert(scene->home.db, &message), ERR_OK);
	return message.id;
}

static enum err mark_message(struct db *tx, void *context)
{
	const struct message *message = context;

	return search_mark_message(tx, message->owner_id, message->id);
}

static const char *add_pending(struct scene *scene, int64_t at, const char *content)
{
	struct message message = { .owner_id = scene->ada.user_id,
				   .id = add_message(scene, at, content) };

	assert_int_equal(db_transaction(scene->home.db, mark_message, &message), ERR_OK);
	return message.id;
}

/* Everything that is to be done. It does not turn in a circle. */
static void keep_up(struct scene *scene)
{
	const struct upkeep upkeep = { .db = scene->home.db, .settle_ms = -1000 };
	bool idle = false;
	int steps = 0;

	while (!idle) {
		assert_int_equal(upkeep_step(&upkeep, &idle), ERR_OK);
		assert_in_range(++steps, 1, 200);
	}
}

static enum err try_to_find(struct scene *scene, const char *words, struct place before,
			    struct found_page *ret_page)
{
	struct finding finding = {
		.db = scene->home.db, .owner_id = scene->ada.user_id, .before = before, .limit = 10
	};
	const char *reason;

	assert_int_equal(query_parse(words, &scene->home.arena, &finding.query, &reason), ERR_OK);
	return find(&finding, &scene->home.arena, ret_page);
}

static struct found_page find_from(struct scene *scene, const char *words, struct place before)
{
	struct found_page page;

	assert_int_equal(try_to_find(scene, words, before, &page), ERR_OK);
	return page;
}

static struct found_page find_words(struct scene *scene, const char *words)
{
	return find_from(scene, words, (struct place){ { MOMENT_MAX }, "g" });
}

/* All pages; the moments of what was found, in their order. */
static struct moments find_all(struct scene *scene, const char *words)
{
	struct moments all = { ARENA_ARRAY(&scene->home.arena, 20000, int64_t), 0 };
	struct place place = { { MOMENT_MAX }, "g" };

	do {
		struct found_page page = find_from(scene, words, place);
		const struct found *items = page.items.items;

		for (size_t i = 0; i < page.items.count; i++)
			all.list[all.count++] = items[i].created_at.ms;
		place = page.next;
	} while (place.id);
	return all;
}

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	home_make(&scene->home);
	home_open(&scene->home);
	scene->ada = home_account(&scene->home, "ada");
	scene->conversation_id = add_conversation(scene, moment(0), "");
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

static int64_t number(struct scene *scene, const char *sql)
{
	return home_number(&scene->home, sql);
}

/* Says of so many moments, every second one from the first on, that a message with this word was made then. */
static void merge_moments(struct scene *scene, const char *word, int count, int first)
{
	struct held_index held = { 0 };
	struct batch batch;

	assert_int_equal(index_of_owner(scene->home.db, scene->ada.user_id, INDEX_SERVING,
					&scene->home.arena, &held.row),
			 ERR_OK);
	assert_int_equal(index_key_derive(held.row.key, &held.key), ERR_OK);
	batch_init(&batch);
	for (int i = 0; i < count; i++) {
		struct source_message message = { .id = id_at(scene, moment(10 + 2 * i + first), 1),
						  .content = word };

		batch_add_message(&batch, &held.key, &message);
	}
	assert_int_equal(batch_merge(scene->home.db, &held, &batch), ERR_OK);
	assert_int_equal(held_save(scene->home.db, &held, 1, NULL), ERR_OK);
	batch_finish(&batch);
}

static void damage(struct scene *scene, const char *table, const char *column, const char *where)
{
	home_sql(&scene->home,
		 arena_printf(&scene->home.arena, "UPDATE %s SET %s = %s WHERE %s", table, column,
			      scene->home.options.url ? "'\\x00'" : "x'00'", where));
}

/* ---- The tests ---- */

static void what_is_pending_is_found_before_and_after_it_is_taken_in(void **state)
{
	struct scene *scene = *state;
	const char *id = add_pending(scene, moment(1), "an armadillo");
	struct found_page page = find_words(scene, "armadillo");

	assert_int_equal(page.items.count, 1);
	keep_up(scene);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_pending"), 0);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_block"), 2);
	page = find_words(scene, "armadillo");
	assert_int_equal(page.items.count, 1);
	assert_string_equal(((struct found *)page.items.items)[0].message_id, id);
	assert_true(page.complete);
	assert_int_equal(find_words(scene, "elephant").items.count, 0);
}

static void a_common_word_is_found_along_its_blocks(void **state)
{
	enum { COUNT = 1500 };
	struct scene *scene = *state;
	struct moments all;

	for (int i = 1; i <= COUNT; i++)
		add_pending(scene, moment(i),
			    i % 500 == 0 ? "common and rare"
			    : i % 2      ? "common odd"
					 : "common even");
	keep_up(scene);
	assert_true(number(scene, "SELECT count(*) FROM search_block WHERE place > 0") > 10);
	all = find_all(scene, "common");
	assert_int_equal(all.count, COUNT);
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(all.list[i], moment(COUNT - i));
	all = find_all(scene, "rare common");
	assert_int_equal(all.count, 3);
	assert_int_equal(all.list[0], moment(1500));
	assert_int_equal(find_all(scene, "odd even").count, 0);
}

/* The moments of the messages are those that merge_moments makes: each other second. */
static void the_place_of_a_block_names_no_message(void **state)
{
	enum { COUNT = 3000 };
	struct scene *scene = *state;

	assert_int_equal(upkeep_adopt(scene->home.db), ERR_OK);
	keep_up(scene);
	merge_moments(scene, "common", COUNT, 0);
	assert_true(number(scene, "SELECT count(*) FROM search_block WHERE place > 1") > 10);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_block WHERE place = 1"), 1);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_block WHERE place > 1 "
				       "AND place % 2000 = 0"),
			 0);
	assert_true(number(scene, "SELECT count(DISTINCT place % 1000) FROM search_block") > 5);
}

/* In what order it came in is not to be seen. */
static void moments_go_into_the_block_of_their_time(void **state)
{
	enum { COUNT = 1201 };
	struct scene *scene = *state;
	struct moments all;

	for (int i = 0; i < COUNT; i++) {
		add_pending(scene, moment(1 + i * 577 % COUNT), "scattered");
		if (i % 100 == 99)
			keep_up(scene);
	}
	keep_up(scene);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_block WHERE place = 0"), 1);
	all = find_all(scene, "scattered");
	assert_int_equal(all.count, COUNT);
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(all.list[i], moment(COUNT - i));
}

/* Two words that never meet: a page does its share, and says where it stood. */
static void a_page_that_has_read_enough_goes_on_in_the_next(void **state)
{
	enum { COUNT = 1000 };
	struct scene *scene = *state;
	struct found_page page;
	struct place place = { { MOMENT_MAX }, "g" };
	int pages = 0;

	for (int i = 1; i <= COUNT; i++)
		add_pending(scene, moment(i), "the cat sat on the mat");
	add_pending(scene, moment(COUNT + 1), "the mat was on the cat");
	do {
		page = find_from(scene, "\"cat sat mat\"", place);
		assert_int_equal(page.items.count, 0);
		assert_int_equal(page.complete, page.next.id == NULL);
		place = page.next;
		pages++;
	} while (place.id);
	assert_in_range(pages, 3, 12);
	keep_up(scene);
	assert_false(find_words(scene, "\"cat sat mat\"").complete);
	assert_int_equal(find_all(scene, "\"cat sat mat\"").count, 0);
	assert_int_equal(find_all(scene, "\"mat was\"").count, 1);
}

/* Of one millisecond, in all orders of their ids, with a title between them. */
static void what_is_of_one_moment_is_spread_over_pages(void **state)
{
	enum { COUNT = 35, LIMIT = 10 };
	struct scene *scene = *state;
	struct place place = { { MOMENT_MAX }, "g" };
	const char *last = "g";
	size_t found = 0;

	for (int i = 0; i < COUNT; i++) {
		struct message message = { .id = id_at(scene, moment(5), 1 + i * 8 % COUNT),
					   .conversation_id = scene->conversation_id,
					   .owner_id = scene->ada.user_id,
					   .content = "an armadillo",
					   .created_at = { moment(5) } };

		assert_int_equal(message_insert(scene->home.db, &message), ERR_OK);
	}
	add_conversation(scene, moment(5), "armadillos");
	assert_int_equal(upkeep_adopt(scene->home.db), ERR_OK);
	keep_up(scene);
	do {
		struct found_page page = find_from(scene, "armadillo", place);
		const struct found *items = page.items.items;

		assert_true(page.items.count == LIMIT || !page.next.id);
		for (size_t i = 0; i < page.items.count; i++) {
			assert_true(strcmp(found_id(&items[i]), last) < 0);
			last = found_id(&items[i]);
		}
		found += page.items.count;
		place = page.next;
	} while (place.id);
	assert_int_equal(found, COUNT + 1);
}

/* What a page opens has a bound in bytes, and each page comes further. */
static void a_page_of_long_messages_is_cut(void **state)
{
	enum { COUNT = 9, BYTES = 1500000 };
	struct scene *scene = *state;
	const char *text = arena_printf(&scene->home.arena, "armadillo %0*d", BYTES, 0);
	struct found_page page;

	for (int i = 1; i <= COUNT; i++)
		add_pending(scene, moment(i), text);
	page = find_words(scene, "armadillo");
	assert_in_range(page.items.count, 1, 4 * 1024 * 1024 / BYTES);
	assert_false(page.complete);
	assert_int_equal(find_all(scene, "armadillo").count, COUNT);
}

/*
 * Two words that never meet in messages, and a title in which they do, long before: what the walk along the messages reads
 * does not keep the one along the titles from coming further.
 */
static void one_walk_does_not_stop_another(void **state)
{
	enum { COUNT = 80000 };
	struct scene *scene = *state;
	struct place place = { { MOMENT_MAX }, "g" };
	size_t found = 0;
	int pages = 0;

	add_conversation(scene, moment(1), "odd even");
	assert_int_equal(upkeep_adopt(scene->home.db), ERR_OK);
	keep_up(scene);
	merge_moments(scene, "odd", COUNT, 0);
	merge_moments(scene, "even", COUNT, 1);
	do {
		struct found_page page = find_from(scene, "odd even", place);

		found += page.items.count;
		assert_true(!page.next.id || page.next.time.ms < place.time.ms);
		place = page.next;
		assert_in_range(++pages, 1, 20);
	} while (place.id);
	assert_true(pages > 2);
	assert_int_equal(found, 1);
}

static void what_was_there_before_is_taken_in(void **state)
{
	struct scene *scene = *state;

	add_message(scene, moment(1), "an old armadillo");
	add_conversation(scene, moment(2), "Old Titles");
	assert_int_equal(upkeep_adopt(scene->home.db), ERR_OK);
	assert_false(find_words(scene, "armadillo").complete);
	keep_up(scene);
	assert_int_equal(find_words(scene, "armadillo").items.count, 1);
	assert_int_equal(find_words(scene, "titl").items.count, 1);
	assert_true(find_words(scene, "titl").complete);
	assert_int_equal(number(scene, "SELECT messages FROM search_index"), 1);
}

/* How many messages a page has that may have so many bytes, and at which of `ids` it ends. */
static size_t page_behind(struct scene *scene, const char *after, int64_t bytes,
			  const char *const *ids, int *ret_end)
{
	const struct source_bounds bounds = { 3, bytes };
	struct array page;
	const char *last;

	assert_int_equal(source_messages_after(scene->home.db, scene->conversation_id, after,
					       bounds, &scene->home.arena, &page, &last),
			 ERR_OK);
	for (*ret_end = 0; strcmp(ids[*ret_end], last) != 0;)
		++*ret_end;
	return page.count;
}

/* However long they are; and one that is damaged does not end the conversation. */
static void what_is_read_at_once_has_a_bound_in_bytes(void **state)
{
	struct scene *scene = *state;
	const char *text = arena_printf(&scene->home.arena, "word %010000d", 0), *ids[6], *last;
	const struct source_bounds bounds = { 3, 1 };
	struct array page;
	int end;

	for (int i = 0; i < 6; i++)
		ids[i] = add_message(scene, moment(1 + i), text);
	assert_int_equal(page_behind(scene, "", 1 << 20, ids, &end), 3);
	assert_int_equal(end, 2);
	assert_int_equal(page_behind(scene, ids[0], 15000, ids, &end), 2);
	assert_int_equal(end, 2);
	assert_int_equal(page_behind(scene, ids[2], 1, ids, &end), 1);
	assert_int_equal(end, 3);
	damage(scene, "message", "content", arena_printf(&scene->home.arena, "id = '%s'", ids[4]));
	assert_int_equal(page_behind(scene, ids[3], 1, ids, &end), 0);
	assert_int_equal(end, 4);
	assert_int_equal(source_messages_after(scene->home.db, scene->conversation_id, ids[5],
					       bounds, &scene->home.arena, &page, &last),
			 ERR_NOT_FOUND);
}

static void a_page_of_damaged_messages_does_not_end_a_conversation(void **state)
{
	struct scene *scene = *state;

	for (int i = 1; i <= 250; i++)
		add_message(scene, moment(i), "an armadillo");
	damage(scene, "message", "content", "1 = 1");
	add_message(scene, moment(300), "a pangolin");
	assert_int_equal(upkeep_adopt(scene->home.db), ERR_OK);
	keep_up(scene);
	assert_int_equal(find_words(scene, "pangolin").items.count, 1);
}

static void an_index_is_built_anew_under_another_key(void **state)
{
	struct scene *scene = *state;
	int64_t term;

	add_pending(scene, moment(1), "armadillo");
	keep_up(scene);
	term = number(scene, "SELECT term FROM search_block");
	assert_int_equal(upkeep_rebuild(scene->home.db), ERR_OK);
	assert_int_equal(upkeep_rebuild(scene->home.db), ERR_OK); /* the same one */
	assert_int_equal(number(scene, "SELECT count(*) FROM search_index"), 2);
	assert_int_equal(find_words(scene, "armadillo").items.count, 1);
	add_pending(scene, moment(2), "another armadillo");
	keep_up(scene);
	assert_int_equal(find_words(scene, "armadillo").items.count, 2);
	home_sql(&scene->home, "UPDATE search_index SET lease_until = 2 WHERE state = 'dropped'");
	keep_up(scene);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_index"), 1);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_block"), 2);
	home_sql(&scene->home, "CREATE TABLE seen (term BIGINT)");
	home_sql(&scene->home, "INSERT INTO seen SELECT term FROM search_block");
	assert_int_equal(number(scene, arena_printf(&scene->home.arena,
						    "SELECT count(*) FROM seen WHERE term = %lld",
						    (long long)term)),
			 0);
	assert_int_equal(find_words(scene, "armadillo").items.count, 2);
}

static enum err run_purge(struct db *tx, void *context)
{
	bool more;

	(void)context;
	return chat_purge(tx, (struct timestamp){ moment(9) }, ERASE_ROWS, &more);
}

static void what_was_erased_leaves_the_index(void **state)
{
	struct scene *scene = *state;
	int64_t blocks;

	add_pending(scene, moment(1), "one two three");
	keep_up(scene);
	blocks = number(scene, "SELECT count(*) FROM search_block");
	scene->conversation_id = add_conversation(scene, moment(2), "");
	add_pending(scene, moment(3), "four five");
	keep_up(scene);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_block"), blocks + 2);
	home_sql(&scene->home,
		 arena_printf(&scene->home.arena,
			      "UPDATE conversation SET deleted_at = 1 WHERE id = '%s'",
			      scene->conversation_id));
	assert_int_equal(find_words(scene, "four").items.count, 0);
	assert_int_equal(db_transaction(scene->home.db, run_purge, NULL), ERR_OK);
	keep_up(scene);
	home_sql(&scene->home, "UPDATE search_index SET lease_until = 2 WHERE state = 'dropped'");
	keep_up(scene);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_block"), blocks);
	assert_int_equal(find_words(scene, "two").items.count, 1);
}

static const struct statement delete_accounts = { "DELETE FROM account", NULL };

static void an_account_takes_its_index_with_it(void **state)
{
	struct scene *scene = *state;

	add_pending(scene, moment(1), "armadillo");
	keep_up(scene);
	add_pending(scene, moment(2), "pangolin");
	assert_int_equal(db_exec(scene->home.db, &delete_accounts, ARGS_NONE, NULL), ERR_OK);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_block"), 0);
	keep_up(scene);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_pending"), 0);
}

static void switched_off_nothing_is_left(void **state)
{
	struct scene *scene = *state;

	add_pending(scene, moment(1), "armadillo");
	keep_up(scene);
	add_pending(scene, moment(2), "pangolin");
	assert_int_equal(upkeep_abandon(scene->home.db), ERR_OK);
	keep_up(scene);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_index"), 0);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_block"), 0);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_pending"), 0);
	search_switch(false);
	add_pending(scene, moment(3), "okapi");
	search_switch(true);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_pending"), 0);
}

static void a_block_that_was_changed_or_moved_does_not_open(void **state)
{
	struct scene *scene = *state;
	struct index_key key;
	struct moments moments = { (int64_t[]){ 1, 200, 70000 }, 3 }, opened;
	const struct block_place place = { 1, 2, 3 }, other = { 1, 2, 4 };
	char text[INDEX_KEY_SIZE];
	struct blob sealed;

	index_key_make(text);
	assert_int_equal(index_key_derive(text, &key), ERR_OK);
	sealed = index_seal(&key, place, &moments, &scene->home.arena);
	assert_int_equal(index_open(&key, place, sealed, &scene->home.arena, &opened), ERR_OK);
	assert_int_equal(opened.count, 3);
	assert_memory_equal(opened.list, moments.list, 3 * sizeof(int64_t));
	assert_int_equal(index_open(&key, other, sealed, &scene->home.arena, &opened), ERR_CORRUPT);
	sealed.size--;
	assert_int_equal(index_open(&key, place, sealed, &scene->home.arena, &opened), ERR_CORRUPT);
	assert_int_equal(index_key_derive("00", &key), ERR_CORRUPT);
}

/* Who lost the lease writes nothing more. */
static void one_writes_at_a_time(void **state)
{
	struct scene *scene = *state;
	struct held_index held = { 0 }, again;

	add_pending(scene, moment(1), "armadillo");
	keep_up(scene);
	assert_int_equal(index_of_owner(scene->home.db, scene->ada.user_id, INDEX_SERVING,
					&scene->home.arena, &held.row),
			 ERR_OK);
	again = held;
	assert_int_equal(held_save(scene->home.db, &held, 0, NULL), ERR_OK);
	assert_int_equal(held_save(scene->home.db, &again, 0, NULL), ERR_CONFLICT);
	assert_int_equal(held_save(scene->home.db, &held, 0, NULL), ERR_OK);
}

/* ---- What is damaged, and what others do ---- */

/* A message of an account of its own, marked later than what was before. */
static void add_pending_of_another(struct scene *scene, const char *username)
{
	const struct scene ours = *scene;

	scene->ada = home_account(&scene->home, username);
	scene->conversation_id = add_conversation(scene, moment(90 + *username), "");
	add_pending(scene, moment(300 + *username), "somebody else's");
	scene->ada = ours.ada;
	scene->conversation_id = ours.conversation_id;
}

static void a_damaged_index_is_built_anew_and_stops_nobody(void **state)
{
	struct scene *scene = *state;
	struct found_page page;

	add_pending(scene, moment(1), "an armadillo");
	keep_up(scene);
	damage(scene, "search_index", "key", "state = 'serving'");
	add_pending(scene, moment(2), "another armadillo");
	add_pending_of_another(scene, "bob");
	assert_int_equal(upkeep_adopt(scene->home.db), ERR_OK);
	keep_up(scene);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_pending"), 0);
	assert_int_equal(find_words(scene, "armadillo").items.count, 2);
	damage(scene, "search_index", "key", "state = 'serving'");
	assert_int_equal(upkeep_rebuild(scene->home.db), ERR_OK);
	keep_up(scene);
	assert_int_equal(find_words(scene, "armadillo").items.count, 2);
	damage(scene, "search_index", "key", "state = 'serving'"); /* and nothing is written */
	assert_int_equal(
		try_to_find(scene, "armadillo", (struct place){ { MOMENT_MAX }, "g" }, &page),
		ERR_CORRUPT);
	keep_up(scene);
	assert_int_equal(find_words(scene, "armadillo").items.count, 2);
}

static void a_damaged_index_that_is_being_built_is_begun_again(void **state)
{
	struct scene *scene = *state;

	add_message(scene, moment(1), "an armadillo");
	assert_int_equal(upkeep_adopt(scene->home.db), ERR_OK);
	damage(scene, "search_index", "key", "state = 'building'");
	keep_up(scene);
	assert_int_equal(find_words(scene, "armadillo").items.count, 1);
	assert_int_equal(upkeep_rebuild(scene->home.db), ERR_OK);
	damage(scene, "search_index", "key", "state = 'building'");
	assert_int_equal(upkeep_abandon(scene->home.db), ERR_OK);
	keep_up(scene);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_index"), 0);
}

static void a_damaged_block_is_built_anew(void **state)
{
	struct scene *scene = *state;

	add_pending(scene, moment(1), "an armadillo");
	keep_up(scene);
	damage(scene, "search_block", "moments", "place = 0");
	add_pending(scene, moment(2), "another armadillo");
	keep_up(scene);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_pending"), 0);
	assert_int_equal(find_words(scene, "armadillo").items.count, 2);
}

static void an_index_that_another_one_writes_is_let_alone(void **state)
{
	struct scene *scene = *state;

	add_pending(scene, moment(1), "an armadillo");
	keep_up(scene);
	home_sql(&scene->home, "UPDATE search_index SET lease_until = 99999999999999");
	add_pending(scene, moment(2), "another armadillo");
	add_pending_of_another(scene, "bob");
	keep_up(scene);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_pending"), 1);
	assert_int_equal(find_words(scene, "armadillo").items.count, 2);
}

static void who_is_stopped_lets_go(void **state)
{
	struct scene *scene = *state;
	const atomic_bool stop = true;
	const struct upkeep upkeep = { .db = scene->home.db, .stop = &stop, .settle_ms = -1000 };
	bool idle;

	add_pending(scene, moment(1), "an armadillo");
	assert_int_equal(upkeep_step(&upkeep, &idle), ERR_CANCELLED);
	assert_int_equal(number(scene, "SELECT lease_until FROM search_index"), 1);
	assert_int_equal(upkeep_rebuild(scene->home.db), ERR_OK);
	assert_int_equal(upkeep_step(&upkeep, &idle), ERR_CANCELLED);
	assert_int_equal(number(scene, "SELECT max(lease_until) FROM search_index"), 1);
	keep_up(scene);
	assert_int_equal(find_words(scene, "armadillo").items.count, 1);
}

static void *step_on(void *context)
{
	const struct upkeep upkeep = { .db = context, .settle_ms = -1000 };
	bool idle = false;
	enum err err = ERR_OK;

	while (err == ERR_OK && !idle)
		err = upkeep_step(&upkeep, &idle);
	return err == ERR_OK ? context : NULL;
}

static void two_at_once_make_one_index(void **state)
{
	enum { THREADS = 3 };
	struct scene *scene = *state;
	pthread_t threads[THREADS];
	void *done;

	for (char name[] = "a-user"; *name <= 'p'; ++*name)
		add_pending_of_another(scene, name);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, step_on, scene->home.db), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &done), 0);
		assert_non_null(done);
	}
	keep_up(scene);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_index"), 16);
	assert_int_equal(number(scene, "SELECT count(DISTINCT owner_id) FROM search_index"), 16);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_pending"), 0);
}

/* Another process begins to build between what is read and what is written; SQLite's trigger plays it. */
static void what_a_build_may_have_passed_by_stays_pending(void **state)
{
	struct scene *scene = *state;

	if (scene->home.options.url)
		skip();
	add_pending(scene, moment(1), "an armadillo");
	keep_up(scene);
	add_pending(scene, moment(2), "another armadillo");
	home_sql(&scene->home,
		 "CREATE TRIGGER builds AFTER UPDATE ON search_index WHEN NOT EXISTS "
		 "(SELECT 1 FROM search_index WHERE state = 'building') BEGIN "
		 "INSERT INTO search_index SELECT 9, owner_id, 'building', NULL, '', 0, 0, 0, 0, "
		 "99999999999999, 0 FROM search_index LIMIT 1; END");
	keep_up(scene);
	assert_int_equal(number(scene, "SELECT count(*) FROM search_pending"), 1);
}

static void the_size_is_what_is_stored(void **state)
{
	struct scene *scene = *state;
	struct search_size size;

	for (int i = 1; i <= 300; i++)
		add_pending(scene, moment(i), i % 3 ? "common word" : "common other words");
	keep_up(scene);
	assert_int_equal(index_sizes(scene->home.db, &size), ERR_OK);
	assert_int_equal(size.indexes, 1);
	assert_int_equal(size.messages, 300);
	assert_int_equal(size.blocks, number(scene, "SELECT count(*) FROM search_block"));
	assert_int_equal(size.bytes,
			 number(scene, "SELECT sum(length(moments)) FROM search_block"));
	assert_int_equal(size.pending, 0);
}

#define SCENE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(what_is_pending_is_found_before_and_after_it_is_taken_in),
		SCENE_TEST(a_common_word_is_found_along_its_blocks),
		SCENE_TEST(moments_go_into_the_block_of_their_time),
		SCENE_TEST(the_place_of_a_block_names_no_message),
		SCENE_TEST(a_page_that_has_read_enough_goes_on_in_the_next),
		SCENE_TEST(what_is_of_one_moment_is_spread_over_pages),
		SCENE_TEST(a_page_of_long_messages_is_cut),
		SCENE_TEST(one_walk_does_not_stop_another),
		SCENE_TEST(what_was_there_before_is_taken_in),
		SCENE_TEST(what_is_read_at_once_has_a_bound_in_bytes),
		SCENE_TEST(a_page_of_damaged_messages_does_not_end_a_conversation),
		SCENE_TEST(an_index_is_built_anew_under_another_key),
		SCENE_TEST(what_was_erased_leaves_the_index),
		SCENE_TEST(an_account_takes_its_index_with_it),
		SCENE_TEST(switched_off_nothing_is_left),
		SCENE_TEST(a_block_that_was_changed_or_moved_does_not_open),
		SCENE_TEST(one_writes_at_a_time),
		SCENE_TEST(a_damaged_index_is_built_anew_and_stops_nobody),
		SCENE_TEST(a_damaged_index_that_is_being_built_is_begun_again),
		SCENE_TEST(a_damaged_block_is_built_anew),
		SCENE_TEST(an_index_that_another_one_writes_is_let_alone),
		SCENE_TEST(who_is_stopped_lets_go),
		SCENE_TEST(two_at_once_make_one_index),
		SCENE_TEST(what_a_build_may_have_passed_by_stays_pending),
		SCENE_TEST(the_size_is_what_is_stored),
	};

	return RUN_TESTS(tests);
}
