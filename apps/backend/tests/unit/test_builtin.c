/*
 * The guide as a model: at its pace, in pieces, and on from where it was cut.
 */
#include "providers/provider.h"

#include "support_providers.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static void the_guide_answers_word_by_word(void **state)
{
	struct seen seen, again;

	(void)state;
	start_registry();
	ask_model(&seen, "webplus/guide", "zxqv wvut?");
	run_until(&stage.loop, &seen.ends, 1);
	assert_int_equal(seen.end, CHAT_COMPLETE);
	assert_non_null(strstr(seen.text.data, "I found nothing about that"));
	assert_int_equal(seen.usage.tokens_in, -1);
	ask_model(&again, "webplus/guide", "zxqv wvut?");
	run_until(&stage.loop, &again.ends, 1);
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
	ask_model(&whole, "webplus/guide", "zxqv wvut?");
	run_until(&stage.loop, &whole.ends, 1);
	beginning = strndup(whole.text.data, 17);
	cut[1].content = beginning;
	ask_model_turns(&rest, "webplus/guide", cut, 2, true);
	assert_answer(&rest, whole.text.data + 17, CHAT_COMPLETE);
	/* All of it was said. */
	cut[1].content = whole.text.data;
	ask_model_turns(&rest, "webplus/guide", cut, 2, true);
	assert_answer(&rest, "", CHAT_COMPLETE);
	/* It would answer otherwise by now. */
	cut[1].content = "Something else";
	ask_model_turns(&rest, "webplus/guide", cut, 2, true);
	run_until(&stage.loop, &rest.ends, 1);
	assert_memory_equal(rest.text.data, "\n\n", 2);
	assert_string_equal(rest.text.data + 2, whole.text.data);
	free(beginning);
	buf_finish(&rest.text);
	buf_finish(&whole.text);
}

static void the_guide_keeps_its_pace_and_can_be_stopped(void **state)
{
	struct registry_options own = providers_options();
	struct seen seen, other;

	(void)state;
	own.guide_words_per_second = 50;
	stage.registry = registry_create(&own);
	ask_model(&seen, "webplus/guide", "hello");
	ask_model(&other, "webplus/guide", "hello");
	seen.cancel_at = 5;
	run_until(&stage.loop, &seen.pieces, 5);
	run_until(&stage.loop, &other.pieces, 6);
	assert_int_equal(seen.ends, 0);
	assert_int_equal(seen.pieces, 5);
	/* A word or a few at a time. */
	assert_true(other.text.length < 200);
	registry_chat_cancel(other.chat);
	buf_finish(&seen.text);
	buf_finish(&other.text);
	/* One that is still being searched for. */
	ask_model(&seen, "webplus/guide", "hello");
	registry_chat_cancel(seen.chat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROVIDERS_TEST(the_guide_answers_word_by_word),
		PROVIDERS_TEST(the_guide_goes_on_where_it_was_cut),
		PROVIDERS_TEST(the_guide_keeps_its_pace_and_can_be_stopped),
	};

	if (sodium_init() < 0)
		return EXIT_FAILURE;
	return RUN_TESTS(tests);
}
