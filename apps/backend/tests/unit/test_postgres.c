/* What only PostgreSQL does: meet other transactions, lose its server, compare texts as the database was told to. */
#include "base/clock.h"
#include "db/database.h"
#include "db/migrate.h"

#include "support_postgres.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, ROUNDS = 25, NODES = 6, LIMIT_MS = 20000 };

struct note {
	const char *id;
	int64_t amount;
	struct blob bytes;
	double part;
	bool flag;
};

static const struct field note_fields[] = {
	FIELD(struct note, id, .doc = "Its id."),
	FIELD(struct note, amount, .doc = "How much."),
	FIELD(struct note, bytes, .nullable = true, .doc = "Bytes."),
	FIELD(struct note, part, .doc = "A number."),
	FIELD(struct note, flag, .doc = "A flag."),
	{ 0 },
};

static const struct schema note_schema =
	SCHEMA(struct note, note_fields, .name = "Note", .table = "note", .key = { "id" });

struct number {
	int64_t value;
};

static const struct field number_fields[] = {
	FIELD(struct number, value, .doc = "A number."),
	{ 0 },
};

static const struct schema number_schema = SCHEMA(struct number, number_fields, .name = "Number");

static const struct statement select_note = { "SELECT {columns} FROM note WHERE id = $1",
					      &note_schema };
static const struct statement count_notes = { "SELECT count(*) AS value FROM note",
					      &number_schema };
static const struct statement backend_pid = { "SELECT pg_backend_pid() AS value", &number_schema };

static int set_up(void **state)
{
	struct home *home = calloc(1, sizeof(*home));

	home_make(home);
	if (!home->options.url)
		home_make_postgres(home, "UTF8");
	home->options.readers = THREADS;
	home_open(home);
	home_sql(home,
		 "CREATE TABLE note (id TEXT COLLATE \"C\" PRIMARY KEY, amount BIGINT NOT NULL, "
		 "bytes BYTEA, part DOUBLE PRECISION NOT NULL, flag INTEGER NOT NULL)");
	*state = home;
	return 0;
}

static int tear_down(void **state)
{
	home_remove(*state);
	free(*state);
	return 0;
}

static enum err insert_note(struct db *db, const char *id, int64_t amount)
{
	struct note note = { .id = id, .amount = amount };

	return db_insert(db, &note_schema, &note);
}

static int64_t number_of(struct db *db, const struct statement *statement)
{
	struct number number = { -1 };

	assert_int_equal(db_one(db, statement, ARGS_NONE, NULL, &number), ERR_OK);
	return number.value;
}

/* ---- Values ---- */

static void values_come_back_as_they_went(void **state)
{
	struct home *home = *state;
	const struct note notes[] = {
		{ "a", INT64_MIN, { "\0\xff\x7f", 3 }, -0.1, true },
		{ "b", INT64_MAX, { "", 0 }, 1e300, false },
		{ "ünï", 0, { NULL, 0 }, 0, false },
	};

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		struct note read;

		assert_int_equal(db_insert(home->db, &note_schema, &notes[i]), ERR_OK);
		assert_int_equal(
			db_one(home->db, &select_note, ARGS(notes[i].id), &home->arena, &read),
			ERR_OK);
		assert_string_equal(read.id, notes[i].id);
		assert_true(read.amount == notes[i].amount);
		assert_int_equal(read.bytes.size, notes[i].bytes.size);
		assert_int_equal(read.bytes.data == NULL, notes[i].bytes.data == NULL);
		if (read.bytes.size)
			assert_memory_equal(read.bytes.data, notes[i].bytes.data, read.bytes.size);
		assert_true(read.part >= notes[i].part && read.part <= notes[i].part);
		assert_int_equal(read.flag, notes[i].flag);
	}
}

enum { ASKED = 2 * DB_EACH_MAX + 3 };

/* Half of them are written just before, in the same transaction or each in its own. */
static enum err read_each(struct db *db, void *context)
{
	struct home *home = context;
	struct db_value ids[ASKED];
	struct db_args lists[ASKED];
	struct array rows;

	for (int i = 0; i < ASKED; i++) {
		ids[i] = db_value_text(arena_printf(&home->arena, "%03d", ASKED - i));
		lists[i] = (struct db_args){ &ids[i], 1 };
		if (i % 2 == 0)
			assert_int_equal(insert_note(db, ids[i].bytes.data, ASKED - i), ERR_OK);
	}
	assert_int_equal(db_each_sound(db, &select_note, lists, ASKED, &home->arena, &rows),
			 ERR_OK);
	assert_int_equal(rows.count, (ASKED + 1) / 2);
	for (int i = 0; i < (int)rows.count; i++)
		assert_int_equal(((const struct note *)rows.items)[i].amount, ASKED - 2 * i);
	return ERR_OK;
}

static void one_statement_is_run_with_each_list_of_arguments(void **state)
{
	struct home *home = *state;

	assert_int_equal(read_each(home->db, home), ERR_OK);
	home_sql(home, "DELETE FROM note");
	assert_int_equal(db_transaction(home->db, read_each, home), ERR_OK);
	assert_int_equal(number_of(home->db, &count_notes), (ASKED + 1) / 2);
}

static void every_text_of_the_migrations_is_compared_by_its_bytes(void **state)
{
	struct home *home = *state;

	assert_int_equal(
		home_number(home, "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = "
				  "a.attrelid JOIN pg_collation o ON o.oid = a.attcollation WHERE "
				  "c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND "
				  "o.collname <> 'C'"),
		0);
	assert_true(home_number(home,
				"SELECT count(*) FROM pg_attribute a JOIN pg_class c ON "
				"c.oid = a.attrelid WHERE a.attcollation = '\"C\"'::regcollation "
				"AND c.relname = 'message'") > 5);
}

static void outside_of_a_transaction_nothing_is_written_by_a_read(void **state)
{
	struct home *home = *state;
	static const struct statement sly = {
		"INSERT INTO note (id, amount, part, flag) VALUES ('sly', 1, 0, 0) RETURNING amount AS value",
		&number_schema
	};
	struct number number;

	assert_int_equal(db_one(home->db, &sly, ARGS_NONE, NULL, &number), ERR_INTERNAL);
	assert_int_equal(number_of(home->db, &count_notes), 0);
}

/* ---- Conflicts ---- */

static void a_key_in_conflict_is_a_conflict(void **state)
{
	struct home *home = *state;

	assert_int_equal(insert_note(home->db, "a", 1), ERR_OK);
	assert_int_equal(insert_note(home->db, "a", 2), ERR_CONFLICT);
	assert_int_equal(insert_note(home->db, "b", 2), ERR_OK);
	assert_int_equal(number_of(home->db, &count_notes), 2);
}

static enum err insert_around_a_conflict(struct db *tx, void *context)
{
	enum err err = insert_note(tx, "before", 1);

	(*(int *)context)++;
	if (err == ERR_OK && insert_note(tx, "taken", 1) != ERR_CONFLICT)
		err = ERR_INTERNAL;
	if (err == ERR_OK)
		err = insert_note(tx, "after", 1);
	return err;
}

static void a_failed_statement_leaves_the_transaction_usable(void **state)
{
	struct home *home = *state;
	int runs = 0;

	assert_int_equal(insert_note(home->db, "taken", 1), ERR_OK);
	assert_int_equal(db_transaction(home->db, insert_around_a_conflict, &runs), ERR_OK);
	assert_int_equal(number_of(home->db, &count_notes), 3);
	assert_int_equal(runs, 2);
}

static enum err swallow_a_conflict(struct db *tx, void *context)
{
	enum err err = insert_note(tx, context, 1);

	return err == ERR_OK && insert_note(tx, "taken", 1) == ERR_CONFLICT ? ERR_OK : ERR_INTERNAL;
}

static void a_conflict_that_is_ignored_loses_nothing(void **state)
{
	struct home *home = *state;

	assert_int_equal(insert_note(home->db, "taken", 1), ERR_OK);
	assert_int_equal(db_transaction(home->db, swallow_a_conflict, (void *)(uintptr_t)"kept"),
			 ERR_OK);
	assert_int_equal(number_of(home->db, &count_notes), 2);
}

struct missing {
	enum err seen;
	bool goes_on; /* as if nothing were amiss */
	int runs;
};

static enum err update_what_is_missing(struct db *tx, void *context)
{
	struct missing *missing = context;
	const struct note note = { .id = "missing", .amount = 1 };

	missing->runs++;
	missing->seen = db_update(tx, &note_schema, &note);
	if (missing->seen == ERR_OK && !missing->goes_on)
		return ERR_FORBIDDEN;
	return missing->goes_on ? insert_note(tx, "after", 1) : missing->seen;
}

/* Writes are not waited for; a function that was told too much is run again, and told the truth. */
static void an_update_of_nothing_is_told_in_the_end(void **state)
{
	struct home *home = *state;
	struct missing stops = { .goes_on = false }, goes_on = { .goes_on = true };
	struct note note = { .id = "missing", .amount = 1 };

	assert_int_equal(db_update(home->db, &note_schema, &note), ERR_NOT_FOUND);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(db_transaction(home->db, update_what_is_missing, &stops),
				 ERR_NOT_FOUND);
		assert_int_equal(stops.seen, ERR_NOT_FOUND);
	}
	assert_int_equal(db_transaction(home->db, update_what_is_missing, &goes_on), ERR_OK);
	assert_int_equal(goes_on.seen, ERR_NOT_FOUND);
	assert_true(stops.runs > 2);
	assert_int_equal(number_of(home->db, &count_notes), 1);
}

static enum err insert_many(struct db *tx, void *context)
{
	enum err err = ERR_OK;
	char id[16];

	for (int i = 0; i < *(const int *)context && err == ERR_OK; i++) {
		snprintf(id, sizeof(id), "n%d", i);
		err = insert_note(tx, id, i);
	}
	return err;
}

static void many_writes_in_one_transaction_are_all_done(void **state)
{
	struct home *home = *state;
	int count = 500;

	assert_int_equal(db_transaction(home->db, insert_many, &count), ERR_OK);
	assert_int_equal(number_of(home->db, &count_notes), count);
	assert_int_equal(db_transaction(home->db, insert_many, &count), ERR_CONFLICT);
	assert_int_equal(number_of(home->db, &count_notes), count);
}

static enum err insert_within(struct db *tx, void *context)
{
	return insert_note(tx, context, 1);
}

static enum err insert_and_fail(struct db *tx, void *context)
{
	enum err err = insert_note(tx, "lost", 1);

	(void)context;
	if (err == ERR_OK)
		err = db_transaction(tx, insert_within, (void *)(uintptr_t)"lost too");
	return err == ERR_OK ? ERR_FORBIDDEN : err;
}

static void what_fails_is_rolled_back_with_all_within(void **state)
{
	struct home *home = *state;

	assert_int_equal(db_transaction(home->db, insert_and_fail, NULL), ERR_FORBIDDEN);
	assert_int_equal(number_of(home->db, &count_notes), 0);
}

/* ---- Transactions that meet ---- */

static enum err add_one(struct db *tx, void *context)
{
	struct arena arena;
	struct note note;
	enum err err;

	(void)context;
	arena_init(&arena);
	err = db_one(tx, &select_note, ARGS("sum"), &arena, &note);
	note.amount++;
	if (err == ERR_OK)
		err = db_update(tx, &note_schema, &note);
	arena_finish(&arena);
	return err;
}

struct adding {
	struct home *home;
	enum err err;
};

static void *add_often(void *context)
{
	struct adding *adding = context;

	for (int i = 0; i < ROUNDS && adding->err == ERR_OK; i++)
		adding->err = db_transaction(adding->home->db, add_one, NULL);
	return NULL;
}

static void transactions_that_meet_are_as_if_one_after_the_other(void **state)
{
	struct home *home = *state;
	struct adding adding[THREADS];
	pthread_t threads[THREADS];
	struct note sum;

	assert_int_equal(insert_note(home->db, "sum", 0), ERR_OK);
	for (int i = 0; i < THREADS; i++) {
		adding[i] = (struct adding){ home, ERR_OK };
		pthread_create(&threads[i], NULL, add_often, &adding[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(adding[i].err, ERR_OK);
	}
	assert_int_equal(db_one(home->db, &select_note, ARGS("sum"), &home->arena, &sum), ERR_OK);
	assert_int_equal(sum.amount, THREADS * ROUNDS);
	assert_true(db_counts(home->db).retries > 0);
	assert_int_equal(db_counts(home->db).pool.in_use, 0);
}

/* Two sums of which each is written after the other was read: never both, were they one after the other. */
struct skew {
	struct home *home;
	const char *reads, *writes;
	pthread_barrier_t *both_read;
	int runs;
	enum err err;
};

static enum err write_if_unset(struct db *tx, void *context)
{
	struct skew *skew = context;
	struct arena arena;
	struct note note;
	enum err err;

	arena_init(&arena);
	err = db_one(tx, &select_note, ARGS(skew->reads), &arena, &note);
	if (skew->runs++ == 0)
		pthread_barrier_wait(skew->both_read);
	if (err == ERR_OK && note.amount == 0) {
		note = (struct note){ .id = skew->writes, .amount = 1 };
		err = db_update(tx, &note_schema, &note);
	}
	arena_finish(&arena);
	return err;
}

static void *run_skew(void *context)
{
	struct skew *skew = context;

	skew->err = db_transaction(skew->home->db, write_if_unset, skew);
	return NULL;
}

static void what_was_read_still_holds_at_the_commit(void **state)
{
	struct home *home = *state;
	pthread_barrier_t both_read;
	struct skew skews[2] = { { home, "x", "y", &both_read, 0, ERR_OK },
				 { home, "y", "x", &both_read, 0, ERR_OK } };
	pthread_t threads[2];

	pthread_barrier_init(&both_read, NULL, 2);
	assert_int_equal(insert_note(home->db, "x", 0), ERR_OK);
	assert_int_equal(insert_note(home->db, "y", 0), ERR_OK);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, run_skew, &skews[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(skews[0].err, ERR_OK);
	assert_int_equal(skews[1].err, ERR_OK);
	assert_int_equal(home_number(home, "SELECT sum(amount) FROM note"), 1);
	pthread_barrier_destroy(&both_read);
}

/* ---- A server that goes ---- */

static void end_backend(struct home *home, int64_t pid)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%lld, 10000)", (long long)pid);
	free(postgres_sql(home->options.url, sql));
}

static void end_all_backends(struct home *home)
{
	free(postgres_sql(home->options.url,
			  "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE "
			  "datname = current_database() AND pid <> pg_backend_pid()"));
}

static void idle_connections_that_were_cut_cost_no_answer(void **state)
{
	struct home *home = *state;

	assert_int_equal(number_of(home->db, &count_notes), 0);
	end_all_backends(home);
	assert_int_equal(number_of(home->db, &count_notes), 0);
	end_all_backends(home);
	assert_int_equal(db_transaction(home->db, insert_within, (void *)(uintptr_t)"a"), ERR_OK);
	assert_int_equal(number_of(home->db, &count_notes), 1);
}

struct cut {
	struct home *home;
	int runs, cuts;
	bool before_commit;
};

static enum err insert_and_cut(struct db *tx, void *context)
{
	struct cut *cut = context;
	enum err err = ERR_OK;

	cut->runs++;
	if (cut->before_commit)
		err = insert_note(tx, "cut", 1);
	if (cut->runs <= cut->cuts)
		end_backend(cut->home, number_of(tx, &backend_pid));
	return cut->before_commit || err != ERR_OK ? err : insert_note(tx, "cut", 1);
}

static void a_transaction_cut_before_its_commit_is_run_again(void **state)
{
	struct cut cut = { .home = *state, .cuts = 1 };

	assert_int_equal(db_transaction(cut.home->db, insert_and_cut, &cut), ERR_OK);
	assert_int_equal(cut.runs, 2);
	assert_int_equal(number_of(cut.home->db, &count_notes), 1);
}

static void a_commit_without_an_answer_is_no_success(void **state)
{
	struct cut cut = { .home = *state, .cuts = 1, .before_commit = true };

	assert_int_equal(db_transaction(cut.home->db, insert_and_cut, &cut), ERR_UNCONFIRMED);
	assert_int_equal(cut.runs, 1);
	assert_int_equal(number_of(cut.home->db, &count_notes), 0);
}

static enum err read_horizon(struct db *tx, void *context)
{
	return db_horizon(tx, context);
}

static struct db_horizon horizon_of(struct home *home)
{
	struct db_horizon horizon = { 0 };

	assert_int_equal(db_transaction(home->db, read_horizon, &horizon), ERR_OK);
	return horizon;
}

struct long_write {
	struct home *home;
	int64_t number; /* drawn while it was under way */
};

static enum err write_and_look(struct db *tx, void *context)
{
	struct long_write *write = context;
	enum err err = insert_note(tx, "long", 1);

	assert_true(number_of(tx, &backend_pid) > 0); /* so that it is written now */
	write->number = horizon_of(write->home).own;
	assert_true(horizon_of(write->home).oldest <= write->number);
	return err;
}

/* Numbers are those of all databases of the server, of which other tests may have some: they are soon over too. */
static void the_horizon_tells_when_a_transaction_is_over(void **state)
{
	struct long_write write = { .home = *state };
	int64_t end_ms = clock_monotonic_ms() + LIMIT_MS;

	assert_int_equal(db_transaction(write.home->db, write_and_look, &write), ERR_OK);
	while (horizon_of(write.home).oldest <= write.number)
		assert_true(clock_monotonic_ms() < end_ms);
}

/* ---- Reads that nobody wants any more ---- */

static void *set_when_it_sleeps(void *context)
{
	struct cut *cut = context;

	while (home_number(cut->home,
			   "SELECT count(*) FROM pg_stat_activity WHERE query LIKE "
			   "'SELECT 1 AS value FROM pg_sleep%' AND state = 'active'") == 0)
		;
	return NULL;
}

struct watcher {
	struct cut cut;
	atomic_bool cancelled;
};

static void *cancel(void *context)
{
	struct watcher *watcher = context;

	set_when_it_sleeps(&watcher->cut);
	atomic_store(&watcher->cancelled, true);
	return NULL;
}

static void a_read_ends_when_its_thread_does_not_want_it_any_more(void **state)
{
	static const struct statement sleep_long = { "SELECT 1 AS value FROM pg_sleep(50)",
						     &number_schema };
	struct watcher watcher = { .cut.home = *state };
	struct home *home = *state;
	struct number number;
	pthread_t thread;

	pthread_create(&thread, NULL, cancel, &watcher);
	db_watch(&watcher.cancelled);
	assert_int_equal(db_one(home->db, &sleep_long, ARGS_NONE, NULL, &number), ERR_CANCELLED);
	db_watch(NULL);
	pthread_join(thread, NULL);
	assert_int_equal(number_of(home->db, &count_notes), 0);
	assert_int_equal(db_counts(home->db).pool.failures, 0);
}

/* ---- A server that is silent ---- */

/* Its own backend, stopped: as one whose disk hangs. */
static enum err insert_and_stop(struct db *tx, void *context)
{
	int64_t *pid = context;

	*pid = number_of(tx, &backend_pid);
	kill((pid_t)*pid, SIGSTOP);
	return insert_note(tx, "unconfirmed", 1);
}

static void a_server_that_is_silent_is_given_up(void **state)
{
	struct home *home = *state;
	int64_t pid = 0, start_ms;
	enum err err;

	db_close(home->db);
	home->options.answer_ms = 1000;
	home_open(home);
	assert_int_equal(insert_note(home->db, "before", 1), ERR_OK);
	start_ms = clock_monotonic_ms();
	err = db_transaction(home->db, insert_and_stop, &pid);
	assert_true(clock_monotonic_ms() - start_ms < DB_ANSWER_MS - 1000); /* not the usual time */
	kill((pid_t)pid, SIGCONT);
	assert_int_equal(err, ERR_UNCONFIRMED);
	assert_in_range(number_of(home->db, &count_notes), 1, 2);
}

/* ---- Opening ---- */

struct starting {
	struct home *home;
	struct arena arena;
	enum err err;
	const char *reason;
};

static void *migrate_up(void *context)
{
	struct starting *starting = context;

	starting->err = migrate_to(&starting->home->options, MIGRATE_LATEST, &starting->arena,
				   &starting->reason);
	return NULL;
}

static void many_nodes_may_start_at_once(void **state)
{
	struct home *home = *state;
	struct starting nodes[NODES];
	pthread_t threads[NODES];

	home_sql(home, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
	for (int i = 0; i < NODES; i++) {
		nodes[i] = (struct starting){ .home = home, .reason = "" };
		arena_init(&nodes[i].arena);
		pthread_create(&threads[i], NULL, migrate_up, &nodes[i]);
	}
	for (int i = 0; i < NODES; i++) {
		pthread_join(threads[i], NULL);
		if (nodes[i].err != ERR_OK)
			fail_msg("%s", nodes[i].reason);
		arena_finish(&nodes[i].arena);
	}
	assert_int_equal(home_number(home, "SELECT count(*) FROM schema_migration"),
			 (int64_t)migrations_count);
}

static void what_went_up_comes_down(void **state)
{
	struct home *home = *state;
	const char *reason = "";

	assert_int_equal(migrate_to(&home->options, 0, &home->arena, &reason), ERR_OK);
	assert_int_equal(home_number(home, "SELECT count(*) FROM pg_tables WHERE schemaname = "
					   "'public' AND tablename <> 'note'"),
			 1); /* the record of migrations */
	assert_int_equal(migrate_to(&home->options, MIGRATE_LATEST, &home->arena, &reason), ERR_OK);
}

static void a_database_in_another_encoding_is_refused(void **state)
{
	struct home other;
	const char *reason = "";

	(void)state;
	home_make(&other);
	if (other.options.url)
		home_drop_postgres(&other);
	home_make_postgres(&other, "LATIN1");
	assert_int_equal(db_open(&other.options, &other.arena, &other.db, &reason), ERR_INVALID);
	assert_non_null(strstr(reason, "UTF8"));
	home_remove(&other);
}

static void no_reason_tells_the_password(void **state)
{
	static const char *const urls[] = {
		"postgresql://ada:s3cret@127.0.0.1:1/webplus",
		"postgresql://ada:s3cret@[::1/webplus",
		"postgresql://ada:s3cret@127.0.0.1/webplus?sslmode=s3cret&nonsense=1",
	};
	struct home *home = *state;

	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct db_options options = { .url = urls[i], .readers = 1 };
		const char *reason = "";
		struct db *db;

		assert_int_not_equal(db_open(&options, &home->arena, &db, &reason), ERR_OK);
		assert_true(*reason != '\0');
		assert_null(strstr(reason, "s3cret"));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(values_come_back_as_they_went),
		TEST(one_statement_is_run_with_each_list_of_arguments),
		TEST(every_text_of_the_migrations_is_compared_by_its_bytes),
		TEST(outside_of_a_transaction_nothing_is_written_by_a_read),
		TEST(a_key_in_conflict_is_a_conflict),
		TEST(a_failed_statement_leaves_the_transaction_usable),
		TEST(a_conflict_that_is_ignored_loses_nothing),
		TEST(an_update_of_nothing_is_told_in_the_end),
		TEST(many_writes_in_one_transaction_are_all_done),
		TEST(what_fails_is_rolled_back_with_all_within),
		TEST(transactions_that_meet_are_as_if_one_after_the_other),
		TEST(what_was_read_still_holds_at_the_commit),
		TEST(idle_connections_that_were_cut_cost_no_answer),
		TEST(a_transaction_cut_before_its_commit_is_run_again),
		TEST(a_commit_without_an_answer_is_no_success),
		TEST(the_horizon_tells_when_a_transaction_is_over),
		TEST(a_read_ends_when_its_thread_does_not_want_it_any_more),
		TEST(a_server_that_is_silent_is_given_up),
		TEST(many_nodes_may_start_at_once),
		TEST(what_went_up_comes_down),
		TEST(a_database_in_another_encoding_is_refused),
		TEST(no_reason_tells_the_password),
	};

	return RUN_TESTS(tests);
}
