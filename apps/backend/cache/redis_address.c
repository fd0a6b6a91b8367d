#include "cache/redis_connection.h"

#include <ctype.h>
#include <string.h>

static const char *const scheme = "redis://";
static const char *const default_port = "6379";

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986, section 2.1; NULL where a percent sign stands for nothing. */
static const char *percent_decode(struct arena *arena, const char *text, size_t length)
{
	char *out = arena_alloc(arena, length + 1);
	size_t at = 0;

	for (size_t i = 0; i < length; i++) {
		int high, low;

		if (text[i] != '%') {
			out[at++] = text[i];
			continue;
		}
		high = i + 2 < length ? hex_digit(text[i + 1]) : -1;
		low = high >= 0 ? hex_digit(text[i + 2]) : -1;
		if (high < 0 || low < 0 || high + low == 0)
			return NULL;
		out[at++] = (char)(high * 16 + low);
		i += 2;
	}
	return out;
}

/* "user:password", ":password" or "password". */
static enum err parse_user(struct arena *arena, const char *text, size_t length,
			   struct redis_address *address)
{
	const char *colon = memchr(text, ':', length);
	size_t user = colon ? (size_t)(colon - text) : 0;
	const char *password = colon ? colon + 1 : text;

	address->user = user > 0 ? percent_decode(arena, text, user) : NULL;
	address->password = percent_decode(arena, password, length - (size_t)(password - text));
	return (user > 0 && !address->user) || !address->password ? ERR_INVALID : ERR_OK;
}

/* "host", "host:port", "[::1]:port". */
static enum err parse_host(struct arena *arena, const char *text, size_t length,
			   struct redis_address *address)
{
	const char *end = text + length, *host_end, *colon;

	if (length > 0 && *text == '[') {
		host_end = memchr(text, ']', length);
		if (!host_end)
			return ERR_INVALID;
		address->host = arena_strndup(arena, text + 1, (size_t)(host_end - text - 1));
		colon = host_end + 1;
	} else {
		colon = memchr(text, ':', length);
		host_end = colon ? colon : end;
		colon = host_end;
		address->host = arena_strndup(arena, text, (size_t)(host_end - text));
	}
	address->port = default_port;
	if (colon < end && *colon == ':')
		address->port = arena_strndup(arena, colon + 1, (size_t)(end - colon - 1));
	else if (colon != end)
		return ERR_INVALID;
	return *address->host && *address->port ? ERR_OK : ERR_INVALID;
}

static bool is_number(const char *text, size_t digits_max)
{
	size_t length = strlen(text);

	return length > 0 && length <= digits_max && strspn(text, "0123456789") == length;
}

static enum err parse(const char *text, struct arena *arena, struct redis_address *address)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	const char *at = memchr(text, '@', length);
	enum err err = ERR_OK;

	if (at) {
		err = parse_user(arena, text, (size_t)(at - text), address);
		length -= (size_t)(at + 1 - text);
		text = at + 1;
	}
	if (err == ERR_OK)
		err = parse_host(arena, text, length, address);
	if (err != ERR_OK)
		return err;
	address->database = slash && slash[1] ? slash + 1 : "0";
	return is_number(address->port, 5) && is_number(address->database, 5) ? ERR_OK
									      : ERR_INVALID;
}

enum err redis_address_parse(const char *url, struct arena *arena,
			     struct redis_address *ret_address, const char **ret_reason)
{
	struct redis_address address = { 0 };
	const char *own = arena_strdup(arena, url);

	if (strncmp(own, scheme, strlen(scheme)) != 0 ||
	    parse(own + strlen(scheme), arena, &address) != ERR_OK) {
		*ret_reason = "the address of Redis must look like "
			      "redis://user:password@host:6379/0";
		return ERR_INVALID;
	}
	*ret_address = address;
	return ERR_OK;
}
