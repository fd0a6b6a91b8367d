/* A command that prints the master key: run as it stands, bounded in time and size, and never believed when it failed. */
#include "security/key_command.h"

#include "base/clock.h"

#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_SIZE = 80, SOON_MS = 200, LATE_MS = 20 * 1000 };

struct place {
	char folder[64], script[128];
	struct arena arena;
	char text[LINE_SIZE];
	const char *reason;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->folder, sizeof(place->folder), "/tmp/test_key_command.XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->script, sizeof(place->script), "%s/script", place->folder);
	arena_init(&place->arena);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	unlink(place->script);
	rmdir(place->folder);
	arena_finish(&place->arena);
	free(place);
	return 0;
}

static void write_script(struct place *place, const char *body)
{
	FILE *file = fopen(place->script, "w");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", body);
	assert_int_equal(fchmod(fileno(file), 0700), 0);
	fclose(file);
}

static void prints(struct place *place, const char *command, const char *expected)
{
	place->reason = "";
	if (key_command_run(command, LATE_MS, place->text, LINE_SIZE, &place->arena,
			    &place->reason) != ERR_OK)
		fail_msg("%s: %s", command, place->reason);
	assert_string_equal(place->text, expected);
}

static void is_refused(struct place *place, const char *command, int64_t limit_ms,
		       const char *words)
{
	static const char nothing[LINE_SIZE];

	assert_int_not_equal(key_command_run(command, limit_ms, place->text, LINE_SIZE,
					     &place->arena, &place->reason),
			     ERR_OK);
	if (!strstr(place->reason, words))
		fail_msg("%s: \"%s\" does not say \"%s\"", command, place->reason, words);
	assert_memory_equal(place->text, nothing, LINE_SIZE);
}

static void its_line_is_taken(void **state)
{
	prints(*state, "echo abc", "abc");
	prints(*state, "  printf   abc ", "abc");
}

static void there_is_no_shell(void **state)
{
	prints(*state, "echo $HOME | cat; `id` 'a'", "$HOME | cat; `id` 'a'");
}

static void it_has_no_input_and_the_usual_signals(void **state)
{
	struct place *place = *state;

	signal(SIGPIPE, SIG_IGN);
	write_script(place, "cat; yes | head -n 1");
	prints(place, place->script, "y");
	signal(SIGPIPE, SIG_DFL);
}

static void what_fails_is_not_believed(void **state)
{
	struct place *place = *state;

	write_script(place, "echo abc; exit 3");
	is_refused(place, place->script, LATE_MS, "failed with status 3");
	write_script(place, "echo abc; kill -9 $$");
	is_refused(place, place->script, LATE_MS, "was killed");
	is_refused(place, "/nowhere/at/all", LATE_MS, "No such file");
	is_refused(place, "   ", LATE_MS, "names no program");
	is_refused(place, "true", LATE_MS, "prints nothing");
	is_refused(place, "printf a\\nb", LATE_MS, "more than a line");
	is_refused(place, "printf a\\000b", LATE_MS, "more than a line");
}

/* Leaves the text as it is where there is no file yet, or nothing in it. */
static void read_line(const char *path, char *ret_text, size_t size)
{
	FILE *file = fopen(path, "r");

	if (!file)
		return;
	(void)!fgets(ret_text, (int)size, file);
	fclose(file);
}

/* One that has ended does not, whether whoever inherited it has taken it away or not. */
static bool runs(pid_t pid)
{
	char path[64], program[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return readlink(path, program, sizeof(program)) > 0;
}

static void one_without_end_is_killed_with_what_it_started(void **state)
{
	struct place *place = *state;
	int64_t start_ms = clock_monotonic_ms();
	char pid_path[160], digits[32] = "";
	pid_t child;

	is_refused(place, "yes", LATE_MS, "more than a key");
	snprintf(pid_path, sizeof(pid_path), "%s/pid", place->folder);
	write_script(place, "sleep 1000 &\necho $! >$(dirname $0)/pid\nwait");
	/* It may take longer than that until it has begun. */
	for (int64_t limit_ms = SOON_MS; *digits == '\0' && limit_ms < LATE_MS; limit_ms *= 2) {
		is_refused(place, place->script, limit_ms, "takes too long");
		read_line(pid_path, digits, sizeof(digits));
	}
	write_script(place, "exec >&-; exec sleep 100");
	is_refused(place, place->script, SOON_MS, "takes too long");
	assert_true(clock_monotonic_ms() - start_ms < 4 * LATE_MS); /* they sleep for longer */
	unlink(pid_path);
	child = (pid_t)strtol(digits, NULL, 10);
	assert_true(child > 0);
	for (start_ms = clock_monotonic_ms(); runs(child);) {
		if (clock_monotonic_ms() - start_ms > LATE_MS) {
			kill(child, SIGKILL);
			fail_msg("it went on");
		}
		usleep(1000);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(its_line_is_taken),
		TEST(there_is_no_shell),
		TEST(it_has_no_input_and_the_usual_signals),
		TEST(what_fails_is_not_believed),
		TEST(one_without_end_is_killed_with_what_it_started),
	};

	return RUN_TESTS(tests);
}
