/* From JSON, paths, queries and headers to records. */
#include "schema_sample.h"

#include <stdio.h>
#include <string.h>

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
	malformed("{\"text\":\"ab\",\"text\":\"cd\"}", "stands twice");
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
	refused("{\"text\":\"ab\",\"big\":1e3}", "big", "must be a whole number");
}

/* Well-formed, but no int64 and no double. */
static void numbers_that_nothing_holds_are_refused_by_field(void **state)
{
	(void)state;
	refused("{\"text\":\"ab\",\"big\":9223372036854775808}", "big", "must be between");
	refused("{\"text\":\"ab\",\"big\":-9223372036854775809}", "big", "must be between");
	refused("{\"text\":\"ab\",\"big\":99999999999999999999}", "big", "must be between");
	refused("{\"text\":\"ab\",\"big\":1e400}", "big", "must be a whole number");
	refused("{\"text\":\"ab\",\"number\":1e309}", "number", "is too large");
	refused("{\"text\":\"ab\",\"number\":-1.5E+999}", "number", "is too large");
	refused("{\"text\":\"ab\",\"number\":99999999999999999999}", "number", "is too large");
	refused("{\"text\":1e400}", "text", "must be a string");
	refused("{\"text\":\"ab\",\"points\":[{\"label\":\"a\"},{\"label\":\"b\",\"x\":1e400}]}",
		"points[1].x", "must be a whole number");
	refused("{\"text\":\"ab\",\"origin\":{\"label\":\"o\",\"x\":99999999999999999999}}",
		"origin.x", "must be between");
	refused("{\"text\":\"ab\",\"other\":[1e400,{}]}", "other", "is not known here");
}

static void other_numbers_beside_them_stay_as_they_are(void **state)
{
	struct sample sample;

	(void)state;
	assert_int_equal(decode("{\"small\":99999999999999999999,\"big\":-9007199254740991,"
				"\"number\":-0.1,\"text\":\"1e400\"}",
				&sample),
			 ERR_INVALID);
	assert_int_equal(errors.count, 1);
	assert_int_equal(sample.big, INT64_C(-9007199254740991));
	assert_true(sample.number == -0.1);
	assert_string_equal(sample.text, "1e400");
}

static void malformed_numbers_stay_malformed(void **state)
{
	static const char *const numbers[] = {
		"0123456789012345678901",
		"99999999999999999999.",
		"99999999999999999999e",
		"-",
		"--99999999999999999999",
		"1e400.5",
		"1e+-400",
		"99999999999999999999x",
		"0x99999999999999999999",
		"+1e400",
		"-.1e400",
		"1e400 1e400",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char json[100];

		snprintf(json, sizeof(json), "{\"text\":\"ab\",\"big\":%s}", numbers[i]);
		malformed(json, "not valid JSON at line 1");
	}
}

static void what_is_malformed_behind_them_is_told_by_its_own_place(void **state)
{
	(void)state;
	malformed("{\"text\":\"\\udc00\",\n\"big\":99999999999999999999999,oops}",
		  "at line 2, column 34");
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
	/* No half character. */
	assert_int_equal(strlen(errors.list[0].field) % 2, strlen("…") % 2);
}

static void every_error_is_told_at_once(void **state)
{
	struct sample sample;

	(void)state;
	assert_int_equal(
		decode("{\"flag\":1,\"small\":0,\"color\":\"pink\",\"other\":1,"
		       "\"origin\":{\"label\":5},\"big\":99999999999999999999,"
		       "\"number\":1e400,\"note\":\"\\ud800\",\"secret_text\":\"\\u0000\"}",
		       &sample),
		ERR_INVALID);
	assert_int_equal(errors.count, 10);
	assert_string_equal(message_of("text"), "is required");
	message_of("flag");
	message_of("small");
	message_of("color");
	message_of("other");
	message_of("origin.label");
	message_of("big");
	message_of("number");
	message_of("note");
	message_of("secret_text");
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
	malformed("{\"te\\u0000\":1}", "a key holds a NUL");
	malformed("{\"te\\ud800\":1}", "half a surrogate pair");
	refused("{\"text\":\"a\\u0001b\"}", "text", "control characters");
	refused("{\"text\":\"a\\rb\"}", "text", "control characters");
	refused("{\"text\":\"a\\u007fb\"}", "text", "control characters");
	refused("{\"text\":\"a\\u0085b\"}", "text", "control characters");
	assert_string_equal(decoded("{\"text\":\"\\ud83d\\ude00!\"}").text, "\xf0\x9f\x98\x80!");
}

static void nul_and_halves_of_pairs_are_refused_by_field(void **state)
{
	static const char *const parts[] = { "\\u0000",        "\\ud800",        "\\uDFFF",
					     "a\\ud83d",       "\\ud83dx",       "\\ud83d\\n",
					     "\\ud83d\\u0041", "\\ude00\\ud83d", "\\ud83d\\ud83d" };
	char json[200];

	(void)state;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(json, sizeof(json), "{\"text\":\"%s\"}", parts[i]);
		refused(json, "text", "NUL characters or halves of surrogate pairs");
		snprintf(json, sizeof(json), "{\"text\":\"ab\",\"points\":[{\"label\":\"%s\"}]}",
			 parts[i]);
		refused(json, "points[0].label", "NUL characters");
		snprintf(json, sizeof(json), "{\"text\":\"ab\",\"color\":\"red%s\"}", parts[i]);
		refused(json, "color", "NUL characters");
	}
	refused("{\"text\":\"ab\",\"time\":\"2026-01-31T12:00:00Z\\u0000\"}", "time", "NUL");
	malformed("{\"text\":\"\\ud8\"}", "not valid JSON");
	malformed("{\"text\":\"\\ud8zz\"}", "not valid JSON");
	malformed("{\"text\":\"\\ud800", "not valid JSON");
}

static void what_looks_like_half_a_pair_beside_one_is_kept(void **state)
{
	struct sample sample;

	(void)state;
	assert_int_equal(decode("{\"text\":\"\\\\d800\",\"note\":\"\\\\ud800\\ud83d\\ude00\","
				"\"big\":1e400}",
				&sample),
			 ERR_INVALID);
	assert_int_equal(errors.count, 1);
	assert_string_equal(sample.note, "\\ud800\xf0\x9f\x98\x80");
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
		cmocka_unit_test(numbers_that_nothing_holds_are_refused_by_field),
		cmocka_unit_test(other_numbers_beside_them_stay_as_they_are),
		cmocka_unit_test(malformed_numbers_stay_malformed),
		cmocka_unit_test(what_is_malformed_behind_them_is_told_by_its_own_place),
		cmocka_unit_test(unknown_and_inner_fields_are_refused),
		cmocka_unit_test(a_long_unknown_name_is_not_sent_back_whole),
		cmocka_unit_test(every_error_is_told_at_once),
		cmocka_unit_test(errors_are_counted_no_further_than_their_list),
		cmocka_unit_test(texts_are_utf8_without_control_characters),
		cmocka_unit_test(nul_and_halves_of_pairs_are_refused_by_field),
		cmocka_unit_test(what_looks_like_half_a_pair_beside_one_is_kept),
		cmocka_unit_test(depth_is_bounded_before_parsing),
		cmocka_unit_test(a_request_is_one_record),
		cmocka_unit_test(presets_stand_for_absent_queries),
		cmocka_unit_test(a_path_that_is_not_valid_is_not_found),
		cmocka_unit_test(queries_are_held_to_their_rows),
		cmocka_unit_test(a_query_that_stands_twice_is_refused),
		cmocka_unit_test(a_header_is_required_even_where_there_are_none),
		cmocka_unit_test(one_field_is_set_from_text),
	};

	return cmocka_run_group_tests(tests, NULL, finish_arena);
}
