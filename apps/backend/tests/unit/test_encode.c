/* From records to JSON, and from tables to JSON Schema. */
#include "schema_sample.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_encoded_without_its_secrets),
		cmocka_unit_test(what_is_nullable_is_null_where_it_is_nothing),
		cmocka_unit_test(a_time_that_cannot_be_null_never_is),
		cmocka_unit_test(what_must_be_escaped_is),
		cmocka_unit_test(a_record_without_fields_to_show_is_an_empty_object),
		cmocka_unit_test(an_input_is_described_by_its_rows),
		cmocka_unit_test(a_reply_has_all_its_fields),
		cmocka_unit_test(every_row_alone_is_a_json_schema),
	};

	return cmocka_run_group_tests(tests, NULL, finish_arena);
}
