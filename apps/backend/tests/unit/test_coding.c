/* What clients say of content codings, well and badly. */
#include "http/coding.h"

#include "test.h"

static const enum coding preference[] = { CODING_BROTLI, CODING_ZSTD, CODING_GZIP,
					  CODING_IDENTITY };

static void check(const char *accept, enum coding expected)
{
	struct coding_weights weights = coding_weights(accept);

	assert_int_equal(coding_choose(&weights, preference), expected);
}

static void the_client_says_which_it_likes_best(void **state)
{
	(void)state;
	check("gzip, deflate, br, zstd", CODING_BROTLI);
	check("gzip, deflate", CODING_GZIP);
	check("br;q=0.1, gzip;q=0.2, zstd;q=0.199", CODING_GZIP);
	check("zstd;q=1.000, br;q=0.999", CODING_ZSTD);
	check("GZip", CODING_GZIP);
	check("x-gzip", CODING_GZIP);
	check("br ; q=0.5 ,\tzstd ;Q=1", CODING_ZSTD);
	check("gzip;q=0.001", CODING_GZIP);
}

static void nothing_said_is_identity(void **state)
{
	(void)state;
	check(NULL, CODING_IDENTITY);
	check("", CODING_IDENTITY);
	check(" , ,", CODING_IDENTITY);
	check("deflate, compress", CODING_IDENTITY);
	check("gzipp, xgzip, brr", CODING_IDENTITY);
}

static void a_weight_of_zero_refuses(void **state)
{
	struct coding_weights weights = coding_weights("identity;q=0, gzip;q=0.000");

	(void)state;
	assert_int_equal(weights.of[CODING_IDENTITY], 0);
	assert_int_equal(weights.of[CODING_GZIP], 0);
	check("br;q=0, gzip", CODING_GZIP);
	check("gzip;q=0", CODING_IDENTITY);
	check("identity;q=0", CODING_IDENTITY);
	check("*;q=0", CODING_IDENTITY);
	check("identity, gzip;q=0.5", CODING_IDENTITY);
}

static void a_star_is_what_was_not_named(void **state)
{
	(void)state;
	check("*", CODING_BROTLI);
	check("*;q=0.5, br;q=0", CODING_ZSTD);
	check("gzip, *;q=0", CODING_GZIP);
	check("*;q=0, zstd;q=0.1", CODING_ZSTD);
	assert_int_equal(coding_weights("gzip, *;q=0").of[CODING_IDENTITY], 0);
	assert_int_equal(coding_weights("gzip").of[CODING_IDENTITY], 1);
}

static void what_is_malformed_is_not_there(void **state)
{
	static const char *const bad[] = { "br;q=",       "br;q=2",     "br;q=1.001", "br;q=.5",
					   "br;q=0.5000", "br;q=0,5x",  "br;q=a",     "br;level=3",
					   "br;",         "br;q=1;q=1", "br;q =1",    ";q=1",
					   "br q=1",      "b\"r",       "br;q=0.5 x" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check(bad[i], CODING_IDENTITY);
	check("br;q=x, gzip;q=0.1", CODING_GZIP);
	check(",,;;=q, ;q=1", CODING_IDENTITY);
}

static void codings_have_the_names_of_http(void **state)
{
	(void)state;
	assert_null(coding_name(CODING_IDENTITY));
	assert_string_equal(coding_name(CODING_GZIP), "gzip");
	assert_string_equal(coding_name(CODING_ZSTD), "zstd");
	assert_string_equal(coding_name(CODING_BROTLI), "br");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_client_says_which_it_likes_best),
		cmocka_unit_test(nothing_said_is_identity),
		cmocka_unit_test(a_weight_of_zero_refuses),
		cmocka_unit_test(a_star_is_what_was_not_named),
		cmocka_unit_test(what_is_malformed_is_not_there),
		cmocka_unit_test(codings_have_the_names_of_http),
	};

	return RUN_TESTS(tests);
}
