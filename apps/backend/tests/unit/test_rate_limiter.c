#include "test.h"

#include "websockets/rate_limiter.h"

#include <string.h>

enum { MINUTE_US = 60 * 1000 * 1000 };

static enum rate_verdict take(struct rates *rates, int64_t now_us)
{
	return rate_take(rates, RATE_AUTHENTICATE, 1, now_us);
}

static void a_bucket_warns_once_and_is_empty_at_last(void **state)
{
	struct rates rates = { .warned = 0 };
	int burst = rate_limits[RATE_AUTHENTICATE].burst, warnings = 0;

	(void)state;
	for (int i = 0; i < burst; i++) {
		enum rate_verdict verdict = take(&rates, 1);

		assert_int_not_equal(verdict, RATE_EMPTY);
		assert_true(verdict == RATE_FINE || i + 1 >= burst * 3 / 4);
		warnings += verdict == RATE_WARNED;
	}
	assert_int_equal(warnings, 1);
	assert_int_equal(take(&rates, 1), RATE_EMPTY);
}

static void it_fills_at_its_pace(void **state)
{
	struct rates rates = { .warned = 0 };
	const struct rate_limit *limit = &rate_limits[RATE_AUTHENTICATE];
	int64_t now_us = 1;

	(void)state;
	while (take(&rates, now_us) != RATE_EMPTY)
		;
	now_us += MINUTE_US / limit->per_minute - 1;
	assert_int_equal(take(&rates, now_us), RATE_EMPTY);
	now_us++;
	assert_int_not_equal(take(&rates, now_us), RATE_EMPTY);
	assert_int_equal(take(&rates, now_us), RATE_EMPTY);
	assert_false(rates_full(&rates, now_us));
	now_us += (int64_t)MINUTE_US * limit->burst / limit->per_minute;
	assert_true(rates_full(&rates, now_us));
	for (int i = 0; i < limit->burst; i++)
		assert_int_not_equal(take(&rates, now_us), RATE_EMPTY);
	assert_int_equal(take(&rates, now_us), RATE_EMPTY);
}

static void who_became_slower_is_warned_again(void **state)
{
	struct rates rates = { .warned = 0 };
	int warnings = 0;

	(void)state;
	for (int64_t now_us = 1; now_us <= 1 + 2 * (int64_t)MINUTE_US; now_us += MINUTE_US * 2)
		for (int i = 0; i < rate_limits[RATE_AUTHENTICATE].burst; i++)
			warnings += take(&rates, now_us) == RATE_WARNED;
	assert_int_equal(warnings, 2);
}

static void types_and_sizes_have_buckets_of_their_own(void **state)
{
	struct rates rates = { .warned = 0 };
	int taken = 0;

	(void)state;
	while (rate_take(&rates, RATE_PING, RATE_USER_SOCKETS, 1) != RATE_EMPTY)
		taken++;
	assert_int_equal(taken, rate_limits[RATE_PING].burst * RATE_USER_SOCKETS);
	assert_int_equal(take(&rates, 1), RATE_FINE);
}

static void each_limit_is_whole(void **state)
{
	(void)state;
	for (int type = 0; type < RATE_TYPES; type++) {
		assert_true(rate_limits[type].burst > 0 && rate_limits[type].per_minute > 0);
		assert_int_not_equal(strlen(rate_limits[type].word), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_warns_once_and_is_empty_at_last),
		cmocka_unit_test(it_fills_at_its_pace),
		cmocka_unit_test(who_became_slower_is_warned_again),
		cmocka_unit_test(types_and_sizes_have_buckets_of_their_own),
		cmocka_unit_test(each_limit_is_whole),
	};

	return RUN_TESTS(tests);
}
