/* Rows of a table as records of a schema, and back. */
#include "db/database.h"

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum size { SMALL, LARGE };

static const char *const size_names[] = { "small", "large", NULL };

struct reason {
	const char *code;
	int64_t number;
};

static const struct field reason_fields[] = {
	FIELD(struct reason, code, .doc = "A word."),
	FIELD(struct reason, number, .doc = "A number."),
	{ 0 },
};

static const struct schema reason_schema = SCHEMA(struct reason, reason_fields, .name = "Reason");

struct thing {
	const char *id;
	const char *plain;
	const char *letter;
	const char *token;
	bool flag;
	int small;
	int64_t big;
	double number;
	enum size size;
	struct timestamp made;
	struct timestamp ended;
	struct blob bytes;
	struct blob stamp;
	struct reason reason;
	const char *shown;
};

static const struct field thing_fields[] = {
	FIELD(struct thing, id, .doc = "Its key."),
	FIELD(struct thing, plain, .nullable = true, .doc = "In the clear."),
	FIELD(struct thing, letter, .private = "thing.letter", .nullable = true, .doc = "Sealed."),
	FIELD(struct thing, token, .secret = "thing.token", .doc = "Sealed and never shown."),
	FIELD(struct thing, flag, .doc = "A flag."),
	FIELD(struct thing, small, .doc = "A small number."),
	FIELD(struct thing, big, .nullable = true, .doc = "A large number."),
	FIELD(struct thing, number, .doc = "A fraction."),
	FIELD(struct thing, size, .names = size_names, .doc = "A size."),
	FIELD(struct thing, made, .doc = "When."),
	FIELD(struct thing, ended, .nullable = true, .doc = "When, or never."),
	FIELD(struct thing, bytes, .stored = true, .nullable = true, .doc = "Bytes."),
	FIELD(struct thing, stamp, .stored = true, .secret = "thing.stamp", .nullable = true,
	      .doc = "Sealed bytes."),
	FIELD(struct thing, reason, .nullable = true, .schema = &reason_schema, .doc = "Why."),
	FIELD(struct thing, shown, .shown = true, .doc = "On the wire only."),
	{ 0 },
};

static const struct schema thing_schema =
	SCHEMA(struct thing, thing_fields, .name = "Thing", .table = "thing", .key = { "id" });

static const char *const thing_table =
	"CREATE TABLE thing (id TEXT PRIMARY KEY, plain TEXT UNIQUE, letter BLOB, token BLOB NOT "
	"NULL,"
	" flag INTEGER NOT NULL, small INTEGER NOT NULL, big INTEGER, number REAL NOT NULL, size "
	"TEXT,"
	" made INTEGER, ended INTEGER, bytes BLOB, stamp BLOB, reason_code TEXT, reason_number INTEGER);"
	"CREATE TABLE part (thing_id TEXT NOT NULL REFERENCES thing (id), number INTEGER NOT NULL,"
	" text BLOB NOT NULL, PRIMARY KEY (thing_id, number))";

static const struct statement select_thing = { "SELECT {columns} FROM thing WHERE id = $1",
					       &thing_schema };

/* Sealed under two keys, one of them a number. */
struct part {
	const char *thing_id;
	int64_t number;
	const char *text;
};

static const struct field part_fields[] = {
	FIELD(struct part, thing_id, .doc = "Of what."),
	FIELD(struct part, number, .doc = "Which."),
	FIELD(struct part, text, .private = "part.text", .doc = "Sealed."),
	{ 0 },
};

static const struct schema part_schema = SCHEMA(struct part, part_fields, .name = "Part",
						.table = "part", .key = { "thing_id", "number" });

static const struct statement select_part = {
	"SELECT {columns} FROM part WHERE thing_id = $1 AND number = $2", &part_schema
};

/* What may change of a thing. */
struct thing_patch {
	struct presence presence;
	const char *id;
	const char *letter;
	int64_t big;
	struct reason reason;
};

static const struct field patch_fields[] = {
	FIELD(struct thing_patch, id, .doc = "Which."),
	FIELD(struct thing_patch, letter, .private = "thing.letter", .nullable = true,
	      .doc = "Sealed."),
	FIELD(struct thing_patch, big, .nullable = true, .doc = "A large number."),
	FIELD(struct thing_patch, reason, .nullable = true, .schema = &reason_schema,
	      .doc = "Why."),
	{ 0 },
};

static const struct schema patch_schema =
	SCHEMA(struct thing_patch, patch_fields, .name = "ThingPatch", .presence = true,
	       .table = "thing", .key = { "id" });

static int set_up(void **state)
{
	struct home *home = calloc(1, sizeof(*home));

	home_make(home);
	home_open(home);
	home_sql(home, thing_table);
	*state = home;
	return 0;
}

static int tear_down(void **state)
{
	home_remove(*state);
	free(*state);
	return 0;
}

static struct thing some_thing(const char *id)
{
	return (struct thing){ .id = id,
			       .plain = id,
			       .letter = "Dear reader, this is sealed",
			       .token = "tok3n that nobody sees",
			       .flag = true,
			       .small = -7,
			       .big = INT64_C(1) << 60,
			       .number = 0.25,
			       .size = LARGE,
			       .made = { 1234 },
			       .ended = { 5678 },
			       .bytes = { "a\0b", 3 },
			       .stamp = { "under\0wax", 9 },
			       .reason = { "because", 42 } };
}

static void insert(struct home *home, const struct thing *thing)
{
	assert_int_equal(db_insert(home->db, &thing_schema, thing), ERR_OK);
}

static struct thing read_thing(struct home *home, const char *id)
{
	struct thing thing;

	assert_int_equal(db_one(home->db, &select_thing, ARGS(id), &home->arena, &thing), ERR_OK);
	return thing;
}

static void reading_fails(struct home *home, const char *id, enum err expected)
{
	struct thing thing;

	assert_int_equal(db_one(home->db, &select_thing, ARGS(id), &home->arena, &thing), expected);
}

/* ---- There and back ---- */

static void a_record_comes_back_as_it_was(void **state)
{
	struct thing was = some_thing("a"), is;

	insert(*state, &was);
	is = read_thing(*state, "a");
	assert_string_equal(is.plain, was.plain);
	assert_string_equal(is.letter, was.letter);
	assert_string_equal(is.token, was.token);
	assert_true(is.flag);
	assert_int_equal(is.small, -7);
	assert_int_equal(is.big, INT64_C(1) << 60);
	assert_true(is.number == 0.25);
	assert_int_equal(is.size, LARGE);
	assert_int_equal(is.made.ms, 1234);
	assert_int_equal(is.ended.ms, 5678);
	assert_int_equal(is.bytes.size, 3);
	assert_memory_equal(is.bytes.data, "a\0b", 3);
	assert_int_equal(is.stamp.size, 9);
	assert_memory_equal(is.stamp.data, "under\0wax", 9);
	assert_string_equal(is.reason.code, "because");
	assert_int_equal(is.reason.number, 42);
}

static void what_is_nothing_is_null_in_the_table(void **state)
{
	struct thing was = { .id = "a", .token = "" }, is;

	insert(*state, &was);
	is = read_thing(*state, "a");
	assert_null(is.plain);
	assert_null(is.letter);
	assert_string_equal(is.token, "");
	assert_int_equal(is.big, 0);
	assert_int_equal(is.ended.ms, 0);
	assert_null(is.bytes.data);
	assert_null(is.stamp.data);
	assert_null(is.reason.code);
	assert_int_equal(
		home_number(*state,
			    "SELECT count(*) FROM thing WHERE plain IS NULL AND letter IS NULL"
			    " AND big IS NULL AND ended IS NULL AND bytes IS NULL AND stamp IS NULL"
			    " AND reason_code IS NULL AND made IS NOT NULL"),
		1);
}

static void empty_bytes_are_not_null(void **state)
{
	struct thing was = some_thing("a"), is;

	was.bytes = was.stamp = (struct blob){ "", 0 };
	insert(*state, &was);
	is = read_thing(*state, "a");
	assert_non_null(is.bytes.data);
	assert_int_equal(is.bytes.size, 0);
	assert_non_null(is.stamp.data);
	assert_int_equal(is.stamp.size, 0);
}

static void every_row_is_read(void **state)
{
	static const struct statement select_all = {
		"SELECT {columns:t} FROM thing t ORDER BY t.id", &thing_schema
	};
	struct home *home = *state;
	const struct thing *things;
	struct array rows;
	char id[8];

	for (int i = 0; i < 40; i++) { /* more than the first room for rows */
		struct thing thing;

		snprintf(id, sizeof(id), "%03d", i);
		thing = some_thing(id);
		insert(home, &thing);
	}
	assert_int_equal(db_all(home->db, &select_all, ARGS_NONE, &home->arena, &rows), ERR_OK);
	assert_int_equal(rows.count, 40);
	things = rows.items;
	for (int i = 0; i < 40; i++) {
		snprintf(id, sizeof(id), "%03d", i);
		assert_string_equal(things[i].id, id);
		assert_string_equal(things[i].letter, "Dear reader, this is sealed");
	}
}

enum { ASKED = 2 * DB_EACH_MAX + 3 };

/* Asks for the things "034", "033", … and "000": each fifth is not there, and "033" is damaged. */
static enum err read_each(struct db *db, void *context)
{
	struct home *home = context;
	struct db_value values[ASKED];
	struct db_args lists[ASKED];
	const struct thing *things;
	struct array rows;
	size_t at = 0;

	for (int i = 0; i < ASKED; i++) {
		values[i] = db_value_text(arena_printf(&home->arena, "%03d", ASKED - 1 - i));
		lists[i] = (struct db_args){ &values[i], 1 };
	}
	assert_int_equal(db_each_sound(db, &select_thing, lists, ASKED, &home->arena, &rows),
			 ERR_OK);
	things = rows.items;
	for (int i = ASKED; i-- > 0;)
		if (i % 5 > 0 && i != 33)
			assert_string_equal(things[at++].id, arena_printf(&home->arena, "%03d", i));
	assert_int_equal(rows.count, at);
	return ERR_OK;
}

static void one_statement_is_run_with_each_list_of_arguments(void **state)
{
	struct home *home = *state;
	struct array rows;

	for (int i = 0; i < ASKED; i++) {
		struct thing thing = some_thing(arena_printf(&home->arena, "%03d", i));

		if (i % 5 > 0)
			insert(home, &thing);
	}
	home_sql(home, "UPDATE thing SET letter = token WHERE id = '033'");
	assert_int_equal(read_each(home->db, home), ERR_OK);
	assert_int_equal(db_transaction(home->db, read_each, home), ERR_OK);
	assert_int_equal(db_each_sound(home->db, &select_thing, NULL, 0, &home->arena, &rows),
			 ERR_OK);
	assert_int_equal(rows.count, 0);
}

static void there_may_be_no_row(void **state)
{
	static const struct statement select_none = { "SELECT {columns} FROM thing WHERE id = ''",
						      &thing_schema };
	struct home *home = *state;
	struct array rows;

	reading_fails(home, "nobody", ERR_NOT_FOUND);
	assert_int_equal(db_all(home->db, &select_none, ARGS_NONE, &home->arena, &rows), ERR_OK);
	assert_int_equal(rows.count, 0);
}

static void parameters_are_bound_by_their_number(void **state)
{
	static const struct statement by_number = { "SELECT {columns} FROM thing WHERE small = $3 "
						    "AND id = $1 AND plain = $2 AND id = $1",
						    &thing_schema };
	struct home *home = *state;
	struct thing thing = some_thing("a");

	insert(home, &thing);
	assert_int_equal(db_one(home->db, &by_number, ARGS("a", "a", -7), &home->arena, &thing),
			 ERR_OK);
	assert_int_equal(db_one(home->db, &by_number, ARGS("a", "b", -7), &home->arena, &thing),
			 ERR_NOT_FOUND);
}

/* ---- Seals ---- */

static void sealed_text_is_not_in_the_file(void **state)
{
	struct thing thing = some_thing("a");
	struct part part = { "a", 1, "a sealed part" };
	struct home *home = *state;

	thing.plain = "this stands in the clear";
	insert(home, &thing);
	assert_int_equal(db_insert(home->db, &part_schema, &part), ERR_OK);
	assert_true(home_holds_bytes(home, "this stands in the clear")); /* the search can find */
	assert_false(home_holds_bytes(home, "Dear reader"));
	assert_false(home_holds_bytes(home, "tok3n"));
	assert_false(home_holds_bytes(home, "under"));
	assert_false(home_holds_bytes(home, "sealed part"));
	home_close(home);
	assert_true(home_holds_bytes(home, "this stands in the clear"));
	assert_false(home_holds_bytes(home, "Dear reader"));
	assert_false(home_holds_bytes(home, "sealed part"));
}

static void a_sealed_value_that_was_moved_does_not_open(void **state)
{
	struct thing a = some_thing("a"), b = some_thing("b");
	struct home *home = *state;

	insert(home, &a);
	insert(home, &b);
	home_sql(home, "UPDATE thing SET letter = (SELECT letter FROM thing WHERE id = 'a') WHERE "
		       "id = 'b'");
	read_thing(home, "a");
	reading_fails(home, "b", ERR_CORRUPT); /* of another row */
	home_sql(home, "UPDATE thing SET letter = token WHERE id = 'a'");
	reading_fails(home, "a", ERR_CORRUPT); /* of another field */
}

static void a_seal_is_bound_to_both_keys(void **state)
{
	struct thing thing = some_thing("a");
	struct part one = { "a", 1, "first" }, two = { "a", 2, "second" };
	struct home *home = *state;

	insert(home, &thing);
	assert_int_equal(db_insert(home->db, &part_schema, &one), ERR_OK);
	assert_int_equal(db_insert(home->db, &part_schema, &two), ERR_OK);
	assert_int_equal(db_one(home->db, &select_part, ARGS("a", 2), &home->arena, &two), ERR_OK);
	assert_string_equal(two.text, "second");
	home_sql(
		home,
		"UPDATE part SET text = (SELECT text FROM part WHERE number = 1) WHERE number = 2");
	assert_int_equal(db_one(home->db, &select_part, ARGS("a", 2), &home->arena, &two),
			 ERR_CORRUPT);
}

static void a_sealed_value_that_was_changed_does_not_open(void **state)
{
	struct thing thing = some_thing("a");

	insert(*state, &thing);
	home_sql(*state, "UPDATE thing SET letter = x'00'");
	reading_fails(*state, "a", ERR_CORRUPT);
	home_sql(*state, "UPDATE thing SET letter = 'in the clear'");
	reading_fails(*state, "a", ERR_CORRUPT);
}

/* Runs `read` and returns what was logged meanwhile. */
static const char *logged_by(void (*read)(struct home *home), struct home *home)
{
	static char text[2000];
	FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);

	assert_non_null(file);
	dup2(fileno(file), STDERR_FILENO);
	read(home);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static void read_damaged(struct home *home)
{
	struct part part;

	assert_int_equal(db_one(home->db, &select_part, ARGS("a", 7), &home->arena, &part),
			 ERR_CORRUPT);
}

static void the_log_says_where_a_damaged_value_stands_but_not_what_it_is(void **state)
{
	struct thing thing = some_thing("a");
	struct part part = { "a", 7, "first" };
	struct home *home = *state;
	const char *text;

	insert(home, &thing);
	assert_int_equal(db_insert(home->db, &part_schema, &part), ERR_OK);
	home_sql(home, "UPDATE part SET text = 'in the clear'");
	text = logged_by(read_damaged, home);
	assert_non_null(strstr(text, "\"level\":\"error\""));
	assert_non_null(strstr(text, "\"table\":\"part\",\"column\":\"text\",\"key\":\"a 7\""));
	assert_null(strstr(text, "clear"));
}

/* ---- Cells that do not fit ---- */

static void what_the_schema_does_not_say_is_corrupt(void **state)
{
	static const char *const changes[] = {
		"flag = 'yes'",       "small = 1.5",
		"small = 5000000000", "number = 'x'",
		"size = 'huge'",      "size = 3",
		"size = NULL",        "made = NULL",
		"plain = x'41'",      "bytes = 'text'",
		"ended = 'now'",      "reason_number = 'x'",
		"big = '12x'",        NULL,
	};
	struct home *home = *state;

	for (const char *const *change = changes; *change; change++) {
		struct thing thing = some_thing("a");
		char sql[200];

		insert(home, &thing);
		read_thing(home, "a");
		snprintf(sql, sizeof(sql), "UPDATE thing SET %s", *change);
		home_sql(home, sql);
		reading_fails(home, "a", ERR_CORRUPT);
		home_sql(home, "DELETE FROM thing");
	}
}

/* ---- Writing a part ---- */

static struct thing_patch patch_of(const char *id, unsigned rows)
{
	return (struct thing_patch){ .presence.set = rows,
				     .id = id,
				     .letter = "changed",
				     .big = 5,
				     .reason = { "why", 1 } };
}

enum { GIVES_LETTER = 2, GIVES_BIG = 4, GIVES_REASON = 8 };

static void only_what_was_given_is_written(void **state)
{
	struct thing_patch letter = patch_of("a", GIVES_LETTER), big = patch_of("a", GIVES_BIG),
			   reason = patch_of("a", 1 | GIVES_REASON), nothing = patch_of("a", 0);
	struct thing thing = some_thing("a");
	struct home *home = *state;

	insert(home, &thing);
	assert_int_equal(db_update(home->db, &patch_schema, &nothing), ERR_OK);
	assert_string_equal(read_thing(home, "a").letter, "Dear reader, this is sealed");
	assert_int_equal(db_update(home->db, &patch_schema, &letter), ERR_OK);
	thing = read_thing(home, "a");
	assert_string_equal(thing.letter, "changed");
	assert_int_equal(thing.big, INT64_C(1) << 60);
	assert_int_equal(db_update(home->db, &patch_schema, &big), ERR_OK);
	assert_int_equal(read_thing(home, "a").big, 5);
	assert_string_equal(read_thing(home, "a").reason.code, "because");
	assert_int_equal(db_update(home->db, &patch_schema, &reason), ERR_OK);
	thing = read_thing(home, "a");
	assert_string_equal(thing.reason.code, "why");
	assert_int_equal(thing.reason.number, 1);
	assert_string_equal(thing.token, "tok3n that nobody sees");
}

static void the_key_alone_changes_nothing(void **state)
{
	struct thing_patch key = patch_of("a", 1);
	struct thing thing = some_thing("a");

	insert(*state, &thing);
	assert_int_equal(db_update(((struct home *)*state)->db, &patch_schema, &key), ERR_OK);
	assert_string_equal(read_thing(*state, "a").letter, "Dear reader, this is sealed");
}

static void a_whole_record_is_written(void **state)
{
	struct thing thing = some_thing("a");
	struct home *home = *state;

	insert(home, &thing);
	thing.plain = NULL;
	thing.letter = NULL;
	thing.size = SMALL;
	thing.reason = (struct reason){ 0 };
	assert_int_equal(db_update(home->db, &thing_schema, &thing), ERR_OK);
	thing = read_thing(home, "a");
	assert_null(thing.plain);
	assert_null(thing.letter);
	assert_int_equal(thing.size, SMALL);
	assert_null(thing.reason.code);
}

static void a_part_is_written_by_both_keys(void **state)
{
	struct thing thing = some_thing("a");
	struct part one = { "a", 1, "first" }, two = { "a", 2, "second" };
	struct home *home = *state;

	insert(home, &thing);
	assert_int_equal(db_insert(home->db, &part_schema, &one), ERR_OK);
	assert_int_equal(db_insert(home->db, &part_schema, &two), ERR_OK);
	two.text = "changed";
	assert_int_equal(db_update(home->db, &part_schema, &two), ERR_OK);
	assert_int_equal(db_one(home->db, &select_part, ARGS("a", 1), &home->arena, &one), ERR_OK);
	assert_string_equal(one.text, "first");
	assert_int_equal(db_one(home->db, &select_part, ARGS("a", 2), &home->arena, &two), ERR_OK);
	assert_string_equal(two.text, "changed");
}

static void writing_to_a_row_that_is_not_there_is_told(void **state)
{
	struct thing_patch patch = patch_of("nobody", GIVES_BIG);

	assert_int_equal(db_update(((struct home *)*state)->db, &patch_schema, &patch),
			 ERR_NOT_FOUND);
}

/* ---- What cannot be prepared ---- */

static void is_faulty(struct home *home, const struct statement *statement, const char *words)
{
	const char *reason = NULL;

	assert_int_equal(db_check(home->db, statement, &home->arena, &reason), ERR_INTERNAL);
	if (strstr(reason, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", reason, words);
}

static void a_statement_has_the_columns_of_its_schema(void **state)
{
	struct home *home = *state;
	const char *reason;

	is_faulty(home, &(struct statement){ "SELECT thing_id, number FROM part", &part_schema },
		  "missing column text");
	is_faulty(home,
		  &(struct statement){ "SELECT thing_id, number, text, 1 AS more FROM part",
				       &part_schema },
		  "unknown column more");
	is_faulty(home,
		  &(struct statement){ "SELECT thing_id, number, text, text FROM part",
				       &part_schema },
		  "duplicate column text");
	is_faulty(home, &(struct statement){ "SELECT {columns} FROM nowhere", &part_schema },
		  "no such table");
	is_faulty(
		home,
		&(struct statement){ "SELECT {columns} FROM part WHERE number = ?", &part_schema },
		"is not $1");
	is_faulty(
		home,
		&(struct statement){ "SELECT {columns} FROM part WHERE number = $2", &part_schema },
		"left out");
	is_faulty(home,
		  &(struct statement){ "SELECT {columns} FROM part WHERE number = $99",
				       &part_schema },
		  "is not $1");
	assert_int_equal(db_check(home->db, &select_part, &home->arena, &reason), ERR_OK);
}

static void a_faulty_statement_fails_each_time(void **state)
{
	static const struct statement faulty = { "SELECT thing_id FROM part", &part_schema };
	struct home *home = *state;
	struct part part;

	for (int i = 0; i < 2; i++)
		assert_int_equal(db_one(home->db, &faulty, ARGS_NONE, &home->arena, &part),
				 ERR_INTERNAL);
	assert_int_equal(db_one(home->db, &select_part, ARGS("a", 1), &home->arena, &part),
			 ERR_NOT_FOUND);
}

/* ---- Errors ---- */

static void what_is_at_odds_with_another_row_conflicts(void **state)
{
	struct thing a = some_thing("a"), again = some_thing("a"), same_plain = some_thing("b");
	struct part orphan = { "nobody", 1, "x" };
	struct home *home = *state;

	insert(home, &a);
	again.plain = "other";
	same_plain.plain = "a";
	assert_int_equal(db_insert(home->db, &thing_schema, &again), ERR_CONFLICT);
	assert_int_equal(db_insert(home->db, &thing_schema, &same_plain), ERR_CONFLICT);
	assert_int_equal(db_insert(home->db, &part_schema, &orphan),
			 ERR_CONFLICT); /* foreign key */
	assert_int_equal(home_number(home, "SELECT count(*) FROM thing"), 1);
	assert_int_equal(home_number(home, "SELECT count(*) FROM part"), 0);
}

/* That a column may not be null is for the code to know, not for the user to mend. */
static void a_null_that_a_table_does_not_take_is_our_fault(void **state)
{
	struct thing thing = some_thing("a");

	thing.token = NULL;
	assert_int_equal(db_insert(((struct home *)*state)->db, &thing_schema, &thing),
			 ERR_INTERNAL);
}

static void a_reader_does_not_write(void **state)
{
	static const struct statement sneaky = { "DELETE FROM thing RETURNING {columns}",
						 &thing_schema };
	struct thing thing = some_thing("a");
	struct home *home = *state;

	insert(home, &thing);
	assert_int_equal(db_one(home->db, &sneaky, ARGS_NONE, &home->arena, &thing), ERR_INTERNAL);
	read_thing(home, "a");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_comes_back_as_it_was),
		TEST(what_is_nothing_is_null_in_the_table),
		TEST(empty_bytes_are_not_null),
		TEST(every_row_is_read),
		TEST(one_statement_is_run_with_each_list_of_arguments),
		TEST(there_may_be_no_row),
		TEST(parameters_are_bound_by_their_number),
		TEST(sealed_text_is_not_in_the_file),
		TEST(a_sealed_value_that_was_moved_does_not_open),
		TEST(a_seal_is_bound_to_both_keys),
		TEST(a_sealed_value_that_was_changed_does_not_open),
		TEST(the_log_says_where_a_damaged_value_stands_but_not_what_it_is),
		TEST(what_the_schema_does_not_say_is_corrupt),
		TEST(only_what_was_given_is_written),
		TEST(the_key_alone_changes_nothing),
		TEST(a_whole_record_is_written),
		TEST(a_part_is_written_by_both_keys),
		TEST(writing_to_a_row_that_is_not_there_is_told),
		TEST(a_statement_has_the_columns_of_its_schema),
		TEST(a_faulty_statement_fails_each_time),
		TEST(what_is_at_odds_with_another_row_conflicts),
		TEST(a_null_that_a_table_does_not_take_is_our_fault),
		TEST(a_reader_does_not_write),
	};

	return RUN_TESTS(tests);
}
