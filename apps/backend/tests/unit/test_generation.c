/*
 * Answers from their question to their end: posting, streaming, committing, publishing, stopping,
 * going on. The model is played by the test; everything else is the server's, without its sockets.
 */
#include "chat/generation.h"
#include "config.h"

#include "base/clock.h"
#include "base/pool.h"
#include "chat/chat.h"
#include "chat/conversation_store.h"
#include "chat/feed.h"
#include "chat/follower.h"
#include "chat/posting.h"
#include "db/engine.h"
#include "providers/registry.h"

#include "support.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The model ---- */

struct chat {
	const struct chat_events *events;
	void *context;
};

static struct model_play {
	struct chat chat;
	int started, cancelled;
	bool live, go_on;
	size_t turns;
	char last_turn[200];
} play;

static struct chat *play_start(struct provider *provider, const struct chat_request *request,
			       const struct chat_events *events, void *context)
{
	const struct chat_turn *last = &request->turns[request->turns_count - 1];

	(void)provider;
	play.chat = (struct chat){ events, context };
	play.started++;
	play.live = true;
	play.go_on = request->go_on;
	play.turns = request->turns_count;
	snprintf(play.last_turn, sizeof(play.last_turn), "%s:%s",
		 last->role == CHAT_USER ? "user" : "assistant", last->content);
	return &play.chat;
}

static void play_cancel(struct chat *chat)
{
	(void)chat;
	play.cancelled++;
	play.live = false;
}

static const struct provider_kind played_kind = { .name = "played",
						  .chat_start = play_start,
						  .chat_cancel = play_cancel };

static void model_says(const char *text)
{
	assert_true(play.live);
	play.chat.events->text(play.chat.context, text, strlen(text));
}

static void model_ends(enum chat_end end, const char *detail)
{
	assert_true(play.live);
	play.live = false;
	play.chat.events->end(play.chat.context, end, detail, (struct chat_usage){ -1, -1 });
}

/* ---- The server around it ---- */

struct stage {
	struct home home;
	struct loop loop;
	struct topics topics;
	struct app app;
	struct principal ada;
	const struct provider_kind *builtin;
	struct request request; /* the latest */
	const char *conversation_id;
};

static struct provider *builtin_provider(struct stage *stage)
{
	return CONTAINER_OF(stage->app.models->providers.next, struct provider, node);
}

static void create_models(struct stage *stage)
{
	struct registry_options options = { .loop = &stage->loop, .workers = stage->app.workers };

	stage->app.models = registry_create(&options);
	stage->builtin = builtin_provider(stage)->kind;
	builtin_provider(stage)->kind = &played_kind;
}

static void create_generations(struct stage *stage)
{
	static const struct config config = { .access_log = true };
	struct node node;
	int64_t interrupted;

	stage->app.config = &config;
	assert_int_equal(node_start(stage->app.db, &stage->home.arena, &node), ERR_OK);
	stage->app.generations = generations_create(&stage->app, &node);
	assert_int_equal(generations_recover(stage->app.generations, &interrupted), ERR_OK);
	generations_start(stage->app.generations);
}

static const char *add_conversation(struct stage *stage, const char *model_id)
{
	char *id = arena_alloc(&stage->home.arena, ID_SIZE);
	struct conversation conversation = { .id = id,
					     .owner_id = stage->ada.user_id,
					     .title = "",
					     .model_id = model_id,
					     .created_at = { 1 },
					     .updated_at = { 1 } };

	id_make(id);
	assert_int_equal(conversation_insert(stage->app.db, &conversation), ERR_OK);
	return id;
}

static int set_up(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	struct app *app = &stage->app;

	play = (struct model_play){ .started = 0 };
	failing_vfs_register();
	home_make(&stage->home);
	loop_init(&stage->loop);
	stage->home.options.vfs = failing_vfs;
	stage->home.options.loop = &stage->loop;
	home_open(&stage->home);
	app->loop = &stage->loop;
	app->db = stage->home.db;
	app->keyring = stage->home.keyring;
	app->workers = pool_create("test", 2);
	app->topics = &stage->topics;
	topics_init(&stage->topics);
	stage->ada = home_account(&stage->home, "ada");
	create_models(stage);
	create_generations(stage);
	stage->conversation_id = add_conversation(stage, "webplus/guide");
	arena_init(&stage->request.arena);
	*state = stage;
	return 0;
}

static void next_turn(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_NOWAIT);
}

static void on_ended(void *context)
{
	*(bool *)context = true;
}

/* Turns the loop until the condition holds, and fails the test if that takes too long. */
#define RUN_UNTIL(stage, condition)                                                                \
	do {                                                                                       \
		int64_t end_ms_ = clock_monotonic_ms() + 20000;                                    \
		while (!(condition)) {                                                             \
			next_turn(&(stage)->loop);                                                 \
			if (clock_monotonic_ms() > end_ms_)                                        \
				fail_msg("waited in vain for %s", #condition);                     \
		}                                                                                  \
	} while (0)

static void drain(struct stage *stage, int64_t grace_ms)
{
	bool ended = false;

	generations_drain(stage->app.generations, grace_ms);
	generations_await(stage->app.generations, on_ended, &ended);
	RUN_UNTIL(stage, ended);
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	if (stage->app.generations)
		drain(stage, 0);
	pool_destroy(stage->app.workers);
	next_turn(&stage->loop);
	generations_destroy(stage->app.generations);
	builtin_provider(stage)->kind = stage->builtin;
	registry_destroy(stage->app.models);
	arena_finish(&stage->request.arena);
	home_close(&stage->home);
	loop_finish(&stage->loop);
	topics_finish(&stage->topics);
	home_remove(&stage->home);
	free(stage);
	return 0;
}

/* ---- What a client does ---- */

static struct request *new_request(struct stage *stage)
{
	struct request *request = &stage->request;

	arena_finish(&request->arena);
	*request =
		(struct request){ .app = &stage->app, .principal = &stage->ada, .id = "request" };
	arena_init(&request->arena);
	return request;
}

static enum err send_input(struct stage *stage, struct message_new input,
			   struct message_pair *ret_pair, bool *ret_replayed)
{
	if (!input.id)
		input.id = stage->conversation_id;
	return posting_send(new_request(stage), &input, ret_pair, ret_replayed);
}

/* Both with the ids in the stage's arena, so that they outlive the request. */
static struct message_pair say(struct stage *stage, const char *content)
{
	struct message_pair pair;
	bool replayed;

	assert_int_equal(
		send_input(stage, (struct message_new){ .content = content }, &pair, &replayed),
		ERR_OK);
	assert_false(replayed);
	pair.user_message.id = arena_strdup(&stage->home.arena, pair.user_message.id);
	pair.assistant_message.id = arena_strdup(&stage->home.arena, pair.assistant_message.id);
	return pair;
}

/* The question is asked, and the model has been told. */
static const char *ask(struct stage *stage, const char *content)
{
	int before = play.started;
	struct message_pair pair = say(stage, content);

	RUN_UNTIL(stage, play.started == before + 1);
	return pair.assistant_message.id;
}

static struct message stored(struct stage *stage, const char *id)
{
	struct message message;

	assert_int_equal(message_read_whole(stage->app.db, id, &stage->home.arena, &message),
			 ERR_OK);
	return message;
}

static struct conversation stored_conversation(struct stage *stage)
{
	struct conversation conversation;

	assert_int_equal(conversation_read(stage->app.db, &stage->ada, PERMISSION_CHAT_READ,
					   stage->conversation_id, &stage->home.arena,
					   &conversation),
			 ERR_OK);
	return conversation;
}

static bool has_ended(struct stage *stage, const char *id)
{
	return generation_find(stage->app.generations, id) == NULL;
}

/* Somebody who listens to a message, and writes down what comes: "delta 1 Hel; done 2;". */
struct listener {
	struct subscriber subscriber;
	struct feed *feed;
	struct buf seen;
	struct stage *stage;
	const char *message_id;
};

static void hear(struct subscriber *subscriber, struct event *event)
{
	struct listener *listener = CONTAINER_OF(subscriber, struct listener, subscriber);

	buf_printf(&listener->seen, "%s %lld", event->type, (long long)event->seq);
	if (strcmp(event->type, "delta") == 0) {
		struct message message = stored(listener->stage, listener->message_id);

		assert_true(message.seq >= event->seq); /* committed before it is shown */
		buf_printf(&listener->seen, " %.*s", (int)event->fields_length - 9,
			   event->fields + 8);
	}
	buf_append_text(&listener->seen, "; ");
}

static void begin_listening(struct stage *stage, struct listener *listener, const char *id)
{
	*listener =
		(struct listener){ .subscriber.deliver = hear, .stage = stage, .message_id = id };
	list_init(&listener->subscriber.node);
	buf_init(&listener->seen, 10000);
}

static void follow(struct stage *stage, struct listener *listener, const char *id, int64_t after)
{
	begin_listening(stage, listener, id);
	feed_start(&stage->app, id, after, &listener->subscriber, &listener->feed);
}

static bool has_heard(const struct listener *listener, const char *what)
{
	return listener->seen.data && strstr(listener->seen.data, what);
}

static void leave(struct listener *listener)
{
	feed_cancel(listener->feed);
	topic_leave(&listener->stage->topics, &listener->subscriber);
	buf_finish(&listener->seen);
}

/* ---- From question to answer ---- */

static void an_answer_streams_and_is_kept(void **state)
{
	struct stage *stage = *state;
	struct listener listener;
	struct message message;
	const char *id = ask(stage, "# What is *this*?\nMore.");

	assert_int_equal(play.turns, 1);
	assert_string_equal(play.last_turn, "user:# What is *this*?\nMore.");
	assert_false(play.go_on);
	follow(stage, &listener, id, 0);
	model_says("Hel");
	model_says("lo");
	RUN_UNTIL(stage, has_heard(&listener, "delta 2 "));
	message = stored(stage, id);
	assert_int_equal(message.status, MESSAGE_STREAMING);
	assert_string_equal(message.content, "Hello");
	model_says("!");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, has_heard(&listener, "done"));
	assert_string_equal(listener.seen.data, "delta 1 Hel; delta 2 lo; delta 3 !; done 3; ");
	message = stored(stage, id);
	assert_int_equal(message.status, MESSAGE_COMPLETE);
	assert_string_equal(message.content, "Hello!");
	assert_int_equal(message.seq, 3);
	assert_true(message.completed_at.ms > 0);
	assert_null(message.error.code);
	assert_true(has_ended(stage, id));
	assert_string_equal(stored_conversation(stage).title, "What is *this*?");
	assert_string_equal(stored_conversation(stage).active_message_id, id);
	leave(&listener);
}

static void who_comes_back_gets_exactly_the_rest(void **state)
{
	struct stage *stage = *state;
	struct listener early, late, ended, knows_all;
	const char *id = ask(stage, "Hi");

	follow(stage, &early, id, 0);
	model_says("a");
	model_says("b");
	RUN_UNTIL(stage, has_heard(&early, "delta 2 "));
	follow(stage, &late, id, 1); /* from memory */
	model_says("c");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, has_heard(&late, "done"));
	assert_string_equal(late.seen.data, "delta 2 b; delta 3 c; done 3; ");
	follow(stage, &ended, id, 1); /* from the database */
	RUN_UNTIL(stage, has_heard(&ended, "done"));
	assert_string_equal(ended.seen.data, "delta 2 b; delta 3 c; done 3; ");
	follow(stage, &knows_all, id, 3);
	RUN_UNTIL(stage, has_heard(&knows_all, "done"));
	assert_string_equal(knows_all.seen.data, "done 3; ");
	leave(&early);
	leave(&late);
	leave(&ended);
	leave(&knows_all);
}

static void what_has_no_deltas_is_done_at_once(void **state)
{
	struct stage *stage = *state;
	struct message_pair pair = say(stage, "Hi");
	struct listener listener, gone;

	follow(stage, &listener, pair.user_message.id, 0);
	follow(stage, &gone, pair.user_message.id, 0);
	leave(&gone); /* while it reads */
	RUN_UNTIL(stage, has_heard(&listener, "done"));
	assert_string_equal(listener.seen.data, "done 0; ");
	leave(&listener);
}

static void the_next_question_brings_its_history(void **state)
{
	struct stage *stage = *state;
	const char *id = ask(stage, "One");

	model_says("First.");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, has_ended(stage, id));
	ask(stage, "Two");
	assert_int_equal(play.turns, 3);
	assert_string_equal(play.last_turn, "user:Two");
	assert_string_equal(stored_conversation(stage).title, "One");
}

/* ---- Ends that are not good ---- */

static void a_fault_of_the_upstream_is_on_the_message(void **state)
{
	struct stage *stage = *state;
	const char *id = ask(stage, "Hi");
	struct message message;

	model_says("half an ans");
	model_ends(CHAT_STALLED, "the upstream's words");
	RUN_UNTIL(stage, has_ended(stage, id));
	message = stored(stage, id);
	assert_int_equal(message.status, MESSAGE_FAILED);
	assert_string_equal(message.content, "half an ans");
	assert_string_equal(message.error.code, "upstream_stalled");
	assert_non_null(strstr(message.error.detail, "the upstream's words"));
}

static void a_fault_before_the_first_word_is_too(void **state)
{
	struct stage *stage = *state;
	const char *id = ask(stage, "Hi");
	struct message message;

	model_ends(CHAT_REFUSED, NULL);
	RUN_UNTIL(stage, has_ended(stage, id));
	message = stored(stage, id);
	assert_int_equal(message.status, MESSAGE_FAILED);
	assert_int_equal(message.seq, 0);
	assert_string_equal(message.error.code, "upstream_refused");
	assert_string_equal(message.error.detail, chat_end_detail(CHAT_REFUSED));
}

static void a_model_that_is_gone_fails_the_answer(void **state)
{
	struct stage *stage = *state;
	struct message_pair pair;

	stage->conversation_id = add_conversation(stage, "elsewhere/model");
	pair = say(stage, "Hi");
	RUN_UNTIL(stage, stored(stage, pair.assistant_message.id).status == MESSAGE_FAILED);
	assert_string_equal(stored(stage, pair.assistant_message.id).error.code, "model_not_found");
}

static void an_answer_without_end_is_cut(void **state)
{
	static char piece[1024 * 1024 + 1];
	struct stage *stage = *state;
	const char *id = ask(stage, "Hi");
	struct message message;

	memset(piece, 'x', sizeof(piece) - 1);
	for (int i = 0; i < 5; i++)
		if (play.live)
			model_says(piece);
	assert_int_equal(play.cancelled, 1);
	RUN_UNTIL(stage, has_ended(stage, id));
	message = stored(stage, id);
	assert_int_equal(message.status, MESSAGE_FAILED);
	assert_string_equal(message.error.code, "upstream_malformed");
	assert_int_equal(strlen(message.content), 4 * 1024 * 1024);
}

static void what_comes_after_a_stop_is_not_kept(void **state)
{
	struct stage *stage = *state;
	const char *id = ask(stage, "Hi");
	struct message message;
	struct chat chat;

	model_says("so far");
	generations_stop_conversation(stage->app.generations, stage->conversation_id);
	RUN_UNTIL(stage, play.cancelled == 1);
	chat = play.chat;
	if (!has_ended(stage, id)) { /* a provider may be late to notice */
		chat.events->text(chat.context, "more", 4);
		chat.events->end(chat.context, CHAT_COMPLETE, NULL, (struct chat_usage){ -1, -1 });
	}
	RUN_UNTIL(stage, has_ended(stage, id));
	message = stored(stage, id);
	assert_int_equal(message.status, MESSAGE_STOPPED);
	assert_string_equal(message.content, "so far");
	assert_null(message.error.code);
}

/* ---- A disk that fails ---- */

static void nothing_is_shown_that_is_not_committed(void **state)
{
	struct stage *stage = *state;
	struct listener listener;
	const char *id = ask(stage, "Hi");

	follow(stage, &listener, id, 0);
	atomic_store(&failing_syncs, 2); /* the group, and the batch alone */
	model_says("Hello");
	RUN_UNTIL(stage, atomic_load(&failing_syncs) == 0);
	RUN_UNTIL(stage,
		  has_heard(&listener, "delta 1 Hello")); /* `hear` looks whether it is there */
	model_says(" again");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, has_heard(&listener, "done"));
	assert_string_equal(listener.seen.data, "delta 1 Hello; delta 2  again; done 2; ");
	leave(&listener);
}

static void an_end_that_is_not_committed_is_tried_again(void **state)
{
	struct stage *stage = *state;
	const char *id = ask(stage, "Hi");

	atomic_store(&failing_syncs, 2);
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, atomic_load(&failing_syncs) == 0);
	RUN_UNTIL(stage, has_ended(stage, id));
	assert_int_equal(stored(stage, id).status, MESSAGE_COMPLETE);
}

/* Its history cannot be read: it must not stream for ever with nobody streaming it. */
static void an_answer_that_cannot_begin_is_interrupted(void **state)
{
	struct stage *stage = *state;
	struct message_pair pair;
	bool replayed;

	home_close(&stage->home);
	home_open(&stage->home); /* no reader is open yet */
	stage->app.db = stage->home.db;
	atomic_store(&failing_opens, 1);
	assert_int_not_equal(
		send_input(stage, (struct message_new){ .content = "Hi" }, &pair, &replayed),
		ERR_OK);
	assert_int_equal(atomic_load(&failing_opens), 0);
	assert_int_equal(home_number(&stage->home,
				     "SELECT count(*) FROM message WHERE status = 'streaming'"),
			 0);
	assert_int_equal(home_number(&stage->home,
				     "SELECT count(*) FROM message WHERE status = 'interrupted'"),
			 1);
	assert_int_equal(play.started, 0);
}

static void sql(struct stage *stage, const char *format, const char *id)
{
	home_sql(&stage->home, arena_printf(&stage->home.arena, format, id));
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
	struct stage *stage = *state;
	struct db db = { &engine, NULL };
	struct listener listener;
	struct message_pair pair;
	const char *id;
	bool replayed;

	unheard = stage->app.db;
	stage->app.db = &db;
	assert_int_equal(
		send_input(stage, (struct message_new){ .content = "Hi" }, &pair, &replayed),
		ERR_UNCONFIRMED);
	stage->app.db = unheard;
	id = arena_strdup(&stage->home.arena, pair.assistant_message.id);
	assert_int_equal(stored(stage, id).status, MESSAGE_STREAMING);
	follow(stage, &listener, id, 0);
	RUN_UNTIL(stage, has_heard(&listener, "error -1"));
	leave(&listener);
	follow(stage, &listener, id, 0);
	next_turn(&stage->loop);
	leave(&listener); /* while it pauses, or reads */
	sql(stage, "UPDATE message SET lease_until = 1 WHERE id = '%s'", id);
	RUN_UNTIL(stage, stored(stage, id).status == MESSAGE_INTERRUPTED);
	assert_int_equal(play.started, 0);
}

/* ---- What is not this server's any more ---- */

/* Its lease was lost, and another server has ended it. */
static void who_follows_one_that_was_lost_hears_its_end(void **state)
{
	struct stage *stage = *state;
	struct listener listener;
	const char *id = ask(stage, "Hi");

	follow(stage, &listener, id, 0);
	model_says("ours");
	RUN_UNTIL(stage, has_heard(&listener, "delta 1 ours"));
	sql(stage, "UPDATE message SET status = 'interrupted' WHERE id = '%s'", id);
	model_says("not committed");
	RUN_UNTIL(stage, has_heard(&listener, "done"));
	assert_string_equal(listener.seen.data, "delta 1 ours; done 0; ");
	assert_int_equal(play.cancelled, 1);
	assert_true(has_ended(stage, id));
	leave(&listener);
}

/* The provider has ended it here, and only then is it known. */
static void an_end_that_comes_too_late_is_not_shown(void **state)
{
	struct stage *stage = *state;
	struct listener listener;
	const char *id = ask(stage, "Hi");

	follow(stage, &listener, id, 0);
	RUN_UNTIL(stage, topic_has_subscribers(&stage->topics,
					       arena_printf(&stage->home.arena, "message:%s", id)));
	sql(stage, "UPDATE message SET status = 'stopped' WHERE id = '%s'", id);
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, has_heard(&listener, "done 0"));
	assert_int_equal(stored(stage, id).status, MESSAGE_STOPPED);
	leave(&listener);
}

static void who_follows_one_that_was_taken_over_is_sent_away(void **state)
{
	struct stage *stage = *state;
	struct listener listener;
	const char *id = ask(stage, "Hi");

	follow(stage, &listener, id, 0);
	sql(stage, "UPDATE message SET node_id = 'another' WHERE id = '%s'", id);
	model_says("x");
	RUN_UNTIL(stage, has_heard(&listener, "error"));
	assert_string_equal(listener.seen.data, "error -1; ");
	assert_int_equal(play.cancelled, 1);
	assert_true(has_ended(stage, id));
	leave(&listener);
}

static void an_answer_ends_with_its_account(void **state)
{
	struct stage *stage = *state;
	const char *id = ask(stage, "Hi");

	generations_review(&stage->app, stage->ada.user_id); /* nothing has happened */
	next_turn(&stage->loop);
	model_says("so far");
	sql(stage, "UPDATE account SET disabled_at = 1 WHERE id = '%s'", stage->ada.user_id);
	generations_review(&stage->app, stage->ada.user_id);
	RUN_UNTIL(stage, has_ended(stage, id));
	assert_int_equal(play.cancelled, 1);
	assert_int_equal(stored(stage, id).status, MESSAGE_STOPPED);
	assert_string_equal(stored(stage, id).content, "so far");
}

static void an_answer_ends_with_its_account_when_that_is_deleted(void **state)
{
	struct stage *stage = *state;
	struct listener listener;
	const char *id = ask(stage, "Hi");

	follow(stage, &listener, id, 0);
	sql(stage, "DELETE FROM message WHERE owner_id = '%s'", stage->ada.user_id);
	sql(stage, "DELETE FROM account WHERE id = '%s'", stage->ada.user_id);
	generations_review(&stage->app, stage->ada.user_id);
	RUN_UNTIL(stage, has_ended(stage, id));
	assert_int_equal(play.cancelled, 1);
	assert_true(has_heard(&listener, "error"));
	leave(&listener);
}

static void who_cannot_be_brought_up_to_date_is_told(void **state)
{
	struct stage *stage = *state;
	struct message_pair pair = say(stage, "Hi");
	struct listener listener;

	sql(stage, "UPDATE message SET content = 'x' WHERE id = '%s'", pair.user_message.id);
	follow(stage, &listener, pair.user_message.id, 0);
	RUN_UNTIL(stage, has_heard(&listener, "error -1"));
	assert_null(listener.feed);
	leave(&listener);
}

/* ---- Going on, and anew ---- */

static void an_answer_goes_on_from_where_it_was_cut(void **state)
{
	struct stage *stage = *state;
	struct listener listener;
	struct message message;
	const char *id = ask(stage, "Hi");

	model_says("Hel");
	model_ends(CHAT_TRUNCATED, NULL);
	RUN_UNTIL(stage, has_ended(stage, id));
	assert_int_equal(posting_continue(new_request(stage), id, &message), ERR_OK);
	assert_int_equal(message.status, MESSAGE_STREAMING);
	assert_string_equal(message.content, "Hel");
	RUN_UNTIL(stage, play.started == 2);
	assert_true(play.go_on);
	assert_string_equal(play.last_turn, "assistant:Hel");
	follow(stage, &listener, id, 1);
	model_says("lo");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, has_heard(&listener, "done"));
	assert_string_equal(listener.seen.data, "delta 2 lo; done 2; ");
	message = stored(stage, id);
	assert_string_equal(message.content, "Hello");
	assert_int_equal(message.seq, 2);
	assert_null(message.error.code);
	assert_int_equal(posting_continue(new_request(stage), id, &message),
			 ERR_CONFLICT); /* complete */
	leave(&listener);
}

/* Of what ended before lengths were sealed: the deltas are lost, the text and the number of the last are not. */
static void an_answer_without_lengths_goes_on(void **state)
{
	struct stage *stage = *state;
	struct listener ended, from_nothing, from_its_end;
	struct message message;
	const char *id = ask(stage, "Hi");

	model_says("Hel");
	model_says("lo");
	model_ends(CHAT_TRUNCATED, NULL);
	RUN_UNTIL(stage, has_ended(stage, id));
	sql(stage, "UPDATE message SET lengths = NULL WHERE id = '%s'", id);
	follow(stage, &ended, id, 1);
	RUN_UNTIL(stage, has_heard(&ended, "done"));
	assert_string_equal(ended.seen.data, "done 2; ");
	leave(&ended);
	assert_int_equal(posting_continue(new_request(stage), id, &message), ERR_OK);
	RUN_UNTIL(stage, play.started == 2);
	follow(stage, &from_nothing, id, 0);
	follow(stage, &from_its_end, id, 2);
	model_says("!");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, has_heard(&from_nothing, "done"));
	RUN_UNTIL(stage, has_heard(&from_its_end, "done"));
	assert_string_equal(from_nothing.seen.data, "delta 1 Hello; delta 2 ; delta 3 !; done 3; ");
	assert_string_equal(from_its_end.seen.data, "delta 3 !; done 3; ");
	assert_string_equal(stored(stage, id).content, "Hello!");
	leave(&from_nothing);
	leave(&from_its_end);
}

static void another_answer_stands_beside_the_first(void **state)
{
	struct stage *stage = *state;
	struct message first, second;
	const char *id = ask(stage, "Hi");

	assert_int_equal(posting_regenerate(new_request(stage), id, &second), ERR_CONFLICT);
	model_says("One");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, has_ended(stage, id));
	assert_int_equal(posting_regenerate(new_request(stage), id, &second), ERR_OK);
	first = stored(stage, id);
	assert_string_not_equal(second.id, first.id);
	assert_string_equal(second.parent_id, first.parent_id);
	assert_string_equal(stored_conversation(stage).active_message_id, second.id);
	RUN_UNTIL(stage, play.started == 2);
	assert_int_equal(play.turns, 1); /* without the first answer */
	assert_string_equal(first.content, "One");
	assert_int_equal(posting_regenerate(new_request(stage), first.parent_id, &second),
			 ERR_CONFLICT);
}

/* A message that streams on another server, which this one has lost sight of. */
static const char *ask_elsewhere(struct stage *stage, const struct node *elsewhere)
{
	const char *id = ask(stage, "Hi");

	sql(stage,
	    arena_printf(&stage->home.arena,
			 "UPDATE message SET node_id = '%s', epoch = %lld, lease_until = "
			 "9000000000000 WHERE id = '%%s'",
			 elsewhere->id, (long long)elsewhere->epoch),
	    id);
	model_says("not ours any more");
	RUN_UNTIL(stage, has_ended(stage, id));
	return id;
}

static void end_elsewhere(struct stage *stage, const struct node *elsewhere, const char *id)
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
	struct stage *stage = *state;
	const char *id = ask_elsewhere(stage, &elsewhere);
	struct listener listener, late;
	struct follower *follower, *beside;
	struct message message;

	begin_listening(stage, &listener, id);
	begin_listening(stage, &late, id);
	follower = follower_start(&stage->app, id, 0, &listener.subscriber);
	beside = follower_start(&stage->app, id, 0, &late.subscriber);
	RUN_UNTIL(stage, topic_has_subscribers(&stage->topics,
					       arena_printf(&stage->home.arena, "message:%s", id)));
	end_elsewhere(stage, &elsewhere, id);
	assert_int_equal(posting_continue(new_request(stage), id, &message), ERR_OK);
	RUN_UNTIL(stage, play.started == 2);
	model_says("lo");
	RUN_UNTIL(stage, has_heard(&late, "delta 2"));
	follower_stop(beside);
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, has_heard(&listener, "done"));
	assert_string_equal(listener.seen.data, "delta 1 Hel; delta 2 lo; done 2; ");
	assert_string_equal(late.seen.data, "delta 1 Hel; delta 2 lo; ");
	follower_stop(follower);
	leave(&listener);
	leave(&late);
}

/* The same where nothing follows but the end. */
static void who_missed_all_gets_it_with_the_end(void **state)
{
	const struct node elsewhere = { "elsewhere", 7 };
	struct stage *stage = *state;
	const char *id = ask_elsewhere(stage, &elsewhere);
	struct follower *follower;
	struct listener listener;
	struct message message;

	begin_listening(stage, &listener, id);
	follower = follower_start(&stage->app, id, 0, &listener.subscriber);
	RUN_UNTIL(stage, topic_has_subscribers(&stage->topics,
					       arena_printf(&stage->home.arena, "message:%s", id)));
	end_elsewhere(stage, &elsewhere, id);
	assert_int_equal(posting_continue(new_request(stage), id, &message), ERR_OK);
	RUN_UNTIL(stage, play.started == 2);
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, has_heard(&listener, "done"));
	assert_string_equal(listener.seen.data, "delta 1 Hel; done 1; ");
	follower_stop(follower);
	leave(&listener);
}

/* ---- What a send may not do ---- */

static void a_branch_that_streams_takes_no_message(void **state)
{
	struct stage *stage = *state;
	struct message_pair pair;
	bool replayed;

	ask(stage, "Hi");
	assert_int_equal(
		send_input(stage, (struct message_new){ .content = "Next" }, &pair, &replayed),
		ERR_CONFLICT);
	assert_int_equal(home_number(&stage->home, "SELECT count(*) FROM message"), 2);
}

static void another_branch_may_be_begun_meanwhile(void **state)
{
	struct stage *stage = *state;
	struct message_pair first, second;
	const char *id = ask(stage, "Hi");
	bool replayed;

	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, has_ended(stage, id));
	first = say(stage, "left");
	assert_int_equal(send_input(stage,
				    (struct message_new){ .content = "right", .parent_id = id },
				    &second, &replayed),
			 ERR_OK);
	assert_string_equal(second.user_message.parent_id, id);
	RUN_UNTIL(stage, play.started == 3);
	assert_int_equal(generations_count(stage->app.generations), 2);
	assert_string_equal(stored_conversation(stage).active_message_id,
			    second.assistant_message.id);
	assert_string_equal(stored(stage, first.user_message.id).parent_id, id);
}

static void a_parent_is_of_the_same_conversation(void **state)
{
	struct stage *stage = *state;
	const char *id = ask(stage, "Hi");
	struct message_pair pair;
	bool replayed;

	stage->conversation_id = add_conversation(stage, "webplus/guide");
	assert_int_equal(send_input(stage, (struct message_new){ .content = "x", .parent_id = id },
				    &pair, &replayed),
			 ERR_INVALID);
	assert_string_equal(stage->request.reply.errors->list[0].field, "parent_id");
}

static void what_is_not_ones_own_cannot_be_written_in(void **state)
{
	struct stage *stage = *state;
	struct principal ada = stage->ada;
	struct message_pair pair;
	struct message message;
	const char *id = ask(stage, "Hi");
	bool replayed;

	stage->ada = home_account(&stage->home, "eve");
	assert_int_equal(
		send_input(stage, (struct message_new){ .content = "x" }, &pair, &replayed),
		ERR_NOT_FOUND);
	assert_int_equal(posting_continue(new_request(stage), id, &message), ERR_NOT_FOUND);
	assert_int_equal(posting_regenerate(new_request(stage), id, &message), ERR_NOT_FOUND);
	stage->ada = ada;
	stage->ada.permissions = builtin_role_find("viewer")->permissions;
	assert_int_not_equal(
		send_input(stage, (struct message_new){ .content = "x" }, &pair, &replayed),
		ERR_OK);
}

static void the_same_key_carries_the_same_out_once(void **state)
{
	struct stage *stage = *state;
	const struct message_new input = { .content = "Hi", .idempotency_key = "k" };
	const struct message_new other = { .content = "Ho", .idempotency_key = "k" };
	struct message_pair first, again;
	bool replayed;
	char id[ID_SIZE];

	assert_int_equal(send_input(stage, input, &first, &replayed), ERR_OK);
	assert_false(replayed);
	memcpy(id, first.assistant_message.id, ID_SIZE);
	RUN_UNTIL(stage, play.started == 1);
	assert_int_equal(send_input(stage, input, &again, &replayed), ERR_OK);
	assert_true(replayed);
	assert_string_equal(again.assistant_message.id, id);
	assert_int_equal(send_input(stage, other, &again, &replayed), ERR_INVALID);
	assert_int_equal(home_number(&stage->home, "SELECT count(*) FROM message"), 2);
	next_turn(&stage->loop);
	assert_int_equal(play.started, 1);
}

static const char *pair_text(struct stage *stage, const struct message_pair *pair)
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
	struct stage *stage = *state;
	const struct message_new input = { .content = "Hi \"you\"", .idempotency_key = "k" };
	struct message_pair pair;
	const char *first;
	bool replayed;

	ask(stage, "before");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, generations_count(stage->app.generations) == 0);
	assert_int_equal(send_input(stage, input, &pair, &replayed), ERR_OK);
	first = pair_text(stage, &pair);
	RUN_UNTIL(stage, play.started == 2);
	model_says("text");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, generations_count(stage->app.generations) == 0);
	assert_int_equal(send_input(stage, input, &pair, &replayed), ERR_OK);
	assert_string_equal(pair_text(stage, &pair), first);
	sql(stage, "UPDATE conversation SET deleted_at = 1 WHERE id = '%s'",
	    stage->conversation_id);
	assert_int_equal(send_input(stage, input, &pair, &replayed), ERR_OK);
	assert_true(replayed);
	assert_string_equal(pair_text(stage, &pair), first);
}

/* The same under another key of the sender's, and under another master key: no two rows are alike, or can be guessed. */
static void what_is_kept_of_a_key_depends_on_the_master_key(void **state)
{
	static const char other_key[] =
		"0707070707070707070707070707070707070707070707070707070707070707";
	struct stage *stage = *state;
	struct message_new input = { .content = "Hi", .idempotency_key = "planted-key" };
	struct message_pair pair;
	struct keyring *other;
	const char *reason;
	bool replayed;

	input.is_first = true;
	assert_int_equal(send_input(stage, input, &pair, &replayed), ERR_OK);
	assert_false(home_holds_bytes(&stage->home, "planted-key"));
	input.idempotency_key = "another-key";
	assert_int_equal(send_input(stage, input, &pair, &replayed), ERR_OK);
	input.idempotency_key = "planted-key";
	assert_int_equal(keyring_open(other_key, NULL, &other, &reason), ERR_OK);
	stage->app.keyring = other;
	assert_int_equal(send_input(stage, input, &pair, &replayed), ERR_OK);
	assert_false(replayed);
	stage->app.keyring = stage->home.keyring;
	keyring_destroy(other);
	RUN_UNTIL(stage, play.started == 3);
	assert_int_equal(
		home_number(&stage->home, "SELECT count(DISTINCT key) FROM idempotency_key"), 3);
	assert_int_equal(home_number(&stage->home,
				     "SELECT count(DISTINCT request_hash) FROM idempotency_key"),
			 3);
}

/* ---- Titles ---- */

static void has_title(struct stage *stage, const char *content, const char *title)
{
	stage->conversation_id = add_conversation(stage, "webplus/guide");
	ask(stage, content);
	assert_string_equal(stored_conversation(stage).title, title);
}

static void a_title_is_the_first_line_cut_at_a_word(void **state)
{
	struct stage *stage = *state;

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

/* ---- The end of a server ---- */

static void a_drain_keeps_what_there_is(void **state)
{
	struct stage *stage = *state;
	const char *id = ask(stage, "Hi");
	struct message message;

	model_says("so far");
	drain(stage, 0);
	assert_int_equal(play.cancelled, 1);
	message = stored(stage, id);
	assert_int_equal(message.status, MESSAGE_INTERRUPTED);
	assert_string_equal(message.content, "so far");
}

/* A database that takes nothing does not keep the server; what is left says that it streams, and a start sees to it. */
static void a_drain_does_not_wait_for_a_database_that_is_away(void **state)
{
	struct stage *stage = *state;
	const char *id = ask(stage, "Hi");

	model_says("so far");
	atomic_store(&failing_syncs, INT_MAX);
	drain(stage, 0);
	atomic_store(&failing_syncs, 0);
	assert_int_equal(play.cancelled, 1);
	assert_int_equal(stored(stage, id).status, MESSAGE_STREAMING);
}

static void a_drain_waits_for_answers_that_end(void **state)
{
	struct stage *stage = *state;
	const char *id = ask(stage, "Hi");
	bool ended = false;

	generations_drain(stage->app.generations, 60000);
	generations_await(stage->app.generations, on_ended, &ended);
	model_says("whole");
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, ended);
	assert_int_equal(stored(stage, id).status, MESSAGE_COMPLETE);
}

/* Longer than a lease: another server must not take what ends here for abandoned. */
static void leases_are_renewed_while_it_drains(void **state)
{
	struct stage *stage = *state;
	const char *id = ask(stage, "Hi");
	bool ended = false;

	generations_drain(stage->app.generations, 60000);
	generations_await(stage->app.generations, on_ended, &ended);
	sql(stage, "UPDATE message SET lease_until = 1 WHERE id = '%s'", id);
	RUN_UNTIL(stage, stored(stage, id).lease_until.ms > 1);
	assert_false(ended);
	model_ends(CHAT_COMPLETE, NULL);
	RUN_UNTIL(stage, ended);
	assert_int_equal(stored(stage, id).status, MESSAGE_COMPLETE);
}

static void what_begins_while_it_drains_is_interrupted_and_waited_for(void **state)
{
	struct stage *stage = *state;
	struct message_pair pair = say(stage, "Hi"); /* not begun yet */

	generations_drain(stage->app.generations, 60000);
	RUN_UNTIL(stage, play.started == 1);
	drain(stage, 60000);
	assert_true(has_ended(stage, pair.assistant_message.id));
	assert_int_equal(stored(stage, pair.assistant_message.id).status, MESSAGE_INTERRUPTED);
}

static void what_a_run_before_left_is_interrupted_at_the_start(void **state)
{
	struct stage *stage = *state;
	const char *id = ask(stage, "Hi");
	struct generations *later;
	int64_t interrupted = 0;
	struct listener listener;
	struct message message;
	struct node node;

	follow(stage, &listener, id, 0);
	model_says("so far");
	RUN_UNTIL(stage, has_heard(&listener, "delta 1"));
	assert_int_equal(node_start(stage->app.db, &stage->home.arena, &node), ERR_OK);
	later = generations_create(&stage->app, &node);
	assert_int_equal(generations_recover(later, &interrupted), ERR_OK);
	assert_int_equal(interrupted, 1);
	message = stored(stage, id);
	assert_int_equal(message.status, MESSAGE_INTERRUPTED);
	assert_string_equal(message.content, "so far");
	model_ends(CHAT_COMPLETE, NULL); /* the run before is not quite dead: too late */
	RUN_UNTIL(stage, has_ended(stage, id));
	assert_int_equal(stored(stage, id).status, MESSAGE_INTERRUPTED);
	RUN_UNTIL(stage, has_heard(&listener, "done 1"));
	assert_string_equal(listener.seen.data, "delta 1 so far; done 1; ");
	leave(&listener);
	generations_destroy(later);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_streams_and_is_kept),
		TEST(who_comes_back_gets_exactly_the_rest),
		TEST(what_has_no_deltas_is_done_at_once),
		TEST(the_next_question_brings_its_history),
		TEST(a_fault_of_the_upstream_is_on_the_message),
		TEST(a_fault_before_the_first_word_is_too),
		TEST(a_model_that_is_gone_fails_the_answer),
		TEST(an_answer_without_end_is_cut),
		TEST(what_comes_after_a_stop_is_not_kept),
		TEST(nothing_is_shown_that_is_not_committed),
		TEST(an_end_that_is_not_committed_is_tried_again),
		TEST(an_answer_that_cannot_begin_is_interrupted),
		TEST(an_answer_that_was_committed_unheard_runs_out),
		TEST(who_follows_one_that_was_lost_hears_its_end),
		TEST(an_end_that_comes_too_late_is_not_shown),
		TEST(who_follows_one_that_was_taken_over_is_sent_away),
		TEST(an_answer_ends_with_its_account),
		TEST(an_answer_ends_with_its_account_when_that_is_deleted),
		TEST(who_cannot_be_brought_up_to_date_is_told),
		TEST(an_answer_goes_on_from_where_it_was_cut),
		TEST(an_answer_without_lengths_goes_on),
		TEST(who_missed_an_end_elsewhere_has_no_gap),
		TEST(who_missed_all_gets_it_with_the_end),
		TEST(another_answer_stands_beside_the_first),
		TEST(a_branch_that_streams_takes_no_message),
		TEST(another_branch_may_be_begun_meanwhile),
		TEST(a_parent_is_of_the_same_conversation),
		TEST(what_is_not_ones_own_cannot_be_written_in),
		TEST(the_same_key_carries_the_same_out_once),
		TEST(the_same_key_gets_the_first_reply),
		TEST(what_is_kept_of_a_key_depends_on_the_master_key),
		TEST(a_title_is_the_first_line_cut_at_a_word),
		TEST(a_drain_keeps_what_there_is),
		TEST(a_drain_does_not_wait_for_a_database_that_is_away),
		TEST(a_drain_waits_for_answers_that_end),
		TEST(leases_are_renewed_while_it_drains),
		TEST(what_begins_while_it_drains_is_interrupted_and_waited_for),
		TEST(what_a_run_before_left_is_interrupted_at_the_start),
	};

	return RUN_TESTS(tests);
}
