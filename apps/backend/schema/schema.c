#include "schema/schema.h"

#include "base/utf8.h"
#include "schema/value.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

enum { ERROR_NAME_MAX = 120 /* bytes */ };

const struct field *schema_field(const struct schema *schema, const char *name)
{
	for (const struct field *field = schema->fields; field->name; field++)
		if (strcmp(field->name, name) == 0)
			return field;
	return NULL;
}

bool schema_given(const struct schema *schema, const void *record, const char *name)
{
	const struct presence *presence = record;
	const struct field *field = schema_field(schema, name);

	assert(schema->presence && field);
	return presence->set >> (field - schema->fields) & 1;
}

/* An unknown name comes from outside, and is as long as it likes. */
static const char *short_name(struct arena *arena, const char *name)
{
	size_t length = strlen(name);

	if (length <= ERROR_NAME_MAX)
		return arena_strdup(arena, name);
	length = utf8_complete_prefix(name, ERROR_NAME_MAX);
	return arena_printf(arena, "%.*s…", (int)length, name);
}

void field_error_add(struct field_errors *errors, struct arena *arena, const char *field,
		     const char *format, ...)
{
	va_list args;

	if (errors->count == FIELD_ERRORS_MAX)
		return;
	va_start(args, format);
	errors->list[errors->count].field = short_name(arena, field);
	errors->list[errors->count].message = arena_vprintf(arena, format, args);
	va_end(args);
	errors->count++;
}

/* An object is null where its first field is (encode.c). */
static const char *check_object(const struct field *field)
{
	if (!field->schema)
		return "its C type is not one that FIELD knows, or .schema is missing";
	if (field->nullable && field->schema->fields->wire != WIRE_TEXT)
		return "a nullable object must begin with a text, by which it is told from null";
	return NULL;
}

/* What each wire type needs of its row; NULL when it is there. */
static const char *check_wire(const struct field *field)
{
	switch (field->wire) {
	case WIRE_ENUM:
		return field->names ? NULL : "an enum needs .names";
	case WIRE_OBJECT:
		return check_object(field);
	case WIRE_LIST:
		return field->schema ? NULL : "a list needs the .schema of its elements";
	case WIRE_BLOB:
		return field->stored ? NULL : "a blob is never on the wire: it must be .stored";
	default:
		return NULL;
	}
}

/* `row` is the record in whose row the field is stored, if it is. */
static const char *check_field(const struct schema *row, const struct field *field)
{
	const char *seal = field->private ? field->private : field->secret;

	if (!field->doc)
		return ".doc is missing";
	if (field->from == FROM_HEADER && !field->header)
		return "a field FROM_HEADER needs .header";
	if (seal && (field->private && field->secret))
		return "it is private and secret";
	if (seal && field->wire != WIRE_TEXT && field->wire != WIRE_BLOB)
		return "only a text or a blob can be sealed";
	if (seal && (!row->table || !row->key[0]))
		return "a sealed field needs the .table and .key of its schema";
	if (field->max && field->min > field->max)
		return ".min is above .max";
	if (field->wire == WIRE_INT && field->min > 0 && field->max == 0)
		return "an integer with .min needs .max: 0 would be its largest";
	if (field->from != FROM_BODY && field->wire >= WIRE_BLOB)
		return "what is no scalar comes from the body alone";
	return check_wire(field);
}

/* Who leaves the field out must not be told that it is wrong. */
static const char *check_preset(const struct schema *schema, const struct field *field,
				struct arena *arena)
{
	struct field_errors errors = { .count = 0 };
	void *record = arena_alloc(arena, schema->size);

	if (!field->preset ||
	    schema_decode_text(field, field->preset, arena, record, &errors) == ERR_OK)
		return NULL;
	return arena_printf(arena, ".preset is not valid: it %s", errors.list[0].message);
}

/* An object has its columns in the row of the record that it is in. */
static const char *check_depth(const struct schema *schema, const struct schema *outer,
			       struct arena *arena, int depth)
{
	const struct schema *row = outer && !schema->table ? outer : schema;
	size_t rows = 0;

	if (!schema->name)
		return "a schema has no .name";
	if (depth > JSON_DEPTH_MAX)
		return arena_printf(arena, "%s is nested in itself", schema->name);
	for (const struct field *field = schema->fields; field->name; field++, rows++) {
		const char *fault = check_field(row, field);

		if (!fault)
			fault = check_preset(schema, field, arena);
		if (fault)
			return arena_printf(arena, "%s.%s: %s", schema->name, field->name, fault);
		if (schema_field(schema, field->name) != field)
			return arena_printf(arena, "%s.%s stands twice", schema->name, field->name);
		if (field->schema)
			fault = check_depth(field->schema, field->wire == WIRE_OBJECT ? row : NULL,
					    arena, depth + 1);
		if (fault)
			return fault;
	}
	if (schema->presence && rows > 64)
		return arena_printf(arena, "%s has more fields than struct presence has bits",
				    schema->name);
	for (int i = 0; i < 2; i++)
		if (schema->key[i] && !schema_field(schema, schema->key[i]))
			return arena_printf(arena, "%s has no field %s, its key", schema->name,
					    schema->key[i]);
	return NULL;
}

const char *schema_check(const struct schema *schema, struct arena *arena)
{
	return check_depth(schema, NULL, arena, 0);
}

static bool is_bounded(const struct field *field)
{
	switch (field->wire) {
	case WIRE_TEXT:
		return field->max > 0 || format_max(field->format) > 0;
	case WIRE_INT:
	case WIRE_NUMBER:
	case WIRE_LIST:
	case WIRE_TEXTS:
		return field->max != 0;
	default:
		return true;
	}
}

static const char *check_bounds(const struct schema *schema, struct arena *arena)
{
	for (const struct field *field = schema->fields; field->name; field++) {
		const char *fault = NULL;

		if (field->stored || field->shown)
			continue;
		if (!is_bounded(field))
			return arena_printf(arena, "%s.%s: comes from outside and has no .max",
					    schema->name, field->name);
		if (field->schema)
			fault = check_bounds(field->schema, arena);
		if (fault)
			return fault;
	}
	return NULL;
}

const char *schema_check_input(const struct schema *schema, struct arena *arena)
{
	const char *fault = schema_check(schema, arena);

	return fault ? fault : check_bounds(schema, arena);
}

enum {
	CHARACTER_BYTES_MAX = 12, /* two escapes, as in "\\ud83d\\ude00" */
	SCALAR_BYTES_MAX = 64,    /* a number or a word of a set, and the marks around any value */
};

static size_t value_max(const struct field *field, size_t most)
{
	size_t count = field->max > 0 ? (size_t)field->max : (size_t)format_max(field->format);

	switch (field->wire) {
	case WIRE_TEXT:
		return count * CHARACTER_BYTES_MAX;
	case WIRE_TEXTS:
		return count * (TEXTS_LENGTH_MAX * CHARACTER_BYTES_MAX + SCALAR_BYTES_MAX);
	case WIRE_LIST:
		return count * schema_json_max(field->schema, most);
	case WIRE_OBJECT:
		return schema_json_max(field->schema, most);
	default:
		return 0;
	}
}

size_t schema_json_max(const struct schema *schema, size_t most)
{
	size_t bytes = SCALAR_BYTES_MAX;

	for (const struct field *field = schema->fields; field->name && bytes < most; field++)
		if (field->from == FROM_BODY && !field->stored && !field->shown)
			bytes += strlen(field->name) * CHARACTER_BYTES_MAX + SCALAR_BYTES_MAX +
				 value_max(field, most);
	return bytes < most ? bytes : most;
}
