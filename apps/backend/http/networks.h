/*
 * IP addresses and sets of networks, "127.0.0.1, 10.0.0.0/8, fd00::/8": judged in binary, since texts have many spellings.
 *
 * An IPv4 address is held as the IPv6 address that is mapped to it (RFC 4291, section 2.5.5.2), so that both are one.
 * Plain values; any thread.
 */
#ifndef WEBPLUS_HTTP_NETWORKS_H
#define WEBPLUS_HTTP_NETWORKS_H

#include "base/arena.h"
#include "base/err.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NETWORKS_MAX = 64,
	IPV4_BITS = 96, /* of the prefix that says: IPv4 */
	ADDRESS_GROUP_SIZE = INET6_ADDRSTRLEN
};

struct ip_address {
	uint8_t bytes[16];
};

struct ip_network {
	struct ip_address address;
	unsigned bits;
};

struct networks {
	struct ip_network list[NETWORKS_MAX];
	size_t count;
};

/* Four numbers, or IPv6 without brackets and zone. */
bool ip_address_parse(const char *text, struct ip_address *ret_address);
/* The one spelling of the address; four numbers for IPv4. */
void ip_address_print(const struct ip_address *address, char text[static INET6_ADDRSTRLEN]);
bool ip_address_is_v4(const struct ip_address *address);

/* What one customer has, and limits are counted by: an IPv4 address, or the /64 of an IPv6 one. */
void ip_address_reduce(struct ip_address *address);
/* What one site has, at least: the /24 of an IPv4 address, or the /48 of an IPv6 one. */
void ip_address_reduce_to_site(struct ip_address *address);

/* The same of a text, as a key to count by. What is no address stands for itself. */
void address_group(const char *peer, char group[static ADDRESS_GROUP_SIZE]);

/* A list with commas, or NULL for none. ERR_INVALID: *ret_reason names the part that is no network. */
enum err networks_parse(const char *list, struct arena *arena, struct networks *ret_networks,
			const char **ret_reason) WARN_UNUSED;
bool networks_contain(const struct networks *networks, const struct ip_address *address);

#endif
