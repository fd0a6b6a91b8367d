#include "schema/json_text.h"
#include "schema/schema.h"
#include "schema/value.h"

#include <jansson.h>
#include <string.h>

static bool wrong_type(struct decoder *decoder, const char *path, const char *wanted)
{
	field_error_add(decoder->errors, decoder->arena, path, "must be %s", wanted);
	return false;
}

/* What a string holds; NULL, once it was refused, where it is none or no text. */
static const char *text_of(struct decoder *decoder, const char *path, const json_t *value)
{
	if (!json_is_string(value)) {
		wrong_type(decoder, path, "a string");
		return NULL;
	}
	if (!json_string_is_text(value)) {
		field_error_add(decoder->errors, decoder->arena, path,
				"must not hold NUL characters or halves of surrogate pairs");
		return NULL;
	}
	return json_string_value(value);
}

static bool decode_number(struct decoder *decoder, const struct field *field, const char *path,
			  const json_t *value, void *record)
{
	if (!json_is_number(value))
		return wrong_type(decoder, path, "a number");
	if (json_number_is_beyond(value)) {
		field_error_add(decoder->errors, decoder->arena, path, "is too large");
		return false;
	}
	return value_set_number(decoder, field, path, json_number_value(value), record);
}

static void decode_object(struct decoder *decoder, const struct schema *schema,
			  const json_t *object, const char *prefix, void *record);

static bool decode_list(struct decoder *decoder, const struct field *field, const char *path,
			const json_t *value, void *record)
{
	struct array *array = (void *)((char *)record + field->offset);
	struct bounds bounds = field_bounds(field);
	size_t count = json_array_size(value);

	if ((int64_t)count < bounds.min || (int64_t)count > bounds.max) {
		field_error_add(decoder->errors, decoder->arena, path,
				"must have %lld to %lld elements", (long long)bounds.min,
				(long long)bounds.max);
		return false;
	}
	array->items = arena_array(decoder->arena, count, field->schema->size);
	array->count = count;
	for (size_t i = 0; i < count; i++) {
		const json_t *element = json_array_get(value, i);
		const char *place = arena_printf(decoder->arena, "%s[%zu]", path, i);

		if (json_is_object(element))
			decode_object(decoder, field->schema, element, place,
				      (char *)array->items + i * field->schema->size);
		else
			wrong_type(decoder, place, "an object");
	}
	return true;
}

static bool decode_texts(struct decoder *decoder, const struct field *field, const char *path,
			 const json_t *value, void *record)
{
	struct texts *texts = (void *)((char *)record + field->offset);
	struct bounds bounds = field_bounds(field);
	size_t count = json_array_size(value);
	bool good = true;

	if ((int64_t)count < bounds.min || (int64_t)count > bounds.max) {
		field_error_add(decoder->errors, decoder->arena, path,
				"must have %lld to %lld elements", (long long)bounds.min,
				(long long)bounds.max);
		return false;
	}
	texts->items = ARENA_ARRAY(decoder->arena, count + 1, const char *);
	for (size_t i = 0; i < count; i++) {
		const char *place = arena_printf(decoder->arena, "%s[%zu]", path, i);
		const char *text = text_of(decoder, place, json_array_get(value, i));

		if (text && value_check_element(decoder, field, place, text))
			texts->items[texts->count++] = arena_strdup(decoder->arena, text);
		else
			good = false;
	}
	return good;
}

static bool decode_value(struct decoder *decoder, const struct field *field, const char *path,
			 const json_t *value, void *record)
{
	const char *text;

	switch (field->wire) {
	case WIRE_TEXT:
		text = text_of(decoder, path, value);
		return text && value_set_text(decoder, field, path, text, record);
	case WIRE_ENUM:
	case WIRE_TIME:
		text = text_of(decoder, path, value);
		return text && value_set_word(decoder, field, path, text, record);
	case WIRE_BOOL:
		return json_is_boolean(value) ? value_set_bool(field, json_is_true(value), record)
					      : wrong_type(decoder, path, "true or false");
	case WIRE_INT:
		return json_is_integer(value) ? value_set_int(decoder, field, path,
							      json_integer_value(value), record)
					      : wrong_type(decoder, path, "a whole number");
	case WIRE_NUMBER:
		return decode_number(decoder, field, path, value, record);
	case WIRE_LIST:
		return json_is_array(value) ? decode_list(decoder, field, path, value, record)
					    : wrong_type(decoder, path, "an array");
	case WIRE_TEXTS:
		return json_is_array(value) ? decode_texts(decoder, field, path, value, record)
					    : wrong_type(decoder, path, "an array of strings");
	case WIRE_OBJECT:
		if (!json_is_object(value))
			return wrong_type(decoder, path, "an object");
		decode_object(decoder, field->schema, value, path, (char *)record + field->offset);
		return true;
	default:
		return wrong_type(decoder, path, "left out");
	}
}

static void mark_presence(const struct schema *schema, const struct field *field, bool null,
			  void *record)
{
	struct presence *presence = record;
	uint64_t bit = UINT64_C(1) << (field - schema->fields);

	if (!schema->presence)
		return;
	presence->set |= bit;
	if (null)
		presence->null |= bit;
}

/* What a field is when nobody gave it: its preset, nothing, or an error. */
static void decode_absent(struct decoder *decoder, const struct field *field, const char *path,
			  void *record)
{
	if (field->preset)
		value_set_from_text(decoder, field, path, field->preset, record);
	else if (!field->optional)
		field_error_add(decoder->errors, decoder->arena, path, "is required");
}

static bool in_body(const struct field *field)
{
	return field->from == FROM_BODY && !field->stored && !field->shown;
}

static const char *join(struct decoder *decoder, const char *prefix, const char *name)
{
	return *prefix ? arena_printf(decoder->arena, "%s.%s", prefix, name) : name;
}

static void refuse_unknown(struct decoder *decoder, const struct schema *schema,
			   const json_t *object, const char *prefix)
{
	/* jansson's iterators take no const, but do not change the object. */
	json_t *mutable = json_incref((json_t *)(uintptr_t)object);

	for (void *at = json_object_iter(mutable); at; at = json_object_iter_next(mutable, at)) {
		const char *key = json_object_iter_key(at);
		const struct field *field = schema_field(schema, key);

		if (!field || !in_body(field))
			field_error_add(decoder->errors, decoder->arena, join(decoder, prefix, key),
					"is not known here");
	}
	json_decref(mutable);
}

static void decode_object(struct decoder *decoder, const struct schema *schema,
			  const json_t *object, const char *prefix, void *record)
{
	for (const struct field *field = schema->fields; field->name; field++) {
		const char *path = join(decoder, prefix, field->name);
		const json_t *value;

		if (!in_body(field))
			continue;
		value = json_object_get(object, field->name);
		if (!value)
			decode_absent(decoder, field, path, record);
		else if (!json_is_null(value) && decode_value(decoder, field, path, value, record))
			mark_presence(schema, field, false, record);
		else if (json_is_null(value) && field->nullable)
			mark_presence(schema, field, true, record);
		else if (json_is_null(value))
			field_error_add(decoder->errors, decoder->arena, path, "must not be null");
	}
	refuse_unknown(decoder, schema, object, prefix);
}

static bool has_body(const struct schema *schema)
{
	for (const struct field *field = schema->fields; field->name; field++)
		if (in_body(field))
			return true;
	return false;
}

static enum err decode_body(struct decoder *decoder, const struct schema *schema, const char *body,
			    size_t length, void *record)
{
	json_t *root;
	enum err err;

	if (!has_body(schema) && length == 0)
		return ERR_OK;
	if (length == 0) {
		body = "{}";
		length = 2;
	}
	err = json_text_read(decoder, body, length, &root);
	if (err != ERR_OK)
		return err;
	decode_object(decoder, schema, root, "", record);
	json_decref(root);
	return ERR_OK;
}

/* The value of `name`; a second one is an error. */
static const char *find_pair(struct decoder *decoder, const struct text_pair *pairs,
			     const char *name)
{
	const char *value = NULL;

	for (; pairs && pairs->name; pairs++) {
		if (strcmp(pairs->name, name) != 0)
			continue;
		if (value)
			field_error_add(decoder->errors, decoder->arena, name, "stands twice");
		value = pairs->value;
	}
	return value;
}

static void refuse_unknown_query(struct decoder *decoder, const struct schema *schema,
				 const struct text_pair *pairs)
{
	for (; pairs && pairs->name; pairs++) {
		const struct field *field = schema_field(schema, pairs->name);

		if (!field || field->from != FROM_QUERY)
			field_error_add(decoder->errors, decoder->arena, pairs->name,
					"is not known here");
	}
}

static void decode_parts(struct decoder *decoder, const struct schema *schema,
			 const struct input *input, void *record)
{
	for (const struct field *field = schema->fields; field->name; field++) {
		const char *value;

		if (field->from == FROM_QUERY)
			value = find_pair(decoder, input->query, field->name);
		else if (field->from == FROM_HEADER)
			value = input->header ? input->header(input->context, field->header) : NULL;
		else
			continue;
		if (!value)
			decode_absent(decoder, field, field->name, record);
		else if (value_set_from_text(decoder, field, field->name, value, record))
			mark_presence(schema, field, false, record);
	}
	refuse_unknown_query(decoder, schema, input->query);
}

/* A path that names nothing valid names nothing: its errors are not told apart from "not found". */
static bool decode_path(struct decoder *decoder, const struct schema *schema,
			const struct text_pair *path, void *record)
{
	size_t errors = decoder->errors->count;
	bool named = true;

	for (const struct field *field = schema->fields; field->name && named; field++) {
		const char *value;

		if (field->from != FROM_PATH)
			continue;
		value = find_pair(decoder, path, field->name);
		named = value && value_set_from_text(decoder, field, field->name, value, record);
	}
	named = named && decoder->errors->count == errors;
	decoder->errors->count = errors;
	return named;
}

enum err schema_decode(const struct schema *schema, const struct input *input, struct arena *arena,
		       void *record, struct field_errors *errors)
{
	struct decoder decoder = { arena, errors };
	enum err err;

	memset(record, 0, schema->size);
	if (!decode_path(&decoder, schema, input->path, record))
		return ERR_NOT_FOUND;
	err = decode_body(&decoder, schema, input->body, input->body_length, record);
	if (err != ERR_OK)
		return err;
	decode_parts(&decoder, schema, input, record);
	return errors->count ? ERR_INVALID : ERR_OK;
}

enum err schema_decode_json(const struct schema *schema, const char *json, size_t length,
			    struct arena *arena, void *record, struct field_errors *errors)
{
	struct input input = { .body = json, .body_length = length };

	return schema_decode(schema, &input, arena, record, errors);
}

enum err schema_decode_text(const struct field *field, const char *text, struct arena *arena,
			    void *record, struct field_errors *errors)
{
	struct decoder decoder = { arena, errors };

	return value_set_from_text(&decoder, field, field->name, text, record) ? ERR_OK
									       : ERR_INVALID;
}
