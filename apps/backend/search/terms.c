#include "search/terms.h"

#include <string.h>

/* The unit before, which makes a pair with the next one. */
struct pairing {
	char text[WORD_SIZE];
	size_t length;
};

static void add_pair(const struct index_key *key, enum term_kind kind, struct pairing *before,
		     const struct word *word, struct term_sink sink)
{
	if (word->joined)
		sink.add(sink.context,
			 index_term(key, kind, (struct term_text){ before->text, before->length },
				    (struct term_text){ word->text, word->length }));
	if (word->unit) {
		memcpy(before->text, word->text, word->length);
		before->length = word->length;
	}
}

void terms_of_message(const struct index_key *key, const char *text, struct term_sink sink)
{
	const struct term_text none = { "", 0 };
	struct pairing before = { .length = 0 };
	struct word_walk walk;
	struct word word;

	words_begin(&walk, text);
	for (int i = 0; i < TEXT_WORDS_MAX && words_next(&walk, &word); i++) {
		struct term_text folded = { word.text, word.length };

		sink.add(sink.context, index_term(key, TERM_WORD, folded, none));
		add_pair(key, TERM_PAIR, &before, &word, sink);
	}
}

/* The end of the character that begins at `at`. */
static size_t character_end(const char *text, size_t length, size_t at)
{
	do
		at++;
	while (at < length && ((unsigned char)text[at] & 0xC0) == 0x80);
	return at;
}

static void add_prefixes(const struct index_key *key, const struct word *word,
			 struct term_sink sink)
{
	size_t end = 0;

	for (int i = 0; i < PREFIX_CHARACTERS && end < word->length; i++) {
		end = character_end(word->text, word->length, end);
		sink.add(sink.context,
			 index_term(key, TERM_TITLE_PREFIX, (struct term_text){ word->text, end },
				    (struct term_text){ "", 0 }));
	}
}

void terms_of_title(const struct index_key *key, const char *text, struct term_sink sink)
{
	struct pairing before = { .length = 0 };
	struct word_walk walk;
	struct word word;

	words_begin(&walk, text);
	while (words_next(&walk, &word)) {
		add_prefixes(key, &word, sink);
		add_pair(key, TERM_TITLE_PAIR, &before, &word, sink);
	}
}

int64_t title_term(const struct index_key *key, const char *text, size_t length)
{
	size_t end = 0;

	for (int i = 0; i < PREFIX_CHARACTERS && end < length; i++)
		end = character_end(text, length, end);
	return index_term(key, TERM_TITLE_PREFIX, (struct term_text){ text, end },
			  (struct term_text){ "", 0 });
}
