#include "http/parse.h"

#include "http/characters.h"

#include <string.h>
#include <strings.h>

/* The lines of a head, one after the other: the text between `at` and `end` is not yet read. */
struct lines {
	char *at, *end;
};

enum err head_scan(const char *data, size_t length, size_t max, size_t *scanned, size_t *ret_length)
{
	size_t limit = length < max ? length : max;
	const char *feed;

	while (*scanned < limit) {
		size_t at;

		feed = memchr(data + *scanned, '\n', limit - *scanned);
		if (feed == NULL) {
			*scanned = limit;
			break;
		}
		at = (size_t)(feed - data);
		if (at == 0 || data[at - 1] != '\r')
			return ERR_MALFORMED;
		*scanned = at + 1;
		if (at >= 3 && data[at - 2] == '\n') {
			*ret_length = at + 1;
			return ERR_OK;
		}
	}
	return limit == max ? ERR_HEADERS_TOO_LARGE : ERR_PENDING;
}

/* Cuts off the next line, without its CRLF. head_scan has seen to it that there is one. */
static char *next_line(struct lines *lines, size_t *ret_length)
{
	char *line = lines->at;
	char *feed = memchr(line, '\n', (size_t)(lines->end - line));

	*ret_length = (size_t)(feed - 1 - line);
	feed[-1] = '\0';
	lines->at = feed + 1;
	return line;
}

static bool is_token(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!is_class(text[i], CHAR_TOKEN))
			return false;
	return length > 0;
}

/*
 * "HTTP/1." DIGIT; the minor version is another's business as long as the major one is ours (RFC
 * 9110, section 2.5).
 */
static bool parse_version(const char *text, size_t length, struct head *head)
{
	if (length != 8 || memcmp(text, "HTTP/1.", 7) != 0 || text[7] < '0' || text[7] > '9')
		return false;
	head->http_1_0 = text[7] == '0';
	head->keep_alive = !head->http_1_0;
	return true;
}

static const char *parse_request_line(char *line, size_t length, struct head *head,
				      char **ret_target)
{
	char *end = line + length;
	char *target = memchr(line, ' ', length);
	char *version;

	if (target == NULL || !is_token(line, (size_t)(target - line)))
		return "The method is not valid.";
	*target++ = '\0';
	version = memchr(target, ' ', (size_t)(end - target));
	if (version == NULL || version == target ||
	    memchr(target, '\0', (size_t)(version - target)) != NULL)
		return "The request line must be a method, a target and a version.";
	*version++ = '\0';
	if (!parse_version(version, (size_t)(end - version), head))
		return "The version must be HTTP/1.0 or HTTP/1.1.";
	head->method = line;
	*ret_target = target;
	return NULL;
}

/*
 * Cuts the name off at its colon, in lower case; NULL where it is not a token with the colon right
 * behind it.
 */
static char *cut_name(char *line)
{
	char *at = line;

	while (is_class(*at, CHAR_TOKEN)) {
		*at = (char)to_lower(*at);
		at++;
	}
	if (at == line || *at != ':')
		return NULL;
	*at = '\0';
	return at + 1;
}

/* Trims the value; NULL where it holds a control character (a NUL and a bare CR too). */
static char *trim_value(char *value, char *end)
{
	while (is_blank(*value))
		value++;
	while (end > value && is_blank(end[-1]))
		end--;
	for (const char *at = value; at < end; at++)
		if (!is_class(*at, CHAR_VALUE))
			return NULL;
	*end = '\0';
	return value;
}

static enum err parse_fields(struct lines *lines, struct text_pair *pairs, size_t max,
			     const char **ret_detail)
{
	size_t count = 0, length;
	char *line, *value;

	for (;;) {
		line = next_line(lines, &length);
		if (length == 0)
			return ERR_OK; /* the last pair is NULL already */
		if (count == max) {
			*ret_detail = "There are too many headers.";
			return ERR_HEADERS_TOO_LARGE;
		}
		value = cut_name(line);
		if (value == NULL) {
			*ret_detail = "A header must be a name, a colon right behind it, and a "
				      "value on the same line.";
			return ERR_MALFORMED;
		}
		value = trim_value(value, line + length);
		if (value == NULL) {
			*ret_detail = "A header's value holds a control character.";
			return ERR_MALFORMED;
		}
		pairs[count++] = (struct text_pair){ line, value };
	}
}

bool list_next(const char **at, const char **ret_item, size_t *ret_length)
{
	const char *item = *at + strspn(*at, ", \t");
	size_t length = strcspn(item, ",");

	*at = item + length;
	while (length > 0 && is_blank(item[length - 1]))
		length--;
	*ret_item = item;
	*ret_length = length;
	return length > 0;
}

bool list_has_word(const char *value, const char *word)
{
	const char *item;
	size_t length;

	while (value != NULL && list_next(&value, &item, &length))
		if (length == strlen(word) && strncasecmp(item, word, length) == 0)
			return true;
	return false;
}

/*
 * What a header that the server itself lives by says about the head; NULL, or what is wrong with
 * it.
 */
typedef const char *meaning(struct head *head, const char *value);

static const char *mean_content_length(struct head *head, const char *value)
{
	int64_t length = 0;

	if (head->content_length >= 0)
		return "There is more than one Content-Length.";
	if (*value == '\0' || strlen(value) > 18)
		return "Content-Length is not a number.";
	for (; *value != '\0'; value++) {
		if (*value < '0' || *value > '9')
			return "Content-Length is not a number.";
		length = length * 10 + (*value - '0');
	}
	head->content_length = length;
	return NULL;
}

static const char *mean_transfer_encoding(struct head *head, const char *value)
{
	if (head->chunked)
		return "There is more than one Transfer-Encoding.";
	if (head->http_1_0 || strcasecmp(value, "chunked") != 0)
		return "The only Transfer-Encoding is chunked, in HTTP/1.1.";
	head->chunked = true;
	return NULL;
}

static const char *mean_connection(struct head *head, const char *value)
{
	if (list_has_word(value, "close"))
		head->keep_alive = false;
	return NULL;
}

/*
 * uri-host [":" port]; whether the parts make sense is nobody's business here, only that no other
 * character hides in it.
 */
static bool is_authority(const char *text)
{
	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++)
		if (!is_class(*text, CHAR_HOST))
			return false;
	return true;
}

static const char *mean_host(struct head *head, const char *value)
{
	(void)head;
	return is_authority(value) ? NULL : "Host is not valid.";
}

enum { HOST };

/*
 * Headers that mean something here, or that decide something and may stand once (RFC 9110, section 5.3): of two, a proxy may
 * have judged the other one.
 */
static const struct known {
	const char *name;
	meaning *mean;
	bool once;
} known_headers[] = {
	[HOST] = { "host", mean_host, false },
	{ "content-length", mean_content_length, false }, /* which judges itself */
	{ "transfer-encoding", mean_transfer_encoding, false },
	{ "connection", mean_connection, false },
	{ "authorization", NULL, true },
	{ "content-type", NULL, true },
	{ "idempotency-key", NULL, true },
	{ "last-event-id", NULL, true },
	{ "origin", NULL, true },
	{ "x-api-key", NULL, true },
};

enum { KNOWN_COUNT = sizeof(known_headers) / sizeof(known_headers[0]) };

static size_t find_known(const char *name)
{
	size_t i = 0;

	while (i < KNOWN_COUNT && strcmp(name, known_headers[i].name) != 0)
		i++;
	return i;
}

static const char *check_fields(struct head *head)
{
	unsigned counts[KNOWN_COUNT + 1] = { 0 };

	for (const struct text_pair *pair = head->headers; pair->name != NULL; pair++) {
		size_t i = find_known(pair->name);
		const struct known *known = &known_headers[i];
		const char *detail = NULL;

		counts[i]++;
		if (i < KNOWN_COUNT && known->mean != NULL)
			detail = known->mean(head, pair->value);
		if (i < KNOWN_COUNT && known->once && counts[i] > 1)
			detail = "A header that may stand once stands twice.";
		if (detail != NULL)
			return detail;
	}
	if (head->chunked && head->content_length >= 0)
		return "Content-Length and Transfer-Encoding exclude each other.";
	if (counts[HOST] > 1 || (counts[HOST] == 0 && !head->http_1_0))
		return "There must be one Host.";
	return NULL;
}

/* RFC 9110, section 7.8: in HTTP/1.0 an Upgrade is ignored; who relayed it may not know what it would be answered with. */
static void forget_upgrade(struct text_pair *headers)
{
	struct text_pair *kept = headers;

	for (; headers->name != NULL; headers++)
		if (strcmp(headers->name, "upgrade") != 0)
			*kept++ = *headers;
	*kept = (struct text_pair){ NULL, NULL };
}

static enum err check_expectation(struct head *head)
{
	for (const struct text_pair *pair = head->headers; pair->name != NULL; pair++) {
		if (strcmp(pair->name, "expect") != 0 || head->http_1_0)
			continue;
		if (strcasecmp(pair->value, "100-continue") != 0)
			return ERR_EXPECTATION;
		head->expect_continue = true;
	}
	return ERR_OK;
}

/*
 * Turns "http://host/path" into "/path"; the host of the target outranks the Host header (RFC 9112,
 * section 3.2.2). NULL where it is neither this nor an origin-form.
 */
static char *normalise_target(char *target, struct text_pair *headers, struct arena *arena)
{
	size_t scheme = strncasecmp(target, "http://", 7) == 0    ? 7
			: strncasecmp(target, "https://", 8) == 0 ? 8
								  : 0;
	char *rest = target + scheme, *authority;
	size_t length;

	if (scheme == 0)
		return *target == '/' ? target : NULL;
	length = strcspn(rest, "/?");
	authority = arena_strndup(arena, rest, length);
	if (!is_authority(authority))
		return NULL;
	for (; headers->name != NULL; headers++)
		if (strcmp(headers->name, "host") == 0)
			headers->value = authority;
	rest += length;
	return *rest == '/' ? rest : arena_printf(arena, "/%s", rest);
}

static const char *parse_target(struct head *head, char *target, struct text_pair *headers,
				struct arena *arena)
{
	static const struct text_pair none = { NULL, NULL };

	head->target = arena_strdup(arena, target);
	if (strcmp(target, "*") == 0 && strcmp(head->method, "OPTIONS") == 0) {
		head->path = target;
		head->query = &none;
		return NULL;
	}
	target = normalise_target(target, headers, arena);
	if (target == NULL || !target_parse(target, arena, &head->path, &head->query))
		return "The target is not valid.";
	return NULL;
}

/* How many header lines there are, but no more than `max`: what is made room for. */
static size_t count_fields(const char *text, size_t length, size_t max)
{
	const char *end = text + length;
	size_t lines = 0;

	while (lines < max + 2 && (text = memchr(text, '\n', (size_t)(end - text))) != NULL) {
		lines++;
		text++;
	}
	return lines - 2; /* the request line and the empty one */
}

enum err head_parse(char *text, size_t length, unsigned headers_max, struct arena *arena,
		    struct head *ret_head, const char **ret_detail)
{
	struct head head = { .content_length = -1 };
	struct lines lines = { text, text + length };
	size_t max = count_fields(text, length, headers_max);
	struct text_pair *headers = ARENA_ARRAY(arena, max + 1, struct text_pair);
	size_t line_length;
	char *line = next_line(&lines, &line_length), *target;
	enum err err;

	*ret_detail = parse_request_line(line, line_length, &head, &target);
	if (*ret_detail != NULL)
		return ERR_MALFORMED;
	err = parse_fields(&lines, headers, max, ret_detail);
	if (err != ERR_OK)
		return err;
	if (head.http_1_0)
		forget_upgrade(headers);
	head.headers = headers;
	*ret_detail = check_fields(&head);
	if (*ret_detail == NULL)
		*ret_detail = parse_target(&head, target, headers, arena);
	if (*ret_detail != NULL)
		return ERR_MALFORMED;
	*ret_head = head;
	return check_expectation(ret_head);
}
