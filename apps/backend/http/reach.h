/*
 * Which addresses a fetch may connect to: judged in binary, on the address itself, never on a name
 * or a text, since names change between look and use, and texts have many spellings. Callable from
 * any thread.
 */
#ifndef WEBPLUS_HTTP_REACH_H
#define WEBPLUS_HTTP_REACH_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Whether the address is one of the public internet: not of this host, a private or local network,
 * a carrier's shared space, multicast, documentation, or reserved (IANA special-purpose
 * registries), and no IPv6 address that stands for such an IPv4 address (mapped, NAT64) or may
 * (6to4, Teredo).
 */
bool reach_is_public(const struct sockaddr *address);

#endif
