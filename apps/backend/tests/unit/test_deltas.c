#include "chat/deltas.h"

#include "test.h"

#include <string.h>

static void deltas_come_back_as_they_were_cut(void **state)
{
	static const uint32_t cuts[] = { 1, 0, 127, 128, 16383, 16384, 3 };
	static char text[40000];
	struct delta_walk walk;
	struct buf lengths;
	size_t at = 0;

	(void)state;
	buf_init(&lengths, 1000);
	for (size_t i = 0; i < 7; i++) {
		deltas_append(&lengths, cuts[i]);
		at += cuts[i];
	}
	deltas_begin(&walk, (struct blob){ lengths.data, lengths.length }, text, at);
	at = 0;
	for (int i = 0; i < 7; i++) {
		assert_true(deltas_next(&walk));
		assert_int_equal(walk.seq, i + 1);
		assert_int_equal(walk.length, cuts[i]);
		assert_ptr_equal(walk.delta, text + at);
		at += cuts[i];
	}
	assert_false(deltas_next(&walk));
	assert_int_equal(walk.seq, 7);
	buf_finish(&lengths);
}

static void a_short_length_takes_one_byte(void **state)
{
	struct buf lengths;

	(void)state;
	buf_init(&lengths, 10);
	deltas_append(&lengths, 127);
	assert_int_equal(lengths.length, 1);
	deltas_append(&lengths, UINT32_MAX);
	assert_int_equal(lengths.length, 1 + DELTA_LENGTH_SIZE);
	buf_finish(&lengths);
}

static int64_t walk_all(const char *lengths, size_t size, const char *text)
{
	struct delta_walk walk;

	deltas_begin(&walk, (struct blob){ lengths, size }, text, strlen(text));
	while (deltas_next(&walk))
		;
	return walk.seq;
}

/* The lengths come from the database: damage ends the walk, and never leads out of the text. */
static void lengths_that_do_not_fit_end_the_walk(void **state)
{
	(void)state;
	assert_int_equal(walk_all(NULL, 0, ""), 0);
	assert_int_equal(walk_all(NULL, 0, "text"), 0);
	assert_int_equal(walk_all("\x02\x03", 2, "abcd"), 1);
	assert_int_equal(walk_all("\x02\x80", 2, "abcd"), 1);                 /* cut */
	assert_int_equal(walk_all("\x80\x80\x80\x80\x80\x01", 6, "abcd"), 0); /* too long */
	assert_int_equal(walk_all("\xff\xff\xff\xff\x0f", 5, "abcd"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deltas_come_back_as_they_were_cut),
		cmocka_unit_test(a_short_length_takes_one_byte),
		cmocka_unit_test(lengths_that_do_not_fit_end_the_walk),
	};

	return RUN_TESTS(tests);
}
