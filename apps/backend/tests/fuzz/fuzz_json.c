/*
 * The JSON decoder with a schema that has every kind of field. What it accepts, encoded and decoded
 * again, is the same record, and is encoded the same.
 */
#include "schema/schema.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 4 << 20 };

enum color { RED, GREEN, BLUE };

static const char *const color_names[] = { "red", "green", "blue", NULL };

struct leaf {
	const char *id;
	int small;
};

static const struct field leaf_fields[] = {
	FIELD(struct leaf, id, .max = 40, .format = FORMAT_TOKEN, .doc = "A token."),
	FIELD(struct leaf, small, .preset = "3", .min = -5, .doc = "A small number."),
	{ 0 },
};

static const struct schema leaf_schema = SCHEMA(struct leaf, leaf_fields, .name = "Leaf");

struct branch {
	struct presence presence;
	const char *title;
	struct array leaves;
	struct leaf first;
};

static const struct field branch_fields[] = {
	FIELD(struct branch, title, .nullable = true, .optional = true, .max = 20,
	      .format = FORMAT_LINE, .doc = "A line."),
	FIELD(struct branch, leaves, .optional = true, .max = 8, .schema = &leaf_schema,
	      .doc = "Leaves."),
	FIELD(struct branch, first, .optional = true, .nullable = true, .schema = &leaf_schema,
	      .doc = "A leaf."),
	{ 0 },
};

static const struct schema branch_schema =
	SCHEMA(struct branch, branch_fields, .name = "Branch", .presence = true);

struct tree {
	const char *text;
	bool flag;
	int64_t big;
	int64_t maybe;
	double number;
	enum color color;
	struct timestamp made;
	struct timestamp ended;
	const char *email;
	const char *username;
	struct array branches;
	struct branch trunk;
};

static const struct field tree_fields[] = {
	FIELD(struct tree, text, .doc = "Anything."),
	FIELD(struct tree, flag, .optional = true, .doc = "A flag."),
	FIELD(struct tree, big, .optional = true, .doc = "A number."),
	FIELD(struct tree, maybe, .optional = true, .nullable = true, .min = -10, .max = 10,
	      .doc = "A number or null."),
	FIELD(struct tree, number, .optional = true, .doc = "A fraction."),
	FIELD(struct tree, color, .preset = "green", .names = color_names, .doc = "A color."),
	FIELD(struct tree, made, .optional = true, .doc = "A time."),
	FIELD(struct tree, ended, .optional = true, .nullable = true, .doc = "A time or null."),
	FIELD(struct tree, email, .optional = true, .nullable = true, .max = 254,
	      .format = FORMAT_EMAIL, .doc = "An address."),
	FIELD(struct tree, username, .optional = true, .nullable = true, .format = FORMAT_USERNAME,
	      .doc = "A name."),
	FIELD(struct tree, branches, .optional = true, .max = 8, .schema = &branch_schema,
	      .doc = "Branches."),
	FIELD(struct tree, trunk, .optional = true, .schema = &branch_schema, .doc = "The trunk."),
	{ 0 },
};

static const struct schema tree_schema = SCHEMA(struct tree, tree_fields, .name = "Tree");

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_leaf(const struct leaf *a, const struct leaf *b)
{
	return same_text(a->id, b->id) && a->small == b->small;
}

static bool same_branch(const struct branch *a, const struct branch *b)
{
	const struct leaf *of_a = a->leaves.items, *of_b = b->leaves.items;
	bool same = same_text(a->title, b->title) && a->leaves.count == b->leaves.count &&
		    same_text(a->first.id, b->first.id) &&
		    (!a->first.id || a->first.small == b->first.small);

	for (size_t i = 0; same && i < a->leaves.count; i++)
		same = same_leaf(&of_a[i], &of_b[i]);
	return same;
}

static bool same_tree(const struct tree *a, const struct tree *b)
{
	const struct branch *of_a = a->branches.items, *of_b = b->branches.items;
	bool same = same_text(a->text, b->text) && a->flag == b->flag && a->big == b->big &&
		    a->maybe == b->maybe && a->number == b->number && a->color == b->color &&
		    a->made.ms == b->made.ms && a->ended.ms == b->ended.ms &&
		    same_text(a->email, b->email) && same_text(a->username, b->username) &&
		    a->branches.count == b->branches.count && same_branch(&a->trunk, &b->trunk);

	for (size_t i = 0; same && i < a->branches.count; i++)
		same = same_branch(&of_a[i], &of_b[i]);
	return same;
}

static void check_errors(enum err err, const struct field_errors *errors)
{
	if ((err == ERR_OK) != (errors->count == 0) || errors->count > FIELD_ERRORS_MAX)
		abort();
	if (err != ERR_OK && err != ERR_INVALID && err != ERR_MALFORMED)
		abort();
	if (err == ERR_MALFORMED && errors->count != 1)
		abort();
}

static void encode_again(const struct tree *tree, struct arena *arena)
{
	struct field_errors errors = { .count = 0 };
	struct buf first, second;
	struct tree again;

	buf_init(&first, TEXT_MAX);
	buf_init(&second, TEXT_MAX);
	schema_encode(&tree_schema, tree, &first);
	if (schema_decode_json(&tree_schema, first.data, first.length, arena, &again, &errors) !=
	    ERR_OK)
		abort();
	if (!same_tree(tree, &again))
		abort();
	schema_encode(&tree_schema, &again, &second);
	if (first.length != second.length || memcmp(first.data, second.data, first.length) != 0)
		abort();
	buf_finish(&first);
	buf_finish(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct field_errors errors = { .count = 0 };
	struct arena arena;
	struct tree tree;
	enum err err;

	arena_init(&arena);
	err = schema_decode_json(&tree_schema, (const char *)data, size, &arena, &tree, &errors);
	check_errors(err, &errors);
	if (err == ERR_OK)
		encode_again(&tree, &arena);
	arena_finish(&arena);
	return 0;
}
