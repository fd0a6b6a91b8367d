#include "db/write_window.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/pool.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

enum { RETRY_COST = 16 };

struct write_window {
	int64_t wait_ms;
	unsigned max; /* in parts of a place, of which there are RETRY_COST */
	pthread_mutex_t lock;
	unsigned open;       /* under `lock`; parts, between one place and `max` */
	unsigned inside;     /* under `lock` */
	struct list waiting; /* under `lock`: struct waiter, who came first in front */
};

struct waiter {
	struct list node;
	pthread_cond_t turn;
	bool entered;
};

struct write_window *write_window_create(unsigned places, int64_t wait_ms)
{
	struct write_window *window = MEMORY_NEW(struct write_window);

	assert(places > 0 && wait_ms > 0);
	window->wait_ms = wait_ms;
	window->max = window->open = places * RETRY_COST;
	list_init(&window->waiting);
	pthread_mutex_init(&window->lock, NULL);
	return window;
}

void write_window_destroy(struct write_window *window)
{
	if (!window)
		return;
	assert(window->inside == 0 && list_empty(&window->waiting));
	pthread_mutex_destroy(&window->lock);
	free(window);
}

/* ---- Entering ---- */

/* Under the lock. */
static bool has_room(const struct write_window *window)
{
	return window->inside < window->open / RETRY_COST;
}

/* Under the lock: lets in who waits, as far as there is room. */
static void admit(struct write_window *window)
{
	while (has_room(window) && !list_empty(&window->waiting)) {
		struct waiter *waiter = CONTAINER_OF(window->waiting.next, struct waiter, node);

		list_remove(&waiter->node);
		waiter->entered = true;
		window->inside++;
		pthread_cond_signal(&waiter->turn);
	}
}

/* Under the lock: whether it was let in. */
static bool await_turn(struct write_window *window)
{
	int64_t end_ms = clock_monotonic_ms() + window->wait_ms;
	struct timespec until = { .tv_sec = end_ms / 1000, .tv_nsec = end_ms % 1000 * 1000000 };
	struct waiter waiter = { .entered = false };
	int result = 0;

	clock_condition_init(&waiter.turn);
	list_append(&window->waiting, &waiter.node);
	pool_wait_begin();
	while (!waiter.entered && result != ETIMEDOUT)
		result = pthread_cond_timedwait(&waiter.turn, &window->lock, &until);
	pool_wait_end();
	if (!waiter.entered)
		list_remove(&waiter.node);
	pthread_cond_destroy(&waiter.turn);
	return waiter.entered;
}

enum err write_window_enter(struct write_window *window)
{
	bool entered = true;

	pthread_mutex_lock(&window->lock);
	if (list_empty(&window->waiting) && has_room(window))
		window->inside++;
	else
		entered = await_turn(window);
	pthread_mutex_unlock(&window->lock);
	return entered ? ERR_OK : ERR_UNAVAILABLE;
}

void write_window_leave(struct write_window *window)
{
	pthread_mutex_lock(&window->lock);
	window->inside--;
	admit(window);
	pthread_mutex_unlock(&window->lock);
}

/* ---- Its size ---- */

void write_window_committed(struct write_window *window)
{
	pthread_mutex_lock(&window->lock);
	if (window->open < window->max)
		window->open++;
	admit(window);
	pthread_mutex_unlock(&window->lock);
}

void write_window_retried(struct write_window *window)
{
	unsigned least = RETRY_COST;

	pthread_mutex_lock(&window->lock);
	window->open = window->open >= 2 * least ? window->open - least : least;
	pthread_mutex_unlock(&window->lock);
}

unsigned write_window_places(struct write_window *window)
{
	unsigned places;

	pthread_mutex_lock(&window->lock);
	places = window->open / RETRY_COST;
	pthread_mutex_unlock(&window->lock);
	return places;
}
