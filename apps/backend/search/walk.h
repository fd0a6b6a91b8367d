/*
 * The moments at which an index has all of some terms, the latest first.
 *
 * The terms leap over each other: each is asked for its latest moment that is not later than where the one before stands, so
 * that a rare word carries a common one along, and what is read is a few blocks of each. A block comes with some of those
 * before it, which a common word will need next. What is opened is counted; a walk that has done its share stops and says
 * where it stood.
 *
 * For one request, on its worker.
 */
#ifndef WEBPLUS_SEARCH_WALK_H
#define WEBPLUS_SEARCH_WALK_H

#include "search/index_key.h"
#include "search/query.h"
#include "search/search_store.h"

/* One term, and what was read of it. */
struct stream {
	int64_t term;
	struct moments head;
	struct array
		read; /* struct search_block, the latest first; those before `at` are done with */
	size_t at;
	struct moments block;
	int64_t place; /* where `block` begins; MOMENT_NONE: there is none that early */
	int64_t asked; /* the latest moment for which `block` is the right one */
};

struct walk {
	struct db *db;
	int64_t index_id;
	const struct index_key *key;
	struct arena *arena;
	struct stream streams[QUERY_TERMS_MAX];
	size_t count;
	bool none;   /* a term is nowhere: there is nothing to find */
	int *budget; /* blocks that may still be opened */
};

/* `key` and `budget` must outlive the walk. */
enum err walk_begin(struct walk *walk, const struct terms *terms) WARN_UNUSED;
/*
 * The latest moment not later than `until`; MOMENT_NONE when there is none. *ret_stopped: the budget is spent, and
 * *ret_moment is not one that was found, but the latest one that may be.
 */
enum err walk_seek(struct walk *walk, int64_t until, int64_t *ret_moment,
		   bool *ret_stopped) WARN_UNUSED;

#endif
