#include "support_providers.h"

#include "base/pool.h"

#include <stdio.h>
#include <string.h>

struct providers_stage stage;

/* A reply of its own for each list, as both may be asked at once. */
struct list_reply {
	char text[4096];
	struct step step;
};

static const struct step *reply_list(struct list_reply *reply, const char *list)
{
	snprintf(reply->text, sizeof(reply->text), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
		 list != NULL ? "200 OK" : "404 Not Found", list != NULL ? strlen(list) : 0,
		 list != NULL ? list : "");
	reply->step = (struct step){ .send = reply->text, .then = THEN_SERVE };
	return &reply->step;
}

static const struct step *choose(struct upstream *server, const char *request)
{
	static struct list_reply openai, ollama;

	(void)server;
	if (strncmp(request, "GET /v1/models ", 15) == 0)
		return reply_list(&openai, stage.openai_models);
	if (strncmp(request, "GET /api/tags ", 14) == 0)
		return reply_list(&ollama, stage.ollama_models);
	return stage.chat_steps;
}

static void on_changed(void *context)
{
	(void)context;
	stage.changes++;
}

struct registry_options providers_options(void)
{
	return (struct registry_options){
		.loop = &stage.loop,
		.workers = stage.workers,
		.client = stage.client,
		.times = { .connect_ms = 15000, .first_byte_ms = 15000, .stall_ms = 15000 },
		.openai_url = stage.upstream.url,
		.openai_key = "sk-secret",
		.ollama_url = stage.upstream.url,
		.refresh_ms = 60000,
		.guide_words_per_second = 100000,
		.changed = on_changed,
	};
}

int providers_set_up(void **state)
{
	(void)state;
	stage.changes = 0;
	stage.openai_models =
		"{\"object\":\"list\",\"data\":[{\"id\":\"gpt\",\"max_model_len\":4096},{"
		"\"id\":\"a/b\"}]}";
	stage.ollama_models = "{\"models\":[{\"name\":\"llama3.2:3b\",\"size\":1}]}";
	loop_init(&stage.loop);
	stage.workers = pool_create("test", 2);
	stage.client = client_create(&stage.loop, &client_limits_default, NULL);
	upstream_listen(&stage.upstream, &stage.loop);
	stage.upstream.choose = choose;
	return 0;
}

int providers_tear_down(void **state)
{
	(void)state;
	if (stage.registry != NULL)
		registry_destroy(stage.registry);
	stage.registry = NULL;
	pool_destroy(stage.workers);
	client_destroy(stage.client);
	upstream_close(&stage.upstream);
	uv_run(&stage.loop.uv, UV_RUN_NOWAIT);
	loop_finish(&stage.loop);
	return 0;
}

void start_registry_with(const struct registry_options *own)
{
	stage.registry = registry_create(own);
	registry_start(stage.registry);
	run_until(&stage.loop, &stage.changes, 3);
}

void start_registry(void)
{
	struct registry_options own = providers_options();

	start_registry_with(&own);
}

void create_registry(void)
{
	struct registry_options own = providers_options();

	stage.registry = registry_create(&own);
}

static void on_text(void *context, const char *text, size_t length)
{
	struct seen *seen = context;

	assert_true(length > 0);
	buf_append(&seen->text, text, length);
	seen->pieces++;
	if (seen->pieces == seen->cancel_at)
		registry_chat_cancel(seen->chat);
}

static void on_end(void *context, enum chat_end end, const char *detail, struct chat_usage usage)
{
	struct seen *seen = context;

	seen->ends++;
	seen->end = end;
	seen->usage = usage;
	snprintf(seen->detail, sizeof(seen->detail), "%s", detail != NULL ? detail : "");
}

static const struct chat_events events = { on_text, on_end };

void ask_model_turns(struct seen *seen, const char *model, const struct chat_turn *turns,
		     size_t count, bool go_on)
{
	struct chat_request request = {
		.turns = turns, .turns_count = count, .go_on = go_on, .request_id = "request-7"
	};

	*seen = (struct seen){ 0 };
	buf_init(&seen->text, 1 << 20);
	seen->chat = registry_chat_start(stage.registry, model, &request, &events, seen);
	assert_int_equal(seen->ends + seen->pieces, 0);
}

void ask_model(struct seen *seen, const char *model, const char *question)
{
	struct chat_turn turn = { CHAT_USER, question };

	ask_model_turns(seen, model, &turn, 1, false);
}

void assert_answer(struct seen *seen, const char *text, enum chat_end end)
{
	run_until(&stage.loop, &seen->ends, 1);
	assert_string_equal(seen->text.length > 0 ? seen->text.data : "", text);
	if (seen->end != end)
		fail_msg("ended with \"%s\", not \"%s\"", chat_end_code(seen->end),
			 chat_end_code(end));
	assert_int_equal(seen->ends, 1);
	buf_finish(&seen->text);
}

void play_answer(struct seen *seen, const char *model, const struct step *steps, const char *text,
		 enum chat_end end)
{
	stage.chat_steps = steps;
	ask_model(seen, model, "Hello?");
	assert_answer(seen, text, end);
}
