#include "schema/schema.h"
#include "schema/value.h"

#include <jansson.h>
#include <string.h>

/* Before the parser sees it: how deep brackets stand in each other, strings apart. */
static bool too_deep(const char *json, size_t length)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < length; i++) {
		char c = json[i];

		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '{' || c == '['))
			depth++;
		else if (!in_string && (c == '}' || c == ']'))
			depth--;
		if (depth > JSON_DEPTH_MAX)
			return true;
	}
	return false;
}

/* In words of ours: the parser's own repeat what it stumbled over. */
static const char *json_fault(const json_error_t *fault)
{
	switch (json_error_code(fault)) {
	case json_error_premature_end_of_input:
		return "it ends too early";
	case json_error_end_of_input_expected:
		return "something follows its end";
	case json_error_invalid_utf8:
		return "it is not UTF-8";
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return "it holds a NUL character";
	case json_error_duplicate_key:
		return "a key stands twice in one object";
	default:
		return "something else is expected there";
	}
}

static enum err parse(struct decoder *decoder, const char *json, size_t length, json_t **ret_root)
{
	json_error_t fault;
	json_t *root;

	if (too_deep(json, length)) {
		field_error_add(decoder->errors, decoder->arena, "",
				"is nested deeper than %d levels", JSON_DEPTH_MAX);
		return ERR_MALFORMED;
	}
	root = json_loadb(json, length, JSON_REJECT_DUPLICATES, &fault);
	if (!root && json_error_code(&fault) == json_error_numeric_overflow) {
		field_error_add(decoder->errors, decoder->arena, "",
				"holds a number that is too large, at line %d, column %d",
				fault.line, fault.column);
		return ERR_INVALID;
	}
	if (!root) {
		field_error_add(decoder->errors, decoder->arena, "",
				"is not valid JSON at line %d, column %d: %s", fault.line,
				fault.column, json_fault(&fault));
		return ERR_MALFORMED;
	}
	if (!json_is_object(root)) {
		field_error_add(decoder->errors, decoder->arena, "", "must be a JSON object");
		json_decref(root);
		return ERR_MALFORMED;
	}
	*ret_root = root;
	return ERR_OK;
}

static bool wrong_type(struct decoder *decoder, const char *path, const char *wanted)
{
	field_error_add(decoder->errors, decoder->arena, path, "must be %s", wanted);
	return false;
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
		const char *text = json_string_value(json_array_get(value, i));
		const char *place = arena_printf(decoder->arena, "%s[%zu]", path, i);

		if (!text)
			good = wrong_type(decoder, place, "a string");
		else if (!value_check_element(decoder, field, place, text))
			good = false;
		else
			texts->items[texts->count++] = arena_strdup(decoder->arena, text);
	}
	return good;
}

static bool decode_value(struct decoder *decoder, const struct field *field, const char *path,
			 const json_t *value, void *record)
{
	switch (field->wire) {
	case WIRE_TEXT:
		return json_is_string(value) ? value_set_text(decoder, field, path,
							      json_string_value(value), record)
					     : wrong_type(decoder, path, "a string");
	case WIRE_ENUM:
	case WIRE_TIME:
		return json_is_string(value) ? value_set_word(decoder, field, path,
							      json_string_value(value), record)
					     : wrong_type(decoder, path, "a string");
	case WIRE_BOOL:
		return json_is_boolean(value) ? value_set_bool(field, json_is_true(value), record)
					      : wrong_type(decoder, path, "true or false");
	case WIRE_INT:
		return json_is_integer(value) ? value_set_int(decoder, field, path,
							      json_integer_value(value), record)
					      : wrong_type(decoder, path, "a whole number");
	case WIRE_NUMBER:
		return json_is_number(value) ? value_set_number(decoder, field, path,
								json_number_value(value), record)
					     : wrong_type(decoder, path, "a number");
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
	err = parse(decoder, body, length, &root);
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
