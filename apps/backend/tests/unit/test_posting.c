/*
 * What a user sends: going on and anew, in which branch and to whom, once under one key, and the
 * title that it gives. The model is played by the test.
 */
#include "chat/posting.h"

#include "chat/generation.h"

#include "support_generation.h"

#include <string.h>

/* ---- Going on, and anew ---- */

static void an_answer_goes_on_from_where_it_was_cut(void **state)
{
	struct chat_stage *stage = *state;
	struct listener listener;
	struct message message;
	const char *id = user_asks(stage, "Hi");

	model_says("Hel");
	model_ends(CHAT_TRUNCATED, NULL);
	RUN_UNTIL(stage, answer_has_ended(stage, id));
	assert_int_equal(posting_continue(user_request(stage), id, &message), ERR_OK);
	assert_int_equal(message.status, MESSAGE_STREAMING);
	assert_string_equal(message.content, "Hel");
	RUN_UNTIL(stage, model_play.started == 2);
	assert_true(model_play.go_on);
	assert_string_equal(model_play.last_turn, "assistant:Hel");
	listener_follow(stage, &listener, id, 1);
	model_says("lo");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, listener_heard(&listener, "done"));
	assert_string_equal(listener.seen.data, "delta 2 lo; done 2; ");
	message = stored_message(stage, id);
	assert_string_equal(message.content, "Hello");
	assert_int_equal(message.seq, 2);
	assert_null(message.error.code);
	assert_int_equal(posting_continue(user_request(stage), id, &message),
			 ERR_CONFLICT); /* complete */
	listener_leave(&listener);
}

/* Of what ended before lengths were sealed: the deltas are lost, the text and the number of the last are not. */
static void an_answer_without_lengths_goes_on(void **state)
{
	struct chat_stage *stage = *state;
	struct listener ended, from_nothing, from_its_end;
	struct message message;
	const char *id = user_asks(stage, "Hi");

	model_says("Hel");
	model_says("lo");
	model_ends(CHAT_TRUNCATED, NULL);
	RUN_UNTIL(stage, answer_has_ended(stage, id));
	chat_stage_sql(stage, "UPDATE message SET lengths = NULL WHERE id = '%s'", id);
	listener_follow(stage, &ended, id, 1);
	RUN_UNTIL(stage, listener_heard(&ended, "done"));
	assert_string_equal(ended.seen.data, "done 2; ");
	listener_leave(&ended);
	assert_int_equal(posting_continue(user_request(stage), id, &message), ERR_OK);
	RUN_UNTIL(stage, model_play.started == 2);
	listener_follow(stage, &from_nothing, id, 0);
	listener_follow(stage, &from_its_end, id, 2);
	model_says("!");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, listener_heard(&from_nothing, "done"));
	RUN_UNTIL(stage, listener_heard(&from_its_end, "done"));
	assert_string_equal(from_nothing.seen.data, "delta 1 Hello; delta 2 ; delta 3 !; done 3; ");
	assert_string_equal(from_its_end.seen.data, "delta 3 !; done 3; ");
	assert_string_equal(stored_message(stage, id).content, "Hello!");
	listener_leave(&from_nothing);
	listener_leave(&from_its_end);
}

static void another_answer_stands_beside_the_first(void **state)
{
	struct chat_stage *stage = *state;
	struct message first, second;
	const char *id = user_asks(stage, "Hi");

	assert_int_equal(posting_regenerate(user_request(stage), id, &second), ERR_CONFLICT);
	model_says("One");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, answer_has_ended(stage, id));
	assert_int_equal(posting_regenerate(user_request(stage), id, &second), ERR_OK);
	first = stored_message(stage, id);
	assert_string_not_equal(second.id, first.id);
	assert_string_equal(second.parent_id, first.parent_id);
	assert_string_equal(stored_conversation(stage).active_message_id, second.id);
	RUN_UNTIL(stage, model_play.started == 2);
	assert_int_equal(model_play.turns, 1); /* without the first answer */
	assert_string_equal(first.content, "One");
	assert_int_equal(posting_regenerate(user_request(stage), first.parent_id, &second),
			 ERR_CONFLICT);
}

/* ---- What a send may not do ---- */

static void a_branch_that_streams_takes_no_message(void **state)
{
	struct chat_stage *stage = *state;
	struct message_pair pair;
	bool replayed;

	user_asks(stage, "Hi");
	assert_int_equal(
		user_sends(stage, (struct message_new){ .content = "Next" }, &pair, &replayed),
		ERR_CONFLICT);
	assert_int_equal(home_number(&stage->home, "SELECT count(*) FROM message"), 2);
}

static void another_branch_may_be_begun_meanwhile(void **state)
{
	struct chat_stage *stage = *state;
	struct message_pair first, second;
	const char *id = user_asks(stage, "Hi");
	bool replayed;

	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, answer_has_ended(stage, id));
	first = user_says(stage, "left");
	assert_int_equal(user_sends(stage,
				    (struct message_new){ .content = "right", .parent_id = id },
				    &second, &replayed),
			 ERR_OK);
	assert_string_equal(second.user_message.parent_id, id);
	RUN_UNTIL(stage, model_play.started == 3);
	assert_int_equal(generations_count(stage->app.generations), 2);
	assert_string_equal(stored_conversation(stage).active_message_id,
			    second.assistant_message.id);
	assert_string_equal(stored_message(stage, first.user_message.id).parent_id, id);
}

static void a_parent_is_of_the_same_conversation(void **state)
{
	struct chat_stage *stage = *state;
	const char *id = user_asks(stage, "Hi");
	struct message_pair pair;
	bool replayed;

	stage->conversation_id = chat_stage_conversation(stage, "webplus/guide");
	assert_int_equal(user_sends(stage, (struct message_new){ .content = "x", .parent_id = id },
				    &pair, &replayed),
			 ERR_INVALID);
	assert_string_equal(stage->request.reply.errors->list[0].field, "parent_id");
}

static void what_is_not_ones_own_cannot_be_written_in(void **state)
{
	struct chat_stage *stage = *state;
	struct principal ada = stage->ada;
	struct message_pair pair;
	struct message message;
	const char *id = user_asks(stage, "Hi");
	bool replayed;

	stage->ada = home_account(&stage->home, "eve");
	assert_int_equal(
		user_sends(stage, (struct message_new){ .content = "x" }, &pair, &replayed),
		ERR_NOT_FOUND);
	assert_int_equal(posting_continue(user_request(stage), id, &message), ERR_NOT_FOUND);
	assert_int_equal(posting_regenerate(user_request(stage), id, &message), ERR_NOT_FOUND);
	stage->ada = ada;
	stage->ada.permissions = builtin_role_find("viewer")->permissions;
	assert_int_not_equal(
		user_sends(stage, (struct message_new){ .content = "x" }, &pair, &replayed),
		ERR_OK);
}

static void the_same_key_carries_the_same_out_once(void **state)
{
	struct chat_stage *stage = *state;
	const struct message_new input = { .content = "Hi", .idempotency_key = "k" };
	const struct message_new other = { .content = "Ho", .idempotency_key = "k" };
	struct message_pair first, again;
	bool replayed;
	char id[ID_SIZE];

	assert_int_equal(user_sends(stage, input, &first, &replayed), ERR_OK);
	assert_false(replayed);
	memcpy(id, first.assistant_message.id, ID_SIZE);
	RUN_UNTIL(stage, model_play.started == 1);
	assert_int_equal(user_sends(stage, input, &again, &replayed), ERR_OK);
	assert_true(replayed);
	assert_string_equal(again.assistant_message.id, id);
	assert_int_equal(user_sends(stage, other, &again, &replayed), ERR_INVALID);
	assert_int_equal(home_number(&stage->home, "SELECT count(*) FROM message"), 2);
	chat_stage_turn(stage);
	assert_int_equal(model_play.started, 1);
}

static const char *pair_text(struct chat_stage *stage, const struct message_pair *pair)
{
	const char *copy;
	struct buf text;

	buf_init(&text, 10000);
	schema_encode(&message_schema, &pair->user_message, &text);
	schema_encode(&message_schema, &pair->assistant_message, &text);
	copy = arena_strdup(&stage->home.arena, text.data);
	buf_finish(&text);
	return copy;
}

/* Whatever has become of the messages since: the answer has ended, and then all of it was deleted. */
static void the_same_key_gets_the_first_reply(void **state)
{
	struct chat_stage *stage = *state;
	const struct message_new input = { .content = "Hi \"you\"", .idempotency_key = "k" };
	struct message_pair pair;
	const char *first;
	bool replayed;

	user_asks(stage, "before");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, generations_count(stage->app.generations) == 0);
	assert_int_equal(user_sends(stage, input, &pair, &replayed), ERR_OK);
	first = pair_text(stage, &pair);
	RUN_UNTIL(stage, model_play.started == 2);
	model_says("text");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, generations_count(stage->app.generations) == 0);
	assert_int_equal(user_sends(stage, input, &pair, &replayed), ERR_OK);
	assert_string_equal(pair_text(stage, &pair), first);
	chat_stage_sql(stage, "UPDATE conversation SET deleted_at = 1 WHERE id = '%s'",
		       stage->conversation_id);
	assert_int_equal(user_sends(stage, input, &pair, &replayed), ERR_OK);
	assert_true(replayed);
	assert_string_equal(pair_text(stage, &pair), first);
}

/* The same under another key of the sender's, and under another master key: no two rows are alike, or can be guessed. */
static void what_is_kept_of_a_key_depends_on_the_master_key(void **state)
{
	static const char other_key[] =
		"0707070707070707070707070707070707070707070707070707070707070707";
	struct chat_stage *stage = *state;
	struct message_new input = { .content = "Hi", .idempotency_key = "planted-key" };
	struct message_pair pair;
	struct keyring *other;
	const char *reason;
	bool replayed;

	input.is_first = true;
	assert_int_equal(user_sends(stage, input, &pair, &replayed), ERR_OK);
	assert_false(home_holds_bytes(&stage->home, "planted-key"));
	input.idempotency_key = "another-key";
	assert_int_equal(user_sends(stage, input, &pair, &replayed), ERR_OK);
	input.idempotency_key = "planted-key";
	assert_int_equal(keyring_open(other_key, NULL, &other, &reason), ERR_OK);
	stage->app.keyring = other;
	assert_int_equal(user_sends(stage, input, &pair, &replayed), ERR_OK);
	assert_false(replayed);
	stage->app.keyring = stage->home.keyring;
	keyring_destroy(other);
	RUN_UNTIL(stage, model_play.started == 3);
	assert_int_equal(
		home_number(&stage->home, "SELECT count(DISTINCT key) FROM idempotency_key"), 3);
	assert_int_equal(home_number(&stage->home,
				     "SELECT count(DISTINCT request_hash) FROM idempotency_key"),
			 3);
}

/* ---- Titles ---- */

static void has_title(struct chat_stage *stage, const char *content, const char *title)
{
	stage->conversation_id = chat_stage_conversation(stage, "webplus/guide");
	user_asks(stage, content);
	assert_string_equal(stored_conversation(stage).title, title);
}

static void a_title_is_the_first_line_cut_at_a_word(void **state)
{
	struct chat_stage *stage = *state;

	has_title(stage, "  \n## Heading  here\nmore", "Heading  here");
	has_title(stage, "> quoted", "quoted");
	has_title(stage, "exactly sixty characters are kept whole, as here: 0123456789",
		  "exactly sixty characters are kept whole, as here: 0123456789");
	has_title(stage, "sixty-one characters are cut at a word, as is seen here: 01234",
		  "sixty-one characters are cut at a word, as is seen here:…");
	has_title(stage, "0123456789012345678901234567890123456789012345678901234567890123456789",
		  "012345678901234567890123456789012345678901234567890123456789…");
	has_title(stage, "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
		  "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé…");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHAT_STAGE_TEST(an_answer_goes_on_from_where_it_was_cut),
		CHAT_STAGE_TEST(an_answer_without_lengths_goes_on),
		CHAT_STAGE_TEST(another_answer_stands_beside_the_first),
		CHAT_STAGE_TEST(a_branch_that_streams_takes_no_message),
		CHAT_STAGE_TEST(another_branch_may_be_begun_meanwhile),
		CHAT_STAGE_TEST(a_parent_is_of_the_same_conversation),
		CHAT_STAGE_TEST(what_is_not_ones_own_cannot_be_written_in),
		CHAT_STAGE_TEST(the_same_key_carries_the_same_out_once),
		CHAT_STAGE_TEST(the_same_key_gets_the_first_reply),
		CHAT_STAGE_TEST(what_is_kept_of_a_key_depends_on_the_master_key),
		CHAT_STAGE_TEST(a_title_is_the_first_line_cut_at_a_word),
	};

	return RUN_TESTS(tests);
}
