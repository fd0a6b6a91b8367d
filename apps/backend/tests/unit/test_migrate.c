#include "db/migrate.h"

#include "support.h"

#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int set_up(void **state)
{
	struct home *home = calloc(1, sizeof(*home));

	home_make(home);
	*state = home;
	return 0;
}

static int tear_down(void **state)
{
	home_remove(*state);
	free(*state);
	return 0;
}

static void migrates(struct home *home, int target)
{
	const char *reason = "";

	if (migrate_to(&home->options, target, &home->arena, &reason) != ERR_OK)
		fail_msg("%s", reason);
}

static void is_refused(struct home *home, int target, const char *words)
{
	const char *reason = "";

	assert_int_not_equal(migrate_to(&home->options, target, &home->arena, &reason), ERR_OK);
	if (strstr(reason, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", reason, words);
}

static const char *const count_tables = "SELECT count(*) FROM sqlite_master WHERE type IN "
					"('table', 'index') AND name NOT LIKE 'sqlite_%'";

static const char *const some_account =
	"INSERT INTO account (id, username, email, email_hash, password_hash, role, created_at) "
	"VALUES ('a', 'ada', x'00', x'01', 'h', 'user', 1)";

static size_t backups(struct home *home, char path[static 256])
{
	char pattern[128];
	glob_t found;
	size_t count;

	snprintf(pattern, sizeof(pattern), "%s/backups/*", home->folder);
	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	count = found.gl_pathc;
	snprintf(path, 256, "%s", found.gl_pathv[0]);
	globfree(&found);
	return count;
}

static void up_down_and_up_again_is_the_same_shape(void **state)
{
	struct home *home = *state;
	int64_t tables;

	migrates(home, MIGRATE_LATEST);
	tables = home_number(home, count_tables);
	assert_true(tables > 10);
	assert_int_equal(home_number(home, "SELECT count(*) FROM schema_migration"),
			 migrations_count);
	migrates(home, 0);
	assert_int_equal(home_number(home, count_tables), 1); /* the record of steps */
	assert_int_equal(home_number(home, "SELECT count(*) FROM schema_migration"), 0);
	migrates(home, MIGRATE_LATEST);
	assert_int_equal(home_number(home, count_tables), tables);
}

static void each_step_can_be_undone_alone(void **state)
{
	struct home *home = *state;

	for (int step = 1; step <= (int)migrations_count; step++) {
		int64_t before;

		migrates(home, step - 1);
		before = home_number(home, count_tables);
		migrates(home, step);
		migrates(home, step - 1);
		assert_int_equal(home_number(home, count_tables), step == 1 ? 1 : before);
		migrates(home, step);
	}
}

static void a_second_run_changes_nothing(void **state)
{
	struct home *home = *state;
	char path[256];

	migrates(home, MIGRATE_LATEST);
	home_sql(home, some_account);
	migrates(home, MIGRATE_LATEST);
	assert_int_equal(home_number(home, "SELECT count(*) FROM account"), 1);
	assert_int_equal(backups(home, path), 0);
}

static void a_newer_database_is_refused(void **state)
{
	struct home *home = *state;
	char sql[200];

	migrates(home, MIGRATE_LATEST);
	snprintf(sql, sizeof(sql), "INSERT INTO schema_migration VALUES (%zu, 'future', 'x', 1)",
		 migrations_count + 1);
	home_sql(home, sql);
	is_refused(home, MIGRATE_LATEST, "shaped by a newer version");
	is_refused(home, 0, "shaped by a newer version");
	assert_true(home_number(home, count_tables) > 10);
}

static void a_step_that_is_not_the_known_one_is_refused(void **state)
{
	struct home *home = *state;

	migrates(home, MIGRATE_LATEST);
	home_sql(home, "UPDATE schema_migration SET checksum = 'other' WHERE number = 1");
	is_refused(home, MIGRATE_LATEST, "is not the one that this version knows");
	home_sql(home, "UPDATE schema_migration SET name = 'other' WHERE number = 1");
	is_refused(home, 0, "is not the one that this version knows");
}

static void a_gap_in_the_steps_is_refused(void **state)
{
	struct home *home = *state;

	migrates(home, MIGRATE_LATEST);
	home_sql(home, "UPDATE schema_migration SET number = number + 1 WHERE number ="
		       " (SELECT max(number) FROM schema_migration)");
	is_refused(home, MIGRATE_LATEST, "applied, but not step");
}

static void a_step_that_is_not_there_is_refused(void **state)
{
	is_refused(*state, (int)migrations_count + 1, "there is no step");
	is_refused(*state, -2, "there is no step");
}

/* The key as it was sent, and a hash that anybody can make of a guess. */
static void keys_in_the_clear_are_forgotten(void **state)
{
	struct home *home = *state;

	migrates(home, 15);
	home_sql(home, some_account);
	home_sql(home, "INSERT INTO idempotency_key (owner_id, key, request_hash, user_message_id, "
		       "assistant_message_id, created_at) VALUES ('a', 'k', 'h', 'u', 'm', 1)");
	migrates(home, 16);
	assert_int_equal(home_number(home, "SELECT count(*) FROM idempotency_key"), 0);
}

static void lengths_in_the_clear_go_but_those_of_what_streams(void **state)
{
	static const char some_message[] =
		"INSERT INTO conversation (id, owner_id, title, model_id, created_at, updated_at) "
		"VALUES ('c', 'a', x'00', 'm', 1, 1);"
		"INSERT INTO message (id, conversation_id, owner_id, role, status, seq, epoch, "
		"created_at, lengths, content) VALUES ('m', 'c', 'a', 'assistant', 'stopped', 2, 1, 1, "
		"x'0302', x'00');"
		"INSERT INTO message_chunk (message_id, first_seq, lengths, text) "
		"VALUES ('m', 3, x'04', x'00')";
	struct home *home = *state;

	migrates(home, 16);
	home_sql(home, some_account);
	home_sql(home, some_message);
	migrates(home, 17);
	assert_int_equal(home_number(home, "SELECT count(*) FROM message WHERE lengths IS NULL "
					   "AND seq = 2"),
			 1);
	assert_int_equal(home_number(home, "SELECT count(*) FROM message_chunk WHERE lengths IS "
					   "NULL AND clear_lengths = x'04'"),
			 1);
	is_refused(home, 16, "answers_were_cut_off");
	home_sql(home, "DELETE FROM message_chunk");
	migrates(home, 16);
	assert_int_equal(home_number(home, "SELECT count(*) FROM message WHERE seq = 0"), 1);
}

/* What a step leaves half done must not stay. */
static void a_step_that_fails_leaves_nothing(void **state)
{
	struct home *home = *state;

	home_sql(home,
		 "CREATE TABLE idempotency_key (other TEXT)"); /* the last of the first step */
	is_refused(home, MIGRATE_LATEST, "already exists");
	assert_int_equal(
		home_number(home, "SELECT count(*) FROM sqlite_master WHERE name = 'account'"), 0);
	home_sql(home, "DROP TABLE idempotency_key");
	migrates(home, MIGRATE_LATEST);
}

static void a_backup_is_made_before_data_is_touched(void **state)
{
	struct home *home = *state, from_backup;
	char path[256], target[300];

	migrates(home, MIGRATE_LATEST);
	home_sql(home, some_account);
	migrates(home, 0);
	assert_int_equal(backups(home, path), 1);

	home_make(&from_backup);
	snprintf(target, sizeof(target), "%s/webplus.db", from_backup.folder);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(home_number(&from_backup, "SELECT count(*) FROM account"), 1);
	migrates(&from_backup, MIGRATE_LATEST); /* it is a database like any other */
	home_remove(&from_backup);
}

static void without_its_backup_nothing_is_migrated(void **state)
{
	struct home *home = *state;
	char path[128];
	FILE *file;

	migrates(home, MIGRATE_LATEST);
	home_sql(home, some_account);
	snprintf(path, sizeof(path), "%s/backups", home->folder); /* a file stands in its way */
	file = fopen(path, "w");
	fclose(file);
	is_refused(home, 0, "");
	assert_int_equal(home_number(home, "SELECT count(*) FROM account"), 1);
}

static int make_backup_file(struct home *home, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/backups/%s", home->folder, name);
	return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
}

static bool is_backup_file(struct home *home, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/backups/%s", home->folder, name);
	return access(path, F_OK) == 0;
}

static void what_was_cut_off_is_not_left_behind(void **state)
{
	static const char *const names[] = { "webplus-step-0003-1.db.partial-aaaaaa",
					     "webplus-step-0003-1.db.partial-aaaaaa-journal",
					     "webplus-step-0003-1.db.partial-bbbbbb",
					     "webplus-step-0003-1.db", "of.partial-interest.db" };
	enum { FILES = sizeof(names) / sizeof(names[0]), LEFT = 2, UNDER_WAY = 2 };
	struct home *home = *state;
	int files[FILES];
	char path[256];

	migrates(home, MIGRATE_LATEST);
	home_sql(home, some_account);
	snprintf(path, sizeof(path), "%s/backups", home->folder);
	assert_int_equal(mkdir(path, S_IRWXU), 0);
	for (int i = 0; i < FILES; i++) {
		files[i] = make_backup_file(home, names[i]);
		assert_true(files[i] >= 0);
	}
	assert_int_equal(flock(files[UNDER_WAY], LOCK_EX), 0);
	migrates(home, 0);
	for (int i = 0; i < FILES; i++) {
		assert_int_equal(is_backup_file(home, names[i]), i >= LEFT);
		close(files[i]);
	}
}

static void the_status_names_each_step(void **state)
{
	struct home *home = *state;
	const char *reason = "";
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	assert_int_equal(migrate_status(&home->options, out, &home->arena, &reason), ERR_OK);
	fflush(out);
	if (strstr(text, "not applied") == NULL || strncmp(text, "0001  0001_foundation ", 17) != 0)
		fail_msg("%s", text);
	migrates(home, MIGRATE_LATEST);
	rewind(out);
	assert_int_equal(migrate_status(&home->options, out, &home->arena, &reason), ERR_OK);
	fclose(out);
	assert_null(strstr(text, "not applied\n"));
	free(text);
}

/* ---- Starts at the same time ---- */

enum { STARTS = 6, ROUNDS = 5 };

struct start {
	struct home *home;
	pthread_barrier_t *barrier;
	enum err err;
	char reason[300];
};

static void *start_server(void *context)
{
	struct start *start = context;
	const char *reason = "";
	struct arena arena;

	arena_init(&arena);
	pthread_barrier_wait(start->barrier);
	start->err = migrate_to(&start->home->options, MIGRATE_LATEST, &arena, &reason);
	snprintf(start->reason, sizeof(start->reason), "%s", reason);
	arena_finish(&arena);
	return NULL;
}

static void start_all(struct home *home)
{
	struct start starts[STARTS];
	pthread_t threads[STARTS];
	pthread_barrier_t barrier;

	pthread_barrier_init(&barrier, NULL, STARTS);
	for (int i = 0; i < STARTS; i++) {
		starts[i] = (struct start){ .home = home, .barrier = &barrier };
		assert_int_equal(pthread_create(&threads[i], NULL, start_server, &starts[i]), 0);
	}
	for (int i = 0; i < STARTS; i++) {
		pthread_join(threads[i], NULL);
		if (starts[i].err != ERR_OK)
			fail_msg("%s", starts[i].reason);
	}
	pthread_barrier_destroy(&barrier);
	assert_int_equal(home_number(home, "SELECT count(*) FROM schema_migration"),
			 migrations_count);
	assert_true(home_number(home, count_tables) > 10);
}

static void starts_at_the_same_time_end_in_one_shape(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct home home;

		home_make(&home);
		start_all(&home);
		home_remove(&home);
	}
}

static void all_backups_are_whole(struct home *home)
{
	char pattern[128];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/backups/*", home->folder);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct home backup;
		char target[300];

		assert_null(strstr(found.gl_pathv[i], "partial"));
		home_make(&backup);
		snprintf(target, sizeof(target), "%s/webplus.db", backup.folder);
		assert_int_equal(rename(found.gl_pathv[i], target), 0);
		migrates(&backup, MIGRATE_LATEST);
		home_remove(&backup);
	}
	globfree(&found);
}

/* Each of them backs up what it finds, most in the same millisecond. */
static void backups_at_the_same_time_are_all_whole(void **state)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct home home;

		home_make(&home);
		migrates(&home, 3);
		start_all(&home);
		all_backups_are_whole(&home);
		home_remove(&home);
	}
	(void)state;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(up_down_and_up_again_is_the_same_shape),
		TEST(each_step_can_be_undone_alone),
		TEST(a_second_run_changes_nothing),
		TEST(a_newer_database_is_refused),
		TEST(a_step_that_is_not_the_known_one_is_refused),
		TEST(a_gap_in_the_steps_is_refused),
		TEST(a_step_that_is_not_there_is_refused),
		TEST(keys_in_the_clear_are_forgotten),
		TEST(lengths_in_the_clear_go_but_those_of_what_streams),
		TEST(a_step_that_fails_leaves_nothing),
		TEST(a_backup_is_made_before_data_is_touched),
		TEST(without_its_backup_nothing_is_migrated),
		TEST(what_was_cut_off_is_not_left_behind),
		TEST(the_status_names_each_step),
		TEST(starts_at_the_same_time_end_in_one_shape),
		TEST(backups_at_the_same_time_are_all_whole),
	};

	return RUN_TESTS(tests);
}
