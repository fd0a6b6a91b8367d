#include "base/buf.h"

#include "test.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void it_grows_and_ends_in_nul(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 10000);
	assert_null(buf.data);
	for (int i = 0; i < 1000; i++) {
		buf_append_text(&buf, "abc");
		assert_int_equal(buf.data[buf.length], '\0');
	}
	assert_int_equal(buf.length, 3000);
	assert_int_equal(strlen(buf.data), 3000);
	assert_false(buf.overflow);
	buf_finish(&buf);
}

static void the_maximum_is_exact_and_overflow_stays(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 5);
	buf_append_text(&buf, "abcde");
	assert_false(buf.overflow);
	buf_append_char(&buf, 'f');
	assert_true(buf.overflow);
	assert_string_equal(buf.data, "abcde");
	buf_consume(&buf, 5);
	buf_append_char(&buf, 'g'); /* would leave a hole behind what was lost */
	assert_int_equal(buf.length, 0);
	assert_null(buf_reserve(&buf, 1));
	buf_clear(&buf);
	buf_append_text(&buf, "again");
	assert_string_equal(buf.data, "again");
	assert_false(buf.overflow);
	buf_finish(&buf);
}

static void integers_are_written_whole(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 100);
	buf_append_int(&buf, 0);
	buf_append_char(&buf, ' ');
	buf_append_int(&buf, LLONG_MIN);
	buf_append_char(&buf, ' ');
	buf_append_int(&buf, LLONG_MAX);
	assert_string_equal(buf.data, "0 -9223372036854775808 9223372036854775807");
	buf_finish(&buf);
}

static void what_was_reserved_is_committed(void **state)
{
	struct buf buf;
	char *room;

	(void)state;
	buf_init(&buf, 100);
	BUF_LITERAL(&buf, "ab");
	room = buf_reserve(&buf, 50);
	memcpy(room, "cd", 2);
	buf_commit(&buf, 2);
	assert_string_equal(buf.data, "abcd");
	assert_int_equal(buf.length, 4);
	buf_finish(&buf);
}

static void formats_are_all_or_nothing(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 8);
	buf_printf(&buf, "%d-%s", 12, "ab");
	assert_string_equal(buf.data, "12-ab");
	buf_printf(&buf, "%s", "more");
	assert_true(buf.overflow);
	assert_string_equal(buf.data, "12-ab");
	buf_finish(&buf);
}

static void the_front_is_consumed_and_the_rest_taken(void **state)
{
	struct buf buf;
	size_t length;
	char *data;

	(void)state;
	buf_init(&buf, 100);
	buf_append_text(&buf, "hello world");
	buf_consume(&buf, 6);
	assert_string_equal(buf.data, "world");
	data = buf_take(&buf, &length);
	assert_string_equal(data, "world");
	assert_int_equal(length, 5);
	assert_null(buf.data);
	free(data);
	data = buf_take(&buf, &length);
	assert_string_equal(data, "");
	assert_int_equal(length, 0);
	free(data);
	buf_append_text(&buf, "x");
	buf_release(&buf);
	assert_int_equal(buf.capacity, 0);
	assert_int_equal(buf.max, 100);
	buf_finish(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_and_ends_in_nul),
		cmocka_unit_test(the_maximum_is_exact_and_overflow_stays),
		cmocka_unit_test(integers_are_written_whole),
		cmocka_unit_test(what_was_reserved_is_committed),
		cmocka_unit_test(formats_are_all_or_nothing),
		cmocka_unit_test(the_front_is_consumed_and_the_rest_taken),
	};

	return RUN_TESTS(tests);
}
