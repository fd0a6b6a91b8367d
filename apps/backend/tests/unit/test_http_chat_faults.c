/*
 * Answers of model servers that end badly, or say that they do.
 */
#include "providers/provider.h"

#include "support_providers.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

struct fault {
	struct step steps[3];
	const char *text;
	enum chat_end end;
	const char *detail;
};

static void play_faults(const char *model, const struct fault *faults, size_t count)
{
	struct registry_options own = providers_options();

	/* Short enough to be waited for, and yet for what comes at once on a busy machine. */
	own.times.first_byte_ms = 600;
	own.times.stall_ms = 400;
	start_registry_with(&own);
	for (size_t i = 0; i < count; i++) {
		struct seen seen;

		stage.chat_steps = faults[i].steps;
		ask_model(&seen, model, "Hello?");
		run_until(&stage.loop, &seen.ends, 1);
		if (seen.end != faults[i].end ||
		    strcmp(seen.text.length > 0 ? seen.text.data : "", faults[i].text) != 0 ||
		    strcmp(seen.detail, faults[i].detail != NULL ? faults[i].detail : "") != 0)
			fail_msg("fault %zu: \"%s\", %s (%s)", i, seen.text.data,
				 chat_end_code(seen.end), seen.detail);
		buf_finish(&seen.text);
	}
	/* Nothing that was given up stays open: only those connections that can be used again. */
	assert_int_equal(registry_has_model(stage.registry, model), true);
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
		play_answer(&seen, "openai/gpt", openai, "Hi", reasons[i].end);
		if (!*reasons[i].reason)
			continue;
		snprintf(text[1], sizeof(text[1]),
			 STREAM LINE("Hi") "{\"done\":true,\"done_reason\":\"%s\"}\n",
			 reasons[i].reason);
		play_answer(&seen, "ollama/llama3.2:3b", ollama, "Hi", reasons[i].end);
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
	play_answer(&seen, "openai/gpt", openai, "", CHAT_TRUNCATED);
	play_answer(&seen, "ollama/llama3.2:3b", ollama, "", CHAT_TRUNCATED);
	play_answer(&seen, "openai/gpt", empty, "", CHAT_COMPLETE);
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
		PROVIDERS_TEST(every_fault_of_an_openai_server_has_its_end),
		PROVIDERS_TEST(every_fault_of_an_ollama_server_has_its_end),
		PROVIDERS_TEST(the_reason_of_an_end_is_heeded),
		PROVIDERS_TEST(an_end_without_an_answer_is_none),
		cmocka_unit_test(every_end_has_a_code_and_a_sentence),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return RUN_TESTS(tests);
}
