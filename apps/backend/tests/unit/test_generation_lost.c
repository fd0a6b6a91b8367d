/*
 * Answers that are not this server's any more, or whose account has ended; and who follows one that
 * another server had, and goes on here.
 */
#include "chat/generation.h"

#include "chat/chat.h"
#include "chat/follower.h"

#include "support_generation.h"

/* ---- What is not this server's any more ---- */

/* Its lease was lost, and another server has ended it. */
static void who_follows_one_that_was_lost_hears_its_end(void **state)
{
	struct chat_stage *stage = *state;
	struct listener listener;
	const char *id = user_asks(stage, "Hi");

	listener_follow(stage, &listener, id, 0);
	model_says("ours");
	RUN_UNTIL(stage, listener_heard(&listener, "delta 1 ours"));
	chat_stage_sql(stage, "UPDATE message SET status = 'interrupted' WHERE id = '%s'", id);
	model_says("not committed");
	RUN_UNTIL(stage, listener_heard(&listener, "done"));
	assert_string_equal(listener.seen.data, "delta 1 ours; done 0; ");
	assert_int_equal(model_play.cancelled, 1);
	assert_true(answer_has_ended(stage, id));
	listener_leave(&listener);
}

/* The provider has ended it here, and only then is it known. */
static void an_end_that_comes_too_late_is_not_shown(void **state)
{
	struct chat_stage *stage = *state;
	struct listener listener;
	const char *id = user_asks(stage, "Hi");

	listener_follow(stage, &listener, id, 0);
	RUN_UNTIL(stage, topic_has_subscribers(&stage->topics,
					       arena_printf(&stage->home.arena, "message:%s", id)));
	chat_stage_sql(stage, "UPDATE message SET status = 'stopped' WHERE id = '%s'", id);
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, listener_heard(&listener, "done 0"));
	assert_int_equal(stored_message(stage, id).status, MESSAGE_STOPPED);
	listener_leave(&listener);
}

static void who_follows_one_that_was_taken_over_is_sent_away(void **state)
{
	struct chat_stage *stage = *state;
	struct listener listener;
	const char *id = user_asks(stage, "Hi");

	listener_follow(stage, &listener, id, 0);
	chat_stage_sql(stage, "UPDATE message SET node_id = 'another' WHERE id = '%s'", id);
	model_says("x");
	RUN_UNTIL(stage, listener_heard(&listener, "error"));
	assert_string_equal(listener.seen.data, "error -1; ");
	assert_int_equal(model_play.cancelled, 1);
	assert_true(answer_has_ended(stage, id));
	listener_leave(&listener);
}

static void an_answer_ends_with_its_account(void **state)
{
	struct chat_stage *stage = *state;
	const char *id = user_asks(stage, "Hi");

	generations_review(&stage->app, stage->ada.user_id); /* nothing has happened */
	chat_stage_turn(stage);
	model_says("so far");
	chat_stage_sql(stage, "UPDATE account SET disabled_at = 1 WHERE id = '%s'",
		       stage->ada.user_id);
	generations_review(&stage->app, stage->ada.user_id);
	RUN_UNTIL(stage, answer_has_ended(stage, id));
	assert_int_equal(model_play.cancelled, 1);
	assert_int_equal(stored_message(stage, id).status, MESSAGE_STOPPED);
	assert_string_equal(stored_message(stage, id).content, "so far");
}

static void an_answer_ends_with_its_account_when_that_is_deleted(void **state)
{
	struct chat_stage *stage = *state;
	struct listener listener;
	const char *id = user_asks(stage, "Hi");

	listener_follow(stage, &listener, id, 0);
	chat_stage_sql(stage, "DELETE FROM message WHERE owner_id = '%s'", stage->ada.user_id);
	chat_stage_sql(stage, "DELETE FROM account WHERE id = '%s'", stage->ada.user_id);
	generations_review(&stage->app, stage->ada.user_id);
	RUN_UNTIL(stage, answer_has_ended(stage, id));
	assert_int_equal(model_play.cancelled, 1);
	assert_true(listener_heard(&listener, "error"));
	listener_leave(&listener);
}

static void who_cannot_be_brought_up_to_date_is_told(void **state)
{
	struct chat_stage *stage = *state;
	struct message_pair pair = user_says(stage, "Hi");
	struct listener listener;

	chat_stage_sql(stage, "UPDATE message SET content = 'x' WHERE id = '%s'",
		       pair.user_message.id);
	listener_follow(stage, &listener, pair.user_message.id, 0);
	RUN_UNTIL(stage, listener_heard(&listener, "error -1"));
	assert_null(listener.feed);
	listener_leave(&listener);
}

/* ---- What another server had ---- */

/* A message that streams on another server, which this one has lost sight of. */
static const char *ask_elsewhere(struct chat_stage *stage, const struct node *elsewhere)
{
	const char *id = user_asks(stage, "Hi");

	chat_stage_sql(
		stage,
		arena_printf(&stage->home.arena,
			     "UPDATE message SET node_id = '%s', epoch = %lld, lease_until = "
			     "9000000000000 WHERE id = '%%s'",
			     elsewhere->id, (long long)elsewhere->epoch),
		id);
	model_says("not ours any more");
	RUN_UNTIL(stage, answer_has_ended(stage, id));
	return id;
}

static void end_elsewhere(struct chat_stage *stage, const struct node *elsewhere, const char *id)
{
	struct message end = { .id = id,
			       .owner_id = stage->ada.user_id,
			       .status = MESSAGE_STOPPED,
			       .content = "Hel",
			       .seq = 1,
			       .lengths = { "\x03", 1 },
			       .completed_at = { 1 } };

	assert_int_equal(message_finish(stage->app.db, elsewhere, &end), ERR_OK);
}

/* The other server's word of the end was lost, and the answer goes on here. */
static void who_missed_an_end_elsewhere_has_no_gap(void **state)
{
	const struct node elsewhere = { "elsewhere", 7 };
	struct chat_stage *stage = *state;
	const char *id = ask_elsewhere(stage, &elsewhere);
	struct listener listener, late;
	struct follower *follower, *beside;
	struct message message;

	listener_begin(stage, &listener, id);
	listener_begin(stage, &late, id);
	follower = follower_start(&stage->app, id, 0, &listener.subscriber);
	beside = follower_start(&stage->app, id, 0, &late.subscriber);
	RUN_UNTIL(stage, topic_has_subscribers(&stage->topics,
					       arena_printf(&stage->home.arena, "message:%s", id)));
	end_elsewhere(stage, &elsewhere, id);
	assert_int_equal(posting_continue(user_request(stage), id, &message), ERR_OK);
	RUN_UNTIL(stage, model_play.started == 2);
	model_says("lo");
	RUN_UNTIL(stage, listener_heard(&late, "delta 2"));
	follower_stop(beside);
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, listener_heard(&listener, "done"));
	assert_string_equal(listener.seen.data, "delta 1 Hel; delta 2 lo; done 2; ");
	assert_string_equal(late.seen.data, "delta 1 Hel; delta 2 lo; ");
	follower_stop(follower);
	listener_leave(&listener);
	listener_leave(&late);
}

/* The same where nothing follows but the end. */
static void who_missed_all_gets_it_with_the_end(void **state)
{
	const struct node elsewhere = { "elsewhere", 7 };
	struct chat_stage *stage = *state;
	const char *id = ask_elsewhere(stage, &elsewhere);
	struct follower *follower;
	struct listener listener;
	struct message message;

	listener_begin(stage, &listener, id);
	follower = follower_start(&stage->app, id, 0, &listener.subscriber);
	RUN_UNTIL(stage, topic_has_subscribers(&stage->topics,
					       arena_printf(&stage->home.arena, "message:%s", id)));
	end_elsewhere(stage, &elsewhere, id);
	assert_int_equal(posting_continue(user_request(stage), id, &message), ERR_OK);
	RUN_UNTIL(stage, model_play.started == 2);
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, listener_heard(&listener, "done"));
	assert_string_equal(listener.seen.data, "delta 1 Hel; done 1; ");
	follower_stop(follower);
	listener_leave(&listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHAT_STAGE_TEST(who_follows_one_that_was_lost_hears_its_end),
		CHAT_STAGE_TEST(an_end_that_comes_too_late_is_not_shown),
		CHAT_STAGE_TEST(who_follows_one_that_was_taken_over_is_sent_away),
		CHAT_STAGE_TEST(an_answer_ends_with_its_account),
		CHAT_STAGE_TEST(an_answer_ends_with_its_account_when_that_is_deleted),
		CHAT_STAGE_TEST(who_cannot_be_brought_up_to_date_is_told),
		CHAT_STAGE_TEST(who_missed_an_end_elsewhere_has_no_gap),
		CHAT_STAGE_TEST(who_missed_all_gets_it_with_the_end),
	};

	return RUN_TESTS(tests);
}
