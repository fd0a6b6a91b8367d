/*
 * Time. Durations come from the monotonic clock; what is stored or shown comes from the wall clock,
 * in milliseconds since 1970 UTC. A wall clock that jumps must never end a stream or a time-out:
 * use clock_monotonic_* for those. Callable from any thread.
 */
#ifndef WEBPLUS_BASE_CLOCK_H
#define WEBPLUS_BASE_CLOCK_H

#include "base/err.h"

#include <pthread.h>
#include <stdint.h>

/*
 * A point in time as it is stored and sent. 0 means "never" and is null on the wire where the field
 * allows it.
 */
struct timestamp {
	int64_t ms;
};

enum { TIMESTAMP_TEXT_SIZE = 25 }; /* "2026-11-23T15:48:55.123Z" and NUL */

int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);
struct timestamp clock_now(void);
/* A condition whose timed waits are of the monotonic clock. */
void clock_condition_init(pthread_cond_t *condition);

/* RFC 3339, UTC, milliseconds; years 0000 to 9999. */
void timestamp_format(struct timestamp time, char text[static TIMESTAMP_TEXT_SIZE]);
/* RFC 3339 with any offset and up to nine digits of fraction; ERR_MALFORMED otherwise. */
enum err timestamp_parse(const char *text, struct timestamp *ret_time) WARN_UNUSED;

#endif
