#include "schema/schema.h"

#include <math.h>
#include <string.h>

/*
 * RFC 8259, 7: what must be escaped, by byte. 0: nothing; 'u': \u00XX; else the letter behind the backslash. Asked for
 * every byte that is sent.
 */
#define U 'u'
static const char escapes[256] = {
	U,          U, U, U, U, U, U, U, U, 't', 'n', U, U, 'r', U, U,           U,
	U,          U, U, U, U, U, U, U, U, U,   U,   U, U, U,   U, ['"'] = '"', ['\\'] = '\\',
	[0x7f] = U,
};
#undef U

static void append_escape(struct buf *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	if (escapes[c] == 'u')
		buf_append(out, (char[]){ '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] }, 6);
	else
		buf_append(out, (char[]){ '\\', escapes[c] }, 2);
}

/* How many bytes from the front need no escape. */
static size_t plain_length(const char *text, size_t length)
{
	size_t i = 0;

	while (i < length && !escapes[(unsigned char)text[i]])
		i++;
	return i;
}

void json_append_string_n(struct buf *out, const char *text, size_t length)
{
	size_t plain = plain_length(text, length);

	buf_append_char(out, '"');
	buf_append(out, text, plain);
	while (plain < length) {
		append_escape(out, (unsigned char)text[plain]);
		text += plain + 1;
		length -= plain + 1;
		plain = plain_length(text, length);
		buf_append(out, text, plain);
	}
	buf_append_char(out, '"');
}

void json_append_string(struct buf *out, const char *text)
{
	json_append_string_n(out, text, strlen(text));
}

static int64_t read_int(const struct field *field, const char *at)
{
	return field->size == sizeof(int) ? *(const int *)(const void *)at
					  : *(const int64_t *)(const void *)at;
}

static void encode_number(double value, struct buf *out)
{
	if (value == 0)
		buf_append_char(out, '0'); /* -0 would come back as an integer, without its sign */
	else if (isfinite(value))
		buf_printf(out, "%.17g", value);
	else
		BUF_LITERAL(out, "null");
}

static void encode_time(const struct field *field, struct timestamp time, struct buf *out)
{
	char text[TIMESTAMP_TEXT_SIZE];

	if (time.ms == 0 && field->nullable) {
		BUF_LITERAL(out, "null");
		return;
	}
	timestamp_format(time, text);
	buf_append_char(out, '"');
	buf_append(out, text, TIMESTAMP_TEXT_SIZE - 1);
	buf_append_char(out, '"');
}

static void encode_list(const struct field *field, const struct array *array, struct buf *out)
{
	const char *item = array->items;

	buf_append_char(out, '[');
	for (size_t i = 0; i < array->count; i++, item += field->schema->size) {
		if (i > 0)
			buf_append_char(out, ',');
		schema_encode(field->schema, item, out);
	}
	buf_append_char(out, ']');
}

static void encode_texts(const struct texts *texts, struct buf *out)
{
	buf_append_char(out, '[');
	for (size_t i = 0; i < texts->count; i++) {
		if (i > 0)
			buf_append_char(out, ',');
		json_append_string(out, texts->items[i]);
	}
	buf_append_char(out, ']');
}

/* An object that may be null is so where the text of its first row is. */
static void encode_object(const struct field *field, const char *at, struct buf *out)
{
	const struct field *first = field->schema->fields;

	if (field->nullable && first->wire == WIRE_TEXT &&
	    !*(const char *const *)(const void *)(at + first->offset))
		BUF_LITERAL(out, "null");
	else
		schema_encode(field->schema, at, out);
}

static void encode_value(const struct field *field, const char *at, struct buf *out)
{
	const char *text;

	switch (field->wire) {
	case WIRE_TEXT:
		text = *(const char *const *)(const void *)at;
		if (text)
			json_append_string(out, text);
		else
			BUF_LITERAL(out, "null");
		break;
	case WIRE_BOOL:
		buf_append_text(out, *(const bool *)(const void *)at ? "true" : "false");
		break;
	case WIRE_INT:
		if (field->nullable && read_int(field, at) == 0)
			BUF_LITERAL(out, "null");
		else
			buf_append_int(out, read_int(field, at));
		break;
	case WIRE_NUMBER:
		encode_number(*(const double *)(const void *)at, out);
		break;
	case WIRE_ENUM:
		json_append_string(out, field->names[*(const unsigned *)(const void *)at]);
		break;
	case WIRE_TIME:
		encode_time(field, *(const struct timestamp *)(const void *)at, out);
		break;
	case WIRE_TEXTS:
		encode_texts((const struct texts *)(const void *)at, out);
		break;
	case WIRE_LIST:
		encode_list(field, (const struct array *)(const void *)at, out);
		break;
	case WIRE_OBJECT:
		encode_object(field, at, out);
		break;
	case WIRE_BLOB:
	case WIRE_NONE:
		break;
	}
}

/* `{"name":` or `,"name":` */
static void append_name(struct buf *out, char separator, const char *name)
{
	size_t length = strlen(name), whole = length + 4;
	char *room = buf_reserve(out, whole);

	if (!room)
		return;
	room[0] = separator;
	room[1] = '"';
	memcpy(room + 2, name, length);
	memcpy(room + 2 + length, "\":", 2);
	buf_commit(out, whole);
}

void schema_encode(const struct schema *schema, const void *record, struct buf *out)
{
	char separator = '{';

	for (const struct field *field = schema->fields; field->name; field++) {
		if (field->secret || field->stored)
			continue;
		append_name(out, separator, field->name);
		separator = ',';
		encode_value(field, (const char *)record + field->offset, out);
	}
	if (separator == '{')
		buf_append_char(out, '{');
	buf_append_char(out, '}');
}
