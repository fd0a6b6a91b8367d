/* Writes of which nobody knows what became: how long their tags are raised again. The clock is the test's, and so is the database. */
#include "cache/unsettled.h"

#include "test.h"

#include <stdlib.h>

struct fixture {
	struct loop loop;
	struct unsettled *unsettled;
	int raised, looks, raised_at_last;
};

static const struct tags tags = { .names = { "chat:ada" }, .count = 1 };
static const struct tags others = { .names = { "account:eve", "users" }, .count = 2 };
static int64_t now_ms;

static int64_t read_clock(void)
{
	return now_ms;
}

static void on_raise(void *context, const struct tags *raised)
{
	(void)raised;
	((struct fixture *)context)->raised++;
}

static void on_look(void *context)
{
	((struct fixture *)context)->looks++;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const struct unsettled_options options = { .loop = &fixture->loop,
						   .raise = on_raise,
						   .look = on_look,
						   .context = fixture,
						   .now_ms = read_clock,
						   .raise_ms = 1 };

	now_ms = 1000000;
	loop_init(&fixture->loop);
	fixture->unsettled = unsettled_create(&options);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	unsettled_destroy(fixture->unsettled);
	loop_finish(&fixture->loop);
	free(fixture);
	return 0;
}

/* The next one begins. */
static void look(struct fixture *fixture)
{
	int looks = fixture->looks;

	while (fixture->looks == looks)
		uv_run(&fixture->loop.uv, UV_RUN_ONCE);
}

/* What the database says: the number of the transaction in which it is asked, and the oldest under way. */
static void hear(struct fixture *fixture, int64_t own, int64_t oldest)
{
	const struct db_horizon horizon = { own, oldest };
	int raised;

	look(fixture);
	raised = fixture->raised;
	unsettled_look_done(fixture->unsettled, &horizon);
	fixture->raised_at_last = fixture->raised - raised;
}

static void they_are_raised_again_and_again(void **state)
{
	struct fixture *fixture = *state;

	unsettled_add(fixture->unsettled, &tags);
	assert_int_equal(fixture->raised, 0);
	while (fixture->raised < 2)
		uv_run(&fixture->loop.uv, UV_RUN_ONCE);
	assert_int_equal(fixture->looks, 1); /* that one has not been answered yet */
	unsettled_look_done(fixture->unsettled, NULL);
	while (fixture->looks < 2)
		uv_run(&fixture->loop.uv, UV_RUN_ONCE);
	assert_int_equal(unsettled_count(fixture->unsettled), 1);
}

/* The transaction, number 100, is under way when the number 107 is drawn. */
static void until_all_that_were_under_way_are_over(void **state)
{
	struct fixture *fixture = *state;

	unsettled_add(fixture->unsettled, &tags);
	now_ms += UNSETTLED_MS - 1;
	hear(fixture, 99, 99); /* it may still be on its way to the database */
	now_ms++;
	hear(fixture, 107, 100);
	hear(fixture, 109, 100);
	hear(fixture, 110, 107); /* the one in which the number was drawn may be its own oldest */
	assert_int_equal(fixture->raised_at_last, 0);
	hear(fixture, 111, 108);
	assert_int_equal(fixture->raised_at_last, 1); /* what was read since the last time */
	assert_int_equal(unsettled_count(fixture->unsettled), 0);
}

/* A look may take long: its number is from when it began. */
static void a_number_counts_from_when_it_was_asked_for(void **state)
{
	struct fixture *fixture = *state;
	const struct db_horizon early = { 107, 107 };

	unsettled_add(fixture->unsettled, &tags);
	look(fixture);
	now_ms += UNSETTLED_MS;
	unsettled_look_done(fixture->unsettled, &early);
	hear(fixture, 109, 109);
	assert_int_equal(unsettled_count(fixture->unsettled), 1);
	hear(fixture, 110, 110);
	assert_int_equal(unsettled_count(fixture->unsettled), 0);
}

static void a_second_write_of_the_same_begins_anew(void **state)
{
	struct fixture *fixture = *state;

	unsettled_add(fixture->unsettled, &tags);
	unsettled_add(fixture->unsettled, &others);
	now_ms += UNSETTLED_MS;
	hear(fixture, 107, 100);
	unsettled_add(fixture->unsettled, &tags);
	assert_int_equal(unsettled_count(fixture->unsettled), 2);
	hear(fixture, 111, 111);
	assert_int_equal(unsettled_count(fixture->unsettled), 1);
	now_ms += UNSETTLED_MS;
	hear(fixture, 200, 200);
	hear(fixture, 201, 201);
	assert_int_equal(unsettled_count(fixture->unsettled), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(they_are_raised_again_and_again),
		TEST(until_all_that_were_under_way_are_over),
		TEST(a_number_counts_from_when_it_was_asked_for),
		TEST(a_second_write_of_the_same_begins_anew),
	};

	return RUN_TESTS(tests);
}
