#include "db/page.h"

#include "base/id.h"

#include "test.h"

#include <sodium.h>
#include <string.h>

#define SOME_ID "01234567-89ab-7cde-8f01-23456789abcd"

static struct arena arena;

static int finish_arena(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

static void a_place_comes_back(void **state)
{
	static const int64_t times[] = { 0, 1, INT64_C(1769860800123), -5, INT64_MAX, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		const char *cursor = place_encode((struct place){ { times[i] }, SOME_ID }, &arena);
		struct place place;

		assert_true(strlen(cursor) <= CURSOR_MAX);
		assert_int_equal(strspn(cursor,
					"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789-_"),
				 strlen(cursor));
		assert_int_equal(place_decode(cursor, &arena, &place), ERR_OK);
		assert_int_equal(place.time.ms, times[i]);
		assert_string_equal(place.id, SOME_ID);
	}
}

static void refuses(const char *text, size_t length)
{
	struct place place = { { 7 }, "untouched" };
	char cursor[400];

	sodium_bin2base64(cursor, sizeof(cursor), (const unsigned char *)text, length,
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	assert_int_equal(place_decode(cursor, &arena, &place), ERR_INVALID);
	assert_int_equal(place.time.ms, 7);
	assert_string_equal(place.id, "untouched");
}

#define REFUSES(text) refuses((text), sizeof(text) - 1)

static void what_the_list_did_not_give_is_refused(void **state)
{
	struct place place;

	(void)state;
	assert_int_equal(place_decode("", &arena, &place), ERR_INVALID);
	assert_int_equal(place_decode("not base64!", &arena, &place), ERR_INVALID);
	assert_int_equal(place_decode("MTI=", &arena, &place), ERR_INVALID);
	REFUSES("12");
	REFUSES("12 " SOME_ID "0");
	REFUSES("12 01234567-89AB-7cde-8f01-23456789abcd");
	REFUSES("x " SOME_ID);
	REFUSES(" " SOME_ID);
	REFUSES(" 12 " SOME_ID);
	REFUSES("+12 " SOME_ID);
	REFUSES("012 " SOME_ID);
	REFUSES("12 " SOME_ID "\0more");
	REFUSES("99999999999999999999 " SOME_ID);
	REFUSES("12 " SOME_ID SOME_ID SOME_ID); /* longer than any */
}

static void the_row_behind_a_page_is_cut_off(void **state)
{
	static const struct schema row = { .size = sizeof(int64_t) };
	int64_t items[] = { 1, 2, 3 };
	struct page page = { .items = { items, 3 } };

	(void)state;
	assert_null(page_cut(&page, &row, 3));
	assert_int_equal(page.items.count, 3);
	assert_ptr_equal(page_cut(&page, &row, 2), &items[1]);
	assert_int_equal(page.items.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_comes_back),
		cmocka_unit_test(what_the_list_did_not_give_is_refused),
		cmocka_unit_test(the_row_behind_a_page_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, finish_arena);
}
