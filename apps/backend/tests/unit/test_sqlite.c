/* The SQLite engine: transactions, commits that are shared, readers, cancelling, and its end. */
#include "db/database.h"

#include "support.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct number {
	int64_t value;
};

static const struct field number_fields[] = {
	FIELD(struct number, value, .doc = "A number."),
	{ 0 },
};

static const struct schema number_schema = SCHEMA(struct number, number_fields, .name = "Number");

static const struct statement insert_note = { "INSERT INTO note (id, text) VALUES ($1, $2)", NULL };
static const struct statement count_notes = { "SELECT count(*) AS value FROM note",
					      &number_schema };
static const struct statement read_sum = { "SELECT amount AS value FROM sum", &number_schema };
static const struct statement write_sum = { "UPDATE sum SET amount = $1", NULL };
/* Some seconds of work for a reader. */
static const struct statement count_far = {
	"WITH RECURSIVE far (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM far WHERE n < $1)"
	" SELECT count(*) AS value FROM far",
	&number_schema
};

static int set_up(void **state)
{
	struct home *home = calloc(1, sizeof(*home));

	home_make(home);
	*state = home;
	return 0;
}

static void open_with_tables(struct home *home)
{
	home_open(home);
	home_sql(home, "CREATE TABLE note (id TEXT PRIMARY KEY, text BLOB); "
		       "CREATE TABLE sum (amount INTEGER NOT NULL); INSERT INTO sum VALUES (0)");
}

static int tear_down(void **state)
{
	home_remove(*state);
	free(*state);
	return 0;
}

static int64_t notes(struct home *home)
{
	struct number number;

	assert_int_equal(db_one(home->db, &count_notes, ARGS_NONE, NULL, &number), ERR_OK);
	return number.value;
}

/* ---- One transaction ---- */

static enum err insert_and_fail(struct db *tx, void *context)
{
	assert_int_equal(db_exec(tx, &insert_note, ARGS("lost", "x"), NULL), ERR_OK);
	return *(enum err *)context;
}

static enum err insert_within(struct db *tx, void *context)
{
	return db_exec(tx, &insert_note, ARGS((const char *)context, "x"), NULL);
}

static enum err insert_in_parts(struct db *tx, void *context)
{
	struct number number;
	enum err err = db_transaction(tx, insert_within, context);

	assert_int_equal(db_one(tx, &count_notes, ARGS_NONE, NULL, &number), ERR_OK);
	assert_int_equal(number.value, 1); /* it sees what it has written */
	return err;
}

static void a_transaction_happens_whole_or_not_at_all(void **state)
{
	struct home *home = *state;
	enum err err = ERR_CONFLICT;

	open_with_tables(home);
	assert_int_equal(db_transaction(home->db, insert_and_fail, &err), ERR_CONFLICT);
	assert_int_equal(notes(home), 0);
	err = ERR_OK;
	assert_int_equal(db_transaction(home->db, insert_and_fail, &err), ERR_OK);
	assert_int_equal(notes(home), 1);
}

static void a_transaction_within_another_is_a_part_of_it(void **state)
{
	struct home *home = *state;

	open_with_tables(home);
	assert_int_equal(db_transaction(home->db, insert_in_parts, "a"), ERR_OK);
	assert_int_equal(notes(home), 1);
}

static void a_write_says_how_many_rows_it_changed(void **state)
{
	struct home *home = *state;
	int64_t changed = -1;

	open_with_tables(home);
	assert_int_equal(db_exec(home->db, &write_sum, ARGS(1), &changed), ERR_OK);
	assert_int_equal(changed, 1);
	home_sql(home, "DELETE FROM sum");
	assert_int_equal(db_exec(home->db, &write_sum, ARGS(1), &changed), ERR_OK);
	assert_int_equal(changed, 0);
}

/* ---- Jobs from the loop ---- */

enum { BLOB_BYTES = 400 * 1024 };

/* Holds the writer until the gate opens, so that the jobs behind it wait and make up one group. */
struct gate {
	struct db_job job;
	sem_t entered, open;
};

struct note_job {
	struct db_job job;
	struct batch *batch;
	char id[16];
	size_t bytes;    /* of the note */
	enum err answer; /* what the job returns after it has written */
	int runs;
	enum err told;
};

enum { JOBS_MAX = 200 };

struct batch {
	struct loop loop;
	struct gate gate;
	struct note_job jobs[JOBS_MAX];
	int count, done;
};

static char blob[BLOB_BYTES];

static enum err pass_gate(struct db *tx, void *context)
{
	struct gate *gate = CONTAINER_OF((struct db_job *)context, struct gate, job);

	(void)tx;
	sem_post(&gate->entered);
	while (sem_wait(&gate->open) != 0)
		;
	sem_post(&gate->open); /* it may run once more */
	return ERR_OK;
}

static enum err write_note(struct db *tx, void *context)
{
	struct note_job *job = CONTAINER_OF((struct db_job *)context, struct note_job, job);
	struct blob text = { blob, job->bytes };
	enum err err = db_exec(tx, &insert_note, ARGS((const char *)job->id, text), NULL);

	job->runs++;
	return err == ERR_OK ? job->answer : err;
}

static void note_written(struct db_job *db_job, enum err err)
{
	struct note_job *job = CONTAINER_OF(db_job, struct note_job, job);

	loop_assert(&job->batch->loop);
	job->told = err;
	if (++job->batch->done == job->batch->count + 1)
		loop_stop(&job->batch->loop);
}

static void gate_passed(struct db_job *job, enum err err)
{
	struct batch *batch = CONTAINER_OF(CONTAINER_OF(job, struct gate, job), struct batch, gate);

	assert_int_equal(err, ERR_OK);
	if (++batch->done == batch->count + 1)
		loop_stop(&batch->loop);
}

static struct batch *batch_create(struct home *home, int count)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	loop_init(&batch->loop);
	home->options.loop = &batch->loop;
	batch->count = count;
	for (int i = 0; i < count; i++) {
		batch->jobs[i] = (struct note_job){ .batch = batch, .bytes = 10 };
		snprintf(batch->jobs[i].id, sizeof(batch->jobs[i].id), "%d", i);
	}
	sem_init(&batch->gate.entered, 0, 0);
	sem_init(&batch->gate.open, 0, 0);
	return batch;
}

/* All jobs wait behind the closed gate when this returns. */
static void submit_all(struct home *home, struct batch *batch)
{
	batch->gate.job.run = pass_gate;
	batch->gate.job.done = gate_passed;
	db_submit(home->db, &batch->gate.job);
	wait_for(&batch->gate.entered);
	for (int i = 0; i < batch->count; i++) {
		batch->jobs[i].job.run = write_note;
		batch->jobs[i].job.done = note_written;
		db_submit(home->db, &batch->jobs[i].job);
	}
}

static void run_all(struct home *home, struct batch *batch)
{
	submit_all(home, batch);
	sem_post(&batch->gate.open);
	loop_run(&batch->loop);
}

static void batch_destroy(struct home *home, struct batch *batch)
{
	home_close(home);
	loop_finish(&batch->loop);
	sem_destroy(&batch->gate.entered);
	sem_destroy(&batch->gate.open);
	free(batch);
}

static void jobs_that_wait_share_a_commit(void **state)
{
	struct home *home = *state;
	struct batch *batch = batch_create(home, JOBS_MAX);
	struct db_counts before, after;

	open_with_tables(home);
	before = db_counts(home->db);
	run_all(home, batch);
	after = db_counts(home->db);
	assert_int_equal(after.transactions - before.transactions, JOBS_MAX + 1);
	assert_true(after.commits - before.commits <= JOBS_MAX / 10);
	assert_int_equal(notes(home), JOBS_MAX);
	batch_destroy(home, batch);
}

static void a_job_that_fails_leaves_the_others_of_its_group(void **state)
{
	struct home *home = *state;
	struct batch *batch = batch_create(home, 5);

	open_with_tables(home);
	batch->jobs[1].answer = ERR_INVALID;
	snprintf(batch->jobs[3].id, sizeof(batch->jobs[3].id), "0"); /* a conflict */
	run_all(home, batch);
	assert_int_equal(batch->jobs[0].told, ERR_OK);
	assert_int_equal(batch->jobs[1].told, ERR_INVALID);
	assert_int_equal(batch->jobs[2].told, ERR_OK);
	assert_int_equal(batch->jobs[3].told, ERR_CONFLICT);
	assert_int_equal(batch->jobs[4].told, ERR_OK);
	assert_int_equal(notes(home), 3);
	assert_int_equal(db_counts(home->db).rollbacks, 2);
	batch_destroy(home, batch);
}

/* SQLite gives up the whole transaction then: the group is run again one by one. */
static void a_full_disk_is_the_answer_to_who_needs_the_room(void **state)
{
	static const struct statement little_room = { "PRAGMA max_page_count = 100", NULL };
	struct home *home = *state;
	struct batch *batch = batch_create(home, 4);

	open_with_tables(home);
	assert_int_equal(db_exec(home->db, &little_room, ARGS_NONE, NULL), ERR_OK);
	batch->jobs[1].bytes = BLOB_BYTES;
	run_all(home, batch);
	assert_int_equal(batch->jobs[0].told, ERR_OK);
	assert_int_equal(batch->jobs[1].told, ERR_DISK_FULL);
	assert_int_equal(batch->jobs[2].told, ERR_OK);
	assert_int_equal(batch->jobs[3].told, ERR_OK);
	assert_true(batch->jobs[0].runs > 1);
	assert_int_equal(notes(home), 3);
	batch_destroy(home, batch);
}

static void a_commit_that_fails_is_tried_for_each_alone(void **state)
{
	struct home *home = *state;
	struct batch *batch = batch_create(home, 3);

	failing_vfs_register();
	home->options.vfs = failing_vfs;
	open_with_tables(home);
	submit_all(home, batch);
	atomic_store(&failing_syncs, 1);
	sem_post(&batch->gate.open);
	loop_run(&batch->loop);
	for (int i = 0; i < 3; i++)
		assert_int_equal(batch->jobs[i].told, ERR_OK);
	assert_int_equal(notes(home), 3);
	batch_destroy(home, batch);
}

/* What is not on the disk is not acknowledged. */
static void a_disk_that_does_not_sync_fails_the_write(void **state)
{
	struct home *home = *state;

	failing_vfs_register();
	home->options.vfs = failing_vfs;
	open_with_tables(home);
	atomic_store(&failing_syncs, 1000);
	assert_int_equal(db_exec(home->db, &insert_note, ARGS("a", "x"), NULL), ERR_INTERNAL);
	atomic_store(&failing_syncs, 0);
	assert_int_equal(notes(home), 0);
	assert_int_equal(db_exec(home->db, &insert_note, ARGS("b", "x"), NULL), ERR_OK);
	assert_int_equal(notes(home), 1);
}

static void *open_gate(void *context)
{
	sem_post(&((struct gate *)context)->open);
	return NULL;
}

static void closing_waits_for_what_was_submitted(void **state)
{
	struct home *home = *state;
	struct batch *batch = batch_create(home, 50);
	pthread_t thread;

	open_with_tables(home);
	submit_all(home, batch);
	assert_int_equal(pthread_create(&thread, NULL, open_gate, &batch->gate), 0);
	home_close(home);
	pthread_join(thread, NULL);
	assert_int_equal(home_number(home, "SELECT count(*) FROM note"), 50);
	loop_run(&batch->loop); /* the answers are there */
	assert_int_equal(batch->done, 51);
	batch_destroy(home, batch);
}

/* ---- Many at once ---- */

enum { THREADS = 8, ADDITIONS = 25 };

static enum err add_one(struct db *tx, void *context)
{
	struct number number;
	enum err err = db_one(tx, &read_sum, ARGS_NONE, NULL, &number);

	(void)context;
	return err == ERR_OK ? db_exec(tx, &write_sum, ARGS(number.value + 1), NULL) : err;
}

static void *add_many(void *context)
{
	struct home *home = context;
	struct number number, last = { 0 };

	for (int i = 0; i < ADDITIONS; i++) {
		if (db_transaction(home->db, add_one, NULL) != ERR_OK ||
		    db_one(home->db, &read_sum, ARGS_NONE, NULL, &number) != ERR_OK ||
		    number.value <= last.value)
			return "failed";
		last = number;
	}
	return NULL;
}

static void transactions_of_many_threads_are_serial(void **state)
{
	struct home *home = *state;
	pthread_t threads[THREADS];
	struct number sum;
	void *fault;

	open_with_tables(home);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, home), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &fault);
		assert_null(fault);
	}
	assert_int_equal(db_one(home->db, &read_sum, ARGS_NONE, NULL, &sum), ERR_OK);
	assert_int_equal(sum.value, THREADS * ADDITIONS);
	assert_int_equal(db_counts(home->db).reads, THREADS * ADDITIONS + 1);
}

/* ---- Cancelling ---- */

static void *cancel_once_reading(void *context)
{
	atomic_bool *cancelled = ((void **)context)[0];
	struct home *home = ((void **)context)[1];

	while (db_counts(home->db).reads == 0)
		sched_yield();
	atomic_store(cancelled, true);
	return NULL;
}

static void a_long_read_ends_when_it_is_cancelled(void **state)
{
	struct home *home = *state;
	atomic_bool cancelled = false;
	void *context[] = { &cancelled, home };
	struct number number;
	pthread_t thread;

	open_with_tables(home);
	assert_int_equal(pthread_create(&thread, NULL, cancel_once_reading, context), 0);
	db_watch(&cancelled);
	assert_int_equal(db_one(home->db, &count_far, ARGS(INT64_C(100000000000)), NULL, &number),
			 ERR_CANCELLED);
	pthread_join(thread, NULL);
	db_watch(NULL);
	assert_int_equal(db_one(home->db, &count_far, ARGS(100000), NULL, &number), ERR_OK);
	assert_int_equal(number.value, 100000);
}

/* A write that was begun is carried out: who asked may leave, what was said stays said. */
static void a_write_is_not_cancelled(void **state)
{
	struct home *home = *state;
	atomic_bool cancelled = true;

	open_with_tables(home);
	db_watch(&cancelled);
	assert_int_equal(db_exec(home->db, &insert_note, ARGS("a", "x"), NULL), ERR_OK);
	db_watch(NULL);
	assert_int_equal(notes(home), 1);
}

/* ---- Opening ---- */

static void what_cannot_be_opened_says_why(void **state)
{
	struct home *home = *state;
	struct db_options options = home->options;
	const char *reason = NULL;

	options.folder = "/nowhere/at/all";
	assert_int_not_equal(db_open(&options, &home->arena, &home->db, &reason), ERR_OK);
	assert_non_null(strstr(reason, "/nowhere/at/all/webplus.db cannot be opened"));
	assert_null(home->db);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
	struct home *home = *state;
	char path[128];
	const char *reason = NULL;
	FILE *file;

	snprintf(path, sizeof(path), "%s/webplus.db", home->folder);
	file = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("no database ", file);
	fclose(file);
	assert_int_equal(db_open(&home->options, &home->arena, &home->db, &reason), ERR_CORRUPT);
	assert_non_null(strstr(reason, "not a database"));
}

static void a_reader_that_cannot_be_opened_gives_its_place_back(void **state)
{
	struct home *home = *state;
	struct number number;
	int64_t end_ms;
	enum err err;

	failing_vfs_register();
	home->options.vfs = failing_vfs;
	home->options.readers = 1;
	open_with_tables(home);
	atomic_store(&failing_opens, 1);
	assert_int_not_equal(db_one(home->db, &count_notes, ARGS_NONE, NULL, &number), ERR_OK);
	assert_int_equal(atomic_load(&failing_opens), 0);
	end_ms = clock_monotonic_ms() + 20000;
	do /* it is not tried again at once */
		err = db_one(home->db, &count_notes, ARGS_NONE, NULL, &number);
	while (err == ERR_UNAVAILABLE && clock_monotonic_ms() < end_ms);
	assert_int_equal(err, ERR_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_transaction_happens_whole_or_not_at_all),
		TEST(a_transaction_within_another_is_a_part_of_it),
		TEST(a_write_says_how_many_rows_it_changed),
		TEST(jobs_that_wait_share_a_commit),
		TEST(a_job_that_fails_leaves_the_others_of_its_group),
		TEST(a_full_disk_is_the_answer_to_who_needs_the_room),
		TEST(a_commit_that_fails_is_tried_for_each_alone),
		TEST(a_disk_that_does_not_sync_fails_the_write),
		TEST(closing_waits_for_what_was_submitted),
		TEST(transactions_of_many_threads_are_serial),
		TEST(a_long_read_ends_when_it_is_cancelled),
		TEST(a_write_is_not_cancelled),
		TEST(what_cannot_be_opened_says_why),
		TEST(a_file_that_is_no_database_is_refused),
		TEST(a_reader_that_cannot_be_opened_gives_its_place_back),
	};

	return RUN_TESTS(tests);
}
