/*
 * The key of one index: 32 random bytes, stored sealed beside it. From it come two others: one makes terms of words, one
 * seals the lists of moments. So without the master key nothing tells which word a row of the index is about or which
 * messages hold it, and when the row with the key is gone, the rest of the index is noise.
 *
 * Any thread.
 */
#ifndef WEBPLUS_SEARCH_INDEX_KEY_H
#define WEBPLUS_SEARCH_INDEX_KEY_H

#include "base/arena.h"
#include "search/moments.h"
#include "search/words.h"

#include <sodium.h>

enum { INDEX_KEY_BYTES = 32, INDEX_KEY_SIZE = 2 * INDEX_KEY_BYTES + 1 };

struct index_key {
	uint8_t term[crypto_shorthash_KEYBYTES];
	uint8_t seal[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
};

/* A new key as hexadecimal digits, as it is stored sealed. */
void index_key_make(char text[static INDEX_KEY_SIZE]);
/* ERR_CORRUPT for what index_key_make did not make. */
enum err index_key_derive(const char *text, struct index_key *ret_key) WARN_UNUSED;

/* What a term is made of. The letters are part of what is stored. */
enum term_kind {
	TERM_WORD = 'w',         /* a word or unit of a message */
	TERM_PAIR = 'u',         /* two units that stand together */
	TERM_TITLE_PREFIX = 't', /* the beginning of a word of a title */
	TERM_TITLE_PAIR = 'v',
};

/* A text of at most WORD_SIZE bytes, folded. */
struct term_text {
	const char *text;
	size_t length;
};

/* SipHash-2-4 of the kind and one or two texts (the second may be empty). Never 0. */
int64_t index_term(const struct index_key *key, enum term_kind kind, struct term_text first,
		   struct term_text second);

/* Where a sealed list stands. */
struct block_place {
	int64_t index_id, term, place;
};

struct blob index_seal(const struct index_key *key, struct block_place place,
		       const struct moments *moments, struct arena *arena);
/* ERR_CORRUPT when it was changed or moved. */
enum err index_open(const struct index_key *key, struct block_place place, struct blob sealed,
		    struct arena *arena, struct moments *ret_moments) WARN_UNUSED;

#endif
