#include "base/log.h"

#include "test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Catches what goes to standard error meanwhile. */
struct capture {
	FILE *file;
	int saved;
};

static void capture_start(struct capture *capture)
{
	capture->file = tmpfile();
	assert_non_null(capture->file);
	capture->saved = dup(STDERR_FILENO);
	dup2(fileno(capture->file), STDERR_FILENO);
}

static size_t capture_stop(struct capture *capture, char *text, size_t size)
{
	size_t length;

	dup2(capture->saved, STDERR_FILENO);
	close(capture->saved);
	rewind(capture->file);
	length = fread(text, 1, size - 1, capture->file);
	text[length] = '\0';
	fclose(capture->file);
	return length;
}

static const char *member(const json_t *line, const char *key)
{
	return json_string_value(json_object_get(line, key));
}

static void a_line_is_one_json_object(void **state)
{
	struct capture capture;
	char text[4096];
	json_t *line;
	size_t length;

	(void)state;
	capture_start(&capture);
	log_info("listening", "address", "127.0.0.1:8080", "odd", "\"\\\n\t\x01\x7F caf\xC3\xA9",
		 NULL);
	length = capture_stop(&capture, text, sizeof(text));
	assert_ptr_equal(strchr(text, '\n'), text + length - 1);
	line = json_loads(text, 0, NULL);
	assert_non_null(line);
	assert_string_equal(member(line, "event"), "listening");
	assert_string_equal(member(line, "level"), "info");
	assert_string_equal(member(line, "address"), "127.0.0.1:8080");
	assert_string_equal(member(line, "odd"), "\"\\\n\t\x01\x7F caf\xC3\xA9");
	assert_int_equal(strlen(member(line, "time")), 24);
	json_decref(line);
}

static void hostile_values_leave_the_line_whole(void **state)
{
	static char endless[100000];
	struct capture capture;
	char text[32768];
	json_t *line;

	(void)state;
	memset(endless, 1, sizeof(endless) - 1);
	capture_start(&capture);
	log_error("bad", "bytes", "\xFF\xC3(", "a", endless, "b", endless, "last", "x", NULL);
	capture_stop(&capture, text, sizeof(text));
	line = json_loads(text, 0, NULL);
	assert_non_null(line);
	assert_string_equal(member(line, "bytes"), "\xEF\xBF\xBD\xEF\xBF\xBD(");
	assert_string_equal(member(line, "last"), "x");
	json_decref(line);
}

static void lower_levels_are_dropped(void **state)
{
	struct capture capture;
	char text[4096];

	(void)state;
	capture_start(&capture);
	log_debug("unseen", NULL);
	log_set_level(LOG_ERROR);
	log_warning("unseen", NULL);
	log_set_level(LOG_DEBUG);
	log_debug("seen", NULL);
	log_set_level(LOG_INFO);
	assert_true(capture_stop(&capture, text, sizeof(text)) > 0);
	assert_null(strstr(text, "unseen"));
	assert_non_null(strstr(text, "seen"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_one_json_object),
		cmocka_unit_test(hostile_values_leave_the_line_whole),
		cmocka_unit_test(lower_levels_are_dropped),
	};

	return RUN_TESTS(tests);
}
