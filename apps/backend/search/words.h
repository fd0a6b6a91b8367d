/*
 * The words of a text, as they are searched for: folded, so that case, width and accents do not matter ("Ｃafé" is "cafe").
 *
 * A word is a run of letters, digits and their marks. In scripts that are written without spaces (Chinese, Japanese, Korean,
 * Thai, Lao, Khmer, Burmese) each character with its marks is a unit by itself; `joined` says that it stands directly behind
 * the unit before, so that two of them make a term. Folding is the compatibility decomposition and full case folding of
 * Unicode; accents, Hebrew points and Arabic vowels are left out, marks that tell words apart (as in Devanagari) stay.
 *
 * Constant memory, any bytes that are valid UTF-8. Any thread.
 */
#ifndef WEBPLUS_SEARCH_WORDS_H
#define WEBPLUS_SEARCH_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A longer word is cut to so many bytes, in texts and queries alike. */
enum { WORD_SIZE = 64 };

struct word {
	const char *text; /* folded; until the next one is asked for */
	size_t length;
	size_t start, end; /* where it stands in the text, in bytes */
	bool unit;
	bool joined;
};

struct word_walk {
	const char *text, *at;
	size_t unit_end; /* where the unit before ended; SIZE_MAX: there was none */
	char folded[WORD_SIZE];
	size_t length;
};

void words_begin(struct word_walk *walk, const char *text);
/* False behind the last. */
bool words_next(struct word_walk *walk, struct word *ret_word);

#endif
