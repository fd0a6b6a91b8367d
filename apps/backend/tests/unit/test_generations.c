/*
 * The end of a server with answers under way, and the start of one after it.
 */
#include "chat/generation.h"

#include "support_generation.h"

#include <limits.h>

static void a_drain_keeps_what_there_is(void **state)
{
	struct chat_stage *stage = *state;
	const char *id = user_asks(stage, "Hi");
	struct message message;

	model_says("so far");
	chat_stage_drain(stage, 0);
	assert_int_equal(model_play.cancelled, 1);
	message = stored_message(stage, id);
	assert_int_equal(message.status, MESSAGE_INTERRUPTED);
	assert_string_equal(message.content, "so far");
}

/* A database that takes nothing does not keep the server; what is left says that it streams, and a start sees to it. */
static void a_drain_does_not_wait_for_a_database_that_is_away(void **state)
{
	struct chat_stage *stage = *state;
	const char *id = user_asks(stage, "Hi");

	model_says("so far");
	atomic_store(&failing_syncs, INT_MAX);
	chat_stage_drain(stage, 0);
	atomic_store(&failing_syncs, 0);
	assert_int_equal(model_play.cancelled, 1);
	assert_int_equal(stored_message(stage, id).status, MESSAGE_STREAMING);
}

static void a_drain_waits_for_answers_that_end(void **state)
{
	struct chat_stage *stage = *state;
	const char *id = user_asks(stage, "Hi");
	bool ended;

	chat_stage_begin_drain(stage, 60000, &ended);
	model_says("whole");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, ended);
	assert_int_equal(stored_message(stage, id).status, MESSAGE_COMPLETE);
}

/* Longer than a lease: another server must not take what ends here for abandoned. */
static void leases_are_renewed_while_it_drains(void **state)
{
	struct chat_stage *stage = *state;
	const char *id = user_asks(stage, "Hi");
	bool ended;

	chat_stage_begin_drain(stage, 60000, &ended);
	chat_stage_sql(stage, "UPDATE message SET lease_until = 1 WHERE id = '%s'", id);
	RUN_UNTIL(stage, stored_message(stage, id).lease_until.ms > 1);
	assert_false(ended);
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, ended);
	assert_int_equal(stored_message(stage, id).status, MESSAGE_COMPLETE);
}

static void what_begins_while_it_drains_is_interrupted_and_waited_for(void **state)
{
	struct chat_stage *stage = *state;
	struct message_pair pair = user_says(stage, "Hi"); /* not begun yet */

	generations_drain(stage->app.generations, 60000);
	RUN_UNTIL(stage, model_play.started == 1);
	chat_stage_drain(stage, 60000);
	assert_true(answer_has_ended(stage, pair.assistant_message.id));
	assert_int_equal(stored_message(stage, pair.assistant_message.id).status,
			 MESSAGE_INTERRUPTED);
}

static void what_a_run_before_left_is_interrupted_at_the_start(void **state)
{
	struct chat_stage *stage = *state;
	const char *id = user_asks(stage, "Hi");
	struct generations *later;
	int64_t interrupted = 0;
	struct listener listener;
	struct message message;
	struct node node;

	listener_follow(stage, &listener, id, 0);
	model_says("so far");
	RUN_UNTIL(stage, listener_heard(&listener, "delta 1"));
	assert_int_equal(node_start(stage->app.db, &stage->home.arena, &node), ERR_OK);
	later = generations_create(&stage->app, &node);
	assert_int_equal(generations_recover(later, &interrupted), ERR_OK);
	assert_int_equal(interrupted, 1);
	message = stored_message(stage, id);
	assert_int_equal(message.status, MESSAGE_INTERRUPTED);
	assert_string_equal(message.content, "so far");
	model_ends(CHAT_COMPLETE, NULL); /* the run before is not quite dead: too late */
	RUN_UNTIL(stage, answer_has_ended(stage, id));
	assert_int_equal(stored_message(stage, id).status, MESSAGE_INTERRUPTED);
	RUN_UNTIL(stage, listener_heard(&listener, "done 1"));
	assert_string_equal(listener.seen.data, "delta 1 so far; done 1; ");
	listener_leave(&listener);
	generations_destroy(later);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHAT_STAGE_TEST(a_drain_keeps_what_there_is),
		CHAT_STAGE_TEST(a_drain_does_not_wait_for_a_database_that_is_away),
		CHAT_STAGE_TEST(a_drain_waits_for_answers_that_end),
		CHAT_STAGE_TEST(leases_are_renewed_while_it_drains),
		CHAT_STAGE_TEST(what_begins_while_it_drains_is_interrupted_and_waited_for),
		CHAT_STAGE_TEST(what_a_run_before_left_is_interrupted_at_the_start),
	};

	return RUN_TESTS(tests);
}
