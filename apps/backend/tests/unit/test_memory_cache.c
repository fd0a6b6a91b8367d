/* What is kept in memory stays within its bounds, and what was asked for last stays longest. */
#include "cache/cache.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>

enum { ITEM_BYTES = 1000 };

struct item {
	struct cached cached; /* first */
	char key[16];
};

static int destroyed;

static void destroy_item(struct cached *cached)
{
	destroyed++;
	free(cached);
}

static struct item *make_item(enum cache_kind kind, int number, size_t bytes)
{
	struct item *item = calloc(1, sizeof(*item));

	snprintf(item->key, sizeof(item->key), "%d", number);
	cached_init(&item->cached, kind, item->key, bytes, destroy_item);
	return item;
}

static void put(struct cache *cache, enum cache_kind kind, int number)
{
	struct item *item = make_item(kind, number, ITEM_BYTES);

	memory_cache_put(cache, &item->cached);
	cached_unref(&item->cached);
}

static bool holds(struct cache *cache, const char *key)
{
	struct cached *cached = memory_cache_get(cache, key);

	cached_unref(cached);
	return cached != NULL;
}

static struct cache *make_cache(size_t all, size_t responses, size_t models)
{
	const size_t kind_max[CACHED_KINDS] = {
		[CACHED_PERSONAL] = responses, [CACHED_SHARED] = models
	};

	destroyed = 0;
	return memory_cache_create(all, kind_max);
}

static void the_oldest_goes_first(void **state)
{
	struct cache *cache = make_cache(5000, 5000, 5000);

	(void)state;
	for (int i = 1; i <= 4; i++)
		put(cache, CACHED_PERSONAL, i);
	assert_true(holds(cache, "1")); /* and is the latest now */
	put(cache, CACHED_PERSONAL, 5);
	assert_true(holds(cache, "1"));
	assert_false(holds(cache, "2"));
	assert_true(holds(cache, "5"));
	assert_int_equal(memory_cache_counts(cache, CACHED_PERSONAL).evictions, 1);
	assert_int_equal(destroyed, 1);
	memory_cache_destroy(cache);
	assert_int_equal(destroyed, 5);
}

static void each_kind_has_its_own_bound(void **state)
{
	struct cache *cache = make_cache(100000, 100000, 2500);

	(void)state;
	put(cache, CACHED_PERSONAL, 1);
	for (int i = 2; i <= 6; i++)
		put(cache, CACHED_SHARED, i);
	assert_true(holds(cache, "1"));
	assert_int_equal(memory_cache_counts(cache, CACHED_SHARED).entries, 2);
	assert_true(memory_cache_counts(cache, CACHED_SHARED).bytes <= 2500);
	memory_cache_destroy(cache);
}

static void together_they_have_one_too(void **state)
{
	struct cache *cache = make_cache(5000, 5000, 5000);

	(void)state;
	for (int i = 1; i <= 4; i++)
		put(cache, CACHED_PERSONAL, i);
	put(cache, CACHED_SHARED, 5);
	assert_true(holds(cache, "5"));
	assert_false(holds(cache, "1"));
	assert_true(memory_cache_counts(cache, CACHED_SHARED).bytes +
			    memory_cache_counts(cache, CACHED_PERSONAL).bytes <=
		    5000);
	memory_cache_destroy(cache);
}

static void what_is_too_large_is_not_kept(void **state)
{
	struct cache *cache = make_cache(5000, 5000, 5000);
	struct item *item = make_item(CACHED_PERSONAL, 9, 6000);

	(void)state;
	put(cache, CACHED_PERSONAL, 9);
	memory_cache_put(cache, &item->cached);
	cached_unref(&item->cached);
	assert_false(holds(cache, "9")); /* nor what it was to replace */
	assert_int_equal(destroyed, 2);
	memory_cache_destroy(cache);
}

static void who_has_one_keeps_it(void **state)
{
	struct cache *cache = make_cache(5000, 5000, 5000);
	struct cached *held;

	(void)state;
	put(cache, CACHED_PERSONAL, 1);
	held = memory_cache_get(cache, "1");
	memory_cache_clear(cache);
	assert_false(holds(cache, "1"));
	assert_int_equal(destroyed, 0);
	assert_string_equal(held->key, "1");
	cached_unref(held);
	assert_int_equal(destroyed, 1);
	memory_cache_destroy(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_goes_first),
		cmocka_unit_test(each_kind_has_its_own_bound),
		cmocka_unit_test(together_they_have_one_too),
		cmocka_unit_test(what_is_too_large_is_not_kept),
		cmocka_unit_test(who_has_one_keeps_it),
	};

	return RUN_TESTS(tests);
}
