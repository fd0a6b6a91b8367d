#include "http/reach.h"

#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

static bool is_public(const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return reach_is_public((const struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return reach_is_public((const struct sockaddr *)&v6);
}

static void the_internet_is_public(void **state)
{
	static const char *const addresses[] = {
		"1.1.1.1",
		"8.8.8.8",
		"9.255.255.255",
		"11.0.0.0",
		"100.63.255.255",
		"100.128.0.0",
		"126.255.255.255",
		"128.0.0.0",
		"169.253.1.1",
		"169.255.0.0",
		"172.15.255.255",
		"172.32.0.0",
		"192.0.1.0",
		"192.167.255.255",
		"192.169.0.0",
		"198.17.255.255",
		"198.20.0.0",
		"203.0.112.255",
		"223.255.255.255",
		"2606:4700:4700::1111",
		"2a00:1450::1",
		"2001:200::1",
		"2001:4860:4860::8888",
		"3ffe::1",
		"64:ff9b::8.8.8.8",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		if (!is_public(addresses[i]))
			fail_msg("%s is not public", addresses[i]);
}

static void all_else_is_not(void **state)
{
	static const char *const addresses[] = {
		"0.0.0.0",
		"0.1.2.3",
		"10.0.0.0",
		"10.255.255.255",
		"100.64.0.0",
		"100.127.255.255",
		"127.0.0.1",
		"127.255.255.255",
		"169.254.169.254",
		"172.16.0.0",
		"172.31.255.255",
		"192.0.0.1",
		"192.0.2.1",
		"192.88.99.1",
		"192.168.0.1",
		"198.18.0.1",
		"198.19.255.255",
		"198.51.100.1",
		"203.0.113.9",
		"224.0.0.1",
		"239.255.255.255",
		"240.0.0.1",
		"255.255.255.255",
		"::",
		"::1",
		"::127.0.0.1",        /* IPv4-compatible */
		"::ffff:127.0.0.1",   /* mapped */
		"::ffff:8.8.8.8",     /* mapped: no upstream has such an address */
		"::ffff:0:8.8.8.8",   /* translated (SIIT) */
		"64:ff9b::127.0.0.1", /* NAT64 */
		"64:ff9b::10.1.2.3",
		"64:ff9b::169.254.169.254",
		"64:ff9b:1::8.8.8.8", /* NAT64 for local use */
		"100::1",             /* discard */
		"2001::1",            /* Teredo */
		"2001:2::1",          /* benchmarks */
		"2001:10::1",         /* ORCHID */
		"2001:db8::1",
		"2002:7f00:1::", /* 6to4 of 127.0.0.1 */
		"2002:808:808::1",
		"3fff::1",
		"5f00::1",
		"fc00::1", /* unique local */
		"fd12:3456::1",
		"fe80::1", /* link-local */
		"fec0::1", /* site-local */
		"ff02::1",
		"4000::1", /* not given out */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		if (is_public(addresses[i]))
			fail_msg("%s is public", addresses[i]);
}

static void other_families_are_not(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/run/docker.sock" };

	(void)state;
	assert_false(reach_is_public((const struct sockaddr *)&address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_internet_is_public),
		cmocka_unit_test(all_else_is_not),
		cmocka_unit_test(other_families_are_not),
	};

	return RUN_TESTS(tests);
}
