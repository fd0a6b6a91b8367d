#include "providers/guide_index.h"

#include "base/buf.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "http/assets.h"
#include "providers/guide_sections.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { QUERY_MAX = 4096, CANDIDATES = 24, TERM_LENGTH_MAX = 40 };

/* How much of the best score a further section must have. */
#define GOOD_ENOUGH 0.5

struct guide_index {
	pthread_mutex_t lock; /* of the connection */
	sqlite3 *db;
	sqlite3_stmt *search;
	struct arena arena; /* of the sections */
	struct guide_section *sections;
	size_t count;
};

/* The guides. */

void guide_documents(struct arena *arena, struct guide_document **ret_documents, size_t *ret_count)
{
	static const char folder[] = "/docs/", ending[] = "-guide.md", suffix[] = ".md";
	struct guide_document *documents = ARENA_ARRAY(arena, assets_count, struct guide_document);
	size_t count = 0;

	for (size_t i = 0; i < assets_count; i++) {
		const struct asset *asset = &assets[i];
		size_t length = strlen(asset->path);

		if (strncmp(asset->path, folder, strlen(folder)) != 0 || length < strlen(ending) ||
		    strcmp(asset->path + length - strlen(ending), ending) != 0)
			continue;
		documents[count++] = (struct guide_document){
			.name = arena_strndup(arena, asset->path + strlen(folder),
					      length - strlen(folder) - strlen(suffix)),
			.text = (const char *)asset->data[CODING_IDENTITY],
			.length = asset->size[CODING_IDENTITY],
		};
	}
	*ret_documents = documents;
	*ret_count = count;
}

/* Making the index. */

static void read_sections(struct guide_index *index, const struct guide_document *documents,
			  size_t count)
{
	index->sections =
		ARENA_ARRAY(&index->arena, count * GUIDE_SECTIONS_MAX, struct guide_section);
	for (size_t i = 0; i < count; i++)
		index->count += guide_sections_read(&documents[i], &index->arena,
						    index->sections + index->count);
}

static bool insert_section(sqlite3_stmt *insert, const struct guide_section *section, size_t row)
{
	sqlite3_bind_int64(insert, 1, (sqlite3_int64)row);
	sqlite3_bind_text(insert, 2, section->title, -1, SQLITE_STATIC);
	sqlite3_bind_text(insert, 3, section->heading, -1, SQLITE_STATIC);
	sqlite3_bind_text(insert, 4, section->text, -1, SQLITE_STATIC);
	return sqlite3_step(insert) == SQLITE_DONE && sqlite3_reset(insert) == SQLITE_OK;
}

static bool fill(struct guide_index *index)
{
	sqlite3_stmt *insert = NULL;
	bool filled;

	/* Without content: the texts are here already. */
	filled =
		sqlite3_exec(
			index->db,
			"CREATE VIRTUAL TABLE section USING fts5(title, heading, body, content='', "
			"tokenize='porter unicode61 remove_diacritics 2')",
			NULL, NULL, NULL) == SQLITE_OK &&
		sqlite3_prepare_v2(
			index->db,
			"INSERT INTO section(rowid, title, heading, body) VALUES(?1, ?2, ?3, ?4)",
			-1, &insert, NULL) == SQLITE_OK;
	for (size_t i = 0; filled && i < index->count; i++)
		filled = insert_section(insert, &index->sections[i], i);
	sqlite3_finalize(insert);
	return filled;
}

static bool open_database(struct guide_index *index)
{
	return sqlite3_open_v2(":memory:", &index->db,
			       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			       NULL) == SQLITE_OK &&
	       fill(index) &&
	       /* A word in a heading says what the section is about. */
	       sqlite3_prepare_v2(
		       index->db,
		       "SELECT rowid, bm25(section, 0.5, 6.0, 1.0) AS score FROM section "
		       "WHERE section MATCH ?1 ORDER BY score, rowid LIMIT ?2",
		       -1, &index->search, NULL) == SQLITE_OK;
}

struct guide_index *guide_index_create(const struct guide_document *documents, size_t count)
{
	struct guide_index *index = MEMORY_NEW(struct guide_index);

	pthread_mutex_init(&index->lock, NULL);
	arena_init(&index->arena);
	read_sections(index, documents, count);
	if (open_database(index)) {
		sqlite3_db_release_memory(index->db);
		return index;
	}
	guide_index_destroy(index);
	return NULL;
}

void guide_index_destroy(struct guide_index *index)
{
	if (index == NULL)
		return;
	sqlite3_finalize(index->search);
	sqlite3_close(index->db);
	arena_finish(&index->arena);
	pthread_mutex_destroy(&index->lock);
	free(index);
}

/* Reading the question. */

/*
 * Sorted. Words of which a question is made, whatever it asks for; and the name of the program,
 * which is everywhere.
 */
static const char *const stop_words[] = {
	"able",     "about", "after",    "all",     "also",      "am",       "an",
	"and",      "any",   "anything", "are",     "as",        "at",       "available",
	"be",       "been",  "before",   "best",    "but",       "by",       "can",
	"could",    "did",   "do",       "does",    "doing",     "explain",  "find",
	"for",      "from",  "get",      "give",    "go",        "goes",     "going",
	"got",      "had",   "happen",   "happens", "has",       "have",     "having",
	"hello",    "help",  "here",     "hey",     "hi",        "how",      "if",
	"in",       "into",  "is",       "it",      "its",       "just",     "keep",
	"keeps",    "kept",  "know",     "let",     "like",      "make",     "may",
	"me",       "mean",  "means",    "might",   "mine",      "more",     "much",
	"must",     "my",    "need",     "no",      "not",       "now",      "of",
	"on",       "one",   "or",       "our",     "please",    "possible", "shall",
	"should",   "show",  "so",       "some",    "something", "support",  "supported",
	"supports", "tell",  "than",     "thank",   "thanks",    "that",     "the",
	"their",    "them",  "then",     "there",   "these",     "they",     "thing",
	"things",   "this",  "those",    "to",      "too",       "use",      "used",
	"using",    "very",  "want",     "was",     "way",       "we",       "web",
	"webplus",  "were",  "what",     "when",    "where",     "which",    "while",
	"who",      "why",   "will",     "with",    "without",   "work",     "works",
	"would",    "you",   "your",
};

static int compare_words(const void *word, const void *row)
{
	return strcmp(word, *(const char *const *)row);
}

static bool is_stop_word(const char *word)
{
	return bsearch(word, stop_words, sizeof(stop_words) / sizeof(stop_words[0]),
		       sizeof(stop_words[0]), compare_words) != NULL;
}

static bool is_word_byte(const unsigned char *at)
{
	unsigned char c = *at;

	if (c >= 0x80) /* but dashes and quotes, which are E2 80 xx */
		return !(c == 0xE2 && at[1] == 0x80);
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void add_term(struct guide_terms *terms, const char *word, size_t length,
		     struct arena *arena)
{
	char *term;

	if (length == 1) /* "I", the "s" of "what's", the "4" of "GPT-4" */
		return;
	if (length > TERM_LENGTH_MAX)
		length = utf8_complete_prefix(word, TERM_LENGTH_MAX);
	term = arena_strndup(arena, word, length);

	for (char *c = term; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	if (terms->count == GUIDE_TERMS_MAX || is_stop_word(term))
		return;
	for (size_t i = 0; i < terms->count; i++)
		if (strcmp(terms->list[i], term) == 0)
			return;
	terms->list[terms->count++] = term;
}

void guide_terms_read(const char *question, struct arena *arena, struct guide_terms *terms)
{
	const char *at = question;

	terms->count = 0;
	while (*at != '\0') {
		const char *start = at;

		while (*at != '\0' && is_word_byte((const unsigned char *)at))
			at++;
		if (at > start)
			add_term(terms, start, (size_t)(at - start), arena);
		else
			utf8_next(&at);
	}
}

/* Searching. */

/* Each term as a string of FTS5's, so that none is an operator; a term has no quotes. */
static void write_query(const struct guide_terms *terms, const char *operator, struct buf * query)
{
	for (size_t i = 0; i < terms->count; i++)
		buf_printf(query, "%s\"%s\"", i > 0 ? operator: "", terms->list[i]);
}

struct hit {
	size_t row;
	double score; /* of bm25: the less, the better */
	size_t terms; /* how many of them it has */
};

/* The rows that match, best first. */
static size_t run_query(struct guide_index *index, const char *query, struct hit *hits,
			size_t limit)
{
	size_t count = 0;

	sqlite3_bind_text(index->search, 1, query, -1, SQLITE_STATIC);
	sqlite3_bind_int64(index->search, 2, (sqlite3_int64)limit);
	for (; count < limit && sqlite3_step(index->search) == SQLITE_ROW; count++) {
		hits[count].row = (size_t)sqlite3_column_int64(index->search, 0);
		hits[count].score = sqlite3_column_double(index->search, 1);
		hits[count].terms = 0;
	}
	sqlite3_reset(index->search);
	sqlite3_clear_bindings(index->search);
	return count;
}

static size_t find_hits(struct guide_index *index, const struct guide_terms *terms,
			const char *operator, struct hit * hits, size_t limit)
{
	struct buf query;
	size_t count;

	buf_init(&query, QUERY_MAX);
	write_query(terms, operator, & query);
	count = run_query(index, query.data, hits, limit);
	buf_finish(&query);
	return count;
}

/* Counts the terms that each hit has, as the index sees them: by their stems. */
static void count_terms(struct guide_index *index, const struct guide_terms *terms,
			struct hit *hits, size_t count)
{
	struct hit *having = memory_alloc(index->count * sizeof(*having));

	for (size_t i = 0; i < terms->count; i++) {
		struct guide_terms one = { .list = { terms->list[i] }, .count = 1 };
		size_t found = find_hits(index, &one, "", having, index->count);

		for (size_t j = 0; j < found; j++)
			for (size_t k = 0; k < count; k++)
				hits[k].terms += having[j].row == hits[k].row;
	}
	free(having);
}

static int compare_hits(const void *a_pointer, const void *b_pointer)
{
	const struct hit *a = a_pointer, *b = b_pointer;

	if (a->terms != b->terms)
		return a->terms > b->terms ? -1 : 1;
	if (a->score < b->score || a->score > b->score)
		return a->score < b->score ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

/* Those that are nearly as good as the best, which all but name the same thing. */
static size_t keep_good(const struct hit *hits, size_t count)
{
	size_t kept = 0;

	while (kept < count && hits[kept].score <= hits[0].score * GOOD_ENOUGH)
		kept++;
	return kept;
}

static size_t search(struct guide_index *index, const struct guide_terms *terms,
		     const struct guide_section **sections, size_t limit)
{
	struct hit hits[CANDIDATES];
	size_t found = find_hits(index, terms, " AND ", hits, CANDIDATES);

	if (found == 0) {
		found = find_hits(index, terms, " OR ", hits, CANDIDATES);
		count_terms(index, terms, hits, found);
		qsort(hits, found, sizeof(hits[0]), compare_hits);
		while (found > 0 && hits[found - 1].terms * 2 < terms->count)
			found--;
	}
	found = keep_good(hits, found);
	found = found < limit ? found : limit;
	for (size_t i = 0; i < found; i++)
		sections[i] = &index->sections[hits[i].row];
	return found;
}

size_t guide_search(struct guide_index *index, const struct guide_terms *terms,
		    const struct guide_section **sections, size_t limit)
{
	size_t found;

	if (terms->count == 0 || index->count == 0)
		return 0;
	pthread_mutex_lock(&index->lock);
	found = search(index, terms, sections, limit);
	pthread_mutex_unlock(&index->lock);
	return found;
}
