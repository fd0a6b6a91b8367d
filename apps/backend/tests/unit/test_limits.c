#include "test.h"

#include "websockets/limits.h"

#define ADA "01890000-0000-7000-8000-00000000000a"
#define GRACE "01890000-0000-7000-8000-00000000000b"

static const struct socket_limits small = { .per_user = 1, .per_address = 2, .total = 3 };

static void each_limit_holds_and_comes_free(void **state)
{
	struct party *one, *two, *three, *none = NULL;
	struct limits limits;

	(void)state;
	limits_init(&limits, &small);
	assert_int_equal(limits_enter(&limits, "2001:db8::1", &one), REFUSED_NOT);
	assert_int_equal(limits_enter(&limits, "2001:db8::2", &two), REFUSED_NOT);
	assert_int_equal(limits_enter(&limits, "2001:db8::3", &none), REFUSED_ADDRESS);
	assert_int_equal(limits_enter(&limits, "192.0.2.7", &three), REFUSED_NOT);
	assert_int_equal(limits_enter(&limits, "192.0.2.8", &none), REFUSED_TOTAL);
	assert_null(none);
	limits_leave(&limits, one, NULL);
	assert_int_equal(limits_enter(&limits, "2001:db8::3", &one), REFUSED_NOT);
	limits_leave(&limits, one, NULL);
	limits_leave(&limits, two, NULL);
	limits_leave(&limits, three, NULL);
	assert_int_equal(limits.addresses.count, 0);
	limits_finish(&limits);
}

static void a_user_counts_wherever_it_comes_from(void **state)
{
	struct party *home, *work, *ada, *grace, *none = NULL;
	struct limits limits;

	(void)state;
	limits_init(&limits, &small);
	assert_int_equal(limits_enter(&limits, "192.0.2.7", &home), REFUSED_NOT);
	assert_int_equal(limits_enter(&limits, "192.0.2.8", &work), REFUSED_NOT);
	assert_int_equal(limits_admit(&limits, ADA, &ada), REFUSED_NOT);
	assert_int_equal(limits_admit(&limits, ADA, &none), REFUSED_USER);
	assert_int_equal(limits_admit(&limits, GRACE, &grace), REFUSED_NOT);
	limits_leave(&limits, home, ada);
	assert_int_equal(limits_enter(&limits, "192.0.2.7", &home), REFUSED_NOT);
	assert_int_equal(limits_admit(&limits, ADA, &ada), REFUSED_NOT);
	limits_leave(&limits, home, ada);
	limits_leave(&limits, work, grace);
	limits_finish(&limits);
}

static void what_a_user_sent_outlives_its_sockets(void **state)
{
	struct party *address, *ada, *again;
	struct limits limits;

	(void)state;
	limits_init(&limits, &small);
	assert_int_equal(limits_enter(&limits, "192.0.2.7", &address), REFUSED_NOT);
	assert_int_equal(limits_admit(&limits, ADA, &ada), REFUSED_NOT);
	assert_int_equal(rate_take(&ada->rates, RATE_PING, RATE_USER_SOCKETS, 1), RATE_FINE);
	limits_leave(&limits, address, ada);
	limits_sweep(&limits, 1);
	assert_int_equal(limits.users.count, 1);
	assert_int_equal(limits_enter(&limits, "192.0.2.7", &address), REFUSED_NOT);
	assert_int_equal(limits_admit(&limits, ADA, &again), REFUSED_NOT);
	assert_ptr_equal(ada, again);
	limits_sweep(&limits, INT64_MAX);
	assert_int_equal(limits.users.count, 1);
	limits_leave(&limits, address, again);
	limits_sweep(&limits, INT64_MAX);
	assert_int_equal(limits.users.count, 0);
	limits_finish(&limits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_limit_holds_and_comes_free),
		cmocka_unit_test(a_user_counts_wherever_it_comes_from),
		cmocka_unit_test(what_a_user_sent_outlives_its_sockets),
	};

	return RUN_TESTS(tests);
}
