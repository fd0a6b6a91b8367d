#include "base/clock.h"

#include "test.h"

#include <stdio.h>
#include <time.h>

static void check_format(int64_t ms, const char *expected)
{
	char text[TIMESTAMP_TEXT_SIZE];

	timestamp_format((struct timestamp){ ms }, text);
	assert_string_equal(text, expected);
}

static void check_parse(const char *text, int64_t expected)
{
	struct timestamp time;

	assert_int_equal(timestamp_parse(text, &time), ERR_OK);
	assert_int_equal(time.ms, expected);
}

static void known_times_are_formatted(void **state)
{
	(void)state;
	check_format(0, "1970-01-01T00:00:00.000Z");
	check_format(-1, "1969-12-31T23:59:59.999Z");
	check_format(INT64_C(951782400000), "2000-02-29T00:00:00.000Z");
	check_format(INT64_C(1795449355123), "2026-11-23T15:55:55.123Z");
	check_format(INT64_C(253402300799999), "9999-12-31T23:59:59.999Z");
	check_format(INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z");
	check_format(INT64_MAX, "9999-12-31T23:59:59.999Z");
	check_format(INT64_MIN, "0000-01-01T00:00:00.000Z");
}

static void every_day_agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t day = -719528; day < 2932897; day += 13) {
		time_t seconds = (time_t)(day * 86400 + 86399);
		char expected[64], text[TIMESTAMP_TEXT_SIZE];
		struct tm parts;

		gmtime_r(&seconds, &parts);
		snprintf(expected, sizeof(expected), "%04d-%02d-%02dT23:59:59.000Z",
			 parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
		timestamp_format((struct timestamp){ (int64_t)seconds * 1000 }, text);
		assert_string_equal(text, expected);
		check_parse(text, (int64_t)seconds * 1000);
	}
}

static void other_spellings_are_parsed(void **state)
{
	(void)state;
	check_parse("1970-01-01T00:00:00Z", 0);
	check_parse("1970-01-01t00:00:00z", 0);
	check_parse("1970-01-01T01:30:00+01:30", 0);
	check_parse("1969-12-31T19:00:00-05:00", 0);
	check_parse("1970-01-01T00:00:00.1Z", 100);
	check_parse("1970-01-01T00:00:00.123456789Z", 123);
	check_parse("2016-12-31T23:59:60Z", INT64_C(1483228800000));
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"1970",
		"1970-01-01",
		"1970-01-01T00:00:00",
		"1970-1-01T00:00:00Z",
		"1970-13-01T00:00:00Z",
		"1970-00-01T00:00:00Z",
		"1970-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"1970-01-01T24:00:00Z",
		"1970-01-01T00:60:00Z",
		"1970-01-01T00:00:61Z",
		"1970-01-01T00:00:00.Z",
		"1970-01-01T00:00:00.1234567890Z",
		"1970-01-01T00:00:00+24:00",
		"1970-01-01T00:00:00+0100",
		"1970-01-01T00:00:00Z ",
		" 1970-01-01T00:00:00Z",
		"0000-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01",
		"-970-01-01T00:00:00Z",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct timestamp time = { 42 };

		assert_int_equal(timestamp_parse(texts[i], &time), ERR_MALFORMED);
		assert_int_equal(time.ms, 42);
	}
}

static void clocks_go_forward(void **state)
{
	int64_t before_us = clock_monotonic_us();

	(void)state;
	assert_true(clock_monotonic_us() >= before_us);
	assert_true(clock_monotonic_ms() >= before_us / 1000);
	assert_true(clock_now().ms > INT64_C(1700000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_times_are_formatted),
		cmocka_unit_test(every_day_agrees_with_the_c_library),
		cmocka_unit_test(other_spellings_are_parsed),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(clocks_go_forward),
	};

	return RUN_TESTS(tests);
}
