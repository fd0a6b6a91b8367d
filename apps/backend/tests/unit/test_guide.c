#include "providers/guide_answer.h"
#include "providers/guide_sections.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char manual[] = "# The manual\n"
			     "\n"
			     "What this is about.\n"
			     "\n"
			     "## Brewing tea\n"
			     "\n"
			     "Boil the water first.\n"
			     "\n"
			     "![A kettle](images/kettle.png)\n"
			     "\n"
			     "Nothing of interest stands here.\n"
			     "\n"
			     "Then pour the tea like this:\n"
			     "\n"
			     "```sh\n"
			     "# not a heading\n"
			     "\n"
			     "kettle --on\n"
			     "```\n"
			     "\n"
			     "See [cups](#cups), the [cook book](cook-book.md#tea) and "
			     "[elsewhere](https://example.org/x.md).\n"
			     "\n"
			     "### Cups & saucers #\n"
			     "\n"
			     "A saucer goes under a cup.\n"
			     "\n"
			     "## Empty\n"
			     "## Brewing tea\n"
			     "\n"
			     "~~~\n"
			     "## still code\n"
			     "```\n"
			     "~~~\n"
			     "Green tea wants less heat.\n"
			     "\n"
			     "## Caf\xC3\xA9 \xE2\x80\x94 \xE2\x80\x9C`menu_card`\xE2\x80\x9D\n"
			     "\n"
			     "Prices.";

static const char cook_book[] = "No heading at all: soup, and saucepans.\n";

static const struct guide_document documents[] = {
	{ "manual", manual, sizeof(manual) - 1 },
	{ "cook-book", cook_book, sizeof(cook_book) - 1 },
};

static struct guide_index *guide;

static int set_up(void **state)
{
	(void)state;
	guide = guide_index_create(documents, 2);
	return guide == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	guide_index_destroy(guide);
	return 0;
}

static void documents_are_cut_at_their_headings(void **state)
{
	struct guide_section sections[GUIDE_SECTIONS_MAX];
	struct arena arena;
	static const char *const expected[][2] = {
		{ "", "" },
		{ "Brewing tea", "brewing-tea" },
		{ "Brewing tea: Cups & saucers", "cups--saucers" },
		{ "Brewing tea", "brewing-tea-1" },
		{ "Caf\xC3\xA9 \xE2\x80\x94 \xE2\x80\x9C`menu_card`\xE2\x80\x9D",
		  "caf\xC3\xA9--menu_card" },
	};

	(void)state;
	arena_init(&arena);
	assert_int_equal(guide_sections_read(&documents[0], &arena, sections), 5);
	for (size_t i = 0; i < 5; i++) {
		assert_string_equal(sections[i].title, "The manual");
		assert_string_equal(sections[i].document, "manual");
		assert_string_equal(sections[i].heading, expected[i][0]);
		assert_string_equal(sections[i].anchor, expected[i][1]);
	}
	assert_string_equal(sections[0].text, "What this is about.");
	assert_non_null(strstr(sections[1].text, "# not a heading\n\nkettle --on\n```"));
	assert_string_equal(sections[2].text, "A saucer goes under a cup.");
	assert_string_equal(sections[3].text,
			    "~~~\n## still code\n```\n~~~\nGreen tea wants less heat.");
	assert_string_equal(sections[4].text, "Prices.");
	assert_int_equal(guide_sections_read(&documents[1], &arena, sections), 1);
	assert_string_equal(sections[0].title, "cook-book");
	arena_finish(&arena);
}

static void odd_documents_do_no_harm(void **state)
{
	static const char *const texts[] = {
		"",    "\n\n",     "#",          "# ",   "#no heading", "####### seven",
		"```", "```\n# x", "# a\n# b\n", "    ", "# #\nx",      "```a`b\n# Heading\nx",
	};
	struct guide_section sections[GUIDE_SECTIONS_MAX];
	struct arena arena;

	(void)state;
	arena_init(&arena);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		/* Exactly as long as it is, so that the sanitizer sees a read past its end. */
		size_t length = strlen(texts[i]);
		char *copy = malloc(length + (length == 0));
		struct guide_document document = { "odd", copy, length };

		memcpy(copy, texts[i], length);
		guide_sections_read(&document, &arena, sections);
		free(copy);
	}
	arena_finish(&arena);
}

static void a_document_of_very_many_sections_is_bounded(void **state)
{
	struct guide_section *sections = calloc(GUIDE_SECTIONS_MAX, sizeof(*sections));
	char *text = calloc(1, 600 * 16);
	struct guide_document document = { "long", text, 0 };
	struct arena arena;

	(void)state;
	for (int i = 0; i < 600; i++)
		snprintf(text + strlen(text), 16, "## %d\nx\n", i);
	document.length = strlen(text);
	arena_init(&arena);
	assert_int_equal(guide_sections_read(&document, &arena, sections), GUIDE_SECTIONS_MAX);
	arena_finish(&arena);
	free(text);
	free(sections);
}

static void assert_terms(const char *question, const char *expected)
{
	struct guide_terms terms;
	struct arena arena;
	char joined[1000] = "";

	arena_init(&arena);
	guide_terms_read(question, &arena, &terms);
	for (size_t i = 0; i < terms.count; i++)
		snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s ",
			 terms.list[i]);
	assert_string_equal(joined, expected);
	arena_finish(&arena);
}

static void a_question_is_read_for_what_it_asks(void **state)
{
	(void)state;
	assert_terms("How do I connect Ollama?", "connect ollama ");
	assert_terms("What can you do", "");
	assert_terms("", "");
	assert_terms("Tea tea TEA", "tea ");
	assert_terms("\"tea\" AND NEAR(cups) OR saucer* -x", "tea near cups saucer ");
	assert_terms("Caf\xC3\xA9\xE2\x80\x94"
		     "bar \xE2\x80\x9Cmenu\xE2\x80\x9D",
		     "caf\xC3\xA9 bar menu ");
	assert_terms("what's GPT-4", "gpt ");
	assert_terms("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xC3\xA9zz",
		     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ");
	assert_terms("k1 k2 k3 k4 k5 k6 k7 k8 k9 k10 k11 k12 k13 k14 k15 k16 k17 k18",
		     "k1 k2 k3 k4 k5 k6 k7 k8 k9 k10 k11 k12 k13 k14 k15 k16 ");
}

/* The anchors of what is found, best first. */
static void assert_found(const char *question, const char *expected)
{
	const struct guide_section *sections[8];
	struct guide_terms terms;
	struct arena arena;
	char joined[1000] = "";
	size_t count;

	arena_init(&arena);
	guide_terms_read(question, &arena, &terms);
	count = guide_search(guide, &terms, sections, 8);
	for (size_t i = 0; i < count; i++)
		snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s#%s ",
			 sections[i]->document, sections[i]->anchor);
	assert_string_equal(joined, expected);
	arena_finish(&arena);
}

static void the_best_sections_are_found(void **state)
{
	(void)state;
	assert_found("saucers", "manual#cups--saucers ");
	assert_found("green", "manual#brewing-tea-1 ");
	assert_found("soup?", "cook-book# ");
	assert_found("CAFE prices", "manual#caf\xC3\xA9--menu_card ");
	/* All the words, although the heading of the other has one of them. */
	assert_found("brewing with less heat", "manual#brewing-tea-1 ");
	/* Half of the words will do, a third will not. */
	assert_found("green elephant", "manual#brewing-tea-1 ");
	assert_found("green pink elephant", "");
	assert_found("elephant", "");
	assert_found("what is it", "");
}

static char *answer(const char *question)
{
	struct buf out;
	size_t length;

	buf_init(&out, GUIDE_ANSWER_MAX);
	guide_answer_write(guide, question, &out);
	assert_false(out.overflow);
	return buf_take(&out, &length);
}

static void assert_says(const char *question, const char *words)
{
	char *text = answer(question);

	if (strstr(text, words) == NULL)
		fail_msg("\"%s\" is not answered with \"%s\" but:\n%s", question, words, text);
	free(text);
}

static void an_answer_quotes_and_names_its_sources(void **state)
{
	char *text = answer("How is tea poured?");

	(void)state;
	assert_non_null(strstr(text, "do not generate text"));
	assert_non_null(strstr(text, "### Brewing tea\n\n"));
	/* The paragraph, the code that it leads to, whole, and not what nobody asked for. */
	assert_non_null(strstr(
		text,
		"Then pour the tea like this:\n\n```sh\n# not a heading\n\nkettle --on\n```\n\n"));
	assert_null(strstr(text, "A kettle"));
	assert_null(strstr(text, "Nothing of interest"));
	assert_non_null(strstr(text, "(There is more in this section.)"));
	assert_non_null(strstr(
		text, "**Sources**\n\n- [The manual: Brewing tea](/help/manual#brewing-tea)\n"));
	free(text);
	assert_says("soup", "- [cook-book](/help/cook-book)\n");
}

static void links_lead_to_where_the_guides_are_shown(void **state)
{
	(void)state;
	assert_says("cook books about cups and tea",
		    "See [cups](/help/manual#cups), the [cook book](/help/cook-book#tea) and "
		    "[elsewhere](https://example.org/x.md).");
}

static void the_same_question_gets_the_same_answer(void **state)
{
	char *first = answer("tea"), *second = answer("tea");

	(void)state;
	assert_string_equal(first, second);
	free(first);
	free(second);
}

static void what_is_not_there_is_said_with_help(void **state)
{
	(void)state;
	assert_says("What is the capital of Peru?", "I found nothing about that");
	assert_says("What is the capital of Peru?", "- How do I connect Ollama?\n");
	assert_says("What is the capital of Peru?", "in the list below the message box");
	assert_says("What is the capital of Peru?", "(/help/configuration-guide)");
}

static void courtesy_is_returned(void **state)
{
	(void)state;
	assert_says("Hello!", "I am the **Web+ Guide**");
	assert_says("who are you and what can you do?", "I retrieve; I do not generate text");
	assert_says("", "I am the **Web+ Guide**");
	assert_says("Thanks a lot", "You are welcome.");
	assert_says("thank you for the tea", "### Brewing tea");
}

static void without_an_index_nothing_is_found(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, GUIDE_ANSWER_MAX);
	guide_answer_write(NULL, "tea", &out);
	assert_non_null(strstr(out.data, "I found nothing about that"));
	buf_finish(&out);
	guide_index_destroy(NULL);
}

static void an_index_of_nothing_finds_nothing(void **state)
{
	struct guide_index *empty = guide_index_create(NULL, 0);
	const struct guide_section *sections[1];
	struct guide_terms terms = { .list = { "tea" }, .count = 1 };

	(void)state;
	assert_non_null(empty);
	assert_int_equal(guide_search(empty, &terms, sections, 1), 0);
	guide_index_destroy(empty);
}

/* What is in the binary: the answers that people look for first. */
static void the_guides_answer_the_first_questions(void **state)
{
	static const char *const questions[][2] = {
		{ "How do I install Web+?", "(/help/installation-guide#" },
		{ "How do I connect Ollama?", "(/help/configuration-guide#connect-ollama)" },
		{ "Which settings are there, and where do I set them?",
		  "(/help/configuration-guide#settings" },
		{ "How do I set a system prompt?", "(/help/user-guide#system-prompt" },
		{ "where is my system prompt setting", "(/help/user-guide#system-prompt" },
		{ "Can I change the temperature?", "(/help/user-guide#system-prompt" },
		{ "Does it support web search?", "(/help/user-guide#web-search" },
		{ "Does it support image generation?", "(/help/user-guide#web-search" },
		{ "How many users can it handle?", "(/help/user-guide#how-many-users" },
		{ "how much does it cost", "(/help/user-guide#what-it-costs)" },
		{ "Can I import my ChatGPT history?", "(/help/user-guide#import-chats" },
		{ "How do I stop an answer?", "(/help/user-guide#stop-an-answer)" },
		{ "How do I make a backup?", "(/help/installation-guide#back-up" },
		{ "How do I change my password?", "(/help/user-guide#change-my-password)" },
		{ "How do I delete my account?", "(/help/user-guide#delete-my-account)" },
		{ "How do I make an API key?", "(/help/user-guide#make-an-api-key)" },
		{ "How do I invite somebody?", "(/help/admin-guide#invite-somebody)" },
		{ "How do I check the audit log?", "(/help/admin-guide#check-the-audit-log" },
	};
	struct guide_document *found;
	struct arena arena;
	struct guide_index *tests_own = guide;
	size_t count;

	(void)state;
	arena_init(&arena);
	guide_documents(&arena, &found, &count);
	if (count == 0)
		skip();
	guide = guide_index_create(found, count);
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		assert_says(questions[i][0], questions[i][1]);
	guide_index_destroy(guide);
	guide = tests_own;
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents_are_cut_at_their_headings),
		cmocka_unit_test(odd_documents_do_no_harm),
		cmocka_unit_test(a_document_of_very_many_sections_is_bounded),
		cmocka_unit_test(a_question_is_read_for_what_it_asks),
		cmocka_unit_test(the_best_sections_are_found),
		cmocka_unit_test(an_answer_quotes_and_names_its_sources),
		cmocka_unit_test(links_lead_to_where_the_guides_are_shown),
		cmocka_unit_test(the_same_question_gets_the_same_answer),
		cmocka_unit_test(what_is_not_there_is_said_with_help),
		cmocka_unit_test(courtesy_is_returned),
		cmocka_unit_test(without_an_index_nothing_is_found),
		cmocka_unit_test(an_index_of_nothing_finds_nothing),
		cmocka_unit_test(the_guides_answer_the_first_questions),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
