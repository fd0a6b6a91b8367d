#include "providers/ndjson_parser.h"

#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Lines of nothing but space are no documents. */
static enum err on_line(void *context, const char *line, size_t length)
{
	struct ndjson_parser *parser = context;

	while (length > 0 && is_space(line[length - 1]))
		length--;
	while (length > 0 && is_space(*line)) {
		line++;
		length--;
	}
	if (length == 0 || parser->handle(parser->context, line, length))
		return ERR_OK;
	return ERR_CANCELLED;
}

void ndjson_parser_init(struct ndjson_parser *parser, ndjson_handler handle, void *context)
{
	*parser = (struct ndjson_parser){ .handle = handle, .context = context };
	lines_init(&parser->lines, false, on_line, parser);
}

void ndjson_parser_finish(struct ndjson_parser *parser)
{
	lines_finish(&parser->lines);
}

enum err ndjson_parser_feed(struct ndjson_parser *parser, const char *data, size_t length)
{
	return lines_feed(&parser->lines, data, length);
}

enum err ndjson_parser_end(struct ndjson_parser *parser)
{
	return lines_end(&parser->lines);
}
