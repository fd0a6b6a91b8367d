#include "providers/provider.h"
#include "providers/thought.h"

#include "base/clock.h"
#include "base/pool.h"

#include "support_upstream.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an owner sees of an answer. */
struct seen {
	struct buf text;
	unsigned pieces, ends;
	enum chat_end end;
	char detail[400];
	struct chat_usage usage;
	struct registry_chat chat;
	unsigned cancel_at; /* piece */
};

static struct loop loop;
static struct pool *workers;
static struct client *client;
static struct upstream upstream;
static struct registry *registry;
static unsigned changes;

static const struct step *chat_steps; /* what a question is answered with */
static const char *openai_models, *ollama_models;

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
		return reply_list(&openai, openai_models);
	if (strncmp(request, "GET /api/tags ", 14) == 0)
		return reply_list(&ollama, ollama_models);
	return chat_steps;
}

static void on_changed(void *context)
{
	(void)context;
	changes++;
}

static struct registry_options options(void)
{
	return (struct registry_options){
		.loop = &loop,
		.workers = workers,
		.client = client,
		.times = { .connect_ms = 1000, .first_byte_ms = 150, .stall_ms = 100 },
		.openai_url = upstream.url,
		.openai_key = "sk-secret",
		.ollama_url = upstream.url,
		.refresh_ms = 60000,
		.guide_words_per_second = 100000,
		.changed = on_changed,
	};
}

static int set_up(void **state)
{
	(void)state;
	changes = 0;
	openai_models = "{\"object\":\"list\",\"data\":[{\"id\":\"gpt\",\"max_model_len\":4096},{"
			"\"id\":\"a/b\"}]}";
	ollama_models = "{\"models\":[{\"name\":\"llama3.2:3b\",\"size\":1}]}";
	loop_init(&loop);
	workers = pool_create("test", 2);
	client = client_create(&loop, &client_limits_default, NULL);
	upstream_listen(&upstream, &loop);
	upstream.choose = choose;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (registry != NULL)
		registry_destroy(registry);
	registry = NULL;
	pool_destroy(workers);
	client_destroy(client);
	upstream_close(&upstream);
	uv_run(&loop.uv, UV_RUN_NOWAIT);
	loop_finish(&loop);
	return 0;
}

/* With the built-in model, and the lists of both servers. */
static void start_registry(void)
{
	struct registry_options own = options();

	registry = registry_create(&own);
	registry_start(registry);
	run_until(&loop, &changes, 3);
}

/* Has asked for no list, so that the only connections are those of the answers. */
static void create_registry(void)
{
	struct registry_options own = options();

	registry = registry_create(&own);
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

static void ask_turns(struct seen *seen, const char *model, const struct chat_turn *turns,
		      size_t count, bool go_on)
{
	struct chat_request request = {
		.turns = turns, .turns_count = count, .go_on = go_on, .request_id = "request-7"
	};

	*seen = (struct seen){ 0 };
	buf_init(&seen->text, 1 << 20);
	seen->chat = registry_chat_start(registry, model, &request, &events, seen);
	assert_int_equal(seen->ends + seen->pieces, 0);
}

static void ask(struct seen *seen, const char *model, const char *question)
{
	struct chat_turn turn = { CHAT_USER, question };

	ask_turns(seen, model, &turn, 1, false);
}

static void assert_answer(struct seen *seen, const char *text, enum chat_end end)
{
	run_until(&loop, &seen->ends, 1);
	assert_string_equal(seen->text.length > 0 ? seen->text.data : "", text);
	if (seen->end != end)
		fail_msg("ended with \"%s\", not \"%s\"", chat_end_code(seen->end),
			 chat_end_code(end));
	assert_int_equal(seen->ends, 1);
	buf_finish(&seen->text);
}

/* Asks and is answered so. */
static void play(struct seen *seen, const char *model, const struct step *steps, const char *text,
		 enum chat_end end)
{
	chat_steps = steps;
	ask(seen, model, "Hello?");
	assert_answer(seen, text, end);
}

static char *models_as_text(void)
{
	static char text[2000];
	const struct model_list *list = registry_models(registry);
	const struct model *models = list->models;
	size_t length = 0;

	*text = '\0';
	for (size_t i = 0; i < list->count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   "%s(%s,%s,%s,%lld)%s", models[i].id, models[i].name,
					   models[i].provider, model_status_names[models[i].status],
					   (long long)models[i].context_window,
					   models[i].detail != NULL ? models[i].detail : "");
	model_cache_give_back(list);
	return text;
}

#define GUIDE "webplus/guide(Web+ Guide,webplus,ready,0)"
#define LLAMA "ollama/llama3.2:3b(llama3.2:3b,ollama,ready,0)"

static void models_are_listed_with_the_built_in_one_first(void **state)
{
	(void)state;
	start_registry();
	assert_string_equal(models_as_text(), GUIDE LLAMA "openai/a/b(a/b,openai,ready,0)"
							  "openai/gpt(gpt,openai,ready,4096)");
	assert_true(registry_has_model(registry, "webplus/guide"));
	assert_true(registry_has_model(registry, "openai/a/b"));
	assert_false(registry_has_model(registry, "openai/x"));
	assert_false(registry_has_model(registry, "openai"));
	assert_false(registry_has_model(registry, ""));
	assert_int_equal(changes, 3);
}

static void refresh(unsigned requests)
{
	unsigned until = upstream.requests + requests;

	registry_start(registry);
	run_until(&loop, &upstream.requests, until);
}

static void a_server_that_goes_away_keeps_its_models_unavailable(void **state)
{
	(void)state;
	start_registry();
	/* The same again is no change. */
	refresh(2);
	openai_models = "{\"data\":[{\"id\":\"new\"}]}";
	refresh(2);
	run_until(&loop, &changes, 4);
	assert_string_equal(models_as_text(), GUIDE LLAMA "openai/new(new,openai,ready,0)");
	openai_models = NULL;
	ollama_models = "<html>";
	refresh(2);
	run_until(&loop, &changes, 6);
	assert_non_null(strstr(
		models_as_text(),
		"ollama/llama3.2:3b(llama3.2:3b,ollama,unavailable,0)The model server sent"));
	assert_non_null(
		strstr(models_as_text(), "openai/new(new,openai,unavailable,0)The model server"));
	assert_true(registry_has_model(registry, "openai/new"));
	openai_models = "{\"data\":[]}";
	ollama_models = "{\"models\":[{\"name\":\"llama3.2:3b\"}]}";
	refresh(2);
	run_until(&loop, &changes, 8);
	assert_string_equal(models_as_text(), GUIDE LLAMA);
}

/* From nothing to found, with the looks that it takes. */
static void a_server_that_is_not_there_yet_is_looked_at_again_soon(void **state)
{
	struct registry_options own = options();
	int64_t start_ms = clock_monotonic_ms();

	(void)state;
	own.ollama_url = NULL;
	own.retry_ms = 20;
	registry = registry_create(&own);
	openai_models = NULL;
	registry_start(registry);
	run_until(&loop, &upstream.requests, 4); /* at 0, 20, 60 and 140 ms */
	assert_in_range(clock_monotonic_ms() - start_ms, 140, 30000);
	openai_models = "{\"data\":[{\"id\":\"x\"}]}";
	run_until(&loop, &changes, 2);
	assert_string_equal(models_as_text(), GUIDE "openai/x(x,openai,ready,0)");
}

static void list_models(void)
{
	models_as_text();
}

static void look_for_a_model(void)
{
	assert_false(registry_has_model(registry, "openai/x"));
}

static void ask_the_missing_model(void)
{
	struct seen seen;

	ask(&seen, "nobody/x", "Hello?");
	assert_answer(&seen, "", CHAT_MODEL_NOT_FOUND);
}

/* Again and again, until the server was looked at once more. Says how long that took. */
static int64_t hurry_by(void (*asking)(void))
{
	unsigned before = upstream.requests;
	int64_t start_ms = clock_monotonic_ms();

	while (upstream.requests == before && clock_monotonic_ms() < start_ms + 10000) {
		asking();
		uv_run(&loop.uv, UV_RUN_NOWAIT);
	}
	return clock_monotonic_ms() - start_ms;
}

/* By then the next look comes only after 640 ms, the one after it after 1280, and then 2560. */
static void asking_for_what_is_not_there_hurries_the_next_look(void **state)
{
	struct registry_options own = options();
	int64_t hurried_ms = 0;

	(void)state;
	own.ollama_url = NULL;
	own.retry_ms = 20;
	registry = registry_create(&own);
	openai_models = NULL;
	registry_start(registry);
	run_until(&loop, &upstream.requests, 6);
	hurried_ms += hurry_by(list_models);
	hurried_ms += hurry_by(look_for_a_model);
	hurried_ms += hurry_by(ask_the_missing_model);
	assert_in_range(hurried_ms, 40, 4000); /* not at once either: it is bounded */
}

static void what_is_no_list_is_not_taken_for_one(void **state)
{
	static const char *const lists[] = {
		"",
		"[]",
		"{}",
		"{\"data\":{}}",
		"{\"data\":[7]}",
		"{\"data\":[{\"id\":7}]}",
		"{\"data\":[{}]}",
		"{\"data\":[{\"id\":\"x\"}",
		"<!doctype html>",
		"{\"data\":null}",
	};
	struct registry_options own = options();

	(void)state;
	own.ollama_url = NULL;
	registry = registry_create(&own);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		openai_models = lists[i];
		refresh(1);
		assert_string_equal(models_as_text(), GUIDE);
	}
	/* The last reply may still be on its way. */
	openai_models = "{\"data\":[{\"id\":\"x\"}]}";
	refresh(1);
	run_until(&loop, &changes, 2);
	assert_int_equal(changes, 2);
}

static void the_key_and_the_request_id_are_sent_to_the_configured_server_alone(void **state)
{
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", .then = THEN_SERVE }
	};
	struct seen seen;

	(void)state;
	start_registry();
	play(&seen, "openai/gpt", steps, "", CHAT_ERROR);
	assert_non_null(strstr(upstream.request.data, "\r\nAuthorization: Bearer sk-secret\r\n"));
	assert_non_null(strstr(upstream.request.data, "\r\nX-Request-Id: request-7\r\n"));
	assert_non_null(strstr(upstream.request.data, "POST /v1/chat/completions HTTP/1.1\r\n"));
	assert_non_null(strstr(upstream.request.data, "\"model\":\"gpt\""));
	play(&seen, "ollama/llama3.2:3b", steps, "", CHAT_ERROR);
	assert_null(strstr(upstream.request.data, "Authorization"));
	assert_non_null(strstr(upstream.request.data, "POST /api/chat HTTP/1.1\r\n"));
	assert_non_null(strstr(upstream.request.data, "\"model\":\"llama3.2:3b\""));
}

static void a_base_url_may_have_a_path_and_a_slash_at_its_end(void **state)
{
	struct registry_options own = options();
	char url[100];

	(void)state;
	snprintf(url, sizeof(url), "%s/v1/", upstream.url);
	own.openai_url = url;
	own.ollama_url = NULL;
	registry = registry_create(&own);
	memset(url, 'x', sizeof(url) - 1); /* it keeps its own copy */
	registry_start(registry);
	run_until(&loop, &changes, 2);
	assert_memory_equal(upstream.request.data, "GET /v1/models HTTP/1.1\r\n", 25);
}

/* A whole conversation, with all that JSON must escape. */
static const struct chat_turn turns[] = {
	{ CHAT_SYSTEM, "Be \"brief\"." },
	{ CHAT_USER, "One\nline \\ \x01 \xE2\x82\xAC" },
	{ CHAT_ASSISTANT, "Half an ans" },
};

static void a_conversation_is_sent_whole(void **state)
{
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", .then = THEN_SERVE }
	};
	struct seen seen;

	(void)state;
	start_registry();
	chat_steps = steps;
	ask_turns(&seen, "openai/gpt", turns, 3, false);
	assert_answer(&seen, "", CHAT_ERROR);
	assert_non_null(strstr(
		upstream.request.data,
		"{\"model\":\"gpt\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
		"\"messages\":[{\"role\":\"system\",\"content\":\"Be \\\"brief\\\".\"},"
		"{\"role\":\"user\",\"content\":\"One\\nline \\\\ \\u0001 \xE2\x82\xAC\"},"
		"{\"role\":\"assistant\",\"content\":\"Half an ans\"}]}"));
	ask_turns(&seen, "ollama/llama3.2:3b", turns, 3, true);
	assert_answer(&seen, "", CHAT_ERROR);
	assert_non_null(
		strstr(upstream.request.data,
		       "{\"model\":\"llama3.2:3b\",\"stream\":true,\"messages\":["
		       "{\"role\":\"system\",\"content\":\"Be \\\"brief\\\".\"},"
		       "{\"role\":\"user\",\"content\":\"One\\nline \\\\ \\u0001 \xE2\x82\xAC\"},"
		       "{\"role\":\"assistant\",\"content\":\"Half an ans\"}]}"));
}

static void an_answer_to_be_continued_comes_with_the_instruction(void **state)
{
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", .then = THEN_SERVE }
	};
	const char *body;
	struct seen seen;

	(void)state;
	start_registry();
	chat_steps = steps;
	ask_turns(&seen, "openai/gpt", turns, 3, true);
	assert_answer(&seen, "", CHAT_ERROR);
	body = strstr(upstream.request.data, "\"messages\":");
	assert_non_null(body);
	assert_memory_equal(body,
			    "\"messages\":[{\"role\":\"system\",\"content\":\"Be "
			    "\\\"brief\\\".\\n\\nThe last message is",
			    70);
	assert_null(strstr(body + 40, "\"system\""));
	assert_non_null(strstr(body, ",{\"role\":\"assistant\",\"content\":\"Half an ans\"}]}"));
	/* Without a system message of its own. */
	ask_turns(&seen, "openai/gpt", turns + 1, 2, true);
	assert_answer(&seen, "", CHAT_ERROR);
	body = strstr(upstream.request.data, "\"messages\":");
	assert_memory_equal(
		body, "\"messages\":[{\"role\":\"system\",\"content\":\"The last message is", 58);
	assert_non_null(strstr(body, "},{\"role\":\"user\","));
}

#define STREAM "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define SAY(text)                                                                                  \
	"data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text             \
	"\"},\"finish_reason\":null}]}\n\n"
#define REASON(reason)                                                                             \
	"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n"
#define DONE "data: [DONE]\n\n"
#define ROLE                                                                                       \
	"data: "                                                                                   \
	"{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"

static void openai_answers_are_whole_when_the_server_says_so(void **state)
{
	static const struct step whole[] = { { .send = STREAM ROLE SAY("Hel")
						       SAY("lo \\ud83d\\udc26 \xE2\x82\xAC")
							       REASON("stop") USAGE DONE,
					       .then = THEN_CLOSE } };
	static const struct step slow[] = { { .send = STREAM
					      ": ping\n\n" ROLE SAY("\xF0\x9F\x90\xA6") SAY("!")
						      REASON("stop") USAGE DONE,
					      .then = THEN_CLOSE,
					      .one_by_one = true } };
	static const struct step no_reason[] = { { .send = STREAM SAY("Hi") DONE,
						   .then = THEN_CLOSE } };
	static const struct step no_done[] = { { .send = STREAM SAY("Hi") REASON("stop"),
						 .then = THEN_CLOSE } };
	static const struct step no_last_line[] = { { .send = STREAM SAY("Hi") "data: [DONE]",
						      .then = THEN_CLOSE } };
	static const struct step with_nul[] = {
		{ .send = STREAM SAY("a\\u0000b") SAY("\\u0000") DONE, .then = THEN_CLOSE }
	};
	struct seen seen;

	(void)state;
	start_registry();
	play(&seen, "openai/gpt", whole, "Hello \xF0\x9F\x90\xA6 \xE2\x82\xAC", CHAT_COMPLETE);
	assert_int_equal(seen.usage.tokens_in, 5);
	assert_int_equal(seen.usage.tokens_out, 2);
	play(&seen, "openai/a/b", slow, "\xF0\x9F\x90\xA6!", CHAT_COMPLETE);
	play(&seen, "openai/gpt", no_reason, "Hi", CHAT_COMPLETE);
	assert_int_equal(seen.usage.tokens_in, -1);
	assert_int_equal(seen.usage.tokens_out, -1);
	play(&seen, "openai/gpt", no_done, "Hi", CHAT_COMPLETE);
	play(&seen, "openai/gpt", no_last_line, "Hi", CHAT_COMPLETE);
	play(&seen, "openai/gpt", with_nul, "ab", CHAT_COMPLETE);
}

/* The server keeps the connection open behind its last word. */
static void an_upstream_that_does_not_close_is_not_waited_for(void **state)
{
	static const struct step steps[] = { { .send = STREAM SAY("Hi") DONE, .then = THEN_HANG } };
	struct registry_options own = options();
	struct seen seen;
	int64_t start;

	(void)state;
	own.times.stall_ms = 15000;
	registry = registry_create(&own);
	start = clock_monotonic_ms();
	play(&seen, "openai/gpt", steps, "Hi", CHAT_COMPLETE);
	assert_true(clock_monotonic_ms() - start < 5000);
	run_until_zero(&loop, &upstream.open);
}

#define LINE(text)                                                                                 \
	"{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"" text                 \
	"\"},\"done\":false}\n"
#define LAST                                                                                       \
	"{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\"},\"done\":true,"    \
	"\"done_reason\":\"stop\",\"prompt_eval_count\":7,\"eval_count\":3}\n"

static void ollama_answers_are_whole_when_the_server_says_so(void **state)
{
	static const struct step whole[] = {
		{ .send = STREAM LINE("Hel") LINE("lo \xE2\x82\xAC") LAST, .then = THEN_CLOSE }
	};
	static const struct step slow[] = { { .send = STREAM LINE("\xF0\x9F\x90\xA6") LAST,
					      .then = THEN_CLOSE,
					      .one_by_one = true } };
	static const struct step bare[] = { { .send = STREAM LINE("Hi") "{\"done\":true}",
					      .then = THEN_CLOSE } };
	struct seen seen;

	(void)state;
	start_registry();
	play(&seen, "ollama/llama3.2:3b", whole, "Hello \xE2\x82\xAC", CHAT_COMPLETE);
	assert_int_equal(seen.usage.tokens_in, 7);
	assert_int_equal(seen.usage.tokens_out, 3);
	play(&seen, "ollama/llama3.2:3b", slow, "\xF0\x9F\x90\xA6", CHAT_COMPLETE);
	play(&seen, "ollama/llama3.2:3b", bare, "Hi", CHAT_COMPLETE);
	assert_int_equal(seen.usage.tokens_in, -1);
}

#define THINK(name, text)                                                                          \
	"data: {\"choices\":[{\"index\":0,\"delta\":{\"" name "\":\"" text                         \
	"\",\"content\":null}}]}\n\n"
#define LINE_THINK(text)                                                                             \
	"{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"thinking\":\"" text \
	"\"},\"done\":false}\n"

/* It stands at the beginning of the answer, in tags, whoever puts it there. */
static void what_a_model_thinks_apart_is_kept(void **state)
{
	static const struct step first[] = { { .send = STREAM THINK("reasoning_content", "Hm")
						       THINK("reasoning_content", "m.") SAY("Yes")
							       SAY("!") REASON("stop") DONE,
					       .then = THEN_CLOSE } };
	static const struct step other[] = { { .send = STREAM THINK("reasoning", "Hm") SAY("Yes")
						       THINK("reasoning", "late") REASON("stop"),
					       .then = THEN_CLOSE } };
	static const struct step only[] = {
		{ .send = STREAM THINK("reasoning", "Hm") REASON("stop"), .then = THEN_CLOSE }
	};
	static const struct step cut[] = { { .send = STREAM THINK("reasoning", "Hm") DONE,
					     .then = THEN_CLOSE } };
	static const struct step lines[] = { { .send = STREAM LINE_THINK("Hm") LINE("Yes") LAST,
					       .then = THEN_CLOSE } };
	struct seen seen;

	(void)state;
	start_registry();
	play(&seen, "openai/gpt", first, "<think>\nHmm.\n</think>\n\nYes!", CHAT_COMPLETE);
	play(&seen, "openai/gpt", other, "<think>\nHm\n</think>\n\nYes", CHAT_COMPLETE);
	play(&seen, "openai/gpt", only, "<think>\nHm\n</think>\n\n", CHAT_COMPLETE);
	play(&seen, "openai/gpt", cut, "<think>\nHm", CHAT_TRUNCATED);
	play(&seen, "ollama/llama3.2:3b", lines, "<think>\nHm\n</think>\n\nYes", CHAT_COMPLETE);
}

static void a_thought_is_no_part_of_what_was_said(void **state)
{
	(void)state;
	assert_string_equal(thought_skip("An answer"), "An answer");
	assert_string_equal(thought_skip("See <think>x</think>"), "See <think>x</think>");
	assert_string_equal(thought_skip("\n<think>x\n</think>\n\nSaid"), "Said");
	assert_string_equal(thought_skip("<think>x"), "");
	assert_string_equal(thought_skip(""), "");
	assert_true(thought_is_open("<think>x"));
	assert_false(thought_is_open("<think>x</think>"));
	assert_false(thought_is_open("x"));
}

struct fault {
	struct step steps[3];
	const char *text;
	enum chat_end end;
	const char *detail;
};

static void play_faults(const char *model, const struct fault *faults, size_t count)
{
	start_registry();
	for (size_t i = 0; i < count; i++) {
		struct seen seen;

		chat_steps = faults[i].steps;
		ask(&seen, model, "Hello?");
		run_until(&loop, &seen.ends, 1);
		if (seen.end != faults[i].end ||
		    strcmp(seen.text.length > 0 ? seen.text.data : "", faults[i].text) != 0 ||
		    strcmp(seen.detail, faults[i].detail != NULL ? faults[i].detail : "") != 0)
			fail_msg("fault %zu: \"%s\", %s (%s)", i, seen.text.data,
				 chat_end_code(seen.end), seen.detail);
		buf_finish(&seen.text);
	}
	/* Nothing that was given up stays open: only those connections that can be used again. */
	assert_int_equal(registry_has_model(registry, model), true);
}

#define STATUS(status, body)                                                                       \
	{                                                                                          \
		{                                                                                  \
			.send = "HTTP/1.1 " status "\r\nConnection: close\r\n\r\n" body,           \
			.then = THEN_CLOSE                                                         \
		}                                                                                  \
	}

static void every_fault_of_an_openai_server_has_its_end(void **state)
{
	static const struct fault faults[] = {
		{ STATUS("401 No", "{\"error\":{\"message\":\"Incorrect API key: sk-secret\"}}"),
		  "", CHAT_UNAUTHORIZED, NULL },
		{ STATUS("403 No", ""), "", CHAT_UNAUTHORIZED, NULL },
		{ STATUS("404 No", "{\"error\":{\"message\":\"no model\"}}"), "",
		  CHAT_MODEL_NOT_FOUND, "no model" },
		{ STATUS("429 No", "{\"error\":\"slow\\u0007 down\"}"), "", CHAT_RATE_LIMITED,
		  "slow  down" },
		{ STATUS("400 No", "{\"message\":\"too long\"}"), "", CHAT_ERROR, "too long" },
		{ STATUS("422 No", "{\"detail\":\"bad\"}"), "", CHAT_ERROR, "bad" },
		{ STATUS("500 No", "<html>"), "", CHAT_ERROR, NULL },
		{ STATUS("503 No", "{}"), "", CHAT_ERROR, NULL },
		{ STATUS("302 Found", ""), "", CHAT_ERROR, NULL },
		{ { { .send = "HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\n{",
		      .then = THEN_HANG } },
		  "",
		  CHAT_ERROR,
		  NULL },
		{ { { .send = NULL, .then = THEN_CLOSE } }, "", CHAT_TRUNCATED, NULL },
		{ { { .send = NULL, .then = THEN_HANG } }, "", CHAT_TIMEOUT, NULL },
		{ { { .send = STREAM, .then = THEN_HANG } }, "", CHAT_TIMEOUT, NULL },
		{ { { .send = STREAM, .then = THEN_CLOSE } }, "", CHAT_TRUNCATED, NULL },
		{ { { .send = STREAM ROLE SAY("Hi"), .then = THEN_HANG } },
		  "Hi",
		  CHAT_STALLED,
		  NULL },
		{ { { .send = STREAM SAY("Hi"), .then = THEN_CLOSE } },
		  "Hi",
		  CHAT_TRUNCATED,
		  NULL },
		{ { { .send = STREAM SAY("Hi") "data: {\"choi", .then = THEN_CLOSE } },
		  "Hi",
		  CHAT_TRUNCATED,
		  NULL },
		{ { { .send = CHUNKED "5\r\n:abc\n\r\n", .then = THEN_CLOSE } },
		  "",
		  CHAT_TRUNCATED,
		  NULL },
		{ { { .send = STREAM "garbage\n\nmore\n\n", .then = THEN_CLOSE } },
		  "",
		  CHAT_MALFORMED,
		  NULL },
		{ { { .send = STREAM SAY("Hi") "data: garbage\n\n" SAY("no"), .then = THEN_HANG } },
		  "Hi",
		  CHAT_MALFORMED,
		  NULL },
		{ { { .send = STREAM SAY("Hi") "data: 7\n\n", .then = THEN_HANG } },
		  "Hi",
		  CHAT_MALFORMED,
		  NULL },
		{ { { .send = STREAM SAY("Hi") "data: {\"choices\":7}\n\n", .then = THEN_HANG } },
		  "Hi",
		  CHAT_MALFORMED,
		  NULL },
		{ { { .send = STREAM SAY("Hi") SAY("\xE2\x82") DONE, .then = THEN_HANG } },
		  "Hi",
		  CHAT_MALFORMED,
		  NULL },
		{ { { .send = STREAM SAY("Hi") SAY("\\ud83d") DONE, .then = THEN_HANG } },
		  "Hi",
		  CHAT_MALFORMED,
		  NULL },
		{ { { .send = STREAM SAY("Hi") "data: {\"error\":{\"message\":\"over\"}}\n\n",
		      .then = THEN_HANG } },
		  "Hi",
		  CHAT_ERROR,
		  "over" },
		{ { { .send = STREAM "data: {\"error\":{\"message\":\"no\",\"code\":429}}\n\n",
		      .then = THEN_HANG } },
		  "",
		  CHAT_RATE_LIMITED,
		  "no" },
		{ { { .send = STREAM "data: {\"error\":\"text\"}\n\n", .then = THEN_HANG } },
		  "",
		  CHAT_ERROR,
		  "text" },
		{ { { .send = STREAM SAY("Hi") REASON("length") DONE, .then = THEN_CLOSE } },
		  "Hi",
		  CHAT_TRUNCATED,
		  "The model reached its limit of tokens." },
		{ { { .send = "SSH-2.0-OpenSSH_9.2\r\n", .then = THEN_HANG } },
		  "",
		  CHAT_MALFORMED,
		  NULL },
	};

	(void)state;
	play_faults("openai/gpt", faults, sizeof(faults) / sizeof(faults[0]));
}

static void every_fault_of_an_ollama_server_has_its_end(void **state)
{
	static const struct fault faults[] = {
		{ STATUS("404 No", "{\"error\":\"model 'x' not found\"}"), "", CHAT_MODEL_NOT_FOUND,
		  "model 'x' not found" },
		{ STATUS("500 No", "{\"error\":\"no memory\"}"), "", CHAT_ERROR, "no memory" },
		{ { { .send = NULL, .then = THEN_HANG } }, "", CHAT_TIMEOUT, NULL },
		{ { { .send = STREAM LINE("Hi"), .then = THEN_HANG } }, "Hi", CHAT_STALLED, NULL },
		{ { { .send = STREAM LINE("Hi"), .then = THEN_CLOSE } },
		  "Hi",
		  CHAT_TRUNCATED,
		  NULL },
		{ { { .send = STREAM LINE("Hi") "{\"mess", .then = THEN_CLOSE } },
		  "Hi",
		  CHAT_TRUNCATED,
		  NULL },
		{ { { .send = STREAM LINE("Hi") "{\"error\":\"cuda\"}\n", .then = THEN_HANG } },
		  "Hi",
		  CHAT_ERROR,
		  "cuda" },
		{ { { .send = STREAM "<html>\n", .then = THEN_HANG } }, "", CHAT_MALFORMED, NULL },
		{ { { .send = STREAM "[]\n", .then = THEN_HANG } }, "", CHAT_MALFORMED, NULL },
		{ { { .send = STREAM "{}\n", .then = THEN_HANG } }, "", CHAT_MALFORMED, NULL },
		{ { { .send = STREAM "{\"message\":7,\"done\":false}\n", .then = THEN_HANG } },
		  "",
		  CHAT_MALFORMED,
		  NULL },
		{ { { .send = STREAM "{\"message\":{\"content\":7},\"done\":true}\n",
		      .then = THEN_HANG } },
		  "",
		  CHAT_MALFORMED,
		  NULL },
		{ { { .send = STREAM LINE("\xE2\x82") LAST, .then = THEN_HANG } },
		  "",
		  CHAT_MALFORMED,
		  NULL },
		{ { { .send = STREAM LINE("Hi") "{\"done\":true,\"done_reason\":\"length\"}\n",
		      .then = THEN_CLOSE } },
		  "Hi",
		  CHAT_TRUNCATED,
		  "The model reached its limit of tokens." },
	};

	(void)state;
	play_faults("ollama/llama3.2:3b", faults, sizeof(faults) / sizeof(faults[0]));
}

/* Only what the model ended itself is whole. */
static void the_reason_of_an_end_is_heeded(void **state)
{
	static const struct {
		const char *reason;
		enum chat_end end;
	} reasons[] = {
		{ "stop", CHAT_COMPLETE },
		{ "tool_calls", CHAT_COMPLETE },
		{ "function_call", CHAT_COMPLETE },
		{ "end_turn", CHAT_COMPLETE },
		{ "eos", CHAT_COMPLETE },
		{ "eos_token", CHAT_COMPLETE },
		{ "stop_sequence", CHAT_COMPLETE },
		{ "", CHAT_COMPLETE }, /* none: [DONE] counts */
		{ "length", CHAT_TRUNCATED },
		{ "max_tokens", CHAT_TRUNCATED },
		{ "abort", CHAT_TRUNCATED },
		{ "content_filter", CHAT_FILTERED },
		{ "error", CHAT_ERROR },
		{ "unload", CHAT_TRUNCATED },
		{ "a word of tomorrow", CHAT_TRUNCATED },
	};
	char text[2][1000];
	struct seen seen;

	(void)state;
	start_registry();
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		const struct step openai[] = { { .send = text[0], .then = THEN_CLOSE } };
		const struct step ollama[] = { { .send = text[1], .then = THEN_CLOSE } };

		snprintf(text[0], sizeof(text[0]), STREAM SAY("Hi") REASON("%s") DONE,
			 reasons[i].reason);
		play(&seen, "openai/gpt", openai, "Hi", reasons[i].end);
		if (!*reasons[i].reason)
			continue;
		snprintf(text[1], sizeof(text[1]),
			 STREAM LINE("Hi") "{\"done\":true,\"done_reason\":\"%s\"}\n",
			 reasons[i].reason);
		play(&seen, "ollama/llama3.2:3b", ollama, "Hi", reasons[i].end);
	}
}

/* It says that it is done, and has said nothing. */
static void an_end_without_an_answer_is_none(void **state)
{
	static const struct step openai[] = { { .send = STREAM ROLE DONE, .then = THEN_CLOSE } };
	static const struct step ollama[] = { { .send = STREAM "{\"done\":true}\n",
						.then = THEN_CLOSE } };
	static const struct step empty[] = { { .send = STREAM ROLE REASON("stop") DONE,
					       .then = THEN_CLOSE } };
	struct seen seen;

	(void)state;
	start_registry();
	play(&seen, "openai/gpt", openai, "", CHAT_TRUNCATED);
	play(&seen, "ollama/llama3.2:3b", ollama, "", CHAT_TRUNCATED);
	play(&seen, "openai/gpt", empty, "", CHAT_COMPLETE);
}

static void a_line_without_end_is_malformed(void **state)
{
	static struct step steps[2];
	size_t length = (2 << 20);
	char *flood = malloc(length + 1);
	struct seen seen;

	(void)state;
	memset(flood, 'x', length);
	flood[length] = '\0';
	memcpy(flood, STREAM "data: ", strlen(STREAM "data: "));
	steps[0] = (struct step){ .send = flood, .then = THEN_HANG };
	create_registry();
	play(&seen, "openai/gpt", steps, "", CHAT_MALFORMED);
	play(&seen, "ollama/llama3.2:3b", steps, "", CHAT_MALFORMED);
	run_until_zero(&loop, &upstream.open);
	free(flood);
}

static void what_an_upstream_says_is_bounded(void **state)
{
	static struct step steps[2];
	char body[2000];
	struct seen seen;

	(void)state;
	/* Three-byte characters, the bound in the midst of one. */
	snprintf(body, sizeof(body), "HTTP/1.1 500 No\r\nConnection: close\r\n\r\n{\"error\":\"a");
	for (int i = 0; i < 200; i++)
		strncat(body, "\xE2\x82\xAC", sizeof(body) - strlen(body) - 1);
	strncat(body, "\"}", sizeof(body) - strlen(body) - 1);
	steps[0] = (struct step){ .send = body, .then = THEN_CLOSE };
	start_registry();
	play(&seen, "openai/gpt", steps, "", CHAT_ERROR);
	assert_int_equal(strlen(seen.detail), 298);
	assert_string_equal(seen.detail + 295, "\xE2\x82\xAC");
}

static void a_server_that_is_gone_refuses(void **state)
{
	struct seen seen;

	(void)state;
	start_registry();
	upstream_close(&upstream);
	uv_run(&loop.uv, UV_RUN_NOWAIT);
	ask(&seen, "openai/gpt", "Hello?");
	assert_answer(&seen, "", CHAT_REFUSED);
	upstream_listen(&upstream, &loop);
}

static void an_unknown_model_is_not_found(void **state)
{
	static const char *const models[] = { "openai/none", "nobody/x",     "gpt",     "",
					      "/",           "webplus/none", "open/gpt" };
	struct seen seen;

	(void)state;
	start_registry();
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		ask(&seen, models[i], "Hello?");
		assert_answer(&seen, "", CHAT_MODEL_NOT_FOUND);
	}
	ask(&seen, "nobody/x", "Hello?");
	registry_chat_cancel(seen.chat);
	uv_run(&loop.uv, UV_RUN_NOWAIT);
	uv_run(&loop.uv, UV_RUN_NOWAIT);
	assert_int_equal(seen.ends, 0);
}

static void a_model_of_a_server_that_never_told_its_list_is_tried(void **state)
{
	static const struct step steps[] = { { .send = STREAM SAY("Hi") DONE,
					       .then = THEN_CLOSE } };
	struct registry_options own = options();
	struct seen seen;

	(void)state;
	registry = registry_create(&own);
	play(&seen, "openai/whatever", steps, "Hi", CHAT_COMPLETE);
}

static void a_cancel_closes_the_upstreams_connection(void **state)
{
	static const struct step steps[] = { { .send = STREAM SAY("Hi"), .then = THEN_HANG } };
	struct seen seen;

	(void)state;
	create_registry();
	chat_steps = steps;
	ask(&seen, "openai/gpt", "Hello?");
	run_until(&loop, &seen.pieces, 1);
	registry_chat_cancel(seen.chat);
	run_until_zero(&loop, &upstream.open);
	assert_int_equal(seen.ends, 0);
	buf_finish(&seen.text);
	/* From its own callback. */
	ask(&seen, "openai/gpt", "Hello?");
	seen.cancel_at = 1;
	run_until(&loop, &seen.pieces, 1);
	run_until_zero(&loop, &upstream.open);
	assert_int_equal(seen.ends, 0);
	buf_finish(&seen.text);
	/* Before it began. */
	ask(&seen, "ollama/llama3.2:3b", "Hello?");
	registry_chat_cancel(seen.chat);
	assert_int_equal(seen.ends + seen.pieces, 0);
}

static void local_servers_are_found_but_not_this_one(void **state)
{
	struct registry_options own = options();

	(void)state;
	/*
	 * Nothing listens on most of these ports here; what does is not trusted to be a model
	 * server.
	 */
	own.discover = true;
	own.own_port = 8080;
	registry = registry_create(&own);
	registry_start(registry);
	run_until(&loop, &changes, 3);
	assert_non_null(strstr(models_as_text(), GUIDE LLAMA));
	assert_null(strstr(models_as_text(), "llamacpp/"));
}

static void the_guide_answers_word_by_word(void **state)
{
	struct seen seen, again;

	(void)state;
	start_registry();
	ask(&seen, "webplus/guide", "zxqv wvut?");
	run_until(&loop, &seen.ends, 1);
	assert_int_equal(seen.end, CHAT_COMPLETE);
	assert_non_null(strstr(seen.text.data, "I found nothing about that"));
	assert_int_equal(seen.usage.tokens_in, -1);
	ask(&again, "webplus/guide", "zxqv wvut?");
	run_until(&loop, &again.ends, 1);
	assert_string_equal(seen.text.data, again.text.data);
	buf_finish(&seen.text);
	buf_finish(&again.text);
}

static void the_guide_goes_on_where_it_was_cut(void **state)
{
	struct chat_turn cut[] = { { CHAT_USER, "zxqv wvut?" }, { CHAT_ASSISTANT, NULL } };
	struct seen whole, rest;
	char *beginning;

	(void)state;
	start_registry();
	ask(&whole, "webplus/guide", "zxqv wvut?");
	run_until(&loop, &whole.ends, 1);
	beginning = strndup(whole.text.data, 17);
	cut[1].content = beginning;
	ask_turns(&rest, "webplus/guide", cut, 2, true);
	assert_answer(&rest, whole.text.data + 17, CHAT_COMPLETE);
	/* All of it was said. */
	cut[1].content = whole.text.data;
	ask_turns(&rest, "webplus/guide", cut, 2, true);
	assert_answer(&rest, "", CHAT_COMPLETE);
	/* It would answer otherwise by now. */
	cut[1].content = "Something else";
	ask_turns(&rest, "webplus/guide", cut, 2, true);
	run_until(&loop, &rest.ends, 1);
	assert_memory_equal(rest.text.data, "\n\n", 2);
	assert_string_equal(rest.text.data + 2, whole.text.data);
	free(beginning);
	buf_finish(&rest.text);
	buf_finish(&whole.text);
}

static void the_guide_keeps_its_pace_and_can_be_stopped(void **state)
{
	struct registry_options own = options();
	struct seen seen, other;

	(void)state;
	own.guide_words_per_second = 50;
	registry = registry_create(&own);
	ask(&seen, "webplus/guide", "hello");
	ask(&other, "webplus/guide", "hello");
	seen.cancel_at = 5;
	run_until(&loop, &seen.pieces, 5);
	run_until(&loop, &other.pieces, 6);
	assert_int_equal(seen.ends, 0);
	assert_int_equal(seen.pieces, 5);
	/* A word or a few at a time. */
	assert_true(other.text.length < 200);
	registry_chat_cancel(other.chat);
	buf_finish(&seen.text);
	buf_finish(&other.text);
	/* One that is still being searched for. */
	ask(&seen, "webplus/guide", "hello");
	registry_chat_cancel(seen.chat);
}

static void every_end_has_a_code_and_a_sentence(void **state)
{
	(void)state;
	for (unsigned end = CHAT_COMPLETE + 1; end < CHAT_END_COUNT; end++) {
		assert_true(strlen(chat_end_code(end)) > 3);
		assert_true(strlen(chat_end_detail(end)) > 10);
	}
	assert_string_equal(chat_end_code(CHAT_COMPLETE), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(models_are_listed_with_the_built_in_one_first),
		TEST(a_server_that_goes_away_keeps_its_models_unavailable),
		TEST(a_server_that_is_not_there_yet_is_looked_at_again_soon),
		TEST(asking_for_what_is_not_there_hurries_the_next_look),
		TEST(what_is_no_list_is_not_taken_for_one),
		TEST(the_key_and_the_request_id_are_sent_to_the_configured_server_alone),
		TEST(a_base_url_may_have_a_path_and_a_slash_at_its_end),
		TEST(a_conversation_is_sent_whole),
		TEST(an_answer_to_be_continued_comes_with_the_instruction),
		TEST(openai_answers_are_whole_when_the_server_says_so),
		TEST(an_upstream_that_does_not_close_is_not_waited_for),
		TEST(ollama_answers_are_whole_when_the_server_says_so),
		TEST(what_a_model_thinks_apart_is_kept),
		TEST(a_thought_is_no_part_of_what_was_said),
		TEST(every_fault_of_an_openai_server_has_its_end),
		TEST(every_fault_of_an_ollama_server_has_its_end),
		TEST(the_reason_of_an_end_is_heeded),
		TEST(an_end_without_an_answer_is_none),
		TEST(a_line_without_end_is_malformed),
		TEST(what_an_upstream_says_is_bounded),
		TEST(a_server_that_is_gone_refuses),
		TEST(an_unknown_model_is_not_found),
		TEST(a_model_of_a_server_that_never_told_its_list_is_tried),
		TEST(a_cancel_closes_the_upstreams_connection),
		TEST(local_servers_are_found_but_not_this_one),
		TEST(the_guide_answers_word_by_word),
		TEST(the_guide_goes_on_where_it_was_cut),
		TEST(the_guide_keeps_its_pace_and_can_be_stopped),
		cmocka_unit_test(every_end_has_a_code_and_a_sentence),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return RUN_TESTS(tests);
}
