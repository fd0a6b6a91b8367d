#include "providers/lines.h"

#include <string.h>

void lines_init(struct lines *lines, bool cr_ends, line_handler handle, void *context)
{
	*lines = (struct lines){ .cr_ends = cr_ends, .handle = handle, .context = context };
	buf_init(&lines->partial, LINE_MAX_BYTES);
}

void lines_finish(struct lines *lines)
{
	buf_finish(&lines->partial);
}

/* The first end of a line, or NULL. */
static const char *find_end(const struct lines *lines, const char *data, size_t length)
{
	const char *end = memchr(data, '\n', length);
	const char *cr = NULL;

	if (lines->cr_ends)
		cr = memchr(data, '\r', end != NULL ? (size_t)(end - data) : length);
	return cr != NULL ? cr : end;
}

/* Hands on the line whose last piece this is. */
static enum err complete(struct lines *lines, const char *piece, size_t length)
{
	struct buf *partial = &lines->partial;
	enum err err;

	if (partial->length == 0) {
		if (length > LINE_MAX_BYTES)
			return ERR_TOO_LARGE;
		return lines->handle(lines->context, piece, length);
	}
	buf_append(partial, piece, length);
	if (partial->overflow)
		return ERR_TOO_LARGE;
	err = lines->handle(lines->context, partial->data, partial->length);
	if (err == ERR_OK)
		buf_clear(partial);
	return err;
}

enum err lines_feed(struct lines *lines, const char *data, size_t length)
{
	const char *end;
	enum err err;

	while (length > 0) {
		if (lines->after_cr) {
			lines->after_cr = false;
			if (*data == '\n') {
				data++;
				length--;
				continue;
			}
		}
		end = find_end(lines, data, length);
		if (end == NULL)
			break;
		/* Before the handler, which may free it. */
		lines->after_cr = *end == '\r';
		err = complete(lines, data, (size_t)(end - data));
		if (err != ERR_OK)
			return err;
		length -= (size_t)(end + 1 - data);
		data = end + 1;
	}
	buf_append(&lines->partial, data, length);
	return lines->partial.overflow ? ERR_TOO_LARGE : ERR_OK;
}

enum err lines_end(struct lines *lines)
{
	return lines->partial.length > 0 ? complete(lines, "", 0) : ERR_OK;
}
