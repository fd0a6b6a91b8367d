/*
 * Limits, counted by the generic cell rate algorithm: so many requests in a window, regained evenly.
 *
 * A limit keeps one number for each key: the time at which everything would be regained. A request moves it by one
 * interval, and is refused where that would be beyond the window. The table has a fixed size; when it is full, the key that
 * would be forgotten soonest gives way. Keys are held as their SipHash under a key of the process, so that nobody can choose
 * which others share their place. Any thread.
 */
#ifndef WEBPLUS_MIDDLEWARE_GCRA_H
#define WEBPLUS_MIDDLEWARE_GCRA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gcra;

/* `quota` requests, all at once or one by one, in `window_us`. */
struct gcra_limit {
	int64_t quota;
	int64_t window_us;
};

/* What a limit says of a request. */
struct gcra_state {
	int64_t remaining;
	int64_t reset_us; /* until all is regained */
	int64_t retry_us; /* until one is; 0 where there is one */
};

/* Room for `keys`, rounded up to a power of two. */
struct gcra *gcra_create(size_t keys);
void gcra_destroy(struct gcra *gcra);

/* Takes one, if there is one. `now_us` is monotonic. */
bool gcra_take(struct gcra *gcra, const char *key, const struct gcra_limit *limit, int64_t now_us,
	       struct gcra_state *ret_state);
/* What a time in the table means: `full_us` is how far it lies ahead. */
struct gcra_state gcra_state_of(const struct gcra_limit *limit, int64_t full_us);
/* Keys that gave way though they were not forgotten yet. */
uint64_t gcra_evictions(struct gcra *gcra);

#endif
