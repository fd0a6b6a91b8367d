#include "schema/value.h"

#include "base/utf8.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct bounds field_bounds(const struct field *field)
{
	bool unset = field->min == 0 && field->max == 0;
	int64_t widest = field->size == sizeof(int) ? INT_MAX : INTEGER_MAX;

	switch (field->wire) {
	case WIRE_TEXT:
		if (field->max == 0 && format_max(field->format) > 0)
			return (struct bounds){ field->min, format_max(field->format) };
		return (struct bounds){ field->min, field->max ? field->max : TEXT_MAX_DEFAULT };
	case WIRE_LIST:
	case WIRE_TEXTS:
		return (struct bounds){ field->min, field->max ? field->max : LIST_MAX_DEFAULT };
	case WIRE_INT:
		if (unset)
			return (struct bounds){ -widest, widest };
		return (struct bounds){ field->min, field->max };
	default:
		return (struct bounds){ field->min, field->max };
	}
}

static bool refuse(struct decoder *decoder, const char *path, const char *message)
{
	field_error_add(decoder->errors, decoder->arena, path, "%s", message);
	return false;
}

static bool has_control(const char *text)
{
	for (uint32_t c = utf8_next(&text); c; c = utf8_next(&text))
		if (utf8_is_control(c))
			return true;
	return false;
}

static bool text_length_fits(struct decoder *decoder, const struct field *field, const char *path,
			     const char *text)
{
	struct bounds bounds = field_bounds(field);
	int64_t length = (int64_t)utf8_count(text);

	if (length < bounds.min && length == 0)
		return refuse(decoder, path, "must not be empty");
	if (length < bounds.min)
		field_error_add(decoder->errors, decoder->arena, path,
				"must have at least %lld characters", (long long)bounds.min);
	else if (length > bounds.max)
		field_error_add(decoder->errors, decoder->arena, path,
				"must have at most %lld characters", (long long)bounds.max);
	return length >= bounds.min && length <= bounds.max;
}

bool value_set_text(struct decoder *decoder, const struct field *field, const char *path,
		    const char *text, void *record)
{
	const char *message;

	if (!utf8_valid(text, strlen(text)))
		return refuse(decoder, path, "must be UTF-8");
	if (format_is_compared(field->format))
		text = utf8_normalize(decoder->arena, text);
	if (!text)
		return refuse(decoder, path, "must not put so many marks on one character");
	if (!text_length_fits(decoder, field, path, text))
		return false;
	if (has_control(text))
		return refuse(decoder, path, "must not hold control characters");
	if (!format_check(field->format, text, &message))
		return refuse(decoder, path, message);
	*(const char **)(void *)((char *)record + field->offset) =
		arena_strdup(decoder->arena, text);
	return true;
}

bool value_set_int(struct decoder *decoder, const struct field *field, const char *path,
		   int64_t value, void *record)
{
	struct bounds bounds = field_bounds(field);
	void *at = (char *)record + field->offset;

	if (value < bounds.min || value > bounds.max) {
		field_error_add(decoder->errors, decoder->arena, path,
				"must be between %lld and %lld", (long long)bounds.min,
				(long long)bounds.max);
		return false;
	}
	if (field->size == sizeof(int))
		*(int *)at = (int)value;
	else
		*(int64_t *)at = value;
	return true;
}

bool value_set_number(struct decoder *decoder, const struct field *field, const char *path,
		      double value, void *record)
{
	bool bounded = field->min != 0 || field->max != 0;

	if (!isfinite(value))
		return refuse(decoder, path, "must be a number");
	if (bounded && !(value >= (double)field->min && value <= (double)field->max)) {
		field_error_add(decoder->errors, decoder->arena, path,
				"must be between %lld and %lld", (long long)field->min,
				(long long)field->max);
		return false;
	}
	*(double *)(void *)((char *)record + field->offset) = value;
	return true;
}

bool value_set_bool(const struct field *field, bool value, void *record)
{
	*(bool *)(void *)((char *)record + field->offset) = value;
	return true;
}

static bool set_enum(struct decoder *decoder, const struct field *field, const char *path,
		     const char *word, void *record)
{
	struct buf known;

	for (unsigned i = 0; field->names[i]; i++) {
		if (strcmp(field->names[i], word) != 0)
			continue;
		*(unsigned *)(void *)((char *)record + field->offset) = i;
		return true;
	}
	buf_init(&known, 1000);
	for (unsigned i = 0; field->names[i]; i++)
		buf_printf(&known, "%s%s", i ? ", " : "", field->names[i]);
	field_error_add(decoder->errors, decoder->arena, path, "must be one of: %s", known.data);
	buf_finish(&known);
	return false;
}

bool value_set_word(struct decoder *decoder, const struct field *field, const char *path,
		    const char *word, void *record)
{
	struct timestamp time;

	if (field->wire == WIRE_ENUM)
		return set_enum(decoder, field, path, word, record);
	if (timestamp_parse(word, &time) != ERR_OK)
		return refuse(decoder, path, "must be a time as in RFC 3339, 2026-01-31T12:00:00Z");
	*(struct timestamp *)(void *)((char *)record + field->offset) = time;
	return true;
}

bool value_check_element(struct decoder *decoder, const struct field *field, const char *path,
			 const char *text)
{
	const struct field element = { .name = field->name,
				       .wire = WIRE_TEXT,
				       .size = sizeof(const char *),
				       .min = 1,
				       .max = TEXTS_LENGTH_MAX,
				       .format = FORMAT_LINE };
	unsigned value;
	const struct field word = {
		.name = field->name, .wire = WIRE_ENUM, .size = sizeof(value), .names = field->names
	};
	const char *copy;

	if (field->names)
		return set_enum(decoder, &word, path, text, &value);
	return value_set_text(decoder, &element, path, text, &copy);
}

static bool set_int_text(struct decoder *decoder, const struct field *field, const char *path,
			 const char *text, void *record)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || end == text || *end || strspn(text, "-0123456789") != strlen(text))
		return refuse(decoder, path, "must be a whole number");
	return value_set_int(decoder, field, path, value, record);
}

static bool set_number_text(struct decoder *decoder, const struct field *field, const char *path,
			    const char *text, void *record)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || strspn(text, "+-.0123456789eE") != strlen(text))
		return refuse(decoder, path, "must be a number");
	return value_set_number(decoder, field, path, value, record);
}

static bool set_bool_text(struct decoder *decoder, const struct field *field, const char *path,
			  const char *text, void *record)
{
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return refuse(decoder, path, "must be true or false");
	return value_set_bool(field, text[0] == 't', record);
}

bool value_set_from_text(struct decoder *decoder, const struct field *field, const char *path,
			 const char *text, void *record)
{
	switch (field->wire) {
	case WIRE_TEXT:
		return value_set_text(decoder, field, path, text, record);
	case WIRE_BOOL:
		return set_bool_text(decoder, field, path, text, record);
	case WIRE_INT:
		return set_int_text(decoder, field, path, text, record);
	case WIRE_NUMBER:
		return set_number_text(decoder, field, path, text, record);
	case WIRE_ENUM:
	case WIRE_TIME:
		return value_set_word(decoder, field, path, text, record);
	default:
		return refuse(decoder, path, "cannot be given as text");
	}
}
