/*
 * Reads server-sent events (WHATWG HTML, section 9.2.6) as OpenAI-compatible servers stream them.
 * Incremental: any split of the bytes gives the same events; bounded: an event has at most
 * LINE_MAX_BYTES. Belongs to one thread.
 */
#ifndef WEBPLUS_PROVIDERS_SSE_PARSER_H
#define WEBPLUS_PROVIDERS_SSE_PARSER_H

#include "providers/lines.h"

enum { SSE_NAME_SIZE = 32 };

/*
 * `name` is "message" where the event has none, and cut where it is long. False stops: the parser
 * is not touched again.
 */
typedef bool (*sse_handler)(void *context, const char *name, const char *data, size_t length);

struct sse_parser {
	struct lines lines;
	struct buf data;
	char name[SSE_NAME_SIZE];
	bool begun;    /* the first line was seen */
	bool has_data; /* since the last event */
	sse_handler handle;
	void *context;
};

void sse_parser_init(struct sse_parser *parser, sse_handler handle, void *context);
void sse_parser_finish(struct sse_parser *parser);

/* ERR_TOO_LARGE: a line or an event is too long. ERR_CANCELLED: the handler stopped it. */
enum err sse_parser_feed(struct sse_parser *parser, const char *data, size_t length) WARN_UNUSED;
/*
 * The stream is over. An event that lacks only its empty line is handed on, unlike in a browser:
 * there are servers that end so behind their last one.
 */
enum err sse_parser_end(struct sse_parser *parser) WARN_UNUSED;

#endif
