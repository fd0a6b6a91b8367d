/*
 * Worker threads for what may block: the database, password hashing.
 *
 * Threads start on demand up to the maximum, have small stacks, and end after some seconds without
 * work. A hand-over costs one wake-up at most: while one is in flight no other is sent, and a woken
 * worker wakes the next if work remains. pool_submit may be called from any thread; tasks run in
 * the order of submission and may overlap.
 *
 * As many run at once as there are processors for this process: more would only push each other
 * aside, and all be late. One that waits says so with pool_wait_begin and does not count; of one
 * that does not say it, the pool learns within milliseconds, and another takes its place.
 */
#ifndef WEBPLUS_BASE_POOL_H
#define WEBPLUS_BASE_POOL_H

#include "base/list.h"

#include <stdint.h>

struct pool;

/* Embedded in what the task is about; the pool never allocates for a task. */
struct task {
	struct list node;
	void (*run)(struct task *task);
};

struct pool *pool_create(const char *name, unsigned max_threads);
/* Finishes what was submitted, then ends the threads. */
void pool_destroy(struct pool *pool);
void pool_submit(struct pool *pool, struct task *task);

/*
 * Around what a task waits for or computes for long. Any thread, under any lock; nothing happens
 * where the thread is not a worker. One may lie within another.
 */
void pool_wait_begin(void);
void pool_wait_end(void);

struct pool_counts {
	unsigned threads, busy; /* there are, at work */
	unsigned queued;        /* tasks that wait */
	uint64_t submitted;
};

/* Any thread. */
struct pool_counts pool_counts(struct pool *pool);

#endif
