/* The mistakes of a table, and the formats of texts. */
#include "schema_sample.h"

#include <stdio.h>
#include <string.h>

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
		  "only a text or a blob can be sealed");
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
	has_fault((struct field)FIELD(struct sample, big, .doc = "d", .min = 1), plain,
		  "needs .max");
	has_fault((struct field)FIELD(struct sample, big, .doc = "d", .max = 3, .preset = "4"),
		  plain, ".preset is not valid");
}

static const char *input_fault_of(struct field row)
{
	struct field fields[] = { row, { 0 } };
	const struct schema schema = SCHEMA(struct sample, fields, .name = "Input");

	start_over();
	return schema_check_input(&schema, &arena);
}

static void what_comes_from_outside_has_bounds(void **state)
{
	(void)state;
	assert_non_null(strstr(input_fault_of((struct field)FIELD(struct sample, text, .doc = "d")),
			       "Input.text: comes from outside and has no .max"));
	assert_non_null(input_fault_of((struct field)FIELD(struct sample, big, .doc = "d")));
	assert_non_null(input_fault_of(
		(struct field)FIELD(struct sample, points, .doc = "d", .schema = &point_schema)));
	assert_null(
		input_fault_of((struct field)FIELD(struct sample, text, .doc = "d", .max = 10)));
	assert_null(input_fault_of(
		(struct field)FIELD(struct sample, text, .doc = "d", .format = FORMAT_ID)));
	assert_null(input_fault_of(
		(struct field)FIELD(struct sample, text, .doc = "d", .shown = true)));
}

static void a_record_needs_so_many_bytes_at_most(void **state)
{
	static const struct field inner[] = {
		FIELD(struct sample, text, .max = 10, .doc = "d"),
		{ 0 },
	};
	static const struct schema element = SCHEMA(struct sample, inner, .name = "Element");
	static const struct field outer[] = {
		FIELD(struct sample, text, .from = FROM_PATH, .max = 1000, .doc = "d"),
		FIELD(struct sample, big, .min = 1, .max = 1000000, .doc = "d"),
		FIELD(struct sample, points, .schema = &element, .max = 100, .doc = "d"),
		{ 0 },
	};
	static const struct schema list = SCHEMA(struct sample, outer, .name = "List");
	size_t one = schema_json_max(&element, 1 << 20), all = schema_json_max(&list, 1 << 20);

	(void)state;
	assert_in_range(one, strlen("{'text':''}") + 10 * strlen("\\ud83d\\ude00"), 400);
	assert_in_range(all, 100 * one, 100 * one + 400);
	assert_int_equal(schema_json_max(&list, 1024), 1024);
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
	fits(FORMAT_LINE, "", true);
	fits(FORMAT_LINE, " a ", true);
	fits(FORMAT_LINE, " ", false);
	fits(FORMAT_LINE, "\u200B\u2060\uFEFF", false);
	fits(FORMAT_LINE, "\u00AD", false);
	fits(FORMAT_LINE, "\u3164", false);
	fits(FORMAT_LINE, "a\u200F", false);
	fits(FORMAT_LINE, "a\u061Cb", false);
	fits(FORMAT_LINE, "a\U000E0041", false);
	fits(FORMAT_LINE, "\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645", true); /* Persian */
	fits(FORMAT_LINE, "\u0915\u094D\u200D\u0937", true);                         /* Hindi */
	fits(FORMAT_LINE, "\U0001F469\u200D\U0001F4BB\u2764\uFE0F", true);
	fits(FORMAT_EMAIL, "ada\u3164@example.org", false);
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
		cmocka_unit_test(a_good_table_has_no_fault),
		cmocka_unit_test(mistakes_of_a_table_are_found),
		cmocka_unit_test(what_comes_from_outside_has_bounds),
		cmocka_unit_test(a_record_needs_so_many_bytes_at_most),
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
