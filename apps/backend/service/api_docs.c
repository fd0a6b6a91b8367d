#include "service/api_docs.h"

#include <ctype.h>
#include <string.h>

const char api_docs_style[] =
	":root{color-scheme:light "
	"dark;--line:#d8d6cf;--soft:#f4f3ef;--text:#22211d;--muted:#66645c;--accent:#0b6e5f}"
	"@media(prefers-color-scheme:dark){:root{--line:#3a3935;--soft:#242320;--text:#ecebe6;--"
	"muted:#a5a39b;"
	"--accent:#5cc9b5}body{background:#191816}}"
	"body{font:16px/1.55 system-ui,sans-serif;color:var(--text);max-width:60rem;margin:0 "
	"auto;padding:2rem 1rem}"
	"h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2.5rem 0 "
	".5rem}p{margin:.25rem 0 1rem}"
	"a{color:var(--accent)}code{font:.875em ui-monospace,monospace}"
	"details{border:1px solid var(--line);border-radius:8px;margin:.5rem 0}"
	"summary{cursor:pointer;padding:.6rem "
	".8rem;display:flex;gap:.75rem;align-items:baseline;flex-wrap:wrap}"
	"summary:focus-visible{outline:2px solid "
	"var(--accent);outline-offset:2px;border-radius:8px}"
	".method{font:600 .8rem ui-monospace,monospace;color:var(--accent);min-width:4rem}"
	".path{font:.9rem "
	"ui-monospace,monospace;overflow-wrap:anywhere}.muted{color:var(--muted);font-size:.9rem}"
	".inside{padding:0 .8rem .8rem;overflow-x:auto}"
	"table{border-collapse:collapse;width:100%;font-size:.9rem}"
	"th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-top:1px solid "
	"var(--line);vertical-align:top}"
	"th{font-weight:600}caption{text-align:left;font-weight:600;padding:.75rem 0 .35rem}";

/* Every text here is our own, but its marks are escaped all the same; `code` in backticks is marked up. */
static void print_text(const char *text, struct buf *out)
{
	bool code = false;

	for (; *text; text++) {
		if (*text == '&')
			BUF_LITERAL(out, "&amp;");
		else if (*text == '<')
			BUF_LITERAL(out, "&lt;");
		else if (*text == '`')
			buf_append_text(out, (code = !code) ? "<code>" : "</code>");
		else
			buf_append_char(out, *text);
	}
}

static void print_type(const struct field *field, struct buf *out)
{
	static const char *const names[] = {
		[WIRE_TEXT] = "string",   [WIRE_BOOL] = "boolean",          [WIRE_INT] = "integer",
		[WIRE_NUMBER] = "number", [WIRE_ENUM] = "one of",           [WIRE_TIME] = "time",
		[WIRE_LIST] = "list of",  [WIRE_TEXTS] = "list of strings", [WIRE_OBJECT] = "",
	};

	buf_append_text(out, names[field->wire]);
	if (field->names)
		for (size_t i = 0; field->names[i]; i++)
			buf_printf(out, "%s <code>%s</code>", i ? "," : "", field->names[i]);
	if (field->schema)
		buf_printf(out, " <a href=\"#%s\">%s</a>", field->schema->name,
			   field->schema->name);
	if (field->nullable)
		BUF_LITERAL(out, " or null");
}

static void print_limits(const struct field *field, struct buf *out)
{
	if (field->max && field->wire == WIRE_TEXT)
		buf_printf(out, " %lld to %lld characters.", (long long)field->min,
			   (long long)field->max);
	else if (field->max)
		buf_printf(out, " %lld to %lld.", (long long)field->min, (long long)field->max);
	if (field->preset && *field->preset)
		buf_printf(out, " Preset: <code>%s</code>.", field->preset);
}

static void print_row(const struct field *field, bool input, struct buf *out)
{
	static const char *const places[] = { "body", "path", "query", "header" };

	buf_printf(out, "<tr><td><code>%s</code>", field->header ? field->header : field->name);
	if (input)
		buf_printf(out, "<td>%s%s", places[field->from],
			   field->optional || field->preset ? "" : ", required");
	BUF_LITERAL(out, "<td>");
	print_type(field, out);
	BUF_LITERAL(out, "<td>");
	print_text(field->doc, out);
	if (input)
		print_limits(field, out);
}

static bool visible(const struct field *field, bool input)
{
	return !field->secret && !field->stored && !(input && field->shown);
}

static void print_fields(const struct schema *schema, bool input, const char *caption,
			 struct buf *out)
{
	buf_printf(out, "<table><caption>%s</caption>", caption);
	for (const struct field *field = schema->fields; field->name; field++)
		if (visible(field, input))
			print_row(field, input, out);
	BUF_LITERAL(out, "</table>");
}

static void print_route(const struct route *route, struct buf *out)
{
	int status = route->status ? route->status : route->out || route->media ? 200 : 204;

	buf_printf(out,
		   "<details><summary><span class=method>%s</span><span class=path>%s</span>"
		   "<span class=muted>",
		   route->method, route->path);
	print_text(route->doc, out);
	buf_printf(
		out,
		"</span></summary><div class=inside><p class=muted>Access: <code>%s</code>%s</p>",
		route->access, route->person ? ", a person and no API key" : "");
	if (route->in)
		print_fields(route->in, true, "Request", out);
	buf_printf(out, "<p>Answers <code>%d</code>", status);
	if (route->out)
		buf_printf(out, " with <a href=\"#%s\">%s</a>", route->out->name, route->out->name);
	else if (route->media)
		buf_printf(out, " with <code>%s</code>", route->media);
	BUF_LITERAL(out, ", or a problem document (RFC 9457).</p></div></details>");
}

/* Each record once, where it is met first. */
struct records {
	const struct schema *list[256];
	size_t count;
};

static void collect(struct records *records, const struct schema *schema)
{
	for (size_t i = 0; i < records->count; i++)
		if (records->list[i] == schema)
			return;
	if (records->count == sizeof(records->list) / sizeof(records->list[0]))
		return;
	records->list[records->count++] = schema;
	for (const struct field *field = schema->fields; field->name; field++)
		if (field->schema)
			collect(records, field->schema);
}

static void print_records(const struct records *records, struct buf *out)
{
	BUF_LITERAL(out, "<h2>Records</h2>");
	for (size_t i = 0; i < records->count; i++) {
		const struct schema *schema = records->list[i];

		buf_printf(
			out,
			"<details id=\"%s\" open><summary><span class=path>%s</span><span class=muted>",
			schema->name, schema->name);
		print_text(schema->doc ? schema->doc : "", out);
		BUF_LITERAL(out, "</span></summary><div class=inside>");
		print_fields(schema, false, "Fields", out);
		BUF_LITERAL(out, "</div></details>");
	}
}

/* The part of a path that names its subject: "conversations". */
static size_t subject(const char *path, const char **ret_start)
{
	*ret_start = path + (strncmp(path, "/api/v1/", 8) == 0 ? 8 : 1);
	return strcspn(*ret_start, "/");
}

static void print_heading(const struct route *route, const struct route *before, struct buf *out)
{
	const char *name, *name_before = "";
	size_t length = subject(route->path, &name), length_before = 0;

	if (before)
		length_before = subject(before->path, &name_before);
	if (length == length_before && strncmp(name, name_before, length) == 0)
		return;
	buf_printf(out, "<h2>%c%.*s</h2>", toupper((unsigned char)*name), (int)length - 1,
		   name + 1);
}

void api_docs_print(const struct route *const *tables, struct buf *out)
{
	struct records records = { .count = 0 };
	const struct route *before = NULL;

	BUF_LITERAL(
		out,
		"<!doctype html><html lang=en><meta charset=utf-8><title>Web+ API</title>"
		"<meta name=viewport content=\"width=device-width,initial-scale=1\">"
		"<link rel=stylesheet href=/api/docs/style.css><h1>Web+ API</h1>"
		"<p class=muted>Send <code>Authorization: Bearer …</code> with an API key, made under "
		"<a href=/settings/api-keys>Settings</a>, or with the access token that "
		"<code>POST /api/v1/auth/login</code> gives. For programs: "
		"<a href=/api/v1/openapi.json>openapi.json</a>.</p>");
	for (; *tables; tables++)
		for (const struct route *route = *tables; route->method; route++) {
			if (route->internal)
				continue;
			print_heading(route, before, out);
			print_route(route, out);
			if (route->out)
				collect(&records, route->out);
			before = route;
		}
	print_records(&records, out);
}
