/* Replies that are kept: hits, who computes and who waits, and what a write between does to all of that. */
#include "cache/response_cache.h"

#include "base/buf.h"
#include "base/memory.h"

#include "test.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { BYTES = 1 << 20, TTL_MS = 60000 };

struct fixture {
	struct loop loop;
	struct cache *memory;
	struct versions *versions;
	struct response_cache *responses;
};

static const struct tags tags = { .names = { "chat:ada" }, .count = 1 };

/* Somebody who asks, and what came of it. */
struct asker {
	struct response_ask ask;
	int decided;
};

static int set_up(void **state)
{
	static const size_t kind_max[CACHED_KINDS] = { BYTES, BYTES };
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	const struct versions_options options = { .loop = &fixture->loop };

	loop_init(&fixture->loop);
	fixture->memory = memory_cache_create(BYTES, kind_max);
	fixture->versions = versions_create(&options);
	fixture->responses =
		response_cache_create(&fixture->loop, fixture->memory, fixture->versions);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	response_cache_destroy(fixture->responses);
	versions_destroy(fixture->versions);
	memory_cache_destroy(fixture->memory);
	loop_finish(&fixture->loop);
	free(fixture);
	return 0;
}

static void on_decided(struct response_ask *ask)
{
	CONTAINER_OF(ask, struct asker, ask)->decided++;
}

static enum verdict ask_for(struct fixture *fixture, struct asker *asker, const char *key)
{
	*asker = (struct asker){ .ask = { .key = key,
					  .kind = CACHED_PERSONAL,
					  .tags = tags,
					  .ttl_ms = TTL_MS,
					  .decided = on_decided } };
	return response_ask(fixture->responses, &asker->ask);
}

static void keep(struct asker *asker, const char *body)
{
	struct response *response =
		response_create(&asker->ask, "text/plain", "", 0, strdup(body), strlen(body));

	response_keep(&asker->ask, response);
	response_unref(response);
}

/* Gives the reference back. */
static void has_body(struct asker *asker, const char *body)
{
	assert_int_equal(asker->ask.response->length, strlen(body));
	assert_memory_equal(asker->ask.response->body, body, strlen(body));
	response_unref(asker->ask.response);
}

static void write_something(struct fixture *fixture)
{
	assert_int_equal(versions_raise(fixture->versions, &tags, NULL, NULL), ERR_OK);
}

static void next_turn(struct fixture *fixture)
{
	uv_run(&fixture->loop.uv, UV_RUN_NOWAIT);
}

static struct response_counts counts(const struct fixture *fixture)
{
	return response_cache_counts(fixture->responses);
}

static void what_was_computed_is_found_until_a_write(void **state)
{
	struct fixture *fixture = *state;
	struct asker asker;

	assert_int_equal(ask_for(fixture, &asker, "/a"), VERDICT_COMPUTE);
	keep(&asker, "one");
	assert_int_equal(ask_for(fixture, &asker, "/a"), VERDICT_HIT);
	has_body(&asker, "one");
	assert_int_equal(ask_for(fixture, &asker, "/b"), VERDICT_COMPUTE);
	response_leave(&asker.ask);
	write_something(fixture);
	assert_int_equal(ask_for(fixture, &asker, "/a"), VERDICT_COMPUTE);
	keep(&asker, "two");
	assert_int_equal(ask_for(fixture, &asker, "/a"), VERDICT_HIT);
	has_body(&asker, "two");
	assert_int_equal(counts(fixture).hits, 2);
	assert_int_equal(counts(fixture).misses, 3);
	next_turn(fixture);
}

/* It may have been read before the write or behind it: nobody knows. */
static void what_was_begun_before_a_write_is_not_found_after_it(void **state)
{
	struct fixture *fixture = *state;
	struct asker asker;

	assert_int_equal(ask_for(fixture, &asker, "/a"), VERDICT_COMPUTE);
	write_something(fixture);
	keep(&asker, "old");
	assert_int_equal(ask_for(fixture, &asker, "/a"), VERDICT_COMPUTE);
	response_leave(&asker.ask);
	next_turn(fixture);
}

static void one_computes_and_the_others_wait(void **state)
{
	struct fixture *fixture = *state;
	struct asker first, others[3];

	assert_int_equal(ask_for(fixture, &first, "/a"), VERDICT_COMPUTE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask_for(fixture, &others[i], "/a"), VERDICT_WAIT);
	keep(&first, "for all");
	assert_int_equal(others[0].decided, 0); /* not from inside */
	next_turn(fixture);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(others[i].decided, 1);
		assert_int_equal(others[i].ask.verdict, VERDICT_HIT);
		has_body(&others[i], "for all");
	}
	assert_int_equal(first.decided, 0);
	assert_int_equal(counts(fixture).waits, 3);
}

static void who_asks_after_a_write_does_not_wait_for_what_was_begun_before(void **state)
{
	struct fixture *fixture = *state;
	struct asker before, after, waits;

	assert_int_equal(ask_for(fixture, &before, "/a"), VERDICT_COMPUTE);
	assert_int_equal(ask_for(fixture, &waits, "/a"), VERDICT_WAIT);
	write_something(fixture);
	assert_int_equal(ask_for(fixture, &after, "/a"), VERDICT_COMPUTE);
	keep(&after, "new");
	keep(&before, "old");
	next_turn(fixture);
	has_body(&waits, "old"); /* it asked before the write */
	assert_int_equal(ask_for(fixture, &after, "/a"), VERDICT_HIT);
	has_body(&after, "new");
	next_turn(fixture);
}

/* They do not wait for what was begun before the write, but they do for each other. */
static void after_a_write_too_one_computes_and_the_others_wait(void **state)
{
	struct fixture *fixture = *state;
	struct asker before, waited, first, others[3];

	assert_int_equal(ask_for(fixture, &before, "/a"), VERDICT_COMPUTE);
	assert_int_equal(ask_for(fixture, &waited, "/a"), VERDICT_WAIT);
	write_something(fixture);
	assert_int_equal(ask_for(fixture, &first, "/a"), VERDICT_COMPUTE);
	assert_int_equal(ask_for(fixture, &others[0], "/a"), VERDICT_WAIT);
	keep(&before, "old"); /* and leaves the newer ones theirs */
	next_turn(fixture);
	has_body(&waited, "old");
	for (int i = 1; i < 3; i++)
		assert_int_equal(ask_for(fixture, &others[i], "/a"), VERDICT_WAIT);
	keep(&first, "new");
	next_turn(fixture);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(others[i].ask.verdict, VERDICT_HIT);
		has_body(&others[i], "new");
	}
}

/* What is not to be kept, or a client that has left: one of them computes, and the others wait for that. */
static void who_waited_for_nothing_computes_one_at_a_time(void **state)
{
	struct fixture *fixture = *state;
	struct asker first, others[4];

	assert_int_equal(ask_for(fixture, &first, "/a"), VERDICT_COMPUTE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask_for(fixture, &others[i], "/a"), VERDICT_WAIT);
	response_leave(&first.ask);
	assert_int_equal(ask_for(fixture, &others[3], "/a"), VERDICT_WAIT);
	assert_int_equal(others[0].decided, 0); /* not from inside */
	next_turn(fixture);
	assert_int_equal(others[0].decided, 1);
	assert_int_equal(others[0].ask.verdict, VERDICT_COMPUTE);
	for (int i = 1; i < 4; i++)
		assert_int_equal(others[i].decided, 0);
	response_leave(&others[0].ask); /* it has left too */
	next_turn(fixture);
	assert_int_equal(others[1].ask.verdict, VERDICT_COMPUTE);
	keep(&others[1], "for the rest");
	next_turn(fixture);
	for (int i = 2; i < 4; i++) {
		assert_int_equal(others[i].decided, 1);
		assert_int_equal(others[i].ask.verdict, VERDICT_HIT);
		has_body(&others[i], "for the rest");
	}
	assert_int_equal(ask_for(fixture, &first, "/a"), VERDICT_HIT);
	has_body(&first, "for the rest");
}

/* It was begun under versions that are not those of now: what comes of it is for who waited alone. */
static void who_computes_in_anothers_place_does_so_for_its_time(void **state)
{
	struct fixture *fixture = *state;
	struct asker first, waits, after;

	assert_int_equal(ask_for(fixture, &first, "/a"), VERDICT_COMPUTE);
	assert_int_equal(ask_for(fixture, &waits, "/a"), VERDICT_WAIT);
	write_something(fixture);
	response_leave(&first.ask);
	next_turn(fixture);
	assert_int_equal(waits.ask.verdict, VERDICT_COMPUTE);
	assert_int_equal(ask_for(fixture, &after, "/a"), VERDICT_COMPUTE);
	response_leave(&after.ask);
	keep(&waits, "old");
	next_turn(fixture);
	assert_int_equal(ask_for(fixture, &after, "/a"), VERDICT_COMPUTE);
	response_leave(&after.ask);
}

static void a_failure_is_that_of_all_who_waited(void **state)
{
	struct fixture *fixture = *state;
	struct asker first, others[3];

	assert_int_equal(ask_for(fixture, &first, "/a"), VERDICT_COMPUTE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask_for(fixture, &others[i], "/a"), VERDICT_WAIT);
	response_fail(&first.ask, ERR_UNAVAILABLE);
	assert_int_equal(others[0].decided, 0);
	next_turn(fixture);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(others[i].decided, 1);
		assert_int_equal(others[i].ask.verdict, VERDICT_FAIL);
		assert_int_equal(others[i].ask.err, ERR_UNAVAILABLE);
	}
	assert_int_equal(ask_for(fixture, &first, "/a"), VERDICT_COMPUTE); /* tried again */
	response_leave(&first.ask);
}

static void what_is_too_long_to_be_kept_is_for_who_waited(void **state)
{
	struct fixture *fixture = *state;
	struct asker first, other;
	char *body = calloc(1, RESPONSE_KEPT_MAX + 2);

	memset(body, 'x', RESPONSE_KEPT_MAX + 1);
	assert_int_equal(ask_for(fixture, &first, "/a"), VERDICT_COMPUTE);
	assert_int_equal(ask_for(fixture, &other, "/a"), VERDICT_WAIT);
	keep(&first, body);
	next_turn(fixture);
	assert_int_equal(other.ask.verdict, VERDICT_HIT);
	has_body(&other, body);
	assert_int_equal(ask_for(fixture, &first, "/a"), VERDICT_COMPUTE);
	response_leave(&first.ask);
	free(body);
}

/* A buffer that has grown has more room than it holds: that is not kept with it. */
static void what_it_takes_is_what_is_counted(void **state)
{
	struct fixture *fixture = *state;
	struct response *response;
	struct asker asker;
	struct buf body;
	size_t length;
	char *data;

	buf_init(&body, BYTES);
	buf_append_text(&body, "short");
	assert_non_null(buf_reserve(&body, 20000));
	data = buf_take(&body, &length);
	assert_int_equal(ask_for(fixture, &asker, "/a"), VERDICT_COMPUTE);
	response = response_create(&asker.ask, "text/plain", "", 0, data, length);
	response_keep(&asker.ask, response);
	assert_string_equal(response->body, "short");
	assert_true(malloc_usable_size(response->body) + malloc_usable_size(response) <=
		    memory_cache_counts(fixture->memory, CACHED_PERSONAL).bytes);
	response_unref(response);
	next_turn(fixture);
}

static void what_has_grown_old_is_computed_anew(void **state)
{
	struct fixture *fixture = *state;
	struct asker asker;

	assert_int_equal(ask_for(fixture, &asker, "/a"), VERDICT_COMPUTE);
	asker.ask.ttl_ms = 0;
	keep(&asker, "old at once");
	assert_int_equal(ask_for(fixture, &asker, "/a"), VERDICT_COMPUTE);
	response_leave(&asker.ask);
	next_turn(fixture);
}

/* Other servers may write, and there is no Redis to know of it. */
static void where_versions_are_not_known_nothing_is_kept(void **state)
{
	struct fixture *fixture = *state;
	const struct versions_options options = { .loop = &fixture->loop, .shared = true };
	struct asker asker;

	response_cache_destroy(fixture->responses);
	versions_destroy(fixture->versions);
	fixture->versions = versions_create(&options);
	fixture->responses =
		response_cache_create(&fixture->loop, fixture->memory, fixture->versions);
	assert_int_equal(ask_for(fixture, &asker, "/a"), VERDICT_BYPASS);
	assert_int_equal(counts(fixture).bypasses, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_computed_is_found_until_a_write),
		TEST(what_was_begun_before_a_write_is_not_found_after_it),
		TEST(one_computes_and_the_others_wait),
		TEST(who_asks_after_a_write_does_not_wait_for_what_was_begun_before),
		TEST(after_a_write_too_one_computes_and_the_others_wait),
		TEST(who_waited_for_nothing_computes_one_at_a_time),
		TEST(who_computes_in_anothers_place_does_so_for_its_time),
		TEST(a_failure_is_that_of_all_who_waited),
		TEST(what_is_too_long_to_be_kept_is_for_who_waited),
		TEST(what_it_takes_is_what_is_counted),
		TEST(what_has_grown_old_is_computed_anew),
		TEST(where_versions_are_not_known_nothing_is_kept),
	};

	return RUN_TESTS(tests);
}
