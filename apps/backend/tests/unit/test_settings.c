/* What administrators set while the server runs. */
#include "settings/settings.h"

#include "support_call.h"
#include "support_stage.h"

#define SETTINGS "/api/v1/settings"

static enum registration registration(struct stage *stage)
{
	struct settings settings;

	assert_int_equal(settings_read(stage->app.db, &settings), ERR_OK);
	return settings.registration;
}

static enum err change(struct stage *stage, const struct principal *who, const char *body)
{
	struct call call;
	enum err err;

	call_begin(&call, &stage->app, who);
	err = call_run(&call, "PATCH", SETTINGS, NULL, body);
	call_end(&call);
	return err;
}

static int64_t changes(struct stage *stage)
{
	return stage_count(stage, "SELECT count(*) FROM audit WHERE action = 'settings.change' AND "
				  "object_id = 'registration'");
}

static void registration_is_closed_at_first(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);
	struct call call;

	assert_int_equal(registration(stage), REGISTRATION_CLOSED);
	call_begin(&call, &stage->app, &ada);
	assert_int_equal(call_run(&call, "GET", SETTINGS, NULL, NULL), ERR_OK);
	assert_string_equal(call_text(&call, "registration"), "closed");
	call_end(&call);
}

static void a_change_holds_from_then_on_and_is_in_the_log(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);

	assert_int_equal(change(stage, &ada, "{\"registration\":\"open\"}"), ERR_OK);
	assert_int_equal(registration(stage), REGISTRATION_OPEN);
	assert_int_equal(change(stage, &ada, "{\"registration\":\"invite\"}"), ERR_OK);
	assert_int_equal(registration(stage), REGISTRATION_INVITE);
	assert_int_equal(stage_count(stage, "SELECT count(*) FROM setting"), 1);
	assert_int_equal(changes(stage), 2);
}

static void nothing_given_changes_nothing(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage_account(stage, "ada", ROLE_ADMINISTRATOR);

	assert_int_equal(change(stage, &ada, "{}"), ERR_OK);
	assert_int_equal(change(stage, &ada, "{\"registration\":\"for friends\"}"), ERR_INVALID);
	assert_int_equal(change(stage, &ada, "{\"registration\":null}"), ERR_INVALID);
	assert_int_equal(change(stage, &ada, "{\"colour\":\"red\"}"), ERR_INVALID);
	assert_int_equal(registration(stage), REGISTRATION_CLOSED);
	assert_int_equal(changes(stage), 0);
}

/* What another version wrote: it starts, with the preset. */
static void what_is_not_understood_is_passed_over(void **state)
{
	struct stage *stage = *state;

	home_sql(&stage->home, "INSERT INTO setting (name, value, updated_at) VALUES "
			       "('of_the_future', '1', 1), ('registration', 'by_moon', 1)");
	assert_int_equal(registration(stage), REGISTRATION_CLOSED);
	home_sql(&stage->home, "UPDATE setting SET value = 'open' WHERE name = 'registration'");
	assert_int_equal(registration(stage), REGISTRATION_OPEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(registration_is_closed_at_first),
		STAGE_TEST(a_change_holds_from_then_on_and_is_in_the_log),
		STAGE_TEST(nothing_given_changes_nothing),
		STAGE_TEST(what_is_not_understood_is_passed_over),
	};

	return RUN_TESTS(tests);
}
