#include "providers/sse_parser.h"

#include "test.h"

#include <stdlib.h>
#include <string.h>

struct seen {
	struct buf text;     /* "name:data|" for each event */
	unsigned stop_after; /* 0: never */
	unsigned count;
};

static bool on_event(void *context, const char *name, const char *data, size_t length)
{
	struct seen *seen = context;

	buf_append_text(&seen->text, name);
	buf_append_char(&seen->text, ':');
	buf_append(&seen->text, data, length);
	buf_append_char(&seen->text, '|');
	seen->count++;
	return seen->count != seen->stop_after;
}

static void parse_in_pieces(const char *text, size_t length, size_t piece, const char *expected)
{
	struct seen seen = { 0 };
	struct sse_parser parser;

	buf_init(&seen.text, 1000);
	sse_parser_init(&parser, on_event, &seen);
	for (size_t at = 0; at < length; at += piece) {
		size_t size = at + piece < length ? piece : length - at;

		assert_int_equal(sse_parser_feed(&parser, text + at, size), ERR_OK);
	}
	assert_int_equal(sse_parser_end(&parser), ERR_OK);
	assert_string_equal(seen.text.length > 0 ? seen.text.data : "", expected);
	sse_parser_finish(&parser);
	buf_finish(&seen.text);
}

static void assert_events(const char *text, const char *expected)
{
	size_t length = strlen(text);

	for (size_t piece = 1; piece <= length + 1; piece++)
		parse_in_pieces(text, length, piece, expected);
}

static void events_are_the_same_in_any_pieces(void **state)
{
	(void)state;
	assert_events("data: one\n\ndata: two\n\n", "message:one|message:two|");
	assert_events("data: one\r\n\r\ndata: two\r\n\r\n", "message:one|message:two|");
	assert_events("data: one\r\rdata: two\r\r", "message:one|message:two|");
	assert_events("event: delta\ndata: a\ndata: b\n\ndata: c\n\n", "delta:a\nb|message:c|");
	assert_events("data: \xE2\x82\xAC \xF0\x9F\x90\xA6\n\n",
		      "message:\xE2\x82\xAC \xF0\x9F\x90\xA6|");
}

static void the_fine_print_of_the_standard(void **state)
{
	(void)state;
	assert_events("\xEF\xBB\xBF"
		      "data: x\n\n",
		      "message:x|");
	assert_events("data: x\n\n\xEF\xBB\xBF"
		      "data: y\n\n",
		      "message:x|");
	assert_events("data:x\n\ndata:  y\n\n", "message:x|message: y|");
	assert_events("data\n\n", "message:|");
	assert_events("data:\ndata:\n\n", "message:\n|");
	assert_events(": comment\n\n:\n\n", "");
	assert_events("event: lonely\n\ndata: x\n\n", "message:x|");
	assert_events("id: 7\nretry: 5\nDATA: no\ndatas: no\ndata: yes\n\n", "message:yes|");
	assert_events("event: 0123456789012345678901234567890123456789\ndata: x\n\n",
		      "0123456789012345678901234567890:x|");
	assert_events("", "");
}

static void the_last_event_may_lack_its_empty_line(void **state)
{
	(void)state;
	assert_events("data: [DONE]", "message:[DONE]|");
	assert_events("data: [DONE]\n", "message:[DONE]|");
}

static void a_handler_may_stop_it(void **state)
{
	static const char text[] = "data: 1\n\ndata: 2\n\ndata: 3\n\n";
	struct seen seen = { .stop_after = 2 };
	struct sse_parser parser;

	(void)state;
	buf_init(&seen.text, 1000);
	sse_parser_init(&parser, on_event, &seen);
	assert_int_equal(sse_parser_feed(&parser, text, strlen(text)), ERR_CANCELLED);
	assert_string_equal(seen.text.data, "message:1|message:2|");
	sse_parser_finish(&parser);
	buf_clear(&seen.text);
	seen.count = 1;
	sse_parser_init(&parser, on_event, &seen);
	assert_int_equal(sse_parser_feed(&parser, "data: 1", 7), ERR_OK);
	assert_int_equal(sse_parser_end(&parser), ERR_CANCELLED);
	sse_parser_finish(&parser);
	buf_finish(&seen.text);
}

static bool count_events(void *context, const char *name, const char *data, size_t length)
{
	size_t *longest = context;

	(void)name, (void)data;
	*longest = length > *longest ? length : *longest;
	return true;
}

static void lines_and_events_are_bounded(void **state)
{
	char *line = malloc(LINE_MAX_BYTES + 2);
	size_t longest = 0;
	struct sse_parser parser;

	(void)state;
	memset(line, 'x', LINE_MAX_BYTES + 1);
	memcpy(line, "data: ", 6);
	line[LINE_MAX_BYTES] = '\n';
	/* The longest line there may be, whole and in two pieces. */
	sse_parser_init(&parser, count_events, &longest);
	assert_int_equal(sse_parser_feed(&parser, line, LINE_MAX_BYTES + 1), ERR_OK);
	assert_int_equal(sse_parser_feed(&parser, "\n", 1), ERR_OK);
	assert_int_equal(longest, LINE_MAX_BYTES - 6);
	assert_int_equal(sse_parser_feed(&parser, line, 1000), ERR_OK);
	assert_int_equal(sse_parser_feed(&parser, line + 1000, LINE_MAX_BYTES + 1 - 1000), ERR_OK);
	/* A second line makes the event too long. */
	assert_int_equal(sse_parser_feed(&parser, line, LINE_MAX_BYTES + 1), ERR_TOO_LARGE);
	sse_parser_finish(&parser);
	/* A line one byte longer: in a piece, in two, and never ended. */
	line[LINE_MAX_BYTES] = 'x';
	line[LINE_MAX_BYTES + 1] = '\n';
	for (size_t first = 0; first <= 1000; first += 1000) {
		sse_parser_init(&parser, count_events, &longest);
		assert_int_equal(sse_parser_feed(&parser, line, first), ERR_OK);
		assert_int_equal(sse_parser_feed(&parser, line + first, LINE_MAX_BYTES + 2 - first),
				 ERR_TOO_LARGE);
		sse_parser_finish(&parser);
	}
	sse_parser_init(&parser, count_events, &longest);
	assert_int_equal(sse_parser_feed(&parser, line, LINE_MAX_BYTES + 1), ERR_TOO_LARGE);
	sse_parser_finish(&parser);
	assert_int_equal(longest, LINE_MAX_BYTES - 6);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_are_the_same_in_any_pieces),
		cmocka_unit_test(the_fine_print_of_the_standard),
		cmocka_unit_test(the_last_event_may_lack_its_empty_line),
		cmocka_unit_test(a_handler_may_stop_it),
		cmocka_unit_test(lines_and_events_are_bounded),
	};

	return RUN_TESTS(tests);
}
