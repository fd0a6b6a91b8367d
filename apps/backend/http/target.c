#include "base/utf8.h"
#include "http/characters.h"
#include "http/parse.h"

#include <string.h>

/*
 * The byte that "%XY" stands for, or -1. A NUL would end the text for some and not for others: -1
 * too.
 */
static int decode_escape(const char *at)
{
	int high = at[1] != '\0' ? hex_value(at[1]) : -1;
	int low = high >= 0 ? hex_value(at[2]) : -1;
	int byte = low >= 0 ? high * 16 + low : -1;

	return byte > 0 ? byte : -1;
}

/*
 * Decodes text[0..length) in place and ends it; false where it is not valid, or not UTF-8 once
 * decoded.
 */
static bool decode(char *text, size_t length, enum char_class allowed, bool plus_is_space)
{
	const char *at = text, *end = text + length;
	char *to = text;

	while (at < end) {
		int byte = (unsigned char)*at;

		if (*at == '%') {
			byte = decode_escape(at);
			if (byte < 0 || (allowed == CHAR_PATH && byte == '/'))
				return false;
			at += 2;
		} else if (!is_class(*at, allowed)) {
			return false;
		} else if (*at == '+' && plus_is_space) {
			byte = ' ';
		}
		*to++ = (char)byte;
		at++;
	}
	*to = '\0';
	return utf8_valid(text, (size_t)(to - text));
}

/* "." and "..", which a proxy in front may have understood in another way than we would. */
static bool has_dot_segment(const char *path)
{
	while (*path == '/') {
		size_t length;

		path++;
		length = strcspn(path, "/");
		if ((length == 1 || length == 2) && memcmp(path, "..", length) == 0)
			return true;
		path += length;
	}
	return false;
}

static size_t count_pairs(const char *query)
{
	size_t count = 1;

	for (; *query != '\0'; query++)
		count += *query == '&';
	return count;
}

static bool decode_pair(char *item, size_t length, struct text_pair *ret_pair)
{
	char *equals = memchr(item, '=', length);
	size_t name_length = equals != NULL ? (size_t)(equals - item) : length;
	char *value = equals != NULL ? equals + 1 : item + length;
	size_t value_length = length - (size_t)(value - item);

	if (!decode(value, value_length, CHAR_QUERY, true) ||
	    !decode(item, name_length, CHAR_QUERY, true))
		return false;
	*ret_pair = (struct text_pair){ item, equals != NULL ? value : "" };
	return true;
}

/* Empty items ("a=1&&b=2") mean nothing; a name that comes twice is kept twice. */
static bool parse_query(char *query, struct arena *arena, const struct text_pair **ret_query)
{
	size_t count = count_pairs(query), used = 0;
	struct text_pair *pairs;

	if (count > QUERY_PAIRS_MAX)
		return false;
	pairs = ARENA_ARRAY(arena, count + 1, struct text_pair);
	while (*query != '\0') {
		size_t length = strcspn(query, "&");
		bool more = query[length] == '&';

		query[length] = '\0';
		if (length > 0 && !decode_pair(query, length, &pairs[used++]))
			return false;
		query += length + more;
	}
	*ret_query = pairs;
	return true;
}

bool target_parse(char *target, struct arena *arena, const char **ret_path,
		  const struct text_pair **ret_query)
{
	static const struct text_pair none = { NULL, NULL };
	size_t length = strcspn(target, "?");
	char *query = target[length] == '?' ? target + length + 1 : NULL;

	if (*target != '/' || length > PATH_BYTES_MAX)
		return false;
	if (!decode(target, length, CHAR_PATH, false) || has_dot_segment(target))
		return false;
	*ret_path = target;
	*ret_query = &none;
	return query == NULL || parse_query(query, arena, ret_query);
}
