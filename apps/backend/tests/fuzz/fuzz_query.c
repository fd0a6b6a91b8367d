/*
 * A question, a newline, and a text. Hits lie in the text, one behind the other; and each word of a text, as it stands there,
 * finds the text.
 */
#include "base/utf8.h"
#include "search/excerpt.h"
#include "search/query.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_TRIED = 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_hits(const struct hits *hits, size_t length)
{
	size_t end = 0;

	if (hits->count > HITS_MAX)
		abort();
	for (size_t i = 0; i < hits->count; i++) {
		const struct hit *hit = &hits->list[i];

		if (hit->start < end || hit->end <= hit->start || hit->end > length)
			abort();
		end = hit->end;
	}
}

static bool ask(const char *question, const char *text, struct arena *arena, bool *ret_found)
{
	struct query query;
	struct hits hits;
	const char *reason;

	if (query_parse(question, arena, &query, &reason) != ERR_OK)
		return false;
	for (enum query_place place = IN_MESSAGE; place <= IN_TITLE; place++) {
		hits.count = 0;
		*ret_found = query_match(&query, place, text, &hits);
		if (!*ret_found)
			continue;
		check_hits(&hits, strlen(text));
		excerpt_make(text, &hits, arena);
	}
	return true;
}

static void ask_own_words(const char *text, struct arena *arena)
{
	struct word_walk walk;
	struct word word;

	words_begin(&walk, text);
	for (int i = 0; i < WORDS_TRIED && words_next(&walk, &word); i++) {
		char *question = arena_strndup(arena, text + word.start, word.end - word.start);
		bool found = true;

		if (word.end <= word.start || word.end > strlen(text) || word.length > WORD_SIZE ||
		    !utf8_valid(word.text, word.length))
			abort();
		if (ask(question, text, arena, &found) && !found)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	char *question, *text;
	bool found;

	if (!utf8_valid((const char *)data, size) || memchr(data, 0, size) != NULL)
		return 0;
	arena_init(&arena);
	question = arena_strndup(&arena, (const char *)data, size);
	text = strchr(question, '\n');
	if (text != NULL) {
		*text++ = '\0';
		ask(question, text, &arena, &found);
		ask_own_words(text, &arena);
	}
	arena_finish(&arena);
	return 0;
}
