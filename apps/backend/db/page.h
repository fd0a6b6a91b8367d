/*
 * Lists that page by key, and places in them: an opaque text for the client, a time and an id for the query. Any thread.
 */
#ifndef WEBPLUS_DB_PAGE_H
#define WEBPLUS_DB_PAGE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "schema/schema.h"

struct place {
	struct timestamp time;
	const char *id;
};

enum { CURSOR_MAX = 100, PAGE_LIMIT_MAX = 100 };

/*
 * The query of a page asks for one row more than `limit`. Takes that one away again, and returns the page's last row, from
 * which the cursor of the next page is made; NULL when there is no next page. `row` is the schema of the items.
 */
const void *page_cut(struct page *page, const struct schema *row, int64_t limit);

const char *place_encode(struct place place, struct arena *arena);
/* ERR_INVALID for what place_encode did not make. */
enum err place_decode(const char *cursor, struct arena *arena, struct place *ret_place) WARN_UNUSED;

#endif
