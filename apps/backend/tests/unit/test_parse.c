#include "http/parse.h"

#include "http/characters.h"
#include "http/chunked.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

static void check_class(enum char_class class, const char *others)
{
	for (int byte = 1; byte < 128; byte++) {
		bool expected = strchr(alphanumeric, byte) != NULL || strchr(others, byte) != NULL;

		if (is_class((char)byte, class) != expected)
			fail_msg("character %d of class %d", byte, class);
	}
	assert_false(is_class('\0', class));
}

/* The table against the grammar, letter by letter. */
static void classes_are_those_of_the_rfcs(void **state)
{
	(void)state;
	check_class(CHAR_TOKEN, "!#$%&'*+-.^_`|~");
	check_class(CHAR_PATH, "/-._~!$&'()*+,;=:@");
	check_class(CHAR_QUERY, "/-._~!$&'()*+,;=:@?[]{}|\\^`");
	check_class(CHAR_HOST, "-._~!$&'()*+,;=[:]");
	for (int byte = 0; byte < 256; byte++) {
		bool expected = byte == '\t' || (byte >= ' ' && byte != 0x7F);

		assert_int_equal(is_class((char)byte, CHAR_VALUE), expected);
		if (byte >= 128)
			assert_false(is_class((char)byte,
					      CHAR_TOKEN | CHAR_PATH | CHAR_QUERY | CHAR_HOST));
	}
}

static void the_end_of_a_head_is_found_at_any_split(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n";
	size_t scanned = 0, length = 0;

	(void)state;
	for (size_t have = 0; have < 27; have++)
		assert_int_equal(head_scan(text, have, 1000, &scanned, &length), ERR_PENDING);
	assert_int_equal(head_scan(text, 27, 1000, &scanned, &length), ERR_OK);
	assert_int_equal(length, 27);
	scanned = 0;
	assert_int_equal(head_scan(text, sizeof(text) - 1, 1000, &scanned, &length), ERR_OK);
	assert_int_equal(length, 27);
}

static void the_limit_of_a_head_is_exact(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	size_t scanned = 0, length;

	(void)state;
	assert_int_equal(head_scan(text, 27, 27, &scanned, &length), ERR_OK);
	scanned = 0;
	assert_int_equal(head_scan(text, 27, 26, &scanned, &length), ERR_HEADERS_TOO_LARGE);
	scanned = 0;
	assert_int_equal(head_scan(text, 26, 26, &scanned, &length), ERR_HEADERS_TOO_LARGE);
	scanned = 0;
	assert_int_equal(head_scan(text, 25, 26, &scanned, &length), ERR_PENDING);
}

static void lists_have_words(void **state)
{
	(void)state;
	assert_true(list_has_word("close", "close"));
	assert_true(list_has_word("a ,\tCLOSE , b", "close"));
	assert_false(list_has_word("closed, xclose", "close"));
	assert_false(list_has_word("", "close"));
	assert_false(list_has_word(",, ,", "close"));
	assert_true(list_has_word(",,close", "Close"));
	assert_false(list_has_word(NULL, "close"));
}

static void queries_are_bounded(void **state)
{
	char target[512] = "/?";
	const struct text_pair *query;
	const char *path;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (int i = 0; i < QUERY_PAIRS_MAX; i++)
		strncat(target, i == 0 ? "a" : "&a", sizeof(target) - strlen(target) - 1);
	assert_true(target_parse(target, &arena, &path, &query));
	assert_string_equal(query[QUERY_PAIRS_MAX - 1].name, "a");
	assert_null(query[QUERY_PAIRS_MAX].name);
	memset(target, '&', QUERY_PAIRS_MAX + 10);
	memcpy(target, "/?", 2);
	assert_false(target_parse(target, &arena, &path, &query));
	arena_finish(&arena);
}

/* The pieces put together again, or "bad" or "more". */
static void check_chunked(const char *text, size_t split, const char *expected)
{
	struct chunked chunked = { 0 };
	size_t length = strlen(text), at = 0, used, piece_length;
	const char *piece;
	char body[256];
	size_t body_length = 0;

	while (at < length && chunked.state < CHUNKED_DONE) {
		size_t end = at + split < length ? at + split : length;

		used = chunked_read(&chunked, text + at, end - at, &piece, &piece_length);
		assert_true(used > 0);
		if (piece_length > 0)
			memcpy(body + body_length, piece, piece_length);
		body_length += piece_length;
		at += used;
	}
	body[body_length] = '\0';
	if (chunked.state == CHUNKED_BAD)
		memcpy(body, "bad", 4);
	else if (chunked.state != CHUNKED_DONE)
		memcpy(body, "more", 5);
	assert_string_equal(body, expected);
}

static void chunks_are_joined_at_any_split(void **state)
{
	(void)state;
	for (size_t split = 1; split < 60; split++) {
		check_chunked("3\r\nabc\r\n00a;x=\"y\"\r\n0123456789\r\n0\r\nA: b\r\n\r\n", split,
			      "abc0123456789");
		check_chunked("0\r\n\r\n", split, "");
		check_chunked("3\r\nabcd\r\n", split, "bad");
		check_chunked("3\r\nabc\r\n0\r\n", split, "more");
	}
}

static void chunk_heads_are_written(void **state)
{
	static const size_t sizes[] = { 0, 1, 9, 10, 15, 16, 255, 4096, 65536, SIZE_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char head[CHUNK_HEAD_MAX], expected[32];
		size_t length = chunk_head_write(head, sizes[i]);

		snprintf(expected, sizeof(expected), "%zx\r\n", sizes[i]);
		assert_int_equal(length, strlen(expected));
		assert_memory_equal(head, expected, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_are_those_of_the_rfcs),
		cmocka_unit_test(the_end_of_a_head_is_found_at_any_split),
		cmocka_unit_test(the_limit_of_a_head_is_exact),
		cmocka_unit_test(lists_have_words),
		cmocka_unit_test(queries_are_bounded),
		cmocka_unit_test(chunks_are_joined_at_any_split),
		cmocka_unit_test(chunk_heads_are_written),
	};

	return RUN_TESTS(tests);
}
