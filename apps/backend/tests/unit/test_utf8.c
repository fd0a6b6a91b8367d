#include "base/utf8.h"

#include "test.h"

#include <string.h>

static void encode(uint32_t c, unsigned char out[5], size_t *ret_size)
{
	size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char leads[] = { 0, 0, 0xC0, 0xE0, 0xF0 };

	for (size_t i = size - 1; i > 0; i--) {
		out[i] = (unsigned char)(0x80 | (c & 0x3F));
		c >>= 6;
	}
	out[0] = (unsigned char)(leads[size] | c);
	out[size] = '\0';
	*ret_size = size;
}

static void every_character_goes_there_and_back(void **state)
{
	unsigned char text[5];
	size_t size;

	(void)state;
	for (uint32_t c = 1; c <= 0x10FFFF; c++) {
		const char *at = (const char *)text;
		bool surrogate = c >= 0xD800 && c < 0xE000;

		encode(c, text, &size);
		assert_int_equal(utf8_valid((const char *)text, size), !surrogate);
		if (surrogate)
			continue;
		assert_int_equal(utf8_next(&at), c);
		assert_ptr_equal(at, (const char *)text + size);
		assert_int_equal(utf8_next(&at), 0);
		for (size_t part = 1; part < size; part++) {
			assert_false(utf8_valid((const char *)text, part));
			assert_int_equal(utf8_complete_prefix((const char *)text, part), 0);
		}
		assert_int_equal(utf8_complete_prefix((const char *)text, size), size);
	}
}

static void what_is_no_utf8_is_refused(void **state)
{
	static const char *const texts[] = {
		"\x80",
		"\xBF",
		"\xC0\x80", /* overlong */
		"\xC1\xBF",
		"\xE0\x9F\xBF",
		"\xF0\x8F\xBF\xBF",
		"\xED\xA0\x80",     /* surrogate */
		"\xF4\x90\x80\x80", /* above U+10FFFF */
		"\xF5\x80\x80\x80",
		"\xFF",
		"\xC3",
		"\xC3(",
		"\xE2\x82(",
		"12345678\xFF",
		"1234567\xC3",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(utf8_valid(texts[i], strlen(texts[i])));
	assert_true(utf8_valid("a\0b", 3));
	assert_true(utf8_valid("12345678 caf\xC3\xA9 12345678", 22));
}

static void characters_are_counted(void **state)
{
	const char *text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z";

	(void)state;
	assert_int_equal(utf8_count(""), 0);
	assert_int_equal(utf8_count(text), 5);
	assert_int_equal(utf8_prefix(text, 0), 0);
	assert_int_equal(utf8_prefix(text, 2), 3);
	assert_int_equal(utf8_prefix(text, 4), 10);
	assert_int_equal(utf8_prefix(text, 99), strlen(text));
	assert_int_equal(utf8_complete_prefix(text, 8), 6);
	assert_int_equal(utf8_complete_prefix(text, 11), 11);
	assert_int_equal(utf8_complete_prefix("", 0), 0);
}

static void controls_are_known(void **state)
{
	(void)state;
	assert_false(utf8_is_control('\t'));
	assert_false(utf8_is_control('\n'));
	assert_false(utf8_is_control(' '));
	assert_false(utf8_is_control(0xA0));
	assert_true(utf8_is_control('\r'));
	assert_true(utf8_is_control(0x1F));
	assert_true(utf8_is_control(0x7F));
	assert_true(utf8_is_control(0x85));
}

static void what_looks_the_same_becomes_the_same(void **state)
{
	static const char ascii[] = "plain";
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_ptr_equal(utf8_normalize(&arena, ascii), ascii);
	assert_string_equal(utf8_normalize(&arena, "e\xcc\x81"), "\xc3\xa9");
	assert_string_equal(utf8_normalize(&arena, "\xc3\xa9"), "\xc3\xa9");
	assert_string_equal(utf8_normalize(&arena, "\xe2\x84\xab"), "\xc3\x85");
	assert_null(utf8_normalize(&arena, "\xff"));
	arena_finish(&arena);
}

static const char *normalize_marks(struct arena *arena, const char *mark, int count)
{
	char text[256] = "a";

	for (int i = 0; i < count; i++)
		memcpy(text + 1 + (size_t)i * strlen(mark), mark, strlen(mark) + 1);
	return utf8_normalize(arena, text);
}

static void no_character_has_more_marks_than_a_language_needs(void **state)
{
	static const char acute[] = "\xcc\x81", falls_apart[] = "\xe0\xbd\xb3";
	struct arena arena;

	(void)state;
	arena_init(&arena);
	assert_non_null(normalize_marks(&arena, acute, UTF8_MARKS_MAX));
	assert_null(normalize_marks(&arena, acute, UTF8_MARKS_MAX + 1));
	assert_null(normalize_marks(&arena, falls_apart, UTF8_MARKS_MAX + 1));
	arena_finish(&arena);
}

static void what_is_not_seen_is_known(void **state)
{
	static const uint32_t unseen[] = { ' ',    '\n',    0xA0,    0xAD,    0x200B, 0x200D,
					   0x2028, 0x202E,  0x3000,  0xFEFF,  0x2060, 0x3164,
					   0x200F, 0x115F,  0xFFA0,  0x2800,  0xFE0F, 0x2065,
					   0xFFF8, 0xE0000, 0xE0041, 0xE01EF, 0xE0FFF };

	(void)state;
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		assert_true(utf8_is_unseen(unseen[i]));
	assert_false(utf8_is_unseen('a'));
	assert_false(utf8_is_unseen(0xE9));
	assert_false(utf8_is_unseen(0x4E00));
	assert_false(utf8_is_unseen(0x3163));
	assert_false(utf8_is_unseen(0x2801));
	assert_false(utf8_is_unseen(0x1F600));
	assert_false(utf8_is_unseen(0xFFFD));
	assert_false(utf8_is_unseen(0xE1000));
}

static void marks_that_turn_or_break_a_line_are_known(void **state)
{
	(void)state;
	assert_true(utf8_is_layout(0x202E));
	assert_true(utf8_is_layout(0x2028));
	assert_true(utf8_is_layout(0x2069));
	assert_true(utf8_is_layout(0x200E));
	assert_true(utf8_is_layout(0x200F));
	assert_true(utf8_is_layout(0x061C));
	assert_true(utf8_is_layout(0xE0000));
	assert_true(utf8_is_layout(0xE007F));
	assert_false(utf8_is_layout(0x2027));
	assert_false(utf8_is_layout(0x200C));
	assert_false(utf8_is_layout(0x200D));
	assert_false(utf8_is_layout(0xDFFFF));
	assert_false(utf8_is_layout(0xE0080));
	assert_false(utf8_is_layout('a'));
}

static void marks_are_taken_out_of_a_text(void **state)
{
	char text[] = "\u200Fa\u202E\u202C\u2066\u2069\u00E9\u200D\U0001F600b\U000E0041",
	     marks[] = "\u200E\u061C";
	char plain[] = "plain", empty[] = "";

	(void)state;
	utf8_drop_layout(text);
	assert_string_equal(text, "a\u00E9\u200D\U0001F600b");
	utf8_drop_layout(marks);
	assert_string_equal(marks, "");
	utf8_drop_layout(plain);
	assert_string_equal(plain, "plain");
	utf8_drop_layout(empty);
	assert_string_equal(empty, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_goes_there_and_back),
		cmocka_unit_test(what_looks_the_same_becomes_the_same),
		cmocka_unit_test(no_character_has_more_marks_than_a_language_needs),
		cmocka_unit_test(what_is_not_seen_is_known),
		cmocka_unit_test(marks_that_turn_or_break_a_line_are_known),
		cmocka_unit_test(marks_are_taken_out_of_a_text),
		cmocka_unit_test(what_is_no_utf8_is_refused),
		cmocka_unit_test(characters_are_counted),
		cmocka_unit_test(controls_are_known),
	};

	return RUN_TESTS(tests);
}
