/*
 * What was asked for, and whether a text has it.
 *
 * A query is words, all of which a text must have, in any order; "words in quotes" must follow each other, and so must
 * characters of a script without spaces that stand together. In a title each of them may be the beginning of a word.
 * Every result is held against its text here, after it was opened: the index may say too much, never too little.
 *
 * Any thread.
 */
#ifndef WEBPLUS_SEARCH_QUERY_H
#define WEBPLUS_SEARCH_QUERY_H

#include "base/arena.h"
#include "search/index_key.h"
#include "search/words.h"

enum { QUERY_WORDS_MAX = 32, QUERY_TERMS_MAX = 2 * QUERY_WORDS_MAX, HITS_MAX = 64 };

struct query_word {
	const char *text;
	size_t length;
	bool unit, joined; /* as in struct word */
	bool begins, ends; /* a run of words that must follow each other */
};

struct query {
	struct query_word words[QUERY_WORDS_MAX];
	size_t count;
};

enum query_place { IN_MESSAGE, IN_TITLE };

/* ERR_INVALID: *ret_reason says what is wrong with it. */
enum err query_parse(const char *text, struct arena *arena, struct query *ret_query,
		     const char **ret_reason) WARN_UNUSED;

/* Where a text has what was asked for: bytes, ascending. */
struct hit {
	size_t start, end;
};

struct hits {
	struct hit list[HITS_MAX];
	size_t count;
};

/* Whether all of it is there; the first hits of any of it. */
bool query_match(const struct query *query, enum query_place place, const char *text,
		 struct hits *ret_hits);

/* The terms that such a text is found under. */
struct terms {
	int64_t list[QUERY_TERMS_MAX];
	size_t count;
};

void query_terms(const struct query *query, enum query_place place, const struct index_key *key,
		 struct terms *ret_terms);

#endif
