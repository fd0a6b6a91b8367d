#include "base/id.h"

#include "base/clock.h"
#include "test.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, PER_THREAD = 5000 };

static void they_are_version_7_and_of_now(void **state)
{
	int64_t before_ms = clock_now().ms;
	char id[ID_SIZE], digits[13];
	int64_t ms;

	(void)state;
	id_make(id);
	assert_int_equal(strlen(id), 36);
	assert_true(id_valid(id));
	assert_int_equal(id[14], '7');
	assert_non_null(strchr("89ab", id[19]));
	memcpy(digits, id, 8);
	memcpy(digits + 8, id + 9, 4);
	digits[12] = '\0';
	ms = strtoll(digits, NULL, 16);
	assert_true(ms >= before_ms && ms <= clock_now().ms + 1);
}

static void they_increase_strictly(void **state)
{
	char former[ID_SIZE] = "", id[ID_SIZE];

	(void)state;
	for (int i = 0; i < 200000; i++) {
		id_make(id);
		assert_true(strcmp(former, id) < 0);
		memcpy(former, id, ID_SIZE);
	}
}

static void *make_many(void *context)
{
	char(*ids)[ID_SIZE] = context;

	for (int i = 0; i < PER_THREAD; i++)
		id_make(ids[i]);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void threads_get_distinct_ones(void **state)
{
	static char ids[THREADS * PER_THREAD][ID_SIZE];
	pthread_t threads[THREADS];

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, make_many, ids[i * PER_THREAD]),
				 0);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	qsort(ids, THREADS * PER_THREAD, ID_SIZE, compare);
	for (size_t i = 1; i < THREADS * PER_THREAD; i++)
		assert_string_not_equal(ids[i - 1], ids[i]);
}

static void other_texts_are_no_ids(void **state)
{
	(void)state;
	assert_true(id_valid("00000000-0000-0000-0000-000000000000"));
	assert_false(id_valid(""));
	assert_false(id_valid("00000000-0000-0000-0000-00000000000"));
	assert_false(id_valid("00000000-0000-0000-0000-0000000000000"));
	assert_false(id_valid("00000000-0000-0000-0000-00000000000A"));
	assert_false(id_valid("000000000-000-0000-0000-000000000000"));
	assert_false(id_valid("g0000000-0000-0000-0000-000000000000"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_version_7_and_of_now),
		cmocka_unit_test(they_increase_strictly),
		cmocka_unit_test(threads_get_distinct_ones),
		cmocka_unit_test(other_texts_are_no_ids),
	};

	return RUN_TESTS(tests);
}
