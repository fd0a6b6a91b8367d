#include "config.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/webplus-config-XXXXXX";
static struct arena arena;
static struct config config;
static const char *const *rest;
static const char *reason;

static int enter_folder(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	return chdir(folder);
}

static int leave_folder(void **state)
{
	(void)state;
	arena_finish(&arena);
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

static int forget(void **state)
{
	(void)state;
	unlink("webplus.env");
	rmdir("webplus.env");
	unsetenv("WEBPLUS_LISTEN");
	unsetenv("WEBPLUS_WORKERS");
	unsetenv("WEBPLUS_LOG_LEVEL");
	arena_finish(&arena);
	return 0;
}

static void write_file(const char *text)
{
	FILE *file = fopen("webplus.env", "w");

	fputs(text, file);
	fclose(file);
}

#define READ(...) read_args((char *[]){ __VA_ARGS__ NULL })

static enum err read_args(char **args)
{
	return config_read(args, &arena, &config, &rest, &reason);
}

static void says(const char *words)
{
	if (strstr(reason, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", reason, words);
}

static void presets_stand_alone(void **state)
{
	(void)state;
	assert_int_equal(READ(), ERR_OK);
	assert_string_equal(config.listen, "127.0.0.1:8080");
	assert_string_equal(config.data, "./data");
	assert_null(config.public_url);
	assert_null(config.master_key);
	assert_int_equal(config.workers, 64);
	assert_true(config.access_log);
	assert_int_equal(config.log_level, 1);
	assert_null(rest[0]);
}

static void flags_come_in_two_forms(void **state)
{
	(void)state;
	assert_int_equal(
		READ("--listen", "0.0.0.0:1", "--log-level=error", "--access-log", "false", ),
		ERR_OK);
	assert_string_equal(config.listen, "0.0.0.0:1");
	assert_int_equal(config.log_level, 3);
	assert_false(config.access_log);
}

static void a_flag_goes_before_the_environment_that_before_the_file(void **state)
{
	(void)state;
	write_file("WEBPLUS_LISTEN=file:1\nWEBPLUS_WORKERS=3\nWEBPLUS_LOG_LEVEL=debug\n");
	setenv("WEBPLUS_LISTEN", "environment:1", 1);
	setenv("WEBPLUS_WORKERS", "2", 1);
	assert_int_equal(READ("--listen", "flag:1", ), ERR_OK);
	assert_string_equal(config.listen, "flag:1");
	assert_int_equal(config.workers, 2);
	assert_int_equal(config.log_level, 0);
}

static void an_empty_variable_is_none(void **state)
{
	(void)state;
	setenv("WEBPLUS_WORKERS", "", 1);
	assert_int_equal(READ(), ERR_OK);
	assert_int_equal(config.workers, 64);
}

static void the_file_has_remarks_and_blanks(void **state)
{
	(void)state;
	write_file(
		"# a remark = with a sign\n\n  \t\nWEBPLUS_PUBLIC_URL =  https://chat.example.org/?a=b \r\n"
		"WEBPLUS_WORKERS=\nWEBPLUS_DATA=/srv/data");
	assert_int_equal(READ(), ERR_OK);
	assert_string_equal(config.public_url, "https://chat.example.org/?a=b");
	assert_int_equal(config.workers, 64);
	assert_string_equal(config.data, "/srv/data");
}

static void what_is_wrong_is_named(void **state)
{
	(void)state;
	assert_int_equal(READ("--workers", "many", ), ERR_INVALID);
	says("--workers must be a whole number");
	assert_int_equal(READ("--workers=0", ), ERR_INVALID);
	says("between 1 and 1024");
	assert_int_equal(READ("--log-level", "loud", ), ERR_INVALID);
	says("one of: debug, info, warning, error");
	assert_int_equal(READ("--listen", ), ERR_INVALID);
	says("--listen needs a value");
	setenv("WEBPLUS_WORKERS", "-1", 1);
	assert_int_equal(READ(), ERR_INVALID);
	says("WEBPLUS_WORKERS must be between");
	unsetenv("WEBPLUS_WORKERS");
	write_file("\nWEBPLUS_WORKERS=x\n");
	assert_int_equal(READ(), ERR_INVALID);
	says("webplus.env, line 2: WEBPLUS_WORKERS must be a whole number");
}

static void an_unknown_setting_of_the_file_is_refused(void **state)
{
	(void)state;
	write_file("WEBPLUS_WORKER=1\n");
	assert_int_equal(READ(), ERR_INVALID);
	says("line 1: there is no setting WEBPLUS_WORKER");
	write_file("nonsense\n");
	assert_int_equal(READ(), ERR_INVALID);
	says("there is no setting nonsense");
}

/* A secret must not come to the terminal by way of a mistake elsewhere on its line. */
static void a_value_is_not_repeated(void **state)
{
	(void)state;
	write_file("WEBPLUS_OPENAI_KEY=sk-secret\n");
	assert_int_equal(READ(), ERR_INVALID);
	assert_null(strstr(reason, "sk-secret"));
	assert_int_equal(READ("--master-key=0123secret", ), ERR_INVALID);
	says("at least 64");
	assert_int_equal(READ("--master-key", "0123secret", ), ERR_INVALID);
	assert_null(strstr(reason, "0123secret"));
}

static void a_file_that_cannot_be_read_is_refused(void **state)
{
	FILE *file = fopen("webplus.env", "w");

	(void)state;
	for (int i = 0; i < 10000; i++)
		fputs("# remark\n", file);
	fputs("WEBPLUS_WORKERS=1\n", file); /* would be left out in silence */
	fclose(file);
	assert_int_equal(READ(), ERR_INVALID);
	says("too long");
	unlink("webplus.env");
	assert_int_equal(mkdir("webplus.env", 0700), 0);
	assert_int_equal(READ(), ERR_INVALID);
	says("cannot be read");
}

static void what_is_no_setting_is_left_for_the_command(void **state)
{
	(void)state;
	assert_int_equal(READ("create", "--workers", "2", "--username", "ada", "--listening=x", ),
			 ERR_OK);
	assert_int_equal(config.workers, 2);
	assert_string_equal(rest[0], "create");
	assert_string_equal(rest[1], "--username");
	assert_string_equal(rest[2], "ada");
	assert_string_equal(rest[3], "--listening=x");
	assert_null(rest[4]);
}

static void the_reference_has_every_setting(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 100000);
	config_print_reference(&out);
	assert_non_null(strstr(out.data, "| `WEBPLUS_LISTEN` | `--listen` | `127.0.0.1:8080` |"));
	assert_non_null(strstr(out.data, "| `WEBPLUS_LOG_LEVEL` | `--log-level` | `info` |"));
	assert_non_null(strstr(out.data, "1 to 1024 threads"));
	assert_non_null(strstr(out.data, "debug, info, warning, error"));
	assert_non_null(strstr(out.data, "`WEBPLUS_OPENAI_API_KEY`"));
	buf_finish(&out);
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(presets_stand_alone),
		TEST(flags_come_in_two_forms),
		TEST(a_flag_goes_before_the_environment_that_before_the_file),
		TEST(an_empty_variable_is_none),
		TEST(the_file_has_remarks_and_blanks),
		TEST(what_is_wrong_is_named),
		TEST(an_unknown_setting_of_the_file_is_refused),
		TEST(a_value_is_not_repeated),
		TEST(a_file_that_cannot_be_read_is_refused),
		TEST(what_is_no_setting_is_left_for_the_command),
		TEST(the_reference_has_every_setting),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
