#include "search/query.h"

#include "search/terms.h"

#include <string.h>

/* ---- Reading a query ---- */

/* A part of the query's text, in quotes or not. */
struct part {
	const char *text;
	bool quoted;
};

static enum err add_word(struct query *query, const struct word *word, bool follows,
			 struct arena *arena, const char **ret_reason)
{
	struct query_word *last = query->count > 0 ? &query->words[query->count - 1] : NULL;

	if (query->count == QUERY_WORDS_MAX) {
		*ret_reason = "has too many words; give at most 32";
		return ERR_INVALID;
	}
	if (last && follows)
		last->ends = false;
	query->words[query->count++] =
		(struct query_word){ .text = arena_strndup(arena, word->text, word->length),
				     .length = word->length,
				     .unit = word->unit,
				     .joined = word->joined,
				     .begins = !last || !follows,
				     .ends = true };
	return ERR_OK;
}

static enum err add_part(struct query *query, struct part part, struct arena *arena,
			 const char **ret_reason)
{
	size_t before = query->count;
	struct word_walk walk;
	struct word word;
	enum err err = ERR_OK;

	words_begin(&walk, part.text);
	while (err == ERR_OK && words_next(&walk, &word))
		err = add_word(query, &word, query->count > before && (part.quoted || word.joined),
			       arena, ret_reason);
	return err;
}

/* A quotation mark that is not closed holds to the end. */
enum err query_parse(const char *text, struct arena *arena, struct query *ret_query,
		     const char **ret_reason)
{
	struct query query = { .count = 0 };
	bool quoted = false;
	enum err err = ERR_OK;

	while (err == ERR_OK && *text) {
		size_t length = strcspn(text, "\"");

		err = add_part(&query, (struct part){ arena_strndup(arena, text, length), quoted },
			       arena, ret_reason);
		text += length;
		if (*text) {
			quoted = !quoted;
			text++;
		}
	}
	if (err == ERR_OK && query.count == 0) {
		*ret_reason = "has no word in it";
		err = ERR_INVALID;
	}
	if (err == ERR_OK)
		*ret_query = query;
	return err;
}

/* ---- Holding a text against it ---- */

/*
 * Shift-and: bit i of `reached` says that the words of its run up to words[i] stand here, one behind the other.
 */
struct matching {
	const struct query *query;
	enum query_place place;
	uint64_t begins, ends;
	uint64_t reached, found;
	size_t starts[QUERY_WORDS_MAX]; /* of the last words of the text, by their number */
	size_t number;
};

static bool fits(const struct matching *matching, const struct query_word *asked,
		 const struct word *word)
{
	bool prefix = matching->place == IN_TITLE && asked->ends && !asked->unit;

	if (asked->joined && !asked->begins && !word->joined)
		return false;
	if (prefix ? word->length < asked->length : word->length != asked->length)
		return false;
	return memcmp(word->text, asked->text, asked->length) == 0;
}

static uint64_t fitting(const struct matching *matching, const struct word *word)
{
	const struct query *query = matching->query;
	uint64_t bits = 0;

	for (size_t i = 0; i < query->count; i++)
		if (fits(matching, &query->words[i], word))
			bits |= UINT64_C(1) << i;
	return bits;
}

/* How many words the run has that ends with this one. */
static size_t run_length(const struct query *query, size_t last)
{
	size_t first = last;

	while (!query->words[first].begins)
		first--;
	return last - first + 1;
}

/* Hits that overlap are one: a run may reach back over several that were found before it. */
static void add_hit(struct hits *hits, size_t start, size_t end)
{
	while (hits->count > 0 && start < hits->list[hits->count - 1].end) {
		const struct hit *last = &hits->list[--hits->count];

		start = last->start < start ? last->start : start;
		end = last->end > end ? last->end : end;
	}
	if (hits->count < HITS_MAX)
		hits->list[hits->count++] = (struct hit){ start, end };
}

static void take_word(struct matching *matching, const struct word *word, struct hits *hits)
{
	uint64_t ended;
	size_t longest = 0;

	matching->starts[matching->number % QUERY_WORDS_MAX] = word->start;
	matching->reached = ((matching->reached << 1) | matching->begins) & fitting(matching, word);
	ended = matching->reached & matching->ends;
	matching->found |= ended;
	for (size_t i = 0; ended >> i; i++) {
		size_t length = ended >> i & 1 ? run_length(matching->query, i) : 0;

		longest = length > longest ? length : longest;
	}
	if (longest > 0)
		add_hit(hits, matching->starts[(matching->number + 1 - longest) % QUERY_WORDS_MAX],
			word->end);
	matching->number++;
}

static void begin_matching(struct matching *matching, const struct query *query,
			   enum query_place place)
{
	*matching = (struct matching){ .query = query, .place = place };
	for (size_t i = 0; i < query->count; i++) {
		matching->begins |= (uint64_t)query->words[i].begins << i;
		matching->ends |= (uint64_t)query->words[i].ends << i;
	}
}

bool query_match(const struct query *query, enum query_place place, const char *text,
		 struct hits *ret_hits)
{
	struct matching matching;
	struct word_walk walk;
	struct word word;

	begin_matching(&matching, query, place);
	ret_hits->count = 0;
	words_begin(&walk, text);
	while (words_next(&walk, &word)) {
		take_word(&matching, &word, ret_hits);
		if (matching.found == matching.ends && ret_hits->count == HITS_MAX)
			break;
	}
	return matching.found == matching.ends;
}

/* ---- Terms ---- */

static void add_term(struct terms *terms, int64_t term)
{
	for (size_t i = 0; i < terms->count; i++)
		if (terms->list[i] == term)
			return;
	terms->list[terms->count++] = term;
}

static void add_pair(const struct query_word *word, enum term_kind kind,
		     const struct index_key *key, struct terms *terms)
{
	struct term_text first = { word[-1].text, word[-1].length };
	struct term_text second = { word->text, word->length };

	add_term(terms, index_term(key, kind, first, second));
}

/* A pair says more than its characters, which are then not looked up. */
void query_terms(const struct query *query, enum query_place place, const struct index_key *key,
		 struct terms *ret_terms)
{
	ret_terms->count = 0;
	for (size_t i = 0; i < query->count; i++) {
		const struct query_word *word = &query->words[i];
		struct term_text text = { word->text, word->length };
		bool pairs_with_next = !word->ends && word[1].joined;
		bool pairs = word->joined && !word->begins;

		if (pairs)
			add_pair(word, place == IN_TITLE ? TERM_TITLE_PAIR : TERM_PAIR, key,
				 ret_terms);
		else if (!pairs_with_next && place == IN_TITLE)
			add_term(ret_terms, title_term(key, word->text, word->length));
		else if (!pairs_with_next)
			add_term(ret_terms,
				 index_term(key, TERM_WORD, text, (struct term_text){ "", 0 }));
	}
}
