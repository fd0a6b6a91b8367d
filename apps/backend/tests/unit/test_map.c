#include "base/map.h"

#include "test.h"

#include <stdio.h>

enum { COUNT = 2000 };

static void values_are_set_replaced_and_removed(void **state)
{
	struct map map;
	int one, two;

	(void)state;
	map_init(&map);
	assert_null(map_get(&map, "a"));
	assert_null(map_remove(&map, "a"));
	assert_null(map_set(&map, "a", &one));
	assert_ptr_equal(map_get(&map, "a"), &one);
	assert_ptr_equal(map_set(&map, "a", &two), &one);
	assert_int_equal(map.count, 1);
	assert_null(map_get(&map, "A"));
	assert_null(map_set(&map, "", &one));
	assert_ptr_equal(map_get(&map, ""), &one);
	assert_ptr_equal(map_remove(&map, "a"), &two);
	assert_null(map_get(&map, "a"));
	map_finish(&map);
	assert_int_equal(map.count, 0);
}

static void fill(struct map *map, int *values)
{
	for (int i = 0; i < COUNT; i++) {
		char key[16];

		values[i] = i;
		snprintf(key, sizeof(key), "key-%d", i);
		assert_null(map_set(map, key, &values[i]));
	}
}

static void it_grows_and_finds_all(void **state)
{
	static int values[COUNT];
	struct map map;
	char key[16];

	(void)state;
	map_init(&map);
	fill(&map, values);
	assert_int_equal(map.count, COUNT);
	for (int i = 0; i < COUNT; i += 2) {
		snprintf(key, sizeof(key), "key-%d", i);
		assert_ptr_equal(map_remove(&map, key), &values[i]);
	}
	for (int i = 0; i < COUNT; i++) {
		snprintf(key, sizeof(key), "key-%d", i);
		assert_ptr_equal(map_get(&map, key), i % 2 == 0 ? NULL : &values[i]);
	}
	map_finish(&map);
}

struct visit {
	struct map *map;
	int seen[COUNT];
};

static void remove_even(const char *key, void *value, void *context)
{
	struct visit *visit = context;
	int number = *(int *)value;

	visit->seen[number]++;
	if (number % 2 == 0)
		assert_ptr_equal(map_remove(visit->map, key), value);
}

static void each_is_visited_once_and_may_be_removed(void **state)
{
	static int values[COUNT];
	static struct visit visit;
	struct map map;

	(void)state;
	map_init(&map);
	fill(&map, values);
	visit.map = &map;
	map_each(&map, remove_even, &visit);
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(visit.seen[i], 1);
	assert_int_equal(map.count, COUNT / 2);
	map_finish(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_set_replaced_and_removed),
		cmocka_unit_test(it_grows_and_finds_all),
		cmocka_unit_test(each_is_visited_once_and_may_be_removed),
	};

	return RUN_TESTS(tests);
}
