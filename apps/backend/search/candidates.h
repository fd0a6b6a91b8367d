/*
 * What stands at some moments: read many at once, opened, and held against the query.
 *
 * How much may be read is counted down; a list of candidates that is too large is cut, so that the rest is for the next page.
 *
 * Workers, for one request.
 */
#ifndef WEBPLUS_SEARCH_CANDIDATES_H
#define WEBPLUS_SEARCH_CANDIDATES_H

#include "search/finder.h"
#include "search/search_store.h"

enum { CANDIDATES_MAX = DB_EACH_MAX };

/* Something of one's was made at this moment. */
struct candidate {
	int64_t moment;
	bool message, title; /* which of them it may be */
};

struct opening {
	const struct finding *finding;
	struct arena *arena;
	int reads;     /* of candidates and conversations, that are left */
	int64_t bytes; /* of messages, that are left */
};

void opening_init(struct opening *opening, const struct finding *finding, struct arena *arena);
bool opening_is_spent(const struct opening *opening);
/*
 * Looks at up to CANDIDATES_MAX of them, whose moments fall; *count: at how many, of those that were given. What is before
 * the finding's place and has what was asked for is *ret_found (struct found), the latest id first.
 */
enum err candidates_open(struct opening *opening, const struct candidate *list, size_t *count,
			 struct array *ret_found) WARN_UNUSED;
/* What it is listed under. */
const char *found_id(const struct found *found);

#endif
