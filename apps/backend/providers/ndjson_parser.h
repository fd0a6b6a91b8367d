/*
 * Reads JSON documents that stand one on a line each, as Ollama streams them. Incremental: any
 * split of the bytes gives the same documents; bounded: a document has at most LINE_MAX_BYTES.
 * Belongs to one thread.
 */
#ifndef WEBPLUS_PROVIDERS_NDJSON_PARSER_H
#define WEBPLUS_PROVIDERS_NDJSON_PARSER_H

#include "providers/lines.h"

/* The text of one document, not yet looked at. False stops: the parser is not touched again. */
typedef bool (*ndjson_handler)(void *context, const char *json, size_t length);

struct ndjson_parser {
	struct lines lines;
	ndjson_handler handle;
	void *context;
};

void ndjson_parser_init(struct ndjson_parser *parser, ndjson_handler handle, void *context);
void ndjson_parser_finish(struct ndjson_parser *parser);

/* ERR_TOO_LARGE: a line is too long. ERR_CANCELLED: the handler stopped it. */
enum err ndjson_parser_feed(struct ndjson_parser *parser, const char *data,
			    size_t length) WARN_UNUSED;
/* The stream is over: the last document need not have an end of line. */
enum err ndjson_parser_end(struct ndjson_parser *parser) WARN_UNUSED;

#endif
