#include "schema/schema.h"
#include "schema/value.h"

#include <string.h>

static const char *const types[] = {
	[WIRE_TEXT] = "string",   [WIRE_BOOL] = "boolean", [WIRE_INT] = "integer",
	[WIRE_NUMBER] = "number", [WIRE_ENUM] = "string",  [WIRE_TIME] = "string",
	[WIRE_LIST] = "array",    [WIRE_TEXTS] = "array",
};

static void print_type(const struct field *field, struct buf *out)
{
	if (field->nullable)
		buf_printf(out, "\"type\":[\"%s\",\"null\"]", types[field->wire]);
	else
		buf_printf(out, "\"type\":\"%s\"", types[field->wire]);
}

static void print_text(const struct field *field, bool input, struct buf *out)
{
	const char *pattern = format_pattern(field->format);
	struct bounds bounds = field_bounds(field);

	if (field->format == FORMAT_ID)
		BUF_LITERAL(out, ",\"format\":\"uuid\"");
	if (!input)
		return;
	if (bounds.min > 0)
		buf_printf(out, ",\"minLength\":%lld", (long long)bounds.min);
	buf_printf(out, ",\"maxLength\":%lld", (long long)bounds.max);
	if (pattern) {
		BUF_LITERAL(out, ",\"pattern\":");
		json_append_string(out, pattern);
	}
}

static void print_names(const struct field *field, struct buf *out)
{
	BUF_LITERAL(out, ",\"enum\":[");
	for (size_t i = 0; field->names[i]; i++) {
		if (i > 0)
			buf_append_char(out, ',');
		json_append_string(out, field->names[i]);
	}
	if (field->nullable)
		BUF_LITERAL(out, ",null");
	buf_append_char(out, ']');
}

static void print_list(const struct field *field, bool input, struct buf *out)
{
	struct bounds bounds = field_bounds(field);

	if (input)
		buf_printf(out, ",\"minItems\":%lld,\"maxItems\":%lld", (long long)bounds.min,
			   (long long)bounds.max);
	buf_printf(out, ",\"items\":{\"$ref\":\"#/components/schemas/%s\"}", field->schema->name);
}

/* The elements of a list of texts: of a closed set, or bounded. */
static void print_texts(const struct field *field, bool input, struct buf *out)
{
	struct bounds bounds = field_bounds(field);

	if (input)
		buf_printf(out, ",\"minItems\":%lld,\"maxItems\":%lld", (long long)bounds.min,
			   (long long)bounds.max);
	BUF_LITERAL(out, ",\"items\":{\"type\":\"string\"");
	if (field->names)
		print_names(field, out);
	else
		buf_printf(out, ",\"maxLength\":%d", TEXTS_LENGTH_MAX);
	buf_append_char(out, '}');
}

static void print_object(const struct field *field, struct buf *out)
{
	if (field->nullable)
		buf_printf(out,
			   "\"anyOf\":[{\"$ref\":\"#/components/schemas/%s\"},{\"type\":\"null\"}]",
			   field->schema->name);
	else
		buf_printf(out, "\"$ref\":\"#/components/schemas/%s\"", field->schema->name);
}

static void print_constraints(const struct field *field, bool input, struct buf *out)
{
	struct bounds bounds = field_bounds(field);

	switch (field->wire) {
	case WIRE_TEXT:
		print_text(field, input, out);
		break;
	case WIRE_INT:
		buf_printf(out, ",\"minimum\":%lld,\"maximum\":%lld", (long long)bounds.min,
			   (long long)bounds.max);
		break;
	case WIRE_NUMBER:
		if (field->min != 0 || field->max != 0)
			buf_printf(out, ",\"minimum\":%lld,\"maximum\":%lld", (long long)field->min,
				   (long long)field->max);
		break;
	case WIRE_ENUM:
		print_names(field, out);
		break;
	case WIRE_TIME:
		BUF_LITERAL(out, ",\"format\":\"date-time\"");
		break;
	case WIRE_TEXTS:
		print_texts(field, input, out);
		break;
	case WIRE_LIST:
		print_list(field, input, out);
		break;
	default:
		break;
	}
}

static void print_preset(const struct field *field, struct buf *out)
{
	BUF_LITERAL(out, ",\"default\":");
	if (field->wire == WIRE_INT || field->wire == WIRE_NUMBER || field->wire == WIRE_BOOL)
		buf_append_text(out, field->preset);
	else
		json_append_string(out, field->preset);
}

void field_print_json_schema(const struct field *field, bool input, struct buf *out)
{
	buf_append_char(out, '{');
	if (field->wire == WIRE_OBJECT) {
		print_object(field, out);
	} else {
		print_type(field, out);
		print_constraints(field, input, out);
	}
	if (field->preset)
		print_preset(field, out);
	BUF_LITERAL(out, ",\"description\":");
	json_append_string(out, field->doc);
	if (field->unit) {
		BUF_LITERAL(out, ",\"x-unit\":");
		json_append_string(out, field->unit);
	}
	buf_append_char(out, '}');
}

static bool printed(const struct field *field, bool input)
{
	return field->from == FROM_BODY && !field->secret && !field->stored &&
	       !(input && field->shown);
}

static void print_required(const struct schema *schema, bool input, struct buf *out)
{
	const char *separator = "";

	BUF_LITERAL(out, ",\"required\":[");
	for (const struct field *field = schema->fields; field->name; field++) {
		if (!printed(field, input) || (input && (field->optional || field->preset)))
			continue;
		buf_append_text(out, separator);
		json_append_string(out, field->name);
		separator = ",";
	}
	buf_append_char(out, ']');
}

void schema_print_json_schema(const struct schema *schema, bool input, struct buf *out)
{
	const char *separator = "";

	BUF_LITERAL(out, "{\"type\":\"object\"");
	if (schema->doc) {
		BUF_LITERAL(out, ",\"description\":");
		json_append_string(out, schema->doc);
	}
	BUF_LITERAL(out, ",\"properties\":{");
	for (const struct field *field = schema->fields; field->name; field++) {
		if (!printed(field, input))
			continue;
		buf_append_text(out, separator);
		json_append_string(out, field->name);
		buf_append_char(out, ':');
		field_print_json_schema(field, input, out);
		separator = ",";
	}
	buf_append_char(out, '}');
	print_required(schema, input, out);
	BUF_LITERAL(out, ",\"additionalProperties\":false}");
}
