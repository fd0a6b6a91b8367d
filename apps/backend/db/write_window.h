/*
 * Private to db/: how many transactions that write run at once.
 *
 * PostgreSQL finds out who met whom by the page of an index, so that transactions on neighbouring rows cannot both
 * commit although neither changed what the other read. The more run at once, the more run in vain. So their number
 * follows what is seen: one that must be run again takes a place away, and as many commits as RETRY_COST give one
 * back. It settles where one in so many is run again, be that at one place or at all of them, and whoever else writes
 * to the database.
 *
 * Callable from any thread. Who entered leaves.
 */
#ifndef WEBPLUS_DB_WRITE_WINDOW_H
#define WEBPLUS_DB_WRITE_WINDOW_H

#include "base/err.h"

#include <stdint.h>

struct write_window;

/* Opens with all `places`, which is the most. */
struct write_window *write_window_create(unsigned places, int64_t wait_ms);
/* Everybody must have left. */
void write_window_destroy(struct write_window *window);

/* Those who wait enter in the order in which they came. ERR_UNAVAILABLE: none left within wait_ms. */
enum err write_window_enter(struct write_window *window) WARN_UNUSED;
void write_window_leave(struct write_window *window);

/* From within: what became of one run. */
void write_window_committed(struct write_window *window);
void write_window_retried(struct write_window *window);

/* How many may be in it now. */
unsigned write_window_places(struct write_window *window);

#endif
