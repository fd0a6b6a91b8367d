#include "cache/resp.h"

#include <stdbool.h>
#include <string.h>

/* A decimal number and CR LF need no more. */
enum { NUMBER_DIGITS_MAX = 19 };

struct reader {
	const char *at, *end;
	struct arena *arena;
	unsigned depth;
	size_t items; /* that may still come, of the whole value */
};

static enum err read_value(struct reader *reader, struct redis_value *value);

/* A line without its CR LF. */
static enum err read_line(struct reader *reader, struct redis_text *ret_line)
{
	size_t left = (size_t)(reader->end - reader->at);
	const char *cr = memchr(reader->at, '\r', left < RESP_LINE_MAX ? left : RESP_LINE_MAX);

	if (cr == NULL)
		return left < RESP_LINE_MAX ? ERR_PENDING : ERR_TOO_LARGE;
	if (cr + 1 == reader->end)
		return ERR_PENDING;
	if (cr[1] != '\n')
		return ERR_MALFORMED;
	*ret_line = (struct redis_text){ reader->at, (size_t)(cr - reader->at) };
	reader->at = cr + 2;
	return ERR_OK;
}

static enum err parse_number(struct redis_text line, int64_t *ret_number)
{
	bool negative = line.length > 0 && line.data[0] == '-';
	int64_t number = 0;

	if (negative) {
		line.data++;
		line.length--;
	}
	if (line.length == 0 || line.length > NUMBER_DIGITS_MAX)
		return ERR_MALFORMED;
	for (size_t i = 0; i < line.length; i++) {
		int digit = line.data[i] - '0';

		if (digit < 0 || digit > 9 || number > (INT64_MAX - digit) / 10)
			return ERR_MALFORMED;
		number = number * 10 + digit;
	}
	*ret_number = negative ? -number : number;
	return ERR_OK;
}

static enum err read_number(struct reader *reader, int64_t *ret_number)
{
	struct redis_text line;
	enum err err = read_line(reader, &line);

	return err == ERR_OK ? parse_number(line, ret_number) : err;
}

/* The length of a string or the count of an array; -1 is nil. */
static enum err read_size(struct reader *reader, struct redis_value *value, size_t *ret_size)
{
	int64_t number;
	enum err err = read_number(reader, &number);

	if (err != ERR_OK)
		return err;
	if (number < -1)
		return ERR_MALFORMED;
	if (number == -1)
		value->type = REDIS_NIL;
	*ret_size = number > 0 ? (size_t)number : 0;
	return ERR_OK;
}

static enum err read_string(struct reader *reader, struct redis_value *value)
{
	size_t length, left;
	enum err err = read_size(reader, value, &length);

	if (err != ERR_OK || value->type == REDIS_NIL)
		return err;
	left = (size_t)(reader->end - reader->at);
	if (left < 2 || left - 2 < length)
		return ERR_PENDING;
	if (reader->at[length] != '\r' || reader->at[length + 1] != '\n')
		return ERR_MALFORMED;
	value->text = reader->at;
	value->length = length;
	reader->at += length + 2;
	return ERR_OK;
}

static enum err read_array(struct reader *reader, struct redis_value *value)
{
	size_t count;
	enum err err = read_size(reader, value, &count);

	if (err != ERR_OK || value->type == REDIS_NIL)
		return err;
	if (count > reader->items || reader->depth == RESP_DEPTH_MAX)
		return ERR_TOO_LARGE;
	reader->items -= count;
	reader->depth++;
	value->items = ARENA_ARRAY(reader->arena, count, struct redis_value);
	value->count = count;
	for (size_t i = 0; i < count && err == ERR_OK; i++)
		err = read_value(reader, &value->items[i]);
	reader->depth--;
	return err;
}

static enum err read_text(struct reader *reader, struct redis_value *value)
{
	struct redis_text line;
	enum err err = read_line(reader, &line);

	if (err != ERR_OK)
		return err;
	value->text = line.data;
	value->length = line.length;
	return ERR_OK;
}

static enum err read_value(struct reader *reader, struct redis_value *value)
{
	if (reader->at == reader->end)
		return ERR_PENDING;
	switch (*reader->at++) {
	case '+':
		value->type = REDIS_STRING;
		return read_text(reader, value);
	case '-':
		value->type = REDIS_ERROR;
		return read_text(reader, value);
	case ':':
		value->type = REDIS_INTEGER;
		return read_number(reader, &value->integer);
	case '$':
		value->type = REDIS_STRING;
		return read_string(reader, value);
	case '*':
		value->type = REDIS_ARRAY;
		return read_array(reader, value);
	default:
		return ERR_MALFORMED;
	}
}

enum err resp_read(const char *data, size_t length, struct arena *arena,
		   struct redis_value *ret_value, size_t *ret_used)
{
	struct reader reader = { data, data + length, arena, 0, RESP_ITEMS_MAX };
	struct redis_value value = { .type = REDIS_NIL };
	enum err err = length > 0 ? read_value(&reader, &value) : ERR_PENDING;

	if (err != ERR_OK)
		return err;
	*ret_value = value;
	*ret_used = (size_t)(reader.at - data);
	return ERR_OK;
}

static void write_size(struct buf *out, char kind, size_t size)
{
	buf_append_char(out, kind);
	buf_append_int(out, (long long)size);
	BUF_LITERAL(out, "\r\n");
}

void resp_write_count(struct buf *out, size_t count)
{
	write_size(out, '*', count);
}

void resp_write_text(struct buf *out, struct redis_text text)
{
	write_size(out, '$', text.length);
	buf_append(out, text.data, text.length);
	BUF_LITERAL(out, "\r\n");
}
