/* The models of several providers are one list, which changes when one of them tells something else. */
#include "cache/model_cache.h"

#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static struct model_cache *cache;

static int set_up(void **state)
{
	(void)state;
	cache = model_cache_create();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	model_cache_destroy(cache);
	return 0;
}

static bool put(const char *provider, const char *first, const char *second)
{
	const struct model models[] = { { .id = first, .name = first },
					{ .id = second, .name = second } };

	return model_cache_put(cache, provider, models, second ? 2 : 1);
}

static const char *ids(const struct model_list *list)
{
	static char text[500];
	size_t length = 0;

	*text = '\0';
	for (size_t i = 0; i < list->count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s ",
					   list->models[i].id);
	return text;
}

static void assert_ids(const char *expected)
{
	const struct model_list *list = model_cache_read(cache);

	assert_string_equal(ids(list), expected);
	model_cache_give_back(list);
}

static void lists_of_several_providers_are_one(void **state)
{
	(void)state;
	assert_ids("");
	assert_true(put("ollama", "z", "a"));
	assert_true(put("webplus", "guide", NULL));
	assert_true(put("lmstudio", "m", NULL));
	assert_ids("webplus/guide lmstudio/m ollama/a ollama/z ");
	assert_true(put("ollama", "b", NULL));
	assert_ids("webplus/guide lmstudio/m ollama/b ");
	assert_true(model_cache_put(cache, "ollama", NULL, 0));
	assert_ids("webplus/guide lmstudio/m ");
}

static void the_same_again_is_no_change(void **state)
{
	(void)state;
	assert_true(put("ollama", "a", "b"));
	assert_false(put("ollama", "b", "a"));
	assert_true(model_cache_mark(cache, "ollama", MODEL_UNAVAILABLE, "gone"));
	assert_false(model_cache_mark(cache, "ollama", MODEL_UNAVAILABLE, "gone"));
	assert_true(model_cache_mark(cache, "ollama", MODEL_UNAVAILABLE, "refused"));
	assert_false(model_cache_mark(cache, "nobody", MODEL_UNAVAILABLE, "gone"));
	assert_true(put("ollama", "a", "b"));
}

static void what_is_unavailable_is_still_known(void **state)
{
	enum model_status status = MODEL_LOADING;
	struct model_cache_counts counts;

	(void)state;
	put("ollama", "a", NULL);
	assert_false(model_cache_status(cache, "ollama/b", &status));
	assert_false(model_cache_status(cache, "", &status));
	assert_int_equal(status, MODEL_LOADING);
	assert_true(model_cache_status(cache, "ollama/a", &status));
	assert_int_equal(status, MODEL_READY);
	model_cache_mark(cache, "ollama", MODEL_UNAVAILABLE, "gone");
	assert_true(model_cache_status(cache, "ollama/a", &status));
	assert_int_equal(status, MODEL_UNAVAILABLE);
	counts = model_cache_counts(cache);
	assert_int_equal(counts.hits, 2);
	assert_int_equal(counts.misses, 2);
	assert_int_equal(counts.entries, 1);
	assert_true(counts.bytes > sizeof(struct model));
}

static void who_reads_a_list_keeps_it_as_it_was(void **state)
{
	const struct model_list *list;

	(void)state;
	put("ollama", "a", NULL);
	list = model_cache_read(cache);
	put("ollama", "b", NULL);
	assert_string_equal(ids(list), "ollama/a ");
	model_cache_give_back(list);
	assert_ids("ollama/b ");
}

static atomic_bool over;

/* Every list has both models or none: never a half of one. */
static void *read_on(void *context)
{
	atomic_int *wrong = context;

	while (!atomic_load(&over)) {
		const struct model_list *list = model_cache_read(cache);

		if (list->count != 2 || strcmp(list->models[0].name, list->models[1].name) == 0)
			atomic_fetch_add(wrong, 1);
		model_cache_give_back(list);
	}
	return NULL;
}

static void threads_read_while_it_changes(void **state)
{
	pthread_t readers[4];
	atomic_int wrong = 0;

	(void)state;
	put("ollama", "a", "b");
	atomic_store(&over, false);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_on, &wrong), 0);
	for (int round = 0; round < 2000; round++)
		put("ollama", round % 2 ? "a" : "c", round % 2 ? "b" : "d");
	atomic_store(&over, true);
	for (size_t i = 0; i < 4; i++)
		pthread_join(readers[i], NULL);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lists_of_several_providers_are_one, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_same_again_is_no_change, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_unavailable_is_still_known, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(who_reads_a_list_keeps_it_as_it_was, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(threads_read_while_it_changes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
