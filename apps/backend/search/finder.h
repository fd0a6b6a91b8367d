/*
 * One page of what is found: a query, whose texts, from where on.
 *
 * Four origins tell moments, the latest first: the index, of messages and of titles, and what is in no index yet, of both.
 * What was made at such a moment is read, opened and held against the query. How much one page may read has a bound; one that
 * reached it says so, and where it goes on.
 *
 * Workers, for one request.
 */
#ifndef WEBPLUS_SEARCH_FINDER_H
#define WEBPLUS_SEARCH_FINDER_H

#include "base/clock.h"
#include "db/database.h"
#include "db/page.h"
#include "search/query.h"

enum found_in { FOUND_TITLE, FOUND_USER, FOUND_ASSISTANT };
enum find_kind { FIND_ALL, FIND_MESSAGES, FIND_TITLES };

struct found {
	const char *conversation_id;
	const char *conversation_title;
	const char *message_id; /* NULL: the title was found */
	enum found_in found_in;
	struct timestamp created_at;
	struct array excerpt; /* struct excerpt_segment */
};

struct finding {
	struct db *db;
	const char *owner_id;
	struct query query;
	enum find_kind kind;
	struct place before; /* {MOMENT_MAX, "g"}: from the latest on */
	size_t limit;
};

struct found_page {
	struct array items; /* struct found */
	struct place next;  /* id NULL: there is nothing behind */
	bool complete;      /* nothing was passed over */
};

enum err find(const struct finding *finding, struct arena *arena,
	      struct found_page *ret_page) WARN_UNUSED;

#endif
