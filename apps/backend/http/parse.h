/*
 * The head of a request, from bytes to parts: RFC 9112 (sections 2 to 6) and RFC 9110 (section 5),
 * strictly.
 *
 * What those do not allow is ERR_MALFORMED, and the connection closes: a byte that two programs
 * read differently is how requests are smuggled. A head is looked for with head_scan as its bytes
 * arrive, and parsed when it is whole, in place. Nothing here depends on how the bytes were split.
 * Any thread.
 */
#ifndef WEBPLUS_HTTP_PARSE_H
#define WEBPLUS_HTTP_PARSE_H

#include "base/arena.h"
#include "base/err.h"
#include "schema/schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUERY_PAIRS_MAX = 100, PATH_BYTES_MAX = 4096 };

struct head {
	const char *method;
	const char *target;              /* as sent */
	const char *path;                /* decoded UTF-8 without the query; "*" for OPTIONS * */
	const struct text_pair *query;   /* decoded, in order, ended by a NULL name */
	const struct text_pair *headers; /* in order, names in lower case, ended by a NULL name */
	int64_t content_length;          /* -1: none given */
	bool chunked;
	bool expect_continue;
	bool http_1_0;
	bool keep_alive; /* the client leaves the connection open */
};

/*
 * Looks for the end of the head in data[0..length). *scanned (0 at first) remembers how far the
 * bytes were seen. ERR_PENDING: more bytes are needed. ERR_OK: *ret_length bytes are the head.
 * ERR_HEADERS_TOO_LARGE: its end is not among the first `max` bytes. ERR_MALFORMED: a line feed
 * without its carriage return.
 */
enum err head_scan(const char *data, size_t length, size_t max, size_t *scanned,
		   size_t *ret_length) WARN_UNUSED;

/*
 * Parses a whole head, which is changed in place and must live as long as `ret_head`. On failure
 * *ret_detail says why, for the client: ERR_MALFORMED, ERR_HEADERS_TOO_LARGE (more than
 * `headers_max`) or ERR_EXPECTATION.
 */
enum err head_parse(char *text, size_t length, unsigned headers_max, struct arena *arena,
		    struct head *ret_head, const char **ret_detail) WARN_UNUSED;

/* "/a%20b?c=d" into its decoded parts; false where it is not an origin-form. Changes `target`. */
bool target_parse(char *target, struct arena *arena, const char **ret_path,
		  const struct text_pair **ret_query);

/* Moves *at behind the next item of a comma-separated header value, without blanks around it; false at its end. */
bool list_next(const char **at, const char **ret_item, size_t *ret_length);
/* Whether a comma-separated header value holds `word`, whatever its case. `value` may be NULL. */
bool list_has_word(const char *value, const char *word);

#endif
