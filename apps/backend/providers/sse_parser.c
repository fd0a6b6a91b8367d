#include "providers/sse_parser.h"

#include <string.h>

static enum err dispatch(struct sse_parser *parser)
{
	const char *name = parser->name[0] != '\0' ? parser->name : "message";
	const char *data = parser->data.length > 0 ? parser->data.data : "";

	if (parser->has_data && !parser->handle(parser->context, name, data, parser->data.length))
		return ERR_CANCELLED;
	parser->has_data = false;
	parser->name[0] = '\0';
	buf_clear(&parser->data);
	return ERR_OK;
}

static enum err add_data(struct sse_parser *parser, const char *value, size_t length)
{
	if (parser->has_data)
		buf_append_char(&parser->data, '\n');
	buf_append(&parser->data, value, length);
	parser->has_data = true;
	return parser->data.overflow ? ERR_TOO_LARGE : ERR_OK;
}

static void set_name(struct sse_parser *parser, const char *value, size_t length)
{
	length = length < SSE_NAME_SIZE ? length : SSE_NAME_SIZE - 1;
	memcpy(parser->name, value, length);
	parser->name[length] = '\0';
}

static bool is_field(const char *name, const char *line, size_t length)
{
	return strlen(name) == length && memcmp(name, line, length) == 0;
}

static enum err on_line(void *context, const char *line, size_t length)
{
	static const char byte_order_mark[] = "\xEF\xBB\xBF";
	struct sse_parser *parser = context;
	const char *colon, *value;
	size_t name_length, value_length = 0;

	if (!parser->begun && length >= 3 && memcmp(line, byte_order_mark, 3) == 0) {
		line += 3;
		length -= 3;
	}
	parser->begun = true;
	if (length == 0)
		return dispatch(parser);
	colon = memchr(line, ':', length);
	name_length = colon != NULL ? (size_t)(colon - line) : length;
	value = line + name_length;
	if (colon != NULL) {
		value = colon + 1;
		value_length = length - name_length - 1;
		if (value_length > 0 && *value == ' ') {
			value++;
			value_length--;
		}
	}
	if (is_field("data", line, name_length))
		return add_data(parser, value, value_length);
	if (is_field("event", line, name_length))
		set_name(parser, value, value_length);
	return ERR_OK; /* comments, "id", "retry" and what is unknown say nothing here */
}

void sse_parser_init(struct sse_parser *parser, sse_handler handle, void *context)
{
	*parser = (struct sse_parser){ .handle = handle, .context = context };
	lines_init(&parser->lines, true, on_line, parser);
	buf_init(&parser->data, LINE_MAX_BYTES);
}

void sse_parser_finish(struct sse_parser *parser)
{
	lines_finish(&parser->lines);
	buf_finish(&parser->data);
}

enum err sse_parser_feed(struct sse_parser *parser, const char *data, size_t length)
{
	return lines_feed(&parser->lines, data, length);
}

enum err sse_parser_end(struct sse_parser *parser)
{
	enum err err = lines_end(&parser->lines);

	return err == ERR_OK ? dispatch(parser) : err;
}
