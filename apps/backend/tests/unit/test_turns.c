#include "http/turns.h"

#include "test.h"

#define SLOW "http://slow.example:80"
#define FAST "https://fast.example"

static void a_host_that_hangs_holds_up_no_other(void **state)
{
	struct turns turns;
	struct turn slow[3], fast;

	(void)state;
	turns_init(&turns, 2, 3);
	assert_true(turns_enter(&turns, &slow[0], SLOW "/v1/chat"));
	assert_true(turns_enter(&turns, &slow[1], SLOW "/v1/models?x"));
	assert_false(turns_enter(&turns, &slow[2], "HTTP://SLOW.example:80"));
	assert_true(turns_enter(&turns, &fast, FAST));
	assert_int_equal(turns.under_way, 3);
	assert_int_equal(turns.waiting, 1);
	assert_null(turns_next(&turns));
	turns_leave(&turns, &fast);
	assert_null(turns_next(&turns)); /* there is room, but not at its host */
	turns_leave(&turns, &slow[0]);
	assert_ptr_equal(turns_next(&turns), &slow[2]);
	turns_leave(&turns, &slow[1]);
	turns_leave(&turns, &slow[2]);
	turns_leave(&turns, &slow[2]); /* twice does no harm */
	assert_int_equal(turns.under_way, 0);
	turns_finish(&turns);
}

static void hosts_take_turns_and_each_serves_the_first_to_come(void **state)
{
	struct turn *order[4];
	struct turns turns;
	struct turn first, slow[2], fast[2];

	(void)state;
	turns_init(&turns, 2, 1);
	assert_true(turns_enter(&turns, &first, SLOW));
	assert_false(turns_enter(&turns, &slow[0], SLOW));
	assert_false(turns_enter(&turns, &slow[1], SLOW));
	assert_false(turns_enter(&turns, &fast[0], FAST));
	assert_false(turns_enter(&turns, &fast[1], FAST));
	turns_leave(&turns, &first);
	for (int i = 0; i < 4; i++) {
		order[i] = turns_next(&turns);
		assert_non_null(order[i]);
		assert_null(turns_next(&turns));
		turns_leave(&turns, order[i]);
	}
	assert_ptr_equal(order[0], &slow[0]);
	assert_ptr_equal(order[1], &fast[0]);
	assert_ptr_equal(order[2], &slow[1]);
	assert_ptr_equal(order[3], &fast[1]);
	turns_finish(&turns);
}

static void who_leaves_while_waiting_is_forgotten(void **state)
{
	struct turns turns;
	struct turn first, second, third;

	(void)state;
	turns_init(&turns, 1, 1);
	assert_true(turns_enter(&turns, &first, SLOW));
	assert_false(turns_enter(&turns, &second, SLOW));
	assert_false(turns_enter(&turns, &third, SLOW));
	turns_leave(&turns, &second);
	assert_int_equal(turns.waiting, 1);
	turns_leave(&turns, &first);
	assert_ptr_equal(turns_next(&turns), &third);
	turns_leave(&turns, &third);
	assert_null(turns_next(&turns));
	turns_finish(&turns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_host_that_hangs_holds_up_no_other),
		cmocka_unit_test(hosts_take_turns_and_each_serves_the_first_to_come),
		cmocka_unit_test(who_leaves_while_waiting_is_forgotten),
	};

	return RUN_TESTS(tests);
}
