/*
 * Which models there are, at which servers, and which server is asked for one.
 */
#include "providers/provider.h"

#include "base/clock.h"

#include "support_providers.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *models_as_text(void)
{
	static char text[2000];
	const struct model_list *list = registry_models(stage.registry);
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
	assert_true(registry_has_model(stage.registry, "webplus/guide"));
	assert_true(registry_has_model(stage.registry, "openai/a/b"));
	assert_false(registry_has_model(stage.registry, "openai/x"));
	assert_false(registry_has_model(stage.registry, "openai"));
	assert_false(registry_has_model(stage.registry, ""));
	assert_int_equal(stage.changes, 3);
}

static void refresh(unsigned requests)
{
	unsigned until = stage.upstream.requests + requests;

	registry_start(stage.registry);
	run_until(&stage.loop, &stage.upstream.requests, until);
}

static void a_server_that_goes_away_keeps_its_models_unavailable(void **state)
{
	(void)state;
	start_registry();
	/* The same again is no change. */
	refresh(2);
	stage.openai_models = "{\"data\":[{\"id\":\"new\"}]}";
	refresh(2);
	run_until(&stage.loop, &stage.changes, 4);
	assert_string_equal(models_as_text(), GUIDE LLAMA "openai/new(new,openai,ready,0)");
	stage.openai_models = NULL;
	stage.ollama_models = "<html>";
	refresh(2);
	run_until(&stage.loop, &stage.changes, 6);
	assert_non_null(strstr(
		models_as_text(),
		"ollama/llama3.2:3b(llama3.2:3b,ollama,unavailable,0)The model server sent"));
	assert_non_null(
		strstr(models_as_text(), "openai/new(new,openai,unavailable,0)The model server"));
	assert_true(registry_has_model(stage.registry, "openai/new"));
	stage.openai_models = "{\"data\":[]}";
	stage.ollama_models = "{\"models\":[{\"name\":\"llama3.2:3b\"}]}";
	refresh(2);
	run_until(&stage.loop, &stage.changes, 8);
	assert_string_equal(models_as_text(), GUIDE LLAMA);
}

/* From nothing to found, with the looks that it takes. */
static void a_server_that_is_not_there_yet_is_looked_at_again_soon(void **state)
{
	struct registry_options own = providers_options();
	int64_t start_ms = clock_monotonic_ms();

	(void)state;
	own.ollama_url = NULL;
	own.retry_ms = 20;
	stage.registry = registry_create(&own);
	stage.openai_models = NULL;
	registry_start(stage.registry);
	run_until(&stage.loop, &stage.upstream.requests, 4); /* at 0, 20, 60 and 140 ms */
	assert_in_range(clock_monotonic_ms() - start_ms, 140, 30000);
	stage.openai_models = "{\"data\":[{\"id\":\"x\"}]}";
	run_until(&stage.loop, &stage.changes, 2);
	assert_string_equal(models_as_text(), GUIDE "openai/x(x,openai,ready,0)");
}

static void list_models(void)
{
	models_as_text();
}

static void look_for_a_model(void)
{
	assert_false(registry_has_model(stage.registry, "openai/x"));
}

static void ask_the_missing_model(void)
{
	struct seen seen;

	ask_model(&seen, "nobody/x", "Hello?");
	assert_answer(&seen, "", CHAT_MODEL_NOT_FOUND);
}

/* Again and again, until the server was looked at once more. Says how long that took. */
static int64_t hurry_by(void (*asking)(void))
{
	unsigned before = stage.upstream.requests;
	int64_t start_ms = clock_monotonic_ms();

	while (stage.upstream.requests == before && clock_monotonic_ms() < start_ms + 10000) {
		asking();
		uv_run(&stage.loop.uv, UV_RUN_NOWAIT);
	}
	return clock_monotonic_ms() - start_ms;
}

/* By then the next look comes only after 640 ms, the one after it after 1280, and then 2560. */
static void asking_for_what_is_not_there_hurries_the_next_look(void **state)
{
	struct registry_options own = providers_options();
	int64_t hurried_ms = 0;

	(void)state;
	own.ollama_url = NULL;
	own.retry_ms = 20;
	stage.registry = registry_create(&own);
	stage.openai_models = NULL;
	registry_start(stage.registry);
	run_until(&stage.loop, &stage.upstream.requests, 6);
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
	struct registry_options own = providers_options();

	(void)state;
	own.ollama_url = NULL;
	stage.registry = registry_create(&own);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		stage.openai_models = lists[i];
		refresh(1);
		assert_string_equal(models_as_text(), GUIDE);
	}
	/* The last reply may still be on its way. */
	stage.openai_models = "{\"data\":[{\"id\":\"x\"}]}";
	refresh(1);
	run_until(&stage.loop, &stage.changes, 2);
	assert_int_equal(stage.changes, 2);
}

static void the_key_and_the_request_id_are_sent_to_the_configured_server_alone(void **state)
{
	static const struct step steps[] = {
		{ .send = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", .then = THEN_SERVE }
	};
	struct seen seen;

	(void)state;
	start_registry();
	play_answer(&seen, "openai/gpt", steps, "", CHAT_ERROR);
	assert_non_null(
		strstr(stage.upstream.request.data, "\r\nAuthorization: Bearer sk-secret\r\n"));
	assert_non_null(strstr(stage.upstream.request.data, "\r\nX-Request-Id: request-7\r\n"));
	assert_non_null(
		strstr(stage.upstream.request.data, "POST /v1/chat/completions HTTP/1.1\r\n"));
	assert_non_null(strstr(stage.upstream.request.data, "\"model\":\"gpt\""));
	play_answer(&seen, "ollama/llama3.2:3b", steps, "", CHAT_ERROR);
	assert_null(strstr(stage.upstream.request.data, "Authorization"));
	assert_non_null(strstr(stage.upstream.request.data, "POST /api/chat HTTP/1.1\r\n"));
	assert_non_null(strstr(stage.upstream.request.data, "\"model\":\"llama3.2:3b\""));
}

static void a_base_url_may_have_a_path_and_a_slash_at_its_end(void **state)
{
	struct registry_options own = providers_options();
	char url[100];

	(void)state;
	snprintf(url, sizeof(url), "%s/v1/", stage.upstream.url);
	own.openai_url = url;
	own.ollama_url = NULL;
	stage.registry = registry_create(&own);
	memset(url, 'x', sizeof(url) - 1); /* it keeps its own copy */
	registry_start(stage.registry);
	run_until(&stage.loop, &stage.changes, 2);
	assert_memory_equal(stage.upstream.request.data, "GET /v1/models HTTP/1.1\r\n", 25);
}

static void an_unknown_model_is_not_found(void **state)
{
	static const char *const models[] = { "openai/none", "nobody/x",     "gpt",     "",
					      "/",           "webplus/none", "open/gpt" };
	struct seen seen;

	(void)state;
	start_registry();
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		ask_model(&seen, models[i], "Hello?");
		assert_answer(&seen, "", CHAT_MODEL_NOT_FOUND);
	}
	ask_model(&seen, "nobody/x", "Hello?");
	registry_chat_cancel(seen.chat);
	uv_run(&stage.loop.uv, UV_RUN_NOWAIT);
	uv_run(&stage.loop.uv, UV_RUN_NOWAIT);
	assert_int_equal(seen.ends, 0);
}

static void a_model_of_a_server_that_never_told_its_list_is_tried(void **state)
{
	static const struct step steps[] = { { .send = STREAM SAY("Hi") DONE,
					       .then = THEN_CLOSE } };
	struct registry_options own = providers_options();
	struct seen seen;

	(void)state;
	stage.registry = registry_create(&own);
	play_answer(&seen, "openai/whatever", steps, "Hi", CHAT_COMPLETE);
}

static void local_servers_are_found_but_not_this_one(void **state)
{
	struct registry_options own = providers_options();

	(void)state;
	/*
	 * Nothing listens on most of these ports here; what does is not trusted to be a model
	 * server.
	 */
	own.discover = true;
	own.own_port = 8080;
	stage.registry = registry_create(&own);
	registry_start(stage.registry);
	run_until(&stage.loop, &stage.changes, 3);
	assert_non_null(strstr(models_as_text(), GUIDE LLAMA));
	assert_null(strstr(models_as_text(), "llamacpp/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROVIDERS_TEST(models_are_listed_with_the_built_in_one_first),
		PROVIDERS_TEST(a_server_that_goes_away_keeps_its_models_unavailable),
		PROVIDERS_TEST(a_server_that_is_not_there_yet_is_looked_at_again_soon),
		PROVIDERS_TEST(asking_for_what_is_not_there_hurries_the_next_look),
		PROVIDERS_TEST(what_is_no_list_is_not_taken_for_one),
		PROVIDERS_TEST(the_key_and_the_request_id_are_sent_to_the_configured_server_alone),
		PROVIDERS_TEST(a_base_url_may_have_a_path_and_a_slash_at_its_end),
		PROVIDERS_TEST(an_unknown_model_is_not_found),
		PROVIDERS_TEST(a_model_of_a_server_that_never_told_its_list_is_tried),
		PROVIDERS_TEST(local_servers_are_found_but_not_this_one),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return RUN_TESTS(tests);
}
