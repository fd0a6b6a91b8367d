#include "support_generation.h"

#include "base/pool.h"
#include "chat/chat.h"
#include "chat/generation.h"
#include "config.h"
#include "providers/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The model ---- */

struct model_play model_play;

static struct chat *play_start(struct provider *provider, const struct chat_request *request,
			       const struct chat_events *events, void *context)
{
	const struct chat_turn *last = &request->turns[request->turns_count - 1];

	(void)provider;
	model_play.chat = (struct chat){ events, context };
	model_play.started++;
	model_play.live = true;
	model_play.go_on = request->go_on;
	model_play.turns = request->turns_count;
	snprintf(model_play.last_turn, sizeof(model_play.last_turn), "%s:%s",
		 last->role == CHAT_USER ? "user" : "assistant", last->content);
	return &model_play.chat;
}

static void play_cancel(struct chat *chat)
{
	(void)chat;
	model_play.cancelled++;
	model_play.live = false;
}

static const struct provider_kind played_kind = { .name = "played",
						  .chat_start = play_start,
						  .chat_cancel = play_cancel };

void model_says(const char *text)
{
	assert_true(model_play.live);
	model_play.chat.events->text(model_play.chat.context, text, strlen(text));
}

void model_ends(enum chat_end end, const char *detail)
{
	assert_true(model_play.live);
	model_play.live = false;
	model_play.chat.events->end(model_play.chat.context, end, detail,
				    (struct chat_usage){ -1, -1 });
}

/* ---- The server around it ---- */

static struct provider *builtin_provider(struct chat_stage *stage)
{
	return CONTAINER_OF(stage->app.models->providers.next, struct provider, node);
}

static void create_models(struct chat_stage *stage)
{
	struct registry_options options = { .loop = &stage->loop, .workers = stage->app.workers };

	stage->app.models = registry_create(&options);
	stage->builtin = builtin_provider(stage)->kind;
	builtin_provider(stage)->kind = &played_kind;
}

static void create_generations(struct chat_stage *stage)
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

const char *chat_stage_conversation(struct chat_stage *stage, const char *model_id)
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

int chat_stage_set_up(void **state)
{
	struct chat_stage *stage = calloc(1, sizeof(*stage));
	struct app *app = &stage->app;

	model_play = (struct model_play){ .started = 0 };
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
	stage->conversation_id = chat_stage_conversation(stage, "webplus/guide");
	arena_init(&stage->request.arena);
	*state = stage;
	return 0;
}

void chat_stage_turn(struct chat_stage *stage)
{
	uv_run(&stage->loop.uv, UV_RUN_NOWAIT);
}

static void on_ended(void *context)
{
	*(bool *)context = true;
}

void chat_stage_begin_drain(struct chat_stage *stage, int64_t grace_ms, bool *ended)
{
	*ended = false;
	generations_drain(stage->app.generations, grace_ms);
	generations_await(stage->app.generations, on_ended, ended);
}

void chat_stage_drain(struct chat_stage *stage, int64_t grace_ms)
{
	bool ended;

	chat_stage_begin_drain(stage, grace_ms, &ended);
	RUN_UNTIL(stage, ended);
}

int chat_stage_tear_down(void **state)
{
	struct chat_stage *stage = *state;

	if (stage->app.generations)
		chat_stage_drain(stage, 0);
	pool_destroy(stage->app.workers);
	chat_stage_turn(stage);
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

void chat_stage_sql(struct chat_stage *stage, const char *format, const char *id)
{
	home_sql(&stage->home, arena_printf(&stage->home.arena, format, id));
}

/* ---- What a client does ---- */

struct request *user_request(struct chat_stage *stage)
{
	struct request *request = &stage->request;

	arena_finish(&request->arena);
	*request =
		(struct request){ .app = &stage->app, .principal = &stage->ada, .id = "request" };
	arena_init(&request->arena);
	return request;
}

enum err user_sends(struct chat_stage *stage, struct message_new input,
		    struct message_pair *ret_pair, bool *ret_replayed)
{
	if (!input.id)
		input.id = stage->conversation_id;
	return posting_send(user_request(stage), &input, ret_pair, ret_replayed);
}

struct message_pair user_says(struct chat_stage *stage, const char *content)
{
	struct message_pair pair;
	bool replayed;

	assert_int_equal(
		user_sends(stage, (struct message_new){ .content = content }, &pair, &replayed),
		ERR_OK);
	assert_false(replayed);
	pair.user_message.id = arena_strdup(&stage->home.arena, pair.user_message.id);
	pair.assistant_message.id = arena_strdup(&stage->home.arena, pair.assistant_message.id);
	return pair;
}

const char *user_asks(struct chat_stage *stage, const char *content)
{
	int before = model_play.started;
	struct message_pair pair = user_says(stage, content);

	RUN_UNTIL(stage, model_play.started == before + 1);
	return pair.assistant_message.id;
}

struct message stored_message(struct chat_stage *stage, const char *id)
{
	struct message message;

	assert_int_equal(message_read_whole(stage->app.db, id, &stage->home.arena, &message),
			 ERR_OK);
	return message;
}

struct conversation stored_conversation(struct chat_stage *stage)
{
	struct conversation conversation;

	assert_int_equal(conversation_read(stage->app.db, &stage->ada, PERMISSION_CHAT_READ,
					   stage->conversation_id, &stage->home.arena,
					   &conversation),
			 ERR_OK);
	return conversation;
}

bool answer_has_ended(struct chat_stage *stage, const char *id)
{
	return generation_find(stage->app.generations, id) == NULL;
}

/* ---- Who listens ---- */

static void hear(struct subscriber *subscriber, struct event *event)
{
	struct listener *listener = CONTAINER_OF(subscriber, struct listener, subscriber);

	buf_printf(&listener->seen, "%s %lld", event->type, (long long)event->seq);
	if (strcmp(event->type, "delta") == 0) {
		struct message message = stored_message(listener->stage, listener->message_id);

		assert_true(message.seq >= event->seq); /* committed before it is shown */
		buf_printf(&listener->seen, " %.*s", (int)event->fields_length - 9,
			   event->fields + 8);
	}
	buf_append_text(&listener->seen, "; ");
}

void listener_begin(struct chat_stage *stage, struct listener *listener, const char *id)
{
	*listener =
		(struct listener){ .subscriber.deliver = hear, .stage = stage, .message_id = id };
	list_init(&listener->subscriber.node);
	buf_init(&listener->seen, 10000);
}

void listener_follow(struct chat_stage *stage, struct listener *listener, const char *id,
		     int64_t after)
{
	listener_begin(stage, listener, id);
	feed_start(&stage->app, id, after, &listener->subscriber, &listener->feed);
}

bool listener_heard(const struct listener *listener, const char *what)
{
	return listener->seen.data && strstr(listener->seen.data, what);
}

void listener_leave(struct listener *listener)
{
	feed_cancel(listener->feed);
	topic_leave(&listener->stage->topics, &listener->subscriber);
	buf_finish(&listener->seen);
}
