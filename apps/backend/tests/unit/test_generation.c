/*
 * Answers from their question to their end: streaming, committing, publishing, stopping, and a disk
 * that fails. The model is played by the test.
 */
#include "chat/generation.h"

#include "db/engine.h"

#include "support_generation.h"

#include <string.h>

/* ---- From question to answer ---- */

static void an_answer_streams_and_is_kept(void **state)
{
	struct chat_stage *stage = *state;
	struct listener listener;
	struct message message;
	const char *id = user_asks(stage, "# What is *this*?\nMore.");

	assert_int_equal(model_play.turns, 1);
	assert_string_equal(model_play.last_turn, "user:# What is *this*?\nMore.");
	assert_false(model_play.go_on);
	listener_follow(stage, &listener, id, 0);
	model_says("Hel");
	model_says("lo");
	RUN_UNTIL(stage, listener_heard(&listener, "delta 2 "));
	message = stored_message(stage, id);
	assert_int_equal(message.status, MESSAGE_STREAMING);
	assert_string_equal(message.content, "Hello");
	model_says("!");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, listener_heard(&listener, "done"));
	assert_string_equal(listener.seen.data, "delta 1 Hel; delta 2 lo; delta 3 !; done 3; ");
	message = stored_message(stage, id);
	assert_int_equal(message.status, MESSAGE_COMPLETE);
	assert_string_equal(message.content, "Hello!");
	assert_int_equal(message.seq, 3);
	assert_true(message.completed_at.ms > 0);
	assert_null(message.error.code);
	assert_true(answer_has_ended(stage, id));
	assert_string_equal(stored_conversation(stage).title, "What is *this*?");
	assert_string_equal(stored_conversation(stage).active_message_id, id);
	listener_leave(&listener);
}

static void who_comes_back_gets_exactly_the_rest(void **state)
{
	struct chat_stage *stage = *state;
	struct listener early, late, ended, knows_all;
	const char *id = user_asks(stage, "Hi");

	listener_follow(stage, &early, id, 0);
	model_says("a");
	model_says("b");
	RUN_UNTIL(stage, listener_heard(&early, "delta 2 "));
	listener_follow(stage, &late, id, 1); /* from memory */
	model_says("c");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, listener_heard(&late, "done"));
	assert_string_equal(late.seen.data, "delta 2 b; delta 3 c; done 3; ");
	listener_follow(stage, &ended, id, 1); /* from the database */
	RUN_UNTIL(stage, listener_heard(&ended, "done"));
	assert_string_equal(ended.seen.data, "delta 2 b; delta 3 c; done 3; ");
	listener_follow(stage, &knows_all, id, 3);
	RUN_UNTIL(stage, listener_heard(&knows_all, "done"));
	assert_string_equal(knows_all.seen.data, "done 3; ");
	listener_leave(&early);
	listener_leave(&late);
	listener_leave(&ended);
	listener_leave(&knows_all);
}

static void what_has_no_deltas_is_done_at_once(void **state)
{
	struct chat_stage *stage = *state;
	struct message_pair pair = user_says(stage, "Hi");
	struct listener listener, gone;

	listener_follow(stage, &listener, pair.user_message.id, 0);
	listener_follow(stage, &gone, pair.user_message.id, 0);
	listener_leave(&gone); /* while it reads */
	RUN_UNTIL(stage, listener_heard(&listener, "done"));
	assert_string_equal(listener.seen.data, "done 0; ");
	listener_leave(&listener);
}

static void the_next_question_brings_its_history(void **state)
{
	struct chat_stage *stage = *state;
	const char *id = user_asks(stage, "One");

	model_says("First.");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, answer_has_ended(stage, id));
	user_asks(stage, "Two");
	assert_int_equal(model_play.turns, 3);
	assert_string_equal(model_play.last_turn, "user:Two");
	assert_string_equal(stored_conversation(stage).title, "One");
}

/* ---- Ends that are not good ---- */

static void a_fault_of_the_upstream_is_on_the_message(void **state)
{
	struct chat_stage *stage = *state;
	const char *id = user_asks(stage, "Hi");
	struct message message;

	model_says("half an ans");
	model_ends(CHAT_STALLED, "the upstream's words");
	RUN_UNTIL(stage, answer_has_ended(stage, id));
	message = stored_message(stage, id);
	assert_int_equal(message.status, MESSAGE_FAILED);
	assert_string_equal(message.content, "half an ans");
	assert_string_equal(message.error.code, "upstream_stalled");
	assert_non_null(strstr(message.error.detail, "the upstream's words"));
}

static void a_fault_before_the_first_word_is_too(void **state)
{
	struct chat_stage *stage = *state;
	const char *id = user_asks(stage, "Hi");
	struct message message;

	model_ends(CHAT_REFUSED, NULL);
	RUN_UNTIL(stage, answer_has_ended(stage, id));
	message = stored_message(stage, id);
	assert_int_equal(message.status, MESSAGE_FAILED);
	assert_int_equal(message.seq, 0);
	assert_string_equal(message.error.code, "upstream_refused");
	assert_string_equal(message.error.detail, chat_end_detail(CHAT_REFUSED));
}

static void a_model_that_is_gone_fails_the_answer(void **state)
{
	struct chat_stage *stage = *state;
	struct message_pair pair;

	stage->conversation_id = chat_stage_conversation(stage, "elsewhere/model");
	pair = user_says(stage, "Hi");
	RUN_UNTIL(stage, stored_message(stage, pair.assistant_message.id).status == MESSAGE_FAILED);
	assert_string_equal(stored_message(stage, pair.assistant_message.id).error.code,
			    "model_not_found");
}

static void an_answer_without_end_is_cut(void **state)
{
	static char piece[1024 * 1024 + 1];
	struct chat_stage *stage = *state;
	const char *id = user_asks(stage, "Hi");
	struct message message;

	memset(piece, 'x', sizeof(piece) - 1);
	for (int i = 0; i < 5; i++)
		if (model_play.live)
			model_says(piece);
	assert_int_equal(model_play.cancelled, 1);
	RUN_UNTIL(stage, answer_has_ended(stage, id));
	message = stored_message(stage, id);
	assert_int_equal(message.status, MESSAGE_FAILED);
	assert_string_equal(message.error.code, "upstream_malformed");
	assert_int_equal(strlen(message.content), 4 * 1024 * 1024);
}

static void what_comes_after_a_stop_is_not_kept(void **state)
{
	struct chat_stage *stage = *state;
	const char *id = user_asks(stage, "Hi");
	struct message message;
	struct chat chat;

	model_says("so far");
	generations_stop_conversation(stage->app.generations, stage->conversation_id);
	RUN_UNTIL(stage, model_play.cancelled == 1);
	chat = model_play.chat;
	if (!answer_has_ended(stage, id)) { /* a provider may be late to notice */
		chat.events->text(chat.context, "more", 4);
		chat.events->end(chat.context, CHAT_COMPLETE, NULL, (struct chat_usage){ -1, -1 });
	}
	RUN_UNTIL(stage, answer_has_ended(stage, id));
	message = stored_message(stage, id);
	assert_int_equal(message.status, MESSAGE_STOPPED);
	assert_string_equal(message.content, "so far");
	assert_null(message.error.code);
}

/* ---- A disk that fails ---- */

static void nothing_is_shown_that_is_not_committed(void **state)
{
	struct chat_stage *stage = *state;
	struct listener listener;
	const char *id = user_asks(stage, "Hi");

	listener_follow(stage, &listener, id, 0);
	atomic_store(&failing_syncs, 2); /* the group, and the batch alone */
	model_says("Hello");
	RUN_UNTIL(stage, atomic_load(&failing_syncs) == 0);
	RUN_UNTIL(stage,
		  listener_heard(&listener,
				 "delta 1 Hello")); /* the listener looks whether it is there */
	model_says(" again");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, listener_heard(&listener, "done"));
	assert_string_equal(listener.seen.data, "delta 1 Hello; delta 2  again; done 2; ");
	listener_leave(&listener);
}

static void an_end_that_is_not_committed_is_tried_again(void **state)
{
	struct chat_stage *stage = *state;
	const char *id = user_asks(stage, "Hi");

	atomic_store(&failing_syncs, 2);
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, atomic_load(&failing_syncs) == 0);
	RUN_UNTIL(stage, answer_has_ended(stage, id));
	assert_int_equal(stored_message(stage, id).status, MESSAGE_COMPLETE);
}

/* Its history cannot be read: it must not stream for ever with nobody streaming it. */
static void an_answer_that_cannot_begin_is_interrupted(void **state)
{
	struct chat_stage *stage = *state;
	struct message_pair pair;
	bool replayed;

	home_close(&stage->home);
	home_open(&stage->home); /* no reader is open yet */
	stage->app.db = stage->home.db;
	atomic_store(&failing_opens, 1);
	assert_int_not_equal(
		user_sends(stage, (struct message_new){ .content = "Hi" }, &pair, &replayed),
		ERR_OK);
	assert_int_equal(atomic_load(&failing_opens), 0);
	assert_int_equal(home_number(&stage->home,
				     "SELECT count(*) FROM message WHERE status = 'streaming'"),
			 0);
	assert_int_equal(home_number(&stage->home,
				     "SELECT count(*) FROM message WHERE status = 'interrupted'"),
			 1);
	assert_int_equal(model_play.started, 0);
}

/* A database that carries out what it is told, and does not say so. */
static struct db *unheard;

static enum err commit_unheard(struct db *db, transaction run, void *context)
{
	enum err err = db_transaction(unheard, run, context);

	(void)db;
	return err == ERR_OK ? ERR_UNCONFIRMED : err;
}

/* Who follows it is not kept waiting, and it does not stand in the way for longer than a lease. */
static void an_answer_that_was_committed_unheard_runs_out(void **state)
{
	static const struct engine engine = { .transaction = commit_unheard };
	struct chat_stage *stage = *state;
	struct db db = { &engine, NULL };
	struct listener listener;
	struct message_pair pair;
	const char *id;
	bool replayed;

	unheard = stage->app.db;
	stage->app.db = &db;
	assert_int_equal(
		user_sends(stage, (struct message_new){ .content = "Hi" }, &pair, &replayed),
		ERR_UNCONFIRMED);
	stage->app.db = unheard;
	id = arena_strdup(&stage->home.arena, pair.assistant_message.id);
	assert_int_equal(stored_message(stage, id).status, MESSAGE_STREAMING);
	listener_follow(stage, &listener, id, 0);
	RUN_UNTIL(stage, listener_heard(&listener, "error -1"));
	listener_leave(&listener);
	listener_follow(stage, &listener, id, 0);
	chat_stage_turn(stage);
	listener_leave(&listener); /* while it pauses, or reads */
	chat_stage_sql(stage, "UPDATE message SET lease_until = 1 WHERE id = '%s'", id);
	RUN_UNTIL(stage, stored_message(stage, id).status == MESSAGE_INTERRUPTED);
	assert_int_equal(model_play.started, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHAT_STAGE_TEST(an_answer_streams_and_is_kept),
		CHAT_STAGE_TEST(who_comes_back_gets_exactly_the_rest),
		CHAT_STAGE_TEST(what_has_no_deltas_is_done_at_once),
		CHAT_STAGE_TEST(the_next_question_brings_its_history),
		CHAT_STAGE_TEST(a_fault_of_the_upstream_is_on_the_message),
		CHAT_STAGE_TEST(a_fault_before_the_first_word_is_too),
		CHAT_STAGE_TEST(a_model_that_is_gone_fails_the_answer),
		CHAT_STAGE_TEST(an_answer_without_end_is_cut),
		CHAT_STAGE_TEST(what_comes_after_a_stop_is_not_kept),
		CHAT_STAGE_TEST(nothing_is_shown_that_is_not_committed),
		CHAT_STAGE_TEST(an_end_that_is_not_committed_is_tried_again),
		CHAT_STAGE_TEST(an_answer_that_cannot_begin_is_interrupted),
		CHAT_STAGE_TEST(an_answer_that_was_committed_unheard_runs_out),
	};

	return RUN_TESTS(tests);
}
