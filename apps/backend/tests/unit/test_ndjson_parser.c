#include "providers/ndjson_parser.h"

#include "test.h"

#include <stdlib.h>
#include <string.h>

struct seen {
	struct buf text; /* each document and '|' */
	unsigned stop_after, count;
};

static bool on_document(void *context, const char *json, size_t length)
{
	struct seen *seen = context;

	buf_append(&seen->text, json, length);
	buf_append_char(&seen->text, '|');
	seen->count++;
	return seen->count != seen->stop_after;
}

static void parse_in_pieces(const char *text, size_t length, size_t piece, const char *expected)
{
	struct seen seen = { 0 };
	struct ndjson_parser parser;

	buf_init(&seen.text, 1000);
	ndjson_parser_init(&parser, on_document, &seen);
	for (size_t at = 0; at < length; at += piece) {
		size_t size = at + piece < length ? piece : length - at;

		assert_int_equal(ndjson_parser_feed(&parser, text + at, size), ERR_OK);
	}
	assert_int_equal(ndjson_parser_end(&parser), ERR_OK);
	assert_string_equal(seen.text.length > 0 ? seen.text.data : "", expected);
	ndjson_parser_finish(&parser);
	buf_finish(&seen.text);
}

static void assert_documents(const char *text, const char *expected)
{
	size_t length = strlen(text);

	for (size_t piece = 1; piece <= length + 1; piece++)
		parse_in_pieces(text, length, piece, expected);
}

static void documents_are_the_same_in_any_pieces(void **state)
{
	(void)state;
	assert_documents("{\"a\":1}\n{\"b\":2}\n", "{\"a\":1}|{\"b\":2}|");
	assert_documents("{\"a\":1}\r\n{\"b\":2}\r\n", "{\"a\":1}|{\"b\":2}|");
	assert_documents("{\"a\":\"\xE2\x82\xAC\"}\n", "{\"a\":\"\xE2\x82\xAC\"}|");
	assert_documents("{\"a\":1}\n{\"b\":2}", "{\"a\":1}|{\"b\":2}|");
	assert_documents("\n \r\n\t{\"a\" : 1} \n\n", "{\"a\" : 1}|");
	assert_documents("{\"a\":\r1}\n", "{\"a\":\r1}|");
	assert_documents("", "");
}

static void a_handler_may_stop_it(void **state)
{
	struct seen seen = { .stop_after = 1 };
	struct ndjson_parser parser;

	(void)state;
	buf_init(&seen.text, 1000);
	ndjson_parser_init(&parser, on_document, &seen);
	assert_int_equal(ndjson_parser_feed(&parser, "1\n2\n", 4), ERR_CANCELLED);
	assert_string_equal(seen.text.data, "1|");
	ndjson_parser_finish(&parser);
	buf_finish(&seen.text);
}

static void documents_are_bounded(void **state)
{
	char *line = malloc(LINE_MAX_BYTES + 1);
	struct seen seen = { 0 };
	struct ndjson_parser parser;

	(void)state;
	memset(line, 'x', LINE_MAX_BYTES + 1);
	buf_init(&seen.text, LINE_MAX_BYTES + 1);
	ndjson_parser_init(&parser, on_document, &seen);
	assert_int_equal(ndjson_parser_feed(&parser, line, LINE_MAX_BYTES), ERR_OK);
	assert_int_equal(ndjson_parser_feed(&parser, "\n", 1), ERR_OK);
	assert_int_equal(seen.text.length, LINE_MAX_BYTES + 1);
	assert_int_equal(ndjson_parser_feed(&parser, line, LINE_MAX_BYTES + 1), ERR_TOO_LARGE);
	ndjson_parser_finish(&parser);
	buf_finish(&seen.text);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_the_same_in_any_pieces),
		cmocka_unit_test(a_handler_may_stop_it),
		cmocka_unit_test(documents_are_bounded),
	};

	return RUN_TESTS(tests);
}
