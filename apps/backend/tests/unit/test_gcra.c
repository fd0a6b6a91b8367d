#include "middleware/gcra.h"

#include "auth/sign_in_guard.h"
#include "test.h"

#include <sodium.h>
#include <stdio.h>

#define SECOND INT64_C(1000000)

static const struct gcra_limit three = { 3, 60 * SECOND };

static void a_quota_is_there_at_once_and_comes_back_evenly(void **state)
{
	struct gcra *gcra = gcra_create(100);
	int64_t now = 1000 * SECOND;
	struct gcra_state left;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(gcra_take(gcra, "a", &three, now, &left));
		assert_int_equal(left.remaining, 2 - i);
		assert_int_equal(left.reset_us, (i + 1) * 20 * SECOND);
	}
	assert_int_equal(left.retry_us, 20 * SECOND);
	assert_false(gcra_take(gcra, "a", &three, now, &left));
	assert_false(gcra_take(gcra, "a", &three, now + 20 * SECOND - 1, &left));
	assert_int_equal(left.retry_us, 1);
	assert_true(gcra_take(gcra, "a", &three, now + 20 * SECOND, &left));
	assert_false(gcra_take(gcra, "a", &three, now + 20 * SECOND, &left));
	assert_true(gcra_take(gcra, "b", &three, now, &left));
	for (int i = 0; i < 3; i++)
		assert_true(gcra_take(gcra, "a", &three, now + 1000 * SECOND, &left));
	assert_false(gcra_take(gcra, "a", &three, now + 1000 * SECOND, &left));
	gcra_destroy(gcra);
}

static void a_quota_that_does_not_divide_its_window_is_whole(void **state)
{
	static const struct gcra_limit seven = { 7, 60 * SECOND };
	struct gcra *gcra = gcra_create(100);
	struct gcra_state left;

	(void)state;
	for (int i = 0; i < 7; i++)
		assert_true(gcra_take(gcra, "a", &seven, SECOND, &left));
	assert_int_equal(left.remaining, 0);
	assert_false(gcra_take(gcra, "a", &seven, SECOND, &left));
	gcra_destroy(gcra);
}

/* Many keys in few places: the table stays as it is, and who is at its limit is forgotten last. */
static void a_full_table_forgets_who_asked_least(void **state)
{
	struct gcra *gcra = gcra_create(8);
	struct gcra_state left;
	char key[16];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_true(gcra_take(gcra, "busy", &three, SECOND, &left));
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_true(gcra_take(gcra, key, &three, SECOND, &left));
	}
	assert_false(gcra_take(gcra, "busy", &three, SECOND, &left));
	assert_int_equal(gcra_evictions(gcra), 1000 - 7);
	gcra_destroy(gcra);
}

/* ---- Guesses ---- */

static void each_guess_doubles_the_wait(void **state)
{
	struct sign_in_guard *guard = sign_in_guard_create();
	int64_t now = 5 * SECOND;

	(void)state;
	for (int i = 0; i <= PLACE_FREE_FAILURES; i++)
		assert_int_equal(sign_in_guard_begin(guard, "ada", "here", now), 0);
	for (int64_t wait_s = 1; wait_s <= 512; wait_s *= 2) {
		assert_int_equal(sign_in_guard_begin(guard, "ada", "here", now), wait_s * SECOND);
		now += wait_s * SECOND;
		assert_int_equal(sign_in_guard_begin(guard, "ada", "here", now), 0);
	}
	assert_int_equal(sign_in_guard_begin(guard, "ada", "here", now),
			 SIGN_IN_WAIT_MAX_S * SECOND);
	assert_int_equal(sign_in_guard_begin(guard, "ada", "there", now), 0);
	assert_int_equal(sign_in_guard_begin(guard, "grace", "here", now), 0);
	now += (SIGN_IN_FORGET_S + 1) * SECOND;
	for (int i = 0; i <= PLACE_FREE_FAILURES; i++)
		assert_int_equal(sign_in_guard_begin(guard, "ada", "here", now), 0);
	sign_in_guard_destroy(guard);
}

static void an_account_is_guarded_as_a_whole(void **state)
{
	struct sign_in_guard *guard = sign_in_guard_create();
	char place[16];

	(void)state;
	for (int i = 0; i <= ACCOUNT_FREE_FAILURES; i++) {
		assert_int_equal(sign_in_guard_account_wait(guard, "ada", SECOND), 0);
		snprintf(place, sizeof(place), "%d", i);
		assert_int_equal(sign_in_guard_begin(guard, "ada", place, SECOND), 0);
	}
	assert_int_equal(sign_in_guard_account_wait(guard, "ada", SECOND), SECOND);
	assert_int_equal(sign_in_guard_account_wait(guard, "grace", SECOND), 0);
	sign_in_guard_destroy(guard);
}

static void a_success_is_remembered_and_takes_its_attempt_back(void **state)
{
	struct sign_in_guard *guard = sign_in_guard_create();

	(void)state;
	assert_false(sign_in_guard_knows(guard, "ada", "here"));
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(sign_in_guard_begin(guard, "ada", "here", SECOND), 0);
		sign_in_guard_succeed(guard, "ada", "here");
	}
	assert_true(sign_in_guard_knows(guard, "ada", "here"));
	assert_false(sign_in_guard_knows(guard, "ada", "there"));
	assert_int_equal(sign_in_guard_account_wait(guard, "ada", SECOND), 0);
	sign_in_guard_destroy(guard);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quota_is_there_at_once_and_comes_back_evenly),
		cmocka_unit_test(a_quota_that_does_not_divide_its_window_is_whole),
		cmocka_unit_test(a_full_table_forgets_who_asked_least),
		cmocka_unit_test(each_guess_doubles_the_wait),
		cmocka_unit_test(an_account_is_guarded_as_a_whole),
		cmocka_unit_test(a_success_is_remembered_and_takes_its_attempt_back),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
