#include "http/forwarded.h"

#include "http/characters.h"

#include <string.h>
#include <strings.h>

/* One proxy's word about who asked it. */
struct hop {
	struct ip_address address;
	bool known; /* the address is one: RFC 7239 also has "unknown" and hidden names */
	bool secure;
};

struct hops {
	struct hop *list;
	size_t count;
};

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80" */
static bool parse_node(const char *text, size_t length, struct ip_address *ret_address)
{
	char copy[INET6_ADDRSTRLEN];
	const char *colon;

	if (length > 0 && *text == '[') {
		const char *end = memchr(text, ']', length);

		if (end == NULL)
			return false;
		text++;
		length = (size_t)(end - text);
	} else {
		colon = memchr(text, ':', length);
		if (colon && !memchr(colon + 1, ':', length - (size_t)(colon + 1 - text)))
			length = (size_t)(colon - text);
	}
	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return ip_address_parse(copy, ret_address);
}

/* Room for the elements of all lines of the header: no more than there are commas and lines. */
static struct hops room_for(const struct request *request, const char *name, struct arena *arena)
{
	struct hops hops = { .count = 0 };
	size_t most = 0;

	for (const struct text_pair *pair = request->headers; pair->name != NULL; pair++) {
		if (strcmp(pair->name, name) != 0)
			continue;
		most++;
		for (const char *c = pair->value; *c != '\0'; c++)
			most += *c == ',';
	}
	hops.list = ARENA_ARRAY(arena, most, struct hop);
	return hops;
}

/* ---- X-Forwarded-For ---- */

static void read_list(struct hops *hops, const char *value)
{
	for (;;) {
		size_t length = strcspn(value, ",");
		const char *text = value;
		size_t size = length;

		for (; size > 0 && is_blank(*text); size--)
			text++;
		while (size > 0 && is_blank(text[size - 1]))
			size--;
		hops->list[hops->count].known =
			parse_node(text, size, &hops->list[hops->count].address);
		hops->count++;
		if (value[length] == '\0')
			return;
		value += length + 1;
	}
}

static bool ends_with_https(const char *value)
{
	const char *last = value ? strrchr(value, ',') : NULL;

	last = last ? last + 1 : value;
	return last && strcasecmp(last + strspn(last, " \t"), "https") == 0;
}

/* The proxy that is connected to us says how it was reached, for the whole of the way. */
static bool read_x_forwarded(struct request *request, struct hops *ret_hops)
{
	struct hops hops = room_for(request, "x-forwarded-for", &request->arena);
	const char *scheme = NULL;
	bool secure;

	for (const struct text_pair *pair = request->headers; pair->name != NULL; pair++) {
		if (strcmp(pair->name, "x-forwarded-for") == 0)
			read_list(&hops, pair->value);
		else if (strcmp(pair->name, "x-forwarded-proto") == 0)
			scheme = pair->value;
	}
	secure = ends_with_https(scheme);
	request->secure = secure;
	for (size_t i = 0; i < hops.count; i++)
		hops.list[i].secure = secure;
	*ret_hops = hops;
	return true;
}

/* ---- Forwarded: RFC 7239, section 4 ---- */

/* A token or a quoted string without escapes, which addresses need not; false for anything else. */
static bool read_value(const char **at, const char **ret_text, size_t *ret_length)
{
	bool quoted = **at == '"';
	const char *text = *at + quoted;
	size_t length = 0;

	if (quoted)
		length = strcspn(text, "\"\\");
	else
		while (is_class(text[length], CHAR_TOKEN))
			length++;
	if (quoted && text[length] != '"')
		return false;
	*ret_text = text;
	*ret_length = length;
	*at = text + length + quoted;
	return true;
}

/* name=value, into the hop. */
static bool read_pair(const char **at, struct hop *hop)
{
	const char *name = *at, *value;
	size_t name_length = 0, length;

	while (is_class(name[name_length], CHAR_TOKEN))
		name_length++;
	*at = name + name_length;
	if (name_length == 0 || **at != '=')
		return false;
	++*at;
	if (!read_value(at, &value, &length))
		return false;
	if (name_length == 3 && strncasecmp(name, "for", 3) == 0)
		hop->known = parse_node(value, length, &hop->address);
	else if (name_length == 5 && strncasecmp(name, "proto", 5) == 0)
		hop->secure = length == 5 && strncasecmp(value, "https", 5) == 0;
	return true;
}

static bool read_elements(struct hops *hops, const char *at)
{
	struct hop *hop = &hops->list[hops->count++];

	for (;;) {
		at += strspn(at, " \t");
		if (!read_pair(&at, hop))
			return false;
		at += strspn(at, " \t");
		if (*at == '\0')
			return true;
		if (*at == ',')
			hop = &hops->list[hops->count++];
		else if (*at != ';')
			return false;
		at++;
	}
}

static bool read_forwarded(struct request *request, struct hops *ret_hops)
{
	struct hops hops = room_for(request, "forwarded", &request->arena);

	for (const struct text_pair *pair = request->headers; pair->name != NULL; pair++)
		if (strcmp(pair->name, "forwarded") == 0 && !read_elements(&hops, pair->value))
			return false;
	*ret_hops = hops;
	return true;
}

/* ---- Whom to believe ---- */

static bool is_trusted(const struct proxies *proxies, const char *peer,
		       struct ip_address *ret_address)
{
	return proxies != NULL && proxies->trusted.count > 0 &&
	       ip_address_parse(peer, ret_address) &&
	       networks_contain(&proxies->trusted, ret_address);
}

bool proxies_trust(const struct proxies *proxies, const char *peer)
{
	struct ip_address address;

	return is_trusted(proxies, peer, &address);
}

bool forwarded_resolve(const struct proxies *proxies, struct request *request)
{
	struct ip_address address;
	struct hops hops;
	char *text;

	if (!is_trusted(proxies, request->peer, &address))
		return true;
	if (proxies->header == PROXY_FORWARDED ? !read_forwarded(request, &hops)
					       : !read_x_forwarded(request, &hops))
		return false;
	while (hops.count > 0 && networks_contain(&proxies->trusted, &address)) {
		const struct hop *hop = &hops.list[--hops.count];

		request->secure = hop->secure;
		if (!hop->known)
			break;
		address = hop->address;
	}
	text = arena_alloc(&request->arena, INET6_ADDRSTRLEN);
	ip_address_print(&address, text);
	request->peer = text;
	return true;
}
