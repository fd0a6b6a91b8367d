#include "db/write_window.h"

#include "test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { PLACES = 4, COMMITS_FOR_A_PLACE = 16, SHORT_MS = 20, LONG_MS = 10000 };

static void enter(struct write_window *window)
{
	assert_int_equal(write_window_enter(window), ERR_OK);
}

static void so_many_enter_and_no_more(void **state)
{
	struct write_window *window = write_window_create(PLACES, SHORT_MS);

	(void)state;
	for (int i = 0; i < PLACES; i++)
		enter(window);
	assert_int_equal(write_window_enter(window), ERR_UNAVAILABLE);
	write_window_leave(window);
	enter(window);
	for (int i = 0; i < PLACES; i++)
		write_window_leave(window);
	write_window_destroy(window);
}

static void a_retry_takes_a_place_and_commits_give_it_back(void **state)
{
	struct write_window *window = write_window_create(PLACES, SHORT_MS);

	(void)state;
	assert_int_equal(write_window_places(window), PLACES);
	write_window_retried(window);
	assert_int_equal(write_window_places(window), PLACES - 1);
	for (int i = 1; i < COMMITS_FOR_A_PLACE; i++)
		write_window_committed(window);
	assert_int_equal(write_window_places(window), PLACES - 1);
	write_window_committed(window);
	assert_int_equal(write_window_places(window), PLACES);
	for (int i = 0; i < 2 * COMMITS_FOR_A_PLACE; i++)
		write_window_committed(window);
	assert_int_equal(write_window_places(window), PLACES);
	write_window_destroy(window);
}

static void one_place_is_always_left(void **state)
{
	struct write_window *window = write_window_create(PLACES, SHORT_MS);

	(void)state;
	for (int i = 0; i < 3 * PLACES; i++)
		write_window_retried(window);
	assert_int_equal(write_window_places(window), 1);
	enter(window);
	assert_int_equal(write_window_enter(window), ERR_UNAVAILABLE);
	write_window_leave(window);
	write_window_destroy(window);
}

/* Those who are inside when it shrinks stay; nobody enters before enough of them have left. */
static void it_shrinks_as_they_leave(void **state)
{
	struct write_window *window = write_window_create(2, SHORT_MS);

	(void)state;
	enter(window);
	enter(window);
	write_window_retried(window);
	write_window_leave(window);
	assert_int_equal(write_window_enter(window), ERR_UNAVAILABLE);
	write_window_leave(window);
	enter(window);
	write_window_leave(window);
	write_window_destroy(window);
}

struct crowd {
	struct write_window *window;
	atomic_int inside, most;
};

static void *go_through(void *context)
{
	struct crowd *crowd = context;

	for (int i = 0; i < 200; i++) {
		int inside, most;

		if (write_window_enter(crowd->window) != ERR_OK)
			return crowd;
		inside = atomic_fetch_add(&crowd->inside, 1) + 1;
		most = atomic_load(&crowd->most);
		while (inside > most && !atomic_compare_exchange_weak(&crowd->most, &most, inside))
			;
		atomic_fetch_sub(&crowd->inside, 1);
		write_window_leave(crowd->window);
	}
	return NULL;
}

static void a_crowd_goes_through(void **state)
{
	struct crowd crowd = { .window = write_window_create(2, LONG_MS) };
	pthread_t threads[8];
	void *refused;

	(void)state;
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, go_through, &crowd);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], &refused);
		assert_null(refused);
	}
	assert_in_range(atomic_load(&crowd.most), 1, 2);
	write_window_destroy(crowd.window);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_enter_and_no_more),
		cmocka_unit_test(a_retry_takes_a_place_and_commits_give_it_back),
		cmocka_unit_test(one_place_is_always_left),
		cmocka_unit_test(it_shrinks_as_they_leave),
		cmocka_unit_test(a_crowd_goes_through),
	};

	return RUN_TESTS(tests);
}
