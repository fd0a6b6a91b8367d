#include "schema/schema.h"

#include "test.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A record with a field of every kind. */

enum color { RED, GREEN, BLUE };

static const char *const color_names[] = { "red", "green", "blue", NULL };

struct point {
	const char *label;
	int64_t x;
};

static const struct field point_fields[] = {
	FIELD(struct point, label, .max = 10, .doc = "Its name."),
	FIELD(struct point, x, .optional = true, .doc = "Where it is."),
	{ 0 },
};

static const struct schema point_schema = SCHEMA(struct point, point_fields, .name = "Point");

struct sample {
	struct presence presence;
	const char *text;
	bool flag;
	int small;
	int64_t big;
	double number;
	enum color color;
	struct timestamp time;
	struct array points;
	struct point origin;
	const char *note;
	const char *secret_text;
	const char *hidden;
	const char *made;
};

static const struct field sample_fields[] = {
	FIELD(struct sample, text, .min = 2, .max = 5, .doc = "Two to five characters."),
	FIELD(struct sample, flag, .optional = true, .doc = "A flag."),
	FIELD(struct sample, small, .optional = true, .min = 1, .doc = "A small number."),
	FIELD(struct sample, big, .optional = true, .nullable = true, .doc = "A large number."),
	FIELD(struct sample, number, .optional = true, .min = -10, .max = 10, .doc = "A fraction."),
	FIELD(struct sample, color, .preset = "green", .names = color_names, .doc = "A color."),
	FIELD(struct sample, time, .optional = true, .nullable = true, .doc = "A time."),
	FIELD(struct sample, points, .optional = true, .min = 1, .max = 3, .schema = &point_schema,
	      .doc = "One to three points."),
	FIELD(struct sample, origin, .optional = true, .nullable = true, .schema = &point_schema,
	      .doc = "A point."),
	FIELD(struct sample, note, .optional = true, .nullable = true, .doc = "May be null."),
	FIELD(struct sample, secret_text, .optional = true, .secret = "sample.secret",
	      .doc = "Never shown."),
	FIELD(struct sample, hidden, .stored = true, .nullable = true, .doc = "SQL only."),
	FIELD(struct sample, made, .shown = true, .nullable = true, .doc = "Wire only."),
	{ 0 },
};

static const struct schema sample_schema =
	SCHEMA(struct sample, sample_fields, .name = "Sample", .presence = true, .table = "sample",
	       .key = { "text" }, .doc = "Of \"every\" kind.");

/* One decoding at a time; the arena lives until the next. */
static struct arena arena;
static struct field_errors errors;

static void start_over(void)
{
	arena_finish(&arena);
	arena_init(&arena);
	errors.count = 0;
}

static int finish_arena(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

static enum err decode(const char *json, struct sample *sample)
{
	start_over();
	return schema_decode_json(&sample_schema, json, strlen(json), &arena, sample, &errors);
}

static struct sample decoded(const char *json)
{
	struct sample sample;

	assert_int_equal(decode(json, &sample), ERR_OK);
	return sample;
}

static const char *message_of(const char *field)
{
	for (size_t i = 0; i < errors.count; i++)
		if (strcmp(errors.list[i].field, field) == 0)
			return errors.list[i].message;
	fail_msg("no error names %s", field);
	return "";
}

/* The input is refused for this field alone, in words that hold `words`. */
static void refused(const char *json, const char *field, const char *words)
{
	struct sample sample;

	assert_int_equal(decode(json, &sample), ERR_INVALID);
	assert_int_equal(errors.count, 1);
	if (strstr(message_of(field), words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", message_of(field), words);
}

static void malformed(const char *json, const char *words)
{
	struct sample sample;

	assert_int_equal(decode(json, &sample), ERR_MALFORMED);
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.list[0].field, "");
	assert_non_null(strstr(errors.list[0].message, words));
}

/* ---- Decoding ---- */

static void every_kind_is_read(void **state)
{
	struct sample sample = decoded(
		"{\"text\":\"h\xc3\xa9llo\",\"flag\":true,\"small\":7,\"big\":-9007199254740991,"
		"\"number\":2.5,\"color\":\"blue\",\"time\":\"2026-01-31T12:00:00Z\","
		"\"points\":[{\"label\":\"a\",\"x\":1},{\"label\":\"b\"}],"
		"\"origin\":{\"label\":\"o\",\"x\":-3},\"note\":\"line\\n\\ttab\",\"secret_text\":"
		"\"s\"}");
	const struct point *points = sample.points.items;

	(void)state;
	assert_string_equal(sample.text, "h\xc3\xa9llo");
	assert_true(sample.flag);
	assert_int_equal(sample.small, 7);
	assert_int_equal(sample.big, INT64_C(-9007199254740991));
	assert_true(sample.number == 2.5);
	assert_int_equal(sample.color, BLUE);
	assert_int_equal(sample.time.ms, INT64_C(1769860800000));
	assert_int_equal(sample.points.count, 2);
	assert_string_equal(points[0].label, "a");
	assert_int_equal(points[0].x, 1);
	assert_string_equal(points[1].label, "b");
	assert_int_equal(points[1].x, 0);
	assert_string_equal(sample.origin.label, "o");
	assert_int_equal(sample.origin.x, -3);
	assert_string_equal(sample.note, "line\n\ttab");
	assert_string_equal(sample.secret_text, "s");
}

static void absent_null_and_zero_are_three_things(void **state)
{
	struct sample absent = decoded("{\"text\":\"ab\"}");
	struct sample null = decoded("{\"text\":\"ab\",\"big\":null,\"note\":null}");
	struct sample zero = decoded("{\"text\":\"ab\",\"big\":0}");

	(void)state;
	assert_false(schema_given(&sample_schema, &absent, "big"));
	assert_true(schema_given(&sample_schema, &null, "big"));
	assert_true(schema_given(&sample_schema, &zero, "big"));
	assert_int_equal(absent.presence.set, 1);
	assert_int_equal(null.presence.null, UINT64_C(1) << 3 | UINT64_C(1) << 9);
	assert_int_equal(zero.presence.null, 0);
	assert_null(null.note);
}

static void a_preset_stands_for_what_is_absent_and_was_not_given(void **state)
{
	struct sample sample = decoded("{\"text\":\"ab\"}");

	(void)state;
	assert_int_equal(sample.color, GREEN);
	assert_false(schema_given(&sample_schema, &sample, "color"));
}

static void what_is_no_json_object_is_malformed(void **state)
{
	(void)state;
	malformed("{", "not valid JSON at line 1");
	malformed("nonsense", "not valid JSON");
	malformed("[]", "must be a JSON object");
	malformed("\"text\"", "not valid JSON");
	malformed("{\"text\":\"ab\"} more", "not valid JSON");
	malformed("{\"text\":\"ab\",\"text\":\"cd\"}", "duplicate");
	refused("", "text", "is required"); /* no body is an empty object */
}

static void wrong_types_are_refused_by_field(void **state)
{
	(void)state;
	refused("{\"text\":5}", "text", "must be a string");
	refused("{\"text\":\"ab\",\"flag\":1}", "flag", "must be true or false");
	refused("{\"text\":\"ab\",\"small\":\"7\"}", "small", "must be a whole number");
	refused("{\"text\":\"ab\",\"small\":7.5}", "small", "must be a whole number");
	refused("{\"text\":\"ab\",\"number\":\"2\"}", "number", "must be a number");
	refused("{\"text\":\"ab\",\"color\":2}", "color", "must be a string");
	refused("{\"text\":\"ab\",\"time\":0}", "time", "must be a string");
	refused("{\"text\":\"ab\",\"points\":{}}", "points", "must be an array");
	refused("{\"text\":\"ab\",\"points\":[1]}", "points[0]", "must be an object");
	refused("{\"text\":\"ab\",\"origin\":[]}", "origin", "must be an object");
	refused("{\"text\":null}", "text", "must not be null");
}

static void bounds_hold(void **state)
{
	(void)state;
	refused("{\"text\":\"\"}", "text", "must not be empty");
	refused("{\"text\":\"a\"}", "text", "at least 2 characters");
	refused("{\"text\":\"abcdef\"}", "text", "at most 5 characters");
	refused("{\"text\":\"ab\",\"small\":0}", "small", "between 1 and 2147483647");
	refused("{\"text\":\"ab\",\"small\":2147483648}", "small", "between 1 and 2147483647");
	refused("{\"text\":\"ab\",\"number\":10.5}", "number", "between -10 and 10");
	refused("{\"text\":\"ab\",\"color\":\"pink\"}", "color", "one of: red, green, blue");
	refused("{\"text\":\"ab\",\"time\":\"yesterday\"}", "time", "RFC 3339");
	refused("{\"text\":\"ab\",\"points\":[]}", "points", "1 to 3 elements");
	refused("{\"text\":\"ab\",\"points\":[{\"label\":\"\"},{\"label\":\"\"},{\"label\":\"\"},"
		"{\"label\":\"\"}]}",
		"points", "1 to 3 elements");
	assert_int_equal(decoded("{\"text\":\"ab\",\"small\":2147483647}").small, 2147483647);
	assert_int_equal(
		strlen(decoded("{\"text\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"}").text),
		10); /* five characters */
}

static void numbers_beyond_what_is_exact_are_refused(void **state)
{
	(void)state;
	refused("{\"text\":\"ab\",\"big\":9007199254740992}", "big", "between");
	refused("{\"text\":\"ab\",\"big\":-9007199254740992}", "big", "between");
	refused("{\"text\":\"ab\",\"big\":9223372036854775807}", "big", "between");
	/* Well-formed, but no int64 and no double. */
	refused("{\"text\":\"ab\",\"big\":99999999999999999999}", "", "too large");
	refused("{\"text\":\"ab\",\"number\":1e999}", "", "too large");
	refused("{\"text\":\"ab\",\"big\":1e3}", "big", "must be a whole number");
}

static void unknown_and_inner_fields_are_refused(void **state)
{
	(void)state;
	refused("{\"text\":\"ab\",\"other\":1}", "other", "is not known here");
	refused("{\"text\":\"ab\",\"hidden\":\"x\"}", "hidden", "is not known here");
	refused("{\"text\":\"ab\",\"made\":\"x\"}", "made", "is not known here");
	refused("{\"text\":\"ab\",\"origin\":{\"label\":\"o\",\"z\":1}}", "origin.z",
		"is not known here");
	refused("{\"text\":\"ab\",\"points\":[{\"label\":\"o\"},{\"x\":1}]}", "points[1].label",
		"is required");
}

static void a_long_unknown_name_is_not_sent_back_whole(void **state)
{
	char json[4096] = "{\"text\":\"ab\",\"";
	struct sample sample;

	(void)state;
	for (int i = 0; i < 1000; i++)
		strncat(json, "\xc3\xa9", sizeof(json) - strlen(json) - 1);
	strncat(json, "\":1}", sizeof(json) - strlen(json) - 1);
	assert_int_equal(decode(json, &sample), ERR_INVALID);
	assert_true(strlen(errors.list[0].field) < 200);
	assert_int_equal(strlen(errors.list[0].field) % 2, strlen("…") % 2); /* no half character */
}

static void every_error_is_told_at_once(void **state)
{
	struct sample sample;

	(void)state;
	assert_int_equal(decode("{\"flag\":1,\"small\":0,\"color\":\"pink\",\"other\":1,"
				"\"origin\":{\"label\":5}}",
				&sample),
			 ERR_INVALID);
	assert_int_equal(errors.count, 6);
	assert_string_equal(message_of("text"), "is required");
	message_of("flag");
	message_of("small");
	message_of("color");
	message_of("other");
	message_of("origin.label");
}

static void errors_are_counted_no_further_than_their_list(void **state)
{
	char json[4096] = "{\"text\":\"ab\"";
	struct sample sample;

	(void)state;
	for (int i = 0; i < FIELD_ERRORS_MAX * 2; i++)
		snprintf(json + strlen(json), sizeof(json) - strlen(json), ",\"k%d\":1", i);
	strncat(json, "}", sizeof(json) - strlen(json) - 1);
	assert_int_equal(decode(json, &sample), ERR_INVALID);
	assert_int_equal(errors.count, FIELD_ERRORS_MAX);
}

static void texts_are_utf8_without_control_characters(void **state)
{
	(void)state;
	malformed("{\"text\":\"\xff\xff\"}", "not valid JSON");
	malformed("{\"text\":\"a\xc0\xaf\"}", "not valid JSON"); /* overlong */
	malformed("{\"text\":\"\\ud800\"}", "not valid JSON");   /* half a pair */
	malformed("{\"text\":\"a\\u0000b\"}", "not valid JSON");
	refused("{\"text\":\"a\\u0001b\"}", "text", "control characters");
	refused("{\"text\":\"a\\rb\"}", "text", "control characters");
	refused("{\"text\":\"a\\u007fb\"}", "text", "control characters");
	refused("{\"text\":\"a\\u0085b\"}", "text", "control characters");
	assert_string_equal(decoded("{\"text\":\"\\ud83d\\ude00!\"}").text, "\xf0\x9f\x98\x80!");
}

static void depth_is_bounded_before_parsing(void **state)
{
	char json[256] = "{\"a\":";

	(void)state;
	memset(json + 5, '[', JSON_DEPTH_MAX);
	json[5 + JSON_DEPTH_MAX] = '\0';
	malformed(json, "nested deeper than 32");
	json[5 + JSON_DEPTH_MAX - 1] = '\0';
	malformed(json, "not valid JSON"); /* deep enough, but not closed */
	refused("{\"text\":\"ab\",\"note\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\","
		"\"x\":1}",
		"x", "is not known here");
}

/* ---- Paths, queries and headers ---- */

struct query_sample {
	const char *id;
	int64_t limit;
	double ratio;
	bool tree;
	enum color color;
	struct timestamp since;
	const char *key;
	const char *word;
};

static const struct field query_fields[] = {
	FIELD(struct query_sample, id, .from = FROM_PATH, .format = FORMAT_ID, .doc = "Which."),
	FIELD(struct query_sample, limit, .from = FROM_QUERY, .preset = "20", .min = 1, .max = 100,
	      .doc = "How many."),
	FIELD(struct query_sample, ratio, .from = FROM_QUERY, .optional = true, .doc = "A ratio."),
	FIELD(struct query_sample, tree, .from = FROM_QUERY, .preset = "false", .doc = "All."),
	FIELD(struct query_sample, color, .from = FROM_QUERY, .names = color_names, .preset = "red",
	      .doc = "A color."),
	FIELD(struct query_sample, since, .from = FROM_QUERY, .optional = true,
	      .doc = "From when."),
	FIELD(struct query_sample, key, .from = FROM_HEADER, .header = "x-key", .max = 10,
	      .format = FORMAT_TOKEN, .doc = "A key."),
	FIELD(struct query_sample, word, .optional = true, .doc = "In the body."),
	{ 0 },
};

static const struct schema query_schema =
	SCHEMA(struct query_sample, query_fields, .name = "Query");

#define SOME_ID "01234567-89ab-7cde-8f01-23456789abcd"

static const char *find_header(void *context, const char *name)
{
	return strcmp(name, "x-key") == 0 ? context : NULL;
}

static enum err decode_query(const char *id, const struct text_pair *query, const char *header,
			     struct query_sample *sample)
{
	char context[64];
	const struct text_pair path[] = { { "id", id }, { NULL, NULL } };
	struct input input = { .path = path, .query = query, .header = find_header };

	start_over();
	if (header != NULL) {
		snprintf(context, sizeof(context), "%s", header);
		input.context = context;
	}
	return schema_decode(&query_schema, &input, &arena, sample, &errors);
}

static void a_request_is_one_record(void **state)
{
	const struct text_pair query[] = { { "limit", "5" },
					   { "ratio", "-1.5e2" },
					   { "tree", "true" },
					   { "color", "blue" },
					   { "since", "2026-01-31T12:00:00Z" },
					   { NULL, NULL } };
	struct query_sample sample;

	(void)state;
	assert_int_equal(decode_query(SOME_ID, query, "k-1", &sample), ERR_OK);
	assert_string_equal(sample.id, SOME_ID);
	assert_int_equal(sample.limit, 5);
	assert_true(sample.ratio == -150.0);
	assert_true(sample.tree);
	assert_int_equal(sample.color, BLUE);
	assert_int_equal(sample.since.ms, INT64_C(1769860800000));
	assert_string_equal(sample.key, "k-1");
	assert_null(sample.word);
}

static void presets_stand_for_absent_queries(void **state)
{
	struct query_sample sample;

	(void)state;
	assert_int_equal(decode_query(SOME_ID, NULL, "k", &sample), ERR_OK);
	assert_int_equal(sample.limit, 20);
	assert_false(sample.tree);
	assert_int_equal(sample.color, RED);
}

static void a_path_that_is_not_valid_is_not_found(void **state)
{
	const struct text_pair query[] = { { "limit", "0" }, { NULL, NULL } };
	struct query_sample sample;
	struct input nowhere = { .header = find_header };

	(void)state;
	assert_int_equal(decode_query("1", query, NULL, &sample), ERR_NOT_FOUND);
	assert_int_equal(errors.count, 0);
	assert_int_equal(schema_decode(&query_schema, &nowhere, &arena, &sample, &errors),
			 ERR_NOT_FOUND);
}

static void query_refused(const char *name, const char *value, const char *words)
{
	const struct text_pair query[] = { { name, value }, { NULL, NULL } };
	struct query_sample sample;

	assert_int_equal(decode_query(SOME_ID, query, "k", &sample), ERR_INVALID);
	assert_int_equal(errors.count, 1);
	assert_non_null(strstr(message_of(name), words));
}

static void queries_are_held_to_their_rows(void **state)
{
	(void)state;
	query_refused("limit", "", "whole number");
	query_refused("limit", "5x", "whole number");
	query_refused("limit", " 5", "whole number");
	query_refused("limit", "+5", "whole number");
	query_refused("limit", "0x5", "whole number");
	query_refused("limit", "99999999999999999999", "whole number");
	query_refused("limit", "101", "between 1 and 100");
	query_refused("ratio", "nan", "must be a number");
	query_refused("ratio", "inf", "must be a number");
	query_refused("ratio", "1e999", "must be a number");
	query_refused("ratio", "", "must be a number");
	query_refused("tree", "1", "true or false");
	query_refused("tree", "TRUE", "true or false");
	query_refused("color", "Red", "one of");
	query_refused("since", "12:00", "RFC 3339");
	query_refused("word", "in the query", "is not known here");
	query_refused("id", SOME_ID, "is not known here");
	query_refused("other", "1", "is not known here");
}

static void a_query_that_stands_twice_is_refused(void **state)
{
	const struct text_pair query[] = { { "limit", "5" }, { "limit", "6" }, { NULL, NULL } };
	struct query_sample sample;

	(void)state;
	assert_int_equal(decode_query(SOME_ID, query, "k", &sample), ERR_INVALID);
	assert_string_equal(message_of("limit"), "stands twice");
}

static void a_header_is_required_even_where_there_are_none(void **state)
{
	const struct text_pair path[] = { { "id", SOME_ID }, { NULL, NULL } };
	struct input input = { .path = path };
	struct query_sample sample;

	(void)state;
	assert_int_equal(decode_query(SOME_ID, NULL, NULL, &sample), ERR_INVALID);
	assert_string_equal(message_of("key"), "is required");
	assert_int_equal(decode_query(SOME_ID, NULL, "a b", &sample), ERR_INVALID);
	start_over();
	assert_int_equal(schema_decode(&query_schema, &input, &arena, &sample, &errors),
			 ERR_INVALID);
	assert_string_equal(message_of("key"), "is required");
}

static void one_field_is_set_from_text(void **state)
{
	struct query_sample sample = { 0 };

	(void)state;
	start_over();
	assert_int_equal(schema_decode_text(schema_field(&query_schema, "limit"), "7", &arena,
					    &sample, &errors),
			 ERR_OK);
	assert_int_equal(sample.limit, 7);
	assert_int_equal(schema_decode_text(schema_field(&query_schema, "word"), "\xff", &arena,
					    &sample, &errors),
			 ERR_INVALID);
	assert_string_equal(message_of("word"), "must be UTF-8");
	assert_int_equal(schema_decode_text(schema_field(&sample_schema, "points"), "x", &arena,
					    &sample, &errors),
			 ERR_INVALID);
	assert_string_equal(message_of("points"), "cannot be given as text");
}

/* ---- Encoding ---- */

static const char *encoded(const struct schema *schema, const void *record)
{
	static struct buf out;

	buf_finish(&out);
	buf_init(&out, 100000);
	schema_encode(schema, record, &out);
	return out.data;
}

static void a_record_is_encoded_without_its_secrets(void **state)
{
	struct point points[] = { { "a", 1 }, { "b", -2 } };
	struct sample sample = { .text = "hi",
				 .flag = true,
				 .small = -1,
				 .big = 5,
				 .number = 0.5,
				 .color = BLUE,
				 .time = { INT64_C(1769860800000) },
				 .points = { points, 2 },
				 .origin = { "o", 0 },
				 .secret_text = "s3cret",
				 .hidden = "h1dden",
				 .made = "m" };

	(void)state;
	assert_string_equal(encoded(&sample_schema, &sample),
			    "{\"text\":\"hi\",\"flag\":true,\"small\":-1,\"big\":5,\"number\":0.5,"
			    "\"color\":\"blue\",\"time\":\"2026-01-31T12:00:00.000Z\","
			    "\"points\":[{\"label\":\"a\",\"x\":1},{\"label\":\"b\",\"x\":-2}],"
			    "\"origin\":{\"label\":\"o\",\"x\":0},\"note\":null,\"made\":\"m\"}");
}

static void what_is_nullable_is_null_where_it_is_nothing(void **state)
{
	struct sample sample = { .text = "hi", .number = (double)INFINITY };

	(void)state;
	assert_string_equal(
		encoded(&sample_schema, &sample),
		"{\"text\":\"hi\",\"flag\":false,\"small\":0,\"big\":null,\"number\":null,"
		"\"color\":\"red\",\"time\":null,\"points\":[],\"origin\":null,"
		"\"note\":null,\"made\":null}");
}

/* 0 is "never" only where the field knows null. */
static void a_time_that_cannot_be_null_never_is(void **state)
{
	struct query_sample sample = { .id = "i" };

	(void)state;
	assert_non_null(
		strstr(encoded(&query_schema, &sample), "\"since\":\"1970-01-01T00:00:00.000Z\""));
}

static void what_must_be_escaped_is(void **state)
{
	struct buf out;
	json_t *back;

	(void)state;
	buf_init(&out, 1000);
	json_append_string_n(&out, "\"\\/\b\f\n\r\t\x01\x1f\x7f\0é", 14);
	assert_string_equal(out.data,
			    "\"\\\"\\\\/\\u0008\\u000c\\n\\r\\t\\u0001\\u001f\\u007f\\u0000é\"");
	back = json_loadb(out.data, out.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	assert_int_equal(json_string_length(back), 14);
	assert_memory_equal(json_string_value(back), "\"\\/\b\f\n\r\t\x01\x1f\x7f\0é", 14);
	json_decref(back);
	buf_clear(&out);
	json_append_string(&out, "");
	assert_string_equal(out.data, "\"\"");
	buf_finish(&out);
}

static void a_record_without_fields_to_show_is_an_empty_object(void **state)
{
	static const struct field fields[] = {
		FIELD(struct point, label, .stored = true, .doc = "Inside."),
		{ 0 },
	};
	static const struct schema schema = SCHEMA(struct point, fields, .name = "Empty");
	struct point point = { "a", 1 };

	(void)state;
	assert_string_equal(encoded(&schema, &point), "{}");
}

/* ---- JSON Schema ---- */

static json_t *printed(const struct schema *schema, bool input)
{
	json_t *document;
	struct buf out;

	buf_init(&out, 100000);
	schema_print_json_schema(schema, input, &out);
	document = json_loadb(out.data, out.length, JSON_REJECT_DUPLICATES, NULL);
	buf_finish(&out);
	assert_non_null(document);
	return document;
}

static json_t *property(const json_t *document, const char *name)
{
	return json_object_get(json_object_get(document, "properties"), name);
}

static int64_t bound(const json_t *row, const char *name)
{
	assert_true(json_is_integer(json_object_get(row, name)));
	return json_integer_value(json_object_get(row, name));
}

static void an_input_is_described_by_its_rows(void **state)
{
	json_t *document = printed(&sample_schema, true);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(document, "description")),
			    "Of \"every\" kind.");
	assert_int_equal(bound(property(document, "text"), "minLength"), 2);
	assert_int_equal(bound(property(document, "text"), "maxLength"), 5);
	assert_int_equal(bound(property(document, "small"), "maximum"), INT32_MAX);
	assert_int_equal(bound(property(document, "number"), "minimum"), -10);
	assert_int_equal(bound(property(document, "points"), "maxItems"), 3);
	assert_int_equal(json_array_size(json_object_get(property(document, "color"), "enum")), 3);
	assert_string_equal(
		json_string_value(json_object_get(property(document, "color"), "default")),
		"green");
	assert_int_equal(json_array_size(json_object_get(property(document, "big"), "type")), 2);
	assert_int_equal(json_array_size(json_object_get(property(document, "origin"), "anyOf")),
			 2);
	assert_null(property(document, "made"));
	assert_null(property(document, "hidden"));
	assert_null(property(document, "secret_text"));
	assert_int_equal(json_array_size(json_object_get(document, "required")), 1);
	assert_true(json_is_false(json_object_get(document, "additionalProperties")));
	json_decref(document);
}

static void a_reply_has_all_its_fields(void **state)
{
	json_t *document = printed(&sample_schema, false);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(document, "required")), 11);
	assert_non_null(property(document, "made"));
	assert_null(json_object_get(property(document, "text"), "maxLength"));
	json_decref(document);
}

static void every_row_alone_is_a_json_schema(void **state)
{
	(void)state;
	for (const struct field *field = query_fields; field->name; field++) {
		struct buf out;
		json_t *row;

		buf_init(&out, 10000);
		field_print_json_schema(field, true, &out);
		row = json_loadb(out.data, out.length, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(row);
		assert_string_equal(json_string_value(json_object_get(row, "description")),
				    field->doc);
		json_decref(row);
		buf_finish(&out);
	}
}

/* ---- Mistakes in a table ---- */

static const char *fault_of(const struct field *fields, struct schema schema)
{
	schema.fields = fields;
	schema.size = sizeof(struct sample);
	if (!schema.name)
		schema.name = "Faulty";
	start_over();
	return schema_check(&schema, &arena);
}

static void has_fault(struct field field, struct schema schema, const char *words)
{
	const struct field fields[] = { field, { 0 } };
	const char *fault = fault_of(fields, schema);

	assert_non_null(fault);
	if (strstr(fault, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", fault, words);
}

static void a_good_table_has_no_fault(void **state)
{
	(void)state;
	start_over();
	assert_null(schema_check(&sample_schema, &arena));
	assert_null(schema_check(&query_schema, &arena));
}

static void mistakes_of_a_table_are_found(void **state)
{
	static const struct schema sealed = { .table = "t", .key = { "text" } };
	static const struct schema plain = { .name = NULL };

	(void)state;
	has_fault((struct field)FIELD(struct sample, text, .max = 5), plain, "doc is missing");
	has_fault((struct field)FIELD(struct sample, text, .doc = "d", .from = FROM_HEADER), plain,
		  "needs .header");
	has_fault(
		(struct field)FIELD(struct sample, text, .doc = "d", .private = "a", .secret = "b"),
		sealed, "private and secret");
	has_fault((struct field)FIELD(struct sample, big, .doc = "d", .private = "a"), sealed,
		  "only a text can be sealed");
	has_fault((struct field)FIELD(struct sample, text, .doc = "d", .private = "a"), plain,
		  "needs the .table and .key");
	has_fault((struct field)FIELD(struct sample, color, .doc = "d"), plain,
		  "an enum needs .names");
	has_fault((struct field)FIELD(struct sample, origin, .doc = "d"), plain,
		  ".schema is missing");
	has_fault((struct field)FIELD(struct sample, points, .doc = "d"), plain,
		  "needs the .schema");
	has_fault((struct field){ .name = "b", .doc = "d", .wire = WIRE_BLOB }, plain,
		  "must be .stored");
	has_fault((struct field)FIELD(struct sample, text, .doc = "d"),
		  (struct schema){ .key = { "no" } }, "has no field no, its key");
	has_fault((struct field)FIELD(struct sample, points, .doc = "d", .from = FROM_QUERY,
				      .schema = &point_schema),
		  plain, "from the body alone");
	has_fault((struct field)FIELD(struct sample, big, .doc = "d", .min = 5, .max = 3), plain,
		  ".min is above .max");
	has_fault((struct field)FIELD(struct sample, big, .doc = "d", .max = 3, .preset = "4"),
		  plain, ".preset is not valid");
}

static void a_nullable_object_begins_with_a_text(void **state)
{
	static const struct field inner[] = {
		FIELD(struct point, x, .doc = "A number."),
		{ 0 },
	};
	static const struct schema inner_schema = SCHEMA(struct point, inner, .name = "Inner");

	(void)state;
	has_fault((struct field)FIELD(struct sample, origin, .doc = "d", .nullable = true,
				      .schema = &inner_schema),
		  (struct schema){ .name = NULL }, "begin with a text");
}

static void a_field_that_stands_twice_is_found(void **state)
{
	const struct field fields[] = { FIELD(struct sample, text, .doc = "d"),
					FIELD(struct sample, text, .doc = "d"),
					{ 0 } };

	(void)state;
	assert_non_null(strstr(fault_of(fields, (struct schema){ .name = "Twice" }),
			       "Twice.text stands twice"));
}

static const struct schema recursive_schema;

static const struct field recursive_fields[] = {
	FIELD(struct sample, points, .schema = &recursive_schema, .doc = "Itself."),
	{ 0 },
};

static const struct schema recursive_schema =
	SCHEMA(struct sample, recursive_fields, .name = "Recursive");

static void a_table_that_holds_itself_is_found(void **state)
{
	(void)state;
	start_over();
	assert_non_null(strstr(schema_check(&recursive_schema, &arena), "nested in itself"));
}

static void presence_has_64_bits(void **state)
{
	static char names[65][8];
	struct field fields[66] = { { 0 } };

	(void)state;
	for (int i = 0; i < 65; i++) {
		snprintf(names[i], sizeof(names[i]), "f%d", i);
		fields[i] = (struct field)FIELD(struct sample, text, .doc = "d");
		fields[i].name = names[i];
	}
	assert_non_null(
		strstr(fault_of(fields, (struct schema){ .presence = true }), "more fields than"));
	assert_null(fault_of(fields, (struct schema){ .presence = false }));
}

static void a_schema_has_a_name(void **state)
{
	static const struct schema nameless = SCHEMA(struct point, point_fields, .doc = "None.");

	(void)state;
	start_over();
	assert_string_equal(schema_check(&nameless, &arena), "a schema has no .name");
}

/* ---- Formats ---- */

static void fits(enum format format, const char *text, bool expected)
{
	const char *message = NULL;

	if (format_check(format, text, &message) != expected)
		fail_msg("\"%s\" is %s", text, expected ? "refused" : "accepted");
	assert_true(expected || message != NULL);
}

static void formats_hold(void **state)
{
	(void)state;
	fits(FORMAT_NONE, "anything\n", true);
	fits(FORMAT_ID, SOME_ID, true);
	fits(FORMAT_ID, "01234567-89AB-7cde-8f01-23456789abcd", false);
	fits(FORMAT_ID, SOME_ID "0", false);
	fits(FORMAT_USERNAME, "ada.l-1_", true);
	fits(FORMAT_USERNAME, "Ada", true);
	fits(FORMAT_USERNAME, "ab", false);
	fits(FORMAT_USERNAME, ".ada", false);
	fits(FORMAT_USERNAME, "a b c", false);
	fits(FORMAT_USERNAME, "\xc3\xa9\xc3\xa9\xc3\xa9", false);
	fits(FORMAT_USERNAME, "a23456789012345678901234567890123", false);
	fits(FORMAT_EMAIL, "ada@example.org", true);
	fits(FORMAT_EMAIL, "a+b@sub.example.org", true);
	fits(FORMAT_EMAIL, "ada", false);
	fits(FORMAT_EMAIL, "@example.org", false);
	fits(FORMAT_EMAIL, "ada@", false);
	fits(FORMAT_EMAIL, "a@b@c", false);
	fits(FORMAT_EMAIL, "ada@.org", false);
	fits(FORMAT_EMAIL, "ada@a..org", false);
	fits(FORMAT_EMAIL, "ada@example.", false);
	fits(FORMAT_EMAIL, "a da@example.org", false);
	fits(FORMAT_EMAIL, "a<b@example.org", false);
	fits(FORMAT_EMAIL,
	     "12345678901234567890123456789012345678901234567890123456789012345@example.org",
	     false);
	fits(FORMAT_LINE, "one line", true);
	fits(FORMAT_LINE, "two\nlines", false);
	fits(FORMAT_LINE, "a\ttab", false);
	fits(FORMAT_TOKEN, "abc-_~!", true);
	fits(FORMAT_TOKEN, "a b", false);
	fits(FORMAT_TOKEN, "\xc3\xa9", false);
}

static void every_format_has_a_pattern(void **state)
{
	(void)state;
	assert_null(format_pattern(FORMAT_NONE));
	for (int format = FORMAT_NONE + 1; format < FORMAT_COUNT; format++)
		assert_int_equal(format_pattern((enum format)format)[0], '^');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_read),
		cmocka_unit_test(absent_null_and_zero_are_three_things),
		cmocka_unit_test(a_preset_stands_for_what_is_absent_and_was_not_given),
		cmocka_unit_test(what_is_no_json_object_is_malformed),
		cmocka_unit_test(wrong_types_are_refused_by_field),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(numbers_beyond_what_is_exact_are_refused),
		cmocka_unit_test(unknown_and_inner_fields_are_refused),
		cmocka_unit_test(a_long_unknown_name_is_not_sent_back_whole),
		cmocka_unit_test(every_error_is_told_at_once),
		cmocka_unit_test(errors_are_counted_no_further_than_their_list),
		cmocka_unit_test(texts_are_utf8_without_control_characters),
		cmocka_unit_test(depth_is_bounded_before_parsing),
		cmocka_unit_test(a_request_is_one_record),
		cmocka_unit_test(presets_stand_for_absent_queries),
		cmocka_unit_test(a_path_that_is_not_valid_is_not_found),
		cmocka_unit_test(queries_are_held_to_their_rows),
		cmocka_unit_test(a_query_that_stands_twice_is_refused),
		cmocka_unit_test(a_header_is_required_even_where_there_are_none),
		cmocka_unit_test(one_field_is_set_from_text),
		cmocka_unit_test(a_record_is_encoded_without_its_secrets),
		cmocka_unit_test(what_is_nullable_is_null_where_it_is_nothing),
		cmocka_unit_test(a_time_that_cannot_be_null_never_is),
		cmocka_unit_test(what_must_be_escaped_is),
		cmocka_unit_test(a_record_without_fields_to_show_is_an_empty_object),
		cmocka_unit_test(an_input_is_described_by_its_rows),
		cmocka_unit_test(a_reply_has_all_its_fields),
		cmocka_unit_test(every_row_alone_is_a_json_schema),
		cmocka_unit_test(a_good_table_has_no_fault),
		cmocka_unit_test(mistakes_of_a_table_are_found),
		cmocka_unit_test(a_nullable_object_begins_with_a_text),
		cmocka_unit_test(a_field_that_stands_twice_is_found),
		cmocka_unit_test(a_table_that_holds_itself_is_found),
		cmocka_unit_test(presence_has_64_bits),
		cmocka_unit_test(a_schema_has_a_name),
		cmocka_unit_test(formats_hold),
		cmocka_unit_test(every_format_has_a_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, finish_arena);
}
