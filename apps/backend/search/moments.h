/*
 * Moments: the milliseconds since 1970 at which a message or conversation was made, as its id says (UUIDv7). A list of them
 * is what the index keeps of a word: ascending, each once. Several messages may be of one moment; which of them was meant is
 * seen when they are read. Any thread.
 */
#ifndef WEBPLUS_SEARCH_MOMENTS_H
#define WEBPLUS_SEARCH_MOMENTS_H

#include "base/arena.h"
#include "base/id.h"
#include "schema/schema.h"

#include <stdint.h>

#define MOMENT_MAX ((INT64_C(1) << 48) - 1)
enum { MOMENT_NONE = -1 };

struct moments {
	int64_t *list;
	size_t count;
};

/* Of a valid id. */
int64_t moment_of(const char *id);
/*
 * The place before every id of a moment, and, with the one after it, behind them: ids of it are in [of m, of m + 1). Behind
 * the last moment, in some thousand years, there is none.
 */
void moment_bound(int64_t moment, char id[static ID_SIZE]);

/* How many of them are not later. */
size_t moments_until(const struct moments *moments, int64_t moment);
/* Both, in the arena. */
struct moments moments_union(const struct moments *a, const struct moments *b, struct arena *arena);

/* The first one and the differences, each in groups of seven bits, the low ones first. */
struct blob moments_encode(const struct moments *moments, struct arena *arena);
/* ERR_CORRUPT for what moments_encode did not make. */
enum err moments_decode(struct blob bytes, struct arena *arena,
			struct moments *ret_moments) WARN_UNUSED;

#endif
