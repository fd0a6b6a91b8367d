/*
 * What the tests of schemas share: a record with a field of every kind, one for the parts of a
 * request, and where one decoding leaves its texts and errors. Included by one program each.
 */
#ifndef WEBPLUS_TESTS_UNIT_SCHEMA_SAMPLE_H
#define WEBPLUS_TESTS_UNIT_SCHEMA_SAMPLE_H

#include "schema/schema.h"

#include "test.h"

#define SOME_ID "01234567-89ab-7cde-8f01-23456789abcd"

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
	FIELD(struct sample, small, .optional = true, .min = 1, .max = 2147483647,
	      .doc = "A small number."),
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

/* The parts of a request. */

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

/* One decoding at a time; the arena lives until the next. */
static struct arena arena;
static struct field_errors errors;

static inline void start_over(void)
{
	arena_finish(&arena);
	arena_init(&arena);
	errors.count = 0;
}

static inline int finish_arena(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

#endif
