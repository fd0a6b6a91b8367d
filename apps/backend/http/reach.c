#include "http/reach.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct range4 {
	uint32_t network; /* host byte order */
	unsigned bits;
};

#define IPV4(a, b, c, d)                                                                           \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const struct range4 closed4[] = {
	{ IPV4(0, 0, 0, 0), 8 },       /* this network (RFC 791) */
	{ IPV4(10, 0, 0, 0), 8 },      /* private (RFC 1918) */
	{ IPV4(100, 64, 0, 0), 10 },   /* shared by carriers (RFC 6598) */
	{ IPV4(127, 0, 0, 0), 8 },     /* loopback (RFC 1122) */
	{ IPV4(169, 254, 0, 0), 16 },  /* link-local (RFC 3927): also the metadata of clouds */
	{ IPV4(172, 16, 0, 0), 12 },   /* private */
	{ IPV4(192, 0, 0, 0), 24 },    /* protocol assignments (RFC 6890) */
	{ IPV4(192, 0, 2, 0), 24 },    /* documentation (RFC 5737) */
	{ IPV4(192, 88, 99, 0), 24 },  /* 6to4 relays (RFC 7526) */
	{ IPV4(192, 168, 0, 0), 16 },  /* private */
	{ IPV4(198, 18, 0, 0), 15 },   /* benchmarks (RFC 2544) */
	{ IPV4(198, 51, 100, 0), 24 }, /* documentation */
	{ IPV4(203, 0, 113, 0), 24 },  /* documentation */
	{ IPV4(224, 0, 0, 0), 4 },     /* multicast (RFC 5771) */
	{ IPV4(240, 0, 0, 0), 4 },     /* reserved, and broadcast */
};

struct range6 {
	uint8_t network[16];
	unsigned bits;
};

/* Within 2000::/3, the only space given out for the public (RFC 4291, section 2.4). */
static const struct range6 closed6[] = {
	{ { 0x20, 0x01, 0x00 }, 23 },       /* protocol assignments (RFC 2928), Teredo among them */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation (RFC 3849) */
	{ { 0x20, 0x02 }, 16 },             /* 6to4: any IPv4 address inside (RFC 3056) */
	{ { 0x3f, 0xff }, 20 },             /* documentation (RFC 9637) */
};

static const struct range6 global6 = { { 0x20 }, 3 };
/* NAT64 (RFC 6052): the last four bytes are the IPv4 address that is reached. */
static const struct range6 nat64 = { { 0x00, 0x64, 0xff, 0x9b }, 96 };

static bool is_public4(uint32_t address)
{
	for (size_t i = 0; i < sizeof(closed4) / sizeof(closed4[0]); i++)
		if ((address ^ closed4[i].network) >> (32 - closed4[i].bits) == 0)
			return false;
	return true;
}

static bool is_in(const uint8_t address[static 16], const struct range6 *range)
{
	unsigned bytes = range->bits / 8, rest = range->bits % 8;

	if (memcmp(address, range->network, bytes) != 0)
		return false;
	return rest == 0 || (address[bytes] ^ range->network[bytes]) >> (8 - rest) == 0;
}

static bool is_public6(const uint8_t address[static 16])
{
	if (is_in(address, &nat64))
		return is_public4(IPV4(address[12], address[13], address[14], address[15]));
	if (!is_in(address, &global6))
		return false;
	for (size_t i = 0; i < sizeof(closed6) / sizeof(closed6[0]); i++)
		if (is_in(address, &closed6[i]))
			return false;
	return true;
}

bool reach_is_public(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	/* Copied, since libcurl gives no promise about the alignment. */
	switch (address->sa_family) {
	case AF_INET:
		memcpy(&v4, address, sizeof(v4));
		return is_public4(ntohl(v4.sin_addr.s_addr));
	case AF_INET6:
		memcpy(&v6, address, sizeof(v6));
		return is_public6(v6.sin6_addr.s6_addr);
	default:
		return false;
	}
}
