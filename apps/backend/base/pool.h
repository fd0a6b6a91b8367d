/*
 * Worker threads for what may block: the database, password hashing.
 *
 * Threads start on demand up to the maximum, have small stacks, and end after some seconds without
 * work. A hand-over costs one wake-up at most: while one is in flight no other is sent, and a woken
 * worker wakes the next if work remains. pool_submit may be called from any thread; tasks run in
 * the order of submission and may overlap.
 */
#ifndef WEBPLUS_BASE_POOL_H
#define WEBPLUS_BASE_POOL_H

#include "base/list.h"

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

#endif
