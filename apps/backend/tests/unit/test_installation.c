/* An installation: its folder, its key and its database belong together, or it is not opened. */
#include "installation.h"

#include "db/database.h"
#include "db/migrate.h"

#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOME_KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER_KEY "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

struct place {
	struct home home; /* its folder alone */
	char data[128];
	struct config config;
	struct app app;
	const char *reason;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	home_make(&place->home);
	snprintf(place->data, sizeof(place->data), "%s/data", place->home.folder);
	place->config = (struct config){ .data = place->data, .database_checkout_ms = 5000 };
	place->app.config = &place->config;
	place->reason = "";
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	installation_close(&place->app);
	home_remove(&place->home);
	free(place);
	return 0;
}

static enum err opening(struct place *place)
{
	return installation_open(&place->app, INSTALLATION_SERVE, &place->home.arena,
				 &place->reason);
}

static void opens(struct place *place)
{
	if (opening(place) != ERR_OK)
		fail_msg("%s", place->reason);
	assert_non_null(place->app.db);
	assert_non_null(place->app.keyring);
	installation_close(&place->app);
}

static void is_refused(struct place *place, const char *words)
{
	assert_int_not_equal(opening(place), ERR_OK);
	if (strstr(place->reason, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", place->reason, words);
	assert_null(place->app.db);
	assert_null(place->app.keyring);
}

static mode_t mode_of(const char *folder, const char *file)
{
	struct stat status;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	assert_int_equal(stat(path, &status), 0);
	return status.st_mode & 0777;
}

static void the_first_start_makes_what_it_needs_for_its_owner_alone(void **state)
{
	struct place *place = *state;

	opens(place);
	assert_int_equal(mode_of(place->data, "."), 0700);
	assert_int_equal(mode_of(place->data, "master.key"), 0600);
	mode_of(place->data, "webplus.db");
	opens(place); /* a second start needs nothing */
}

static void another_key_is_refused(void **state)
{
	struct place *place = *state;

	place->config.master_key = SOME_KEY;
	opens(place);
	place->config.master_key = OTHER_KEY;
	is_refused(place, "the master key is not the one");
	assert_null(strstr(place->reason, "ff1122"));
	place->config.master_key = SOME_KEY;
	opens(place);
}

static void a_lost_key_is_not_replaced_in_silence(void **state)
{
	struct place *place = *state;
	char path[256];

	opens(place);
	snprintf(path, sizeof(path), "%s/master.key", place->data);
	assert_int_equal(unlink(path), 0);
	is_refused(place, "master.key is missing");
}

static void a_bad_key_says_so(void **state)
{
	struct place *place = *state;

	place->config.master_key = "nonsense";
	is_refused(place, "");
	assert_true(strlen(place->reason) > 10);
	assert_null(strstr(place->reason, "nonsense"));
}

static void a_folder_that_cannot_be_used_is_named(void **state)
{
	struct place *place = *state;

	place->config.data = "/proc/nowhere/data";
	is_refused(place, "/proc/nowhere/data cannot be used");
}

static void it_is_served_once_at_a_time(void **state)
{
	struct place *place = *state;
	struct app second = { .config = &place->config };

	assert_int_equal(opening(place), ERR_OK);
	assert_int_not_equal(
		installation_open(&second, INSTALLATION_SERVE, &place->home.arena, &place->reason),
		ERR_OK);
	assert_null(second.db);
	assert_int_equal(
		installation_open(&second, INSTALLATION_BESIDE, &place->home.arena, &place->reason),
		ERR_OK);
	installation_close(&second);
	assert_int_not_equal(
		installation_migrate(&place->config, 0, &place->home.arena, &place->reason),
		ERR_OK);
	installation_close(&place->app);
	assert_int_equal(installation_migrate(&place->config, MIGRATE_LATEST, &place->home.arena,
					      &place->reason),
			 ERR_OK);
	/* The steps down would lose the keys that are stored. */
	assert_int_not_equal(
		installation_migrate(&place->config, 0, &place->home.arena, &place->reason),
		ERR_OK);
	opens(place);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_start_makes_what_it_needs_for_its_owner_alone),
		TEST(another_key_is_refused),
		TEST(a_lost_key_is_not_replaced_in_silence),
		TEST(a_bad_key_says_so),
		TEST(a_folder_that_cannot_be_used_is_named),
		TEST(it_is_served_once_at_a_time),
	};

	return RUN_TESTS(tests);
}
