#include "http/forwarded.h"

#include "test.h"

#include <string.h>

static bool contains(const char *list, const char *address)
{
	struct networks networks;
	struct ip_address parsed;
	struct arena arena;
	const char *reason;

	arena_init(&arena);
	assert_int_equal(networks_parse(list, &arena, &networks, &reason), ERR_OK);
	arena_finish(&arena);
	assert_true(ip_address_parse(address, &parsed));
	return networks_contain(&networks, &parsed);
}

static void networks_hold_what_lies_in_them(void **state)
{
	(void)state;
	assert_false(contains(NULL, "127.0.0.1"));
	assert_false(contains("", "127.0.0.1"));
	assert_true(contains("127.0.0.1", "127.0.0.1"));
	assert_true(contains("127.0.0.1", "::ffff:127.0.0.1"));
	assert_false(contains("127.0.0.1", "127.0.0.2"));
	assert_false(contains("127.0.0.1", "::1"));
	assert_true(contains("::1, 10.0.0.0/8", "10.255.0.1"));
	assert_false(contains("::1, 10.0.0.0/8", "11.0.0.1"));
	assert_true(contains("10.0.0.0/9", "10.127.255.255"));
	assert_false(contains("10.0.0.0/9", "10.128.0.0"));
	assert_true(contains("0.0.0.0/0", "203.0.113.9"));
	assert_false(contains("0.0.0.0/0", "2001:db8::1"));
	assert_true(contains("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(contains("2001:db8::/33", "2001:db8:8000::1"));
}

static void what_is_no_network_is_refused_and_named(void **state)
{
	static const char *const lists[] = {
		"localhost",      "10.0.0.0/33", "10.0.0.1/8",  "10.0.0.0/",
		"10.0.0.0/8x",    "10.0.0/8",    "10.0.0.0/-1", "::1/129",
		"2001:db8::1/64", "[::1]",       "fe80::1%lo",  "/8",
		"10.0.0.0/ 8",    "*",
	};
	struct networks networks;
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const char *reason = NULL;

		assert_int_equal(networks_parse(lists[i], &arena, &networks, &reason), ERR_INVALID);
		assert_non_null(strstr(reason, "neither an address nor a network"));
	}
	arena_finish(&arena);
}

static void no_more_networks_than_there_is_room_for(void **state)
{
	char list[NETWORKS_MAX * 8 + 16] = "";
	struct networks networks;
	struct arena arena;
	const char *reason;

	(void)state;
	arena_init(&arena);
	for (int i = 0; i < NETWORKS_MAX; i++)
		strncat(list, "::1, ", sizeof(list) - strlen(list) - 1);
	assert_int_equal(networks_parse(list, &arena, &networks, &reason), ERR_OK);
	assert_int_equal(networks.count, NETWORKS_MAX);
	strncat(list, "::1", sizeof(list) - strlen(list) - 1);
	assert_int_equal(networks_parse(list, &arena, &networks, &reason), ERR_INVALID);
	arena_finish(&arena);
}

/* ---- Whom a request comes from ---- */

struct expected {
	const char *peer;           /* that is connected */
	const char *first, *second; /* lines of the header; NULL: none */
	const char *proto;
	const char *seen;
	bool secure;
};

/* `seen` NULL: the request is refused. */
static void resolve(const struct expected *row, enum proxy_header header, const char *name)
{
	struct text_pair headers[4] = { { NULL, NULL } };
	struct proxies proxies = { .header = header };
	struct request request = { .peer = row->peer, .headers = headers };
	const char *reason;
	size_t count = 0;

	arena_init(&request.arena);
	assert_int_equal(networks_parse("127.0.0.1, 10.0.0.0/8, 2001:db8:9::/48", &request.arena,
					&proxies.trusted, &reason),
			 ERR_OK);
	if (row->first)
		headers[count++] = (struct text_pair){ name, row->first };
	if (row->second)
		headers[count++] = (struct text_pair){ name, row->second };
	if (row->proto)
		headers[count] = (struct text_pair){ "x-forwarded-proto", row->proto };
	assert_int_equal(forwarded_resolve(&proxies, &request), row->seen != NULL);
	if (row->seen != NULL) {
		assert_string_equal(request.peer, row->seen);
		assert_int_equal(request.secure, row->secure);
	}
	arena_finish(&request.arena);
}

static void the_rightmost_address_that_is_no_proxy_counts(void **state)
{
	static const struct expected rows[] = {
		/* nobody trusted says it: not believed */
		{ "203.0.113.7", "1.1.1.1", NULL, "https", "203.0.113.7", false },
		{ "::1", "1.1.1.1", NULL, "https", "::1", false },
		/* a proxy does */
		{ "127.0.0.1", NULL, NULL, NULL, "127.0.0.1", false },
		{ "127.0.0.1", NULL, NULL, "https", "127.0.0.1", true },
		{ "127.0.0.1", "203.0.113.7", NULL, "https", "203.0.113.7", true },
		{ "127.0.0.1", "203.0.113.7", NULL, "http", "203.0.113.7", false },
		{ "127.0.0.1", "203.0.113.7", NULL, "https, http", "203.0.113.7", false },
		{ "127.0.0.1", "203.0.113.7:4711", NULL, NULL, "203.0.113.7", false },
		{ "127.0.0.1", "2001:DB8::0:1", NULL, NULL, "2001:db8::1", false },
		{ "127.0.0.1", "[2001:db8::1]:4711", NULL, NULL, "2001:db8::1", false },
		{ "127.0.0.1", "::ffff:203.0.113.7", NULL, NULL, "203.0.113.7", false },
		/* what the client wrote itself stands left of it */
		{ "127.0.0.1", "1.1.1.1, 203.0.113.7", NULL, NULL, "203.0.113.7", false },
		{ "127.0.0.1", "1.1.1.1", "203.0.113.7", NULL, "203.0.113.7", false },
		{ "127.0.0.1", "203.0.113.7", "1.1.1.1", NULL, "1.1.1.1", false },
		{ "127.0.0.1", "10.0.0.9, 203.0.113.7", NULL, NULL, "203.0.113.7", false },
		/* a chain of our own */
		{ "127.0.0.1", "203.0.113.7, 10.1.2.3", NULL, NULL, "203.0.113.7", false },
		{ "127.0.0.1", "203.0.113.7,2001:db8:9::1 , 10.1.2.3", NULL, NULL, "203.0.113.7",
		  false },
		{ "127.0.0.1", "10.0.0.1, 10.1.2.3", NULL, NULL, "10.0.0.1", false },
		/* what is no address ends the walk */
		{ "127.0.0.1", "203.0.113.7, unknown", NULL, NULL, "127.0.0.1", false },
		{ "127.0.0.1", "203.0.113.7, unknown, 10.1.2.3", NULL, NULL, "10.1.2.3", false },
		{ "127.0.0.1", "", NULL, NULL, "127.0.0.1", false },
		{ "127.0.0.1", ",,", NULL, NULL, "127.0.0.1", false },
		{ "127.0.0.1", "203.0.113.7,", NULL, NULL, "127.0.0.1", false },
		{ "127.0.0.1", "[::1", NULL, NULL, "127.0.0.1", false },
		{ "127.0.0.1", "1.1.1.1\"; evil", NULL, NULL, "127.0.0.1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		resolve(&rows[i], PROXY_X_FORWARDED, "x-forwarded-for");
}

static void forwarded_says_the_same_in_its_own_words(void **state)
{
	static const struct expected rows[] = {
		{ "203.0.113.7", "for=1.1.1.1;proto=https", NULL, NULL, "203.0.113.7", false },
		{ "127.0.0.1", "for=203.0.113.7", NULL, "https", "203.0.113.7", false },
		{ "127.0.0.1", "FOR=203.0.113.7;Proto=HTTPS;by=10.0.0.1", NULL, NULL, "203.0.113.7",
		  true },
		{ "127.0.0.1", "for=\"[2001:db8::1]:47\" ; proto=\"https\"", NULL, NULL,
		  "2001:db8::1", true },
		{ "127.0.0.1", "for=1.1.1.1;proto=https, for=203.0.113.7;proto=http", NULL, NULL,
		  "203.0.113.7", false },
		{ "127.0.0.1", "for=203.0.113.7;proto=https", "for=10.0.0.2;proto=http", NULL,
		  "203.0.113.7", true },
		{ "127.0.0.1", "for=203.0.113.7, for=unknown", NULL, NULL, "127.0.0.1", false },
		{ "127.0.0.1", "for=203.0.113.7, for=_hidden;proto=https", NULL, NULL, "127.0.0.1",
		  true },
		{ "127.0.0.1", "for=203.0.113.7;host=\"a,b\"", NULL, NULL, "203.0.113.7", false },
		/* not well made: a quote that a client leaves open may swallow what a proxy adds */
		{ "127.0.0.1", "for=\", for=203.0.113.7;proto=https", NULL, NULL, NULL, false },
		{ "127.0.0.1", "for=203.0.113.7;proto=https;", NULL, NULL, NULL, false },
		{ "127.0.0.1", "for=\"203.0.113.7", NULL, NULL, NULL, false },
		{ "127.0.0.1", "for=\"203.0.113.7\\\"\"", NULL, NULL, NULL, false },
		{ "127.0.0.1", "203.0.113.7", NULL, NULL, NULL, false },
		{ "127.0.0.1", "", NULL, NULL, NULL, false },
		{ "127.0.0.1", ",", NULL, NULL, NULL, false },
		{ "203.0.113.7", "for=\"", NULL, NULL, "203.0.113.7", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		resolve(&rows[i], PROXY_FORWARDED, "forwarded");
}

static void the_header_that_is_not_named_is_not_read(void **state)
{
	static const struct expected row = { "127.0.0.1", "203.0.113.7", NULL,
					     NULL,        "127.0.0.1",   false };
	static const struct expected other = { "127.0.0.1", "for=203.0.113.7", NULL,
					       NULL,        "127.0.0.1",       false };

	(void)state;
	resolve(&row, PROXY_FORWARDED, "x-forwarded-for");
	resolve(&other, PROXY_X_FORWARDED, "forwarded");
}

static void assert_group(const char *peer, const char *expected)
{
	char group[ADDRESS_GROUP_SIZE];

	address_group(peer, group);
	assert_string_equal(group, expected);
}

static void a_network_of_ipv6_is_one_address(void **state)
{
	(void)state;
	assert_group("192.0.2.7", "192.0.2.7");
	assert_group("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
	assert_group("2001:db8:1:2::1", "2001:db8:1:2::");
	assert_group("2001:db8:1:3::1", "2001:db8:1:3::");
	assert_group("::1", "::");
	assert_group("::ffff:192.0.2.7", "192.0.2.7");
	assert_group("", "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(networks_hold_what_lies_in_them),
		cmocka_unit_test(what_is_no_network_is_refused_and_named),
		cmocka_unit_test(no_more_networks_than_there_is_room_for),
		cmocka_unit_test(a_network_of_ipv6_is_one_address),
		cmocka_unit_test(the_rightmost_address_that_is_no_proxy_counts),
		cmocka_unit_test(forwarded_says_the_same_in_its_own_words),
		cmocka_unit_test(the_header_that_is_not_named_is_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
