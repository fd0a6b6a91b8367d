#include "http/networks.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

bool ip_address_is_v4(const struct ip_address *address)
{
	return memcmp(address->bytes, mapped, sizeof(mapped)) == 0;
}

bool ip_address_parse(const char *text, struct ip_address *ret_address)
{
	struct ip_address address;

	memcpy(address.bytes, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, text, address.bytes + sizeof(mapped)) != 1 &&
	    inet_pton(AF_INET6, text, address.bytes) != 1)
		return false;
	*ret_address = address;
	return true;
}

void ip_address_print(const struct ip_address *address, char text[static INET6_ADDRSTRLEN])
{
	if (ip_address_is_v4(address))
		inet_ntop(AF_INET, address->bytes + sizeof(mapped), text, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, address->bytes, text, INET6_ADDRSTRLEN);
}

void ip_address_reduce(struct ip_address *address)
{
	if (!ip_address_is_v4(address))
		memset(address->bytes + 8, 0, 8);
}

void ip_address_reduce_to_site(struct ip_address *address)
{
	if (ip_address_is_v4(address))
		address->bytes[15] = 0;
	else
		memset(address->bytes + 6, 0, 10);
}

void address_group(const char *peer, char group[static ADDRESS_GROUP_SIZE])
{
	struct ip_address address;

	if (!ip_address_parse(peer, &address)) {
		snprintf(group, ADDRESS_GROUP_SIZE, "%s", peer);
		return;
	}
	ip_address_reduce(&address);
	ip_address_print(&address, group);
}

static bool same_prefix(const struct ip_address *a, const struct ip_address *b, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	if (memcmp(a->bytes, b->bytes, bytes) != 0)
		return false;
	return rest == 0 || (a->bytes[bytes] ^ b->bytes[bytes]) >> (8 - rest) == 0;
}

/* Bits behind the prefix would be a mistake that nobody sees: 10.0.0.1/8 is refused. */
static bool ends_at(const struct ip_address *address, unsigned bits)
{
	for (unsigned bit = bits; bit < 128; bit++)
		if (address->bytes[bit / 8] >> (7 - bit % 8) & 1)
			return false;
	return true;
}

static bool parse_network(char *text, struct ip_network *ret_network)
{
	char *slash = strchr(text, '/'), *end = NULL;
	unsigned long bits = 128;
	bool v4;

	if (slash)
		*slash++ = '\0';
	if (!ip_address_parse(text, &ret_network->address))
		return false;
	v4 = strchr(text, ':') == NULL;
	if (slash) {
		bits = strtoul(slash, &end, 10);
		if (*slash < '0' || *slash > '9' || *end || bits > (v4 ? 32 : 128))
			return false;
		bits += v4 ? IPV4_BITS : 0;
	}
	ret_network->bits = (unsigned)bits;
	return ends_at(&ret_network->address, ret_network->bits);
}

enum err networks_parse(const char *list, struct arena *arena, struct networks *ret_networks,
			const char **ret_reason)
{
	static const char separators[] = ", \t";
	struct networks networks = { .count = 0 };

	for (const char *at = list ? list : ""; *(at += strspn(at, separators));) {
		size_t length = strcspn(at, separators);
		char *text = arena_strndup(arena, at, length);

		if (networks.count == NETWORKS_MAX) {
			*ret_reason = arena_printf(arena, "has more than %d parts", NETWORKS_MAX);
			return ERR_INVALID;
		}
		if (!parse_network(text, &networks.list[networks.count++])) {
			*ret_reason = arena_printf(arena,
						   "holds %.*s, which is neither an address nor a "
						   "network such as 10.0.0.0/8",
						   (int)length, at);
			return ERR_INVALID;
		}
		at += length;
	}
	*ret_networks = networks;
	return ERR_OK;
}

bool networks_contain(const struct networks *networks, const struct ip_address *address)
{
	for (size_t i = 0; i < networks->count; i++)
		if (same_prefix(&networks->list[i].address, address, networks->list[i].bits))
			return true;
	return false;
}
