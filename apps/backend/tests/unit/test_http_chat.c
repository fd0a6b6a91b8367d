/*
 * What is sent to a model server, and what is made of its answers.
 */
#include "providers/provider.h"

#include "base/clock.h"
#include "providers/thought.h"

#include "support_providers.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

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
	stage.chat_steps = steps;
	ask_model_turns(&seen, "openai/gpt", turns, 3, false);
	assert_answer(&seen, "", CHAT_ERROR);
	assert_non_null(strstr(
		stage.upstream.request.data,
		"{\"model\":\"gpt\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
		"\"messages\":[{\"role\":\"system\",\"content\":\"Be \\\"brief\\\".\"},"
		"{\"role\":\"user\",\"content\":\"One\\nline \\\\ \\u0001 \xE2\x82\xAC\"},"
		"{\"role\":\"assistant\",\"content\":\"Half an ans\"}]}"));
	ask_model_turns(&seen, "ollama/llama3.2:3b", turns, 3, true);
	assert_answer(&seen, "", CHAT_ERROR);
	assert_non_null(
		strstr(stage.upstream.request.data,
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
	stage.chat_steps = steps;
	ask_model_turns(&seen, "openai/gpt", turns, 3, true);
	assert_answer(&seen, "", CHAT_ERROR);
	body = strstr(stage.upstream.request.data, "\"messages\":");
	assert_non_null(body);
	assert_memory_equal(body,
			    "\"messages\":[{\"role\":\"system\",\"content\":\"Be "
			    "\\\"brief\\\".\\n\\nThe last message is",
			    70);
	assert_null(strstr(body + 40, "\"system\""));
	assert_non_null(strstr(body, ",{\"role\":\"assistant\",\"content\":\"Half an ans\"}]}"));
	/* Without a system message of its own. */
	ask_model_turns(&seen, "openai/gpt", turns + 1, 2, true);
	assert_answer(&seen, "", CHAT_ERROR);
	body = strstr(stage.upstream.request.data, "\"messages\":");
	assert_memory_equal(
		body, "\"messages\":[{\"role\":\"system\",\"content\":\"The last message is", 58);
	assert_non_null(strstr(body, "},{\"role\":\"user\","));
}

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
	play_answer(&seen, "openai/gpt", whole, "Hello \xF0\x9F\x90\xA6 \xE2\x82\xAC",
		    CHAT_COMPLETE);
	assert_int_equal(seen.usage.tokens_in, 5);
	assert_int_equal(seen.usage.tokens_out, 2);
	play_answer(&seen, "openai/a/b", slow, "\xF0\x9F\x90\xA6!", CHAT_COMPLETE);
	play_answer(&seen, "openai/gpt", no_reason, "Hi", CHAT_COMPLETE);
	assert_int_equal(seen.usage.tokens_in, -1);
	assert_int_equal(seen.usage.tokens_out, -1);
	play_answer(&seen, "openai/gpt", no_done, "Hi", CHAT_COMPLETE);
	play_answer(&seen, "openai/gpt", no_last_line, "Hi", CHAT_COMPLETE);
	play_answer(&seen, "openai/gpt", with_nul, "ab", CHAT_COMPLETE);
}

/* The server keeps the connection open behind its last word. */
static void an_upstream_that_does_not_close_is_not_waited_for(void **state)
{
	static const struct step steps[] = { { .send = STREAM SAY("Hi") DONE, .then = THEN_HANG } };
	struct registry_options own = providers_options();
	struct seen seen;
	int64_t start;

	(void)state;
	stage.registry = registry_create(&own);
	start = clock_monotonic_ms();
	play_answer(&seen, "openai/gpt", steps, "Hi", CHAT_COMPLETE);
	assert_true(clock_monotonic_ms() - start < 10000);
	run_until_zero(&stage.loop, &stage.upstream.open);
}

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
	play_answer(&seen, "ollama/llama3.2:3b", whole, "Hello \xE2\x82\xAC", CHAT_COMPLETE);
	assert_int_equal(seen.usage.tokens_in, 7);
	assert_int_equal(seen.usage.tokens_out, 3);
	play_answer(&seen, "ollama/llama3.2:3b", slow, "\xF0\x9F\x90\xA6", CHAT_COMPLETE);
	play_answer(&seen, "ollama/llama3.2:3b", bare, "Hi", CHAT_COMPLETE);
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
	play_answer(&seen, "openai/gpt", first, "<think>\nHmm.\n</think>\n\nYes!", CHAT_COMPLETE);
	play_answer(&seen, "openai/gpt", other, "<think>\nHm\n</think>\n\nYes", CHAT_COMPLETE);
	play_answer(&seen, "openai/gpt", only, "<think>\nHm\n</think>\n\n", CHAT_COMPLETE);
	play_answer(&seen, "openai/gpt", cut, "<think>\nHm", CHAT_TRUNCATED);
	play_answer(&seen, "ollama/llama3.2:3b", lines, "<think>\nHm\n</think>\n\nYes",
		    CHAT_COMPLETE);
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
	play_answer(&seen, "openai/gpt", steps, "", CHAT_MALFORMED);
	play_answer(&seen, "ollama/llama3.2:3b", steps, "", CHAT_MALFORMED);
	run_until_zero(&stage.loop, &stage.upstream.open);
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
	play_answer(&seen, "openai/gpt", steps, "", CHAT_ERROR);
	assert_int_equal(strlen(seen.detail), 298);
	assert_string_equal(seen.detail + 295, "\xE2\x82\xAC");
}

static void a_server_that_is_gone_refuses(void **state)
{
	struct seen seen;

	(void)state;
	start_registry();
	upstream_close(&stage.upstream);
	uv_run(&stage.loop.uv, UV_RUN_NOWAIT);
	ask_model(&seen, "openai/gpt", "Hello?");
	assert_answer(&seen, "", CHAT_REFUSED);
	upstream_listen(&stage.upstream, &stage.loop);
}

static void a_cancel_closes_the_upstreams_connection(void **state)
{
	static const struct step steps[] = { { .send = STREAM SAY("Hi"), .then = THEN_HANG } };
	struct seen seen;

	(void)state;
	create_registry();
	stage.chat_steps = steps;
	ask_model(&seen, "openai/gpt", "Hello?");
	run_until(&stage.loop, &seen.pieces, 1);
	registry_chat_cancel(seen.chat);
	run_until_zero(&stage.loop, &stage.upstream.open);
	assert_int_equal(seen.ends, 0);
	buf_finish(&seen.text);
	/* From its own callback. */
	ask_model(&seen, "openai/gpt", "Hello?");
	seen.cancel_at = 1;
	run_until(&stage.loop, &seen.pieces, 1);
	run_until_zero(&stage.loop, &stage.upstream.open);
	assert_int_equal(seen.ends, 0);
	buf_finish(&seen.text);
	/* Before it began. */
	ask_model(&seen, "ollama/llama3.2:3b", "Hello?");
	registry_chat_cancel(seen.chat);
	assert_int_equal(seen.ends + seen.pieces, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROVIDERS_TEST(a_conversation_is_sent_whole),
		PROVIDERS_TEST(an_answer_to_be_continued_comes_with_the_instruction),
		PROVIDERS_TEST(openai_answers_are_whole_when_the_server_says_so),
		PROVIDERS_TEST(an_upstream_that_does_not_close_is_not_waited_for),
		PROVIDERS_TEST(ollama_answers_are_whole_when_the_server_says_so),
		PROVIDERS_TEST(what_a_model_thinks_apart_is_kept),
		PROVIDERS_TEST(a_thought_is_no_part_of_what_was_said),
		PROVIDERS_TEST(a_line_without_end_is_malformed),
		PROVIDERS_TEST(what_an_upstream_says_is_bounded),
		PROVIDERS_TEST(a_server_that_is_gone_refuses),
		PROVIDERS_TEST(a_cancel_closes_the_upstreams_connection),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return RUN_TESTS(tests);
}
