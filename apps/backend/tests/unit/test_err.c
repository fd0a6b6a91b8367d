#include "base/err.h"

#include "test.h"

#include <string.h>

static void every_row_is_whole(void **state)
{
	(void)state;
	for (int err = 0; err < ERR_COUNT; err++) {
		int status = err_status((enum err)err);

		assert_true(strlen(err_code((enum err)err)) > 0);
		assert_true(strlen(err_title((enum err)err)) > 0);
		assert_true(status >= 200 && status < 600);
		assert_true(err == ERR_OK || err == ERR_PENDING || status >= 400);
	}
}

static void codes_are_stable_and_distinct(void **state)
{
	(void)state;
	assert_string_equal(err_code(ERR_INVALID), "validation_failed");
	assert_int_equal(err_status(ERR_INVALID), 422);
	for (int a = 0; a < ERR_COUNT; a++)
		for (int b = a + 1; b < ERR_COUNT; b++)
			assert_string_not_equal(err_code((enum err)a), err_code((enum err)b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_is_whole),
		cmocka_unit_test(codes_are_stable_and_distinct),
	};

	return RUN_TESTS(tests);
}
