/* What Redis sends is read whole, in any pieces, and nothing else is taken for an answer. */
#include "cache/resp.h"

#include "test.h"

#include <string.h>

static enum err read_text(struct arena *arena, const char *text, struct redis_value *value,
			  size_t *used)
{
	return resp_read(text, strlen(text), arena, value, used);
}

static void reads_every_type(void **state)
{
	static const char text[] = "*5\r\n+OK\r\n:-42\r\n$5\r\na\r\nbc\r\n$-1\r\n-ERR no\r\nrest";
	struct redis_value value;
	struct arena arena;
	size_t used;

	(void)state;
	arena_init(&arena);
	assert_int_equal(read_text(&arena, text, &value, &used), ERR_OK);
	assert_int_equal(used, strlen(text) - 4);
	assert_int_equal(value.type, REDIS_ARRAY);
	assert_int_equal(value.count, 5);
	assert_int_equal(value.items[0].type, REDIS_STRING);
	assert_memory_equal(value.items[0].text, "OK", 2);
	assert_int_equal(value.items[1].integer, -42);
	assert_int_equal(value.items[2].length, 5);
	assert_memory_equal(value.items[2].text, "a\r\nbc", 5);
	assert_int_equal(value.items[3].type, REDIS_NIL);
	assert_int_equal(value.items[4].type, REDIS_ERROR);
	arena_finish(&arena);
}

static void waits_for_the_rest(void **state)
{
	static const char text[] = "*2\r\n$3\r\nabc\r\n:12\r\n";
	struct redis_value value;
	struct arena arena;
	size_t used;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < strlen(text); i++)
		assert_int_equal(resp_read(text, i, &arena, &value, &used), ERR_PENDING);
	assert_int_equal(read_text(&arena, text, &value, &used), ERR_OK);
	arena_finish(&arena);
}

static void refuses_what_is_none(void **state)
{
	static const struct {
		const char *text;
		enum err err;
	} cases[] = {
		{ "HTTP/1.1 400 Bad Request\r\n", ERR_MALFORMED },
		{ ":12a\r\n", ERR_MALFORMED },
		{ ":\r\n", ERR_MALFORMED },
		{ ":9223372036854775808\r\n", ERR_MALFORMED },
		{ "$-2\r\n", ERR_MALFORMED },
		{ "$1\r\nabc", ERR_MALFORMED },
		{ "+a\rb", ERR_MALFORMED },
		{ "*2147483647\r\n", ERR_TOO_LARGE },
		{ "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", ERR_TOO_LARGE },
		{ "*16384\r\n*1\r\n", ERR_TOO_LARGE }, /* together */
	};
	struct redis_value value;
	struct arena arena;
	size_t used;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(read_text(&arena, cases[i].text, &value, &used), cases[i].err);
	arena_finish(&arena);
}

static void writes_what_it_reads(void **state)
{
	struct buf out;
	struct redis_value value;
	struct arena arena;
	size_t used;

	(void)state;
	arena_init(&arena);
	buf_init(&out, 100);
	resp_write_count(&out, 2);
	resp_write_text(&out, (struct redis_text){ "GET", 3 });
	resp_write_text(&out, (struct redis_text){ "a\0b", 3 });
	assert_int_equal(resp_read(out.data, out.length, &arena, &value, &used), ERR_OK);
	assert_int_equal(used, out.length);
	assert_memory_equal(value.items[1].text, "a\0b", 3);
	buf_finish(&out);
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_type),
		cmocka_unit_test(waits_for_the_rest),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(writes_what_it_reads),
	};

	return RUN_TESTS(tests);
}
