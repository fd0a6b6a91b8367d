/* Words of many scripts, queries of them, and what a text has of a query. */
#include "search/words.h"

#include "search/excerpt.h"
#include "search/query.h"

#include "test.h"

#include <stdio.h>
#include <string.h>

/* The words with a space between; one that is joined to the one before has a + instead. */
static const char *words_of(const char *text, char out[static 512])
{
	struct word_walk walk;
	struct word word;
	size_t length = 0;

	out[0] = '\0';
	words_begin(&walk, text);
	while (words_next(&walk, &word)) {
		assert_true(word.start < word.end && word.end <= strlen(text));
		length += (size_t)snprintf(out + length, 512 - length, "%s%.*s",
					   length == 0   ? ""
					   : word.joined ? "+"
							 : " ",
					   (int)word.length, word.text);
	}
	return out;
}

static void words_are_folded(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "", "" },
		{ " ... \n", "" },
		{ "Hello, World-wide 42!", "hello world wide 42" },
		{ "CAFÉ cafe\u0301 ＣＡＦＥ", "cafe cafe cafe" },
		{ "Straße STRASSE ﬁn", "strasse strasse fin" },
		{ "Ελλάδα Привет", "ελλαδα привет" },
		{ "co\u00ADoperate", "cooperate" },
		{ "snake_case don't", "snake case don t" },
		{ "東京 x", "東+京 x" },
		{ "ｶﾞ", "カ\u3099" },
		{ "ガ", "カ\u3099" },
		{ "👍 ok", "ok" },
		{ "كِتاب", "كتاب" },
	};
	char out[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(words_of(rows[i].text, out), rows[i].words);
}

static void a_long_word_is_cut(void **state)
{
	char text[1001], out[512];

	(void)state;
	memset(text, 'A', 1000);
	text[1000] = '\0';
	assert_int_equal(strlen(words_of(text, out)), WORD_SIZE);
}

static bool matches(const char *words, enum query_place place, const char *text, struct hits *hits)
{
	struct arena arena;
	struct query query;
	const char *reason;
	bool found;

	arena_init(&arena);
	assert_int_equal(query_parse(words, &arena, &query, &reason), ERR_OK);
	found = query_match(&query, place, text, hits);
	arena_finish(&arena);
	return found;
}

static void a_text_has_all_words_or_it_does_not_match(void **state)
{
	static const struct {
		const char *words, *text;
		bool message, title;
	} rows[] = {
		{ "b a", "a, b", true, true },
		{ "a c", "a, b", false, false },
		{ "\"a b\"", "a, b", true, true },
		{ "\"b a\"", "a, b", false, false },
		{ "\"a a b\"", "a a a b", true, true },
		{ "\"a b", "x a b", true, true },
		{ "bud", "Budget", false, true },
		{ "\"of bud\"", "of Budget", false, true },
		{ "\"bud of\"", "Budget of", false, false },
		{ "東京", "大東京都", true, true },
		{ "東都", "大東京都", false, false },
		{ "東京", "東 京", false, false },
		{ "か", "が", false, false },
	};
	struct hits hits;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(matches(rows[i].words, IN_MESSAGE, rows[i].text, &hits),
				 rows[i].message);
		assert_int_equal(matches(rows[i].words, IN_TITLE, rows[i].text, &hits),
				 rows[i].title);
	}
}

static void hits_say_where(void **state)
{
	struct hits hits;

	(void)state;
	assert_true(matches("\"a b\" c", IN_MESSAGE, "c x a b; a c", &hits));
	assert_int_equal(hits.count, 3);
	assert_int_equal(hits.list[1].start, 4);
	assert_int_equal(hits.list[1].end, 7);
	assert_int_equal(hits.list[2].start, 11);
	/* A run that ends last takes in what was found on its way. */
	assert_true(matches("a b \"a b c\"", IN_MESSAGE, "a b c", &hits));
	assert_int_equal(hits.count, 1);
	assert_int_equal(hits.list[0].start, 0);
	assert_int_equal(hits.list[0].end, 5);
}

static void an_excerpt_is_short_and_whole_characters(void **state)
{
	const struct excerpt_segment *segments;
	struct array excerpt;
	struct arena arena;
	struct hits hits;
	char text[4096];
	size_t length = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s",
					   i == 500 ? " hit " : "é");
	assert_true(matches("hit", IN_MESSAGE, text, &hits));
	arena_init(&arena);
	excerpt = excerpt_make(text, &hits, &arena);
	segments = excerpt.items;
	assert_int_equal(excerpt.count, 4);
	assert_string_equal(segments[0].text, "…");
	assert_int_equal(strlen(segments[1].text), 59 * 2 + 1);
	assert_string_equal(segments[2].text, "hit");
	assert_true(segments[2].hit);
	arena_finish(&arena);
}

static void what_has_no_word_is_refused(void **state)
{
	static const char *const rows[] = { "", "\"\"", "...", "\xcc\x81" };
	struct arena arena;
	struct query query;
	const char *reason;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(query_parse(rows[i], &arena, &query, &reason), ERR_INVALID);
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_folded),
		cmocka_unit_test(a_long_word_is_cut),
		cmocka_unit_test(a_text_has_all_words_or_it_does_not_match),
		cmocka_unit_test(hits_say_where),
		cmocka_unit_test(an_excerpt_is_short_and_whole_characters),
		cmocka_unit_test(what_has_no_word_is_refused),
	};

	return RUN_TESTS(tests);
}
