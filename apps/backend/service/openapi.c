#include "service/service.h"

#include "base/map.h"

#include <ctype.h>
#include <string.h>

/* The document while it is printed: which components were met, in that order. */
struct document {
	struct buf *out;
	struct map seen; /* by name, to the schema */
	const struct schema *list[256];
	bool input[256]; /* printed as it is sent, not as it is received */
	size_t count;
};

static void add_component(struct document *document, const struct schema *schema, bool input)
{
	if (document->count == sizeof(document->list) / sizeof(document->list[0]) ||
	    map_get(&document->seen, schema->name))
		return;
	map_set(&document->seen, schema->name, (void *)(uintptr_t)schema);
	document->input[document->count] = input;
	document->list[document->count++] = schema;
	for (const struct field *field = schema->fields; field->name; field++)
		if (field->schema)
			add_component(document, field->schema, input);
}

static bool has_body(const struct route *route)
{
	if (!route->in)
		return false;
	for (const struct field *field = route->in->fields; field->name; field++)
		if (field->from == FROM_BODY && !field->stored && !field->shown)
			return true;
	return false;
}

static bool body_required(const struct schema *schema)
{
	for (const struct field *field = schema->fields; field->name; field++)
		if (field->from == FROM_BODY && !field->optional && !field->preset)
			return true;
	return false;
}

/* "GET /api/v1/messages/{id}/events" becomes getMessagesEvents. */
static void print_operation_id(const struct route *route, struct buf *out)
{
	bool upper = false;

	for (const char *c = route->method; *c; c++)
		buf_append_char(out, (char)tolower((unsigned char)*c));
	for (const char *c = route->path + (strncmp(route->path, "/api/v1", 7) == 0 ? 7 : 0); *c;
	     c++) {
		if (*c == '{')
			buf_append_text(out, "By");
		upper = upper || !isalnum((unsigned char)*c);
		if (!isalnum((unsigned char)*c))
			continue;
		buf_append_char(out, (char)(upper ? toupper((unsigned char)*c) : *c));
		upper = false;
	}
}

static void print_parameters(const struct route *route, struct buf *out)
{
	static const char *const places[] = {
		[FROM_PATH] = "path", [FROM_QUERY] = "query", [FROM_HEADER] = "header"
	};
	const char *separator = "";

	if (!route->in)
		return;
	BUF_LITERAL(out, ",\"parameters\":[");
	for (const struct field *field = route->in->fields; field->name; field++) {
		bool required = field->from == FROM_PATH || !(field->optional || field->preset);

		if (field->from == FROM_BODY)
			continue;
		buf_printf(out, "%s{\"name\":\"%s\",\"in\":\"%s\",\"required\":%s,\"description\":",
			   separator, field->from == FROM_HEADER ? field->header : field->name,
			   places[field->from], required ? "true" : "false");
		json_append_string(out, field->doc);
		BUF_LITERAL(out, ",\"schema\":");
		field_print_json_schema(field, true, out);
		buf_append_char(out, '}');
		separator = ",";
	}
	buf_append_char(out, ']');
}

static void print_success(const struct route *route, struct buf *out)
{
	int status = route->status ? route->status : route->out || route->media ? 200 : 204;

	buf_printf(out, ",\"responses\":{\"%d\":{\"description\":\"Done.\"", status);
	if (route->out)
		buf_printf(out,
			   ",\"content\":{\"application/json\":{\"schema\":"
			   "{\"$ref\":\"#/components/schemas/%s\"}}}",
			   route->out->name);
	else if (route->media)
		buf_printf(out, ",\"content\":{\"%s\":{\"schema\":{\"type\":\"%s\"}}}",
			   route->media,
			   strcmp(route->media, "application/json") == 0 ? "object" : "string");
	buf_append_char(out, '}');
	if (route->cache.tags)
		BUF_LITERAL(out, ",\"304\":{\"description\":\"If-None-Match names what there is "
				 "still.\"}");
	if (route->rate != RATE_NONE)
		BUF_LITERAL(out,
			    ",\"429\":{\"description\":\"Too many requests: Retry-After says "
			    "when to come back.\",\"headers\":{\"Retry-After\":{\"description\":"
			    "\"Seconds.\",\"schema\":{\"type\":\"integer\",\"minimum\":1}}},"
			    "\"content\":{\"application/problem+json\":{\"schema\":"
			    "{\"$ref\":\"#/components/schemas/Problem\"}}}}");
	BUF_LITERAL(
		out,
		",\"default\":{\"description\":\"A problem (RFC 9457).\",\"content\":"
		"{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}}");
}

static void print_operation(struct document *document, const struct route *route)
{
	struct buf *out = document->out;

	for (const char *c = route->method; *c; c++)
		buf_append_char(out, (char)tolower((unsigned char)*c));
	BUF_LITERAL(out, "\":{\"operationId\":\"");
	print_operation_id(route, out);
	BUF_LITERAL(out, "\",\"summary\":");
	json_append_string(out, route->doc);
	buf_printf(out, ",\"x-access\":\"%s\"", route->access);
	if (route->person)
		BUF_LITERAL(out, ",\"x-person\":true");
	if (strcmp(route->access, ACCESS_PUBLIC) == 0)
		BUF_LITERAL(out, ",\"security\":[]");
	print_parameters(route, out);
	if (has_body(route)) {
		buf_printf(
			out,
			",\"requestBody\":{\"required\":%s,\"content\":{\"application/json\":{\"schema\":"
			"{\"$ref\":\"#/components/schemas/%s\"}}}}",
			body_required(route->in) ? "true" : "false", route->in->name);
		add_component(document, route->in, true);
	}
	if (route->out)
		add_component(document, route->out, false);
	print_success(route, out);
	buf_append_char(out, '}');
}

/* The routes of one path stand together. */
static bool first_of_path(const struct route *const *tables, const struct route *route)
{
	for (; *tables; tables++)
		for (const struct route *other = *tables; other->method; other++) {
			if (other == route)
				return true;
			if (!other->internal && strcmp(other->path, route->path) == 0)
				return false;
		}
	return true;
}

static void print_path(struct document *document, const struct route *const *tables,
		       const char *path)
{
	const char *separator = "";

	for (; *tables; tables++)
		for (const struct route *route = *tables; route->method; route++) {
			if (route->internal || strcmp(route->path, path) != 0)
				continue;
			buf_printf(document->out, "%s\"", separator);
			print_operation(document, route);
			separator = ",";
		}
}

static void print_paths(struct document *document, const struct route *const *tables)
{
	const char *separator = "";

	for (const struct route *const *table = tables; *table; table++)
		for (const struct route *route = *table; route->method; route++) {
			if (route->internal || !first_of_path(tables, route))
				continue;
			buf_printf(document->out, "%s\"%s\":{", separator, route->path);
			print_path(document, tables, route->path);
			buf_append_char(document->out, '}');
			separator = ",";
		}
}

static const char problem_schema[] =
	"\"Problem\":{\"type\":\"object\",\"description\":\"RFC 9457.\",\"properties\":{"
	"\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},"
	"\"code\":{\"type\":\"string\",\"description\":\"A stable word for programs.\"},"
	"\"detail\":{\"type\":\"string\"},\"errors\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
	"\"properties\":{\"field\":{\"type\":\"string\"},\"message\":{\"type\":\"string\"}},"
	"\"required\":[\"field\",\"message\"],\"additionalProperties\":false}},"
	"\"request_id\":{\"type\":\"string\"}},"
	"\"required\":[\"type\",\"title\",\"status\",\"code\",\"detail\",\"errors\",\"request_id\"],"
	"\"additionalProperties\":false}";

void openapi_print(const struct route *const *tables, struct buf *out)
{
	struct document document = { .out = out };

	map_init(&document.seen);
	BUF_LITERAL(
		out,
		"{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Web+\",\"version\":\"" WEBPLUS_VERSION
		"\",\"description\":\"The API of a Web+ server.\"},\"security\":[{\"bearer\":[]}],"
		"\"paths\":{");
	print_paths(&document, tables);
	BUF_LITERAL(
		out,
		"},\"components\":{\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\","
		"\"bearerFormat\":\"JWT\"}},\"schemas\":{");
	buf_append(out, problem_schema, sizeof(problem_schema) - 1);
	for (size_t i = 0; i < document.count; i++) {
		buf_printf(out, ",\"%s\":", document.list[i]->name);
		schema_print_json_schema(document.list[i], document.input[i], out);
	}
	BUF_LITERAL(out, "}}}\n");
	map_finish(&document.seen);
}
