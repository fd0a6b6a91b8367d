/*
 * Full-text search over Web+'s own guides (SQLite's FTS5, in memory), for the built-in model.
 *
 * A guide is cut into sections at its headings. An index is made once and constant afterwards;
 * guide_search may be called from several threads, one at a time gets its turn. What it finds lives
 * as long as the index. Both may take milliseconds: on workers only.
 */
#ifndef WEBPLUS_PROVIDERS_GUIDE_INDEX_H
#define WEBPLUS_PROVIDERS_GUIDE_INDEX_H

#include "base/arena.h"

#include <stddef.h>

struct guide_document {
	const char *name; /* "user-guide"; it is shown at /help/user-guide */
	const char *text; /* Markdown */
	size_t length;
};

struct guide_section {
	const char *document; /* its name */
	const char *title;    /* its first heading */
	const char
		*heading; /* with those above it: "Files: Limits"; "" at the front of a document */
	const char *anchor; /* of the heading on the page; "" at the front */
	const char *text;   /* Markdown, without the heading */
};

/* What a question asks for: its words in lower case, without those that say nothing. */
enum { GUIDE_TERMS_MAX = 16 };

struct guide_terms {
	const char *list[GUIDE_TERMS_MAX];
	size_t count;
};

struct guide_index;

/* The guides that are part of the binary. */
void guide_documents(struct arena *arena, struct guide_document **ret_documents, size_t *ret_count);

/* NULL when there is no memory or no FTS5. The texts of the documents must live as long. */
struct guide_index *guide_index_create(const struct guide_document *documents, size_t count);
void guide_index_destroy(struct guide_index *index);

void guide_terms_read(const char *question, struct arena *arena, struct guide_terms *terms);
/*
 * The best sections, at most `limit`, best first: those that have every term, else those that have
 * at least half of them; and no further ones where the first stand out.
 */
size_t guide_search(struct guide_index *index, const struct guide_terms *terms,
		    const struct guide_section **sections, size_t limit);

#endif
