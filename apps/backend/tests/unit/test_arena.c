#include "base/arena.h"

#include "test.h"

#include <stdalign.h>
#include <string.h>

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
	struct arena arena;
	unsigned char *pieces[500];

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < 500; i++) {
		size_t size = i * 7 % 300 + 1;

		pieces[i] = arena_alloc(&arena, size);
		assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
		for (size_t j = 0; j < size; j++)
			assert_int_equal(pieces[i][j], 0);
		memset(pieces[i], (int)(i & 0xFF), size);
	}
	for (size_t i = 0; i < 500; i++)
		for (size_t j = 0; j < i * 7 % 300 + 1; j++)
			assert_int_equal(pieces[i][j], i & 0xFF);
	arena_finish(&arena);
}

static void a_large_piece_keeps_the_free_room_in_use(void **state)
{
	struct arena arena;
	char *before, *large, *after;

	(void)state;
	arena_init(&arena);
	before = arena_alloc(&arena, 16);
	large = arena_alloc(&arena, 1 << 20);
	memset(large, 'x', 1 << 20);
	after = arena_alloc(&arena, 16);
	assert_ptr_equal(after, before + 16);
	arena_finish(&arena);
}

static void texts_are_copied(void **state)
{
	struct arena arena;
	char source[] = "abcdef";
	char *whole, *part, *empty;

	(void)state;
	arena_init(&arena);
	whole = arena_strdup(&arena, source);
	part = arena_strndup(&arena, source, 3);
	empty = arena_strndup(&arena, NULL, 0);
	source[0] = 'X';
	assert_string_equal(whole, "abcdef");
	assert_string_equal(part, "abc");
	assert_string_equal(empty, "");
	assert_null(arena_strdup(&arena, NULL));
	assert_string_equal(arena_printf(&arena, "%s-%d", "n", 42), "n-42");
	arena_finish(&arena);
}

static void it_can_be_used_again(void **state)
{
	struct arena arena;
	int *numbers;

	(void)state;
	arena_init(&arena);
	memset(arena_alloc(&arena, 3000), 0xFF, 3000);
	arena_finish(&arena);
	numbers = ARENA_ARRAY(&arena, 700, int);
	for (int i = 0; i < 700; i++)
		assert_int_equal(numbers[i], 0);
	arena_finish(&arena);
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
		cmocka_unit_test(a_large_piece_keeps_the_free_room_in_use),
		cmocka_unit_test(texts_are_copied),
		cmocka_unit_test(it_can_be_used_again),
	};

	return RUN_TESTS(tests);
}
