/*
 * The terms under which a text is found: what the index keeps for a message or a title. Any thread.
 */
#ifndef WEBPLUS_SEARCH_TERMS_H
#define WEBPLUS_SEARCH_TERMS_H

#include "search/index_key.h"
#include "search/words.h"

enum {
	/* Of a longer text only the beginning is found by its words. */
	TEXT_WORDS_MAX = 50000,
	/* Of a longer word of a title, so many characters are found by; the rest is compared. */
	PREFIX_CHARACTERS = 16,
};

/* Called for each term, some more than once. */
struct term_sink {
	void (*add)(void *context, int64_t term);
	void *context;
};

void terms_of_message(const struct index_key *key, const char *text, struct term_sink sink);
void terms_of_title(const struct index_key *key, const char *text, struct term_sink sink);

/* The term of a word, or of its beginning, as it is looked up in titles. */
int64_t title_term(const struct index_key *key, const char *text, size_t length);

#endif
