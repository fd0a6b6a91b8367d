#include "db/connection_pool.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/pool.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

struct connection_pool {
	struct connection_pool_options options;
	pthread_mutex_t lock; /* guards all below */
	struct list idle;     /* the one used last in front: its caches are warm */
	struct list waiting;  /* struct waiter, who came first in front */
	unsigned taken;       /* places in use: lent, or being opened or checked */
	unsigned idle_count;
	unsigned lent;     /* of `taken`, those that are with somebody */
	unsigned checking; /* of `taken` */
	unsigned waiting_count;
	unsigned failures; /* openings that failed in a row */
	bool trying;       /* somebody opens one although the last failed */
	int64_t retry_ms;  /* not before */
	uint64_t checkouts, timeouts, failed;
};

struct waiter {
	struct list node;
	pthread_cond_t turn; /* may have come */
};

struct connection_pool *connection_pool_create(const struct connection_pool_options *options)
{
	struct connection_pool *pool = MEMORY_NEW(struct connection_pool);

	assert(options->size > 0 && options->checkout_ms > 0);
	pool->options = *options;
	list_init(&pool->idle);
	list_init(&pool->waiting);
	pthread_mutex_init(&pool->lock, NULL);
	return pool;
}

static void close_one(struct connection_pool *pool, struct pooled *pooled)
{
	pool->options.close(pool->options.context, pooled);
}

void connection_pool_destroy(struct connection_pool *pool)
{
	if (!pool)
		return;
	assert(pool->taken == 0 && list_empty(&pool->waiting));
	LIST_EACH_SAFE(pooled, &pool->idle, struct pooled, node)
		close_one(pool, pooled);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

/* ---- Waiting ---- */

/* Under the lock, after anything that may let somebody go on: the first who waits looks, and then passes it on. */
static void wake_first(struct connection_pool *pool)
{
	if (!list_empty(&pool->waiting))
		pthread_cond_signal(&CONTAINER_OF(pool->waiting.next, struct waiter, node)->turn);
}

/* ---- Opening ---- */

/* Between half of it and all of it, so that those who failed together do not come again together. */
static int64_t with_jitter(int64_t ms)
{
	return ms / 2 + (int64_t)randombytes_uniform((uint32_t)(ms - ms / 2) + 1);
}

/* Under the lock. */
static void note_failure(struct connection_pool *pool)
{
	int64_t wait_ms = pool->options.backoff_ms;

	for (unsigned i = 0; i < pool->failures && wait_ms < pool->options.backoff_max_ms; i++)
		wait_ms *= 2;
	if (wait_ms > pool->options.backoff_max_ms)
		wait_ms = pool->options.backoff_max_ms;
	pool->failures++;
	pool->failed++;
	pool->retry_ms = clock_monotonic_ms() + with_jitter(wait_ms);
}

/* Under the lock: whether another may be opened now. */
static bool may_open(const struct connection_pool *pool)
{
	if (pool->taken + pool->idle_count >= pool->options.size)
		return false;
	return pool->failures == 0 || (!pool->trying && clock_monotonic_ms() >= pool->retry_ms);
}

static void start_life(const struct connection_pool *pool, struct pooled *pooled)
{
	int64_t life_ms = pool->options.life_ms;
	uint32_t spread = (uint32_t)(life_ms / 10) + 1;

	list_init(&pooled->node);
	pooled->suspect = false;
	pooled->expires_ms = 0;
	if (life_ms > 0)
		pooled->expires_ms =
			clock_monotonic_ms() + life_ms - (int64_t)randombytes_uniform(spread);
}

/* Under the lock, which is let go while it opens. */
static enum err open_one(struct connection_pool *pool, struct pooled **ret_pooled)
{
	struct pooled *pooled;
	enum err err;

	pool->taken++;
	pool->trying = pool->failures > 0;
	wake_first(pool);
	pthread_mutex_unlock(&pool->lock);
	pool_wait_begin();
	err = pool->options.open(pool->options.context, &pooled);
	pool_wait_end();
	pthread_mutex_lock(&pool->lock);
	pool->trying = false;
	if (err != ERR_OK) {
		pool->taken--;
		note_failure(pool);
		return err;
	}
	pool->failures = 0;
	pool->lent++;
	start_life(pool, pooled);
	*ret_pooled = pooled;
	return ERR_OK;
}

/* ---- Taking ---- */

static bool is_good(const struct connection_pool *pool, struct pooled *pooled)
{
	const struct connection_pool_options *options = &pool->options;
	int64_t now_ms = clock_monotonic_ms();
	bool long_idle =
		options->idle_check_ms > 0 && now_ms - pooled->used_ms >= options->idle_check_ms;

	if (pooled->expires_ms != 0 && now_ms >= pooled->expires_ms)
		return false;
	if (!pooled->suspect && !long_idle)
		return true;
	pooled->suspect = false;
	return !options->check || options->check(options->context, pooled);
}

/* Under the lock, which is let go while it is checked: the idle one used last, or NULL if that was no good. */
static struct pooled *take_idle(struct connection_pool *pool)
{
	struct pooled *pooled = CONTAINER_OF(pool->idle.next, struct pooled, node);
	bool good;

	list_remove(&pooled->node);
	pool->idle_count--;
	pool->taken++;
	pool->checking++;
	wake_first(pool);
	pthread_mutex_unlock(&pool->lock);
	good = is_good(pool, pooled);
	if (!good)
		close_one(pool, pooled);
	pthread_mutex_lock(&pool->lock);
	pool->checking--;
	if (good) {
		pool->lent++;
		return pooled;
	}
	pool->taken--;
	return NULL;
}

/* Under the lock: whether there is none that could come back. */
static bool nothing_comes(const struct connection_pool *pool)
{
	return pool->failures > 0 && pool->lent + pool->checking == 0;
}

/* Under the lock: whether there is one to take or to open, or nothing to wait for. */
static bool can_go_on(const struct connection_pool *pool)
{
	return !list_empty(&pool->idle) || may_open(pool) || nothing_comes(pool);
}

static bool is_first(const struct connection_pool *pool, const struct waiter *waiter)
{
	return pool->waiting.next == &waiter->node;
}

/* Under the lock: for the first of them also until another one may be opened. */
static void wait_for_turn(struct connection_pool *pool, struct waiter *waiter, int64_t end_ms)
{
	bool retries = is_first(pool, waiter) && pool->failures > 0 && !pool->trying &&
		       pool->taken + pool->idle_count < pool->options.size;
	int64_t until_ms = retries && pool->retry_ms < end_ms ? pool->retry_ms : end_ms;
	struct timespec until = { .tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000 };

	pool_wait_begin();
	(void)pthread_cond_timedwait(&waiter->turn, &pool->lock, &until);
	pool_wait_end();
}

/* Under the lock: behind those who wait, or again in front of them. False when there was no more time. */
static bool await_turn(struct connection_pool *pool, bool again, int64_t end_ms)
{
	struct waiter waiter;
	bool comes;

	clock_condition_init(&waiter.turn);
	if (again)
		list_insert(&pool->waiting, &waiter.node);
	else
		list_append(&pool->waiting, &waiter.node);
	pool->waiting_count++;
	for (;;) {
		comes = is_first(pool, &waiter) && can_go_on(pool);
		if (comes || clock_monotonic_ms() >= end_ms)
			break;
		wait_for_turn(pool, &waiter, end_ms);
	}
	pool->waiting_count--;
	list_remove(&waiter.node);
	pthread_cond_destroy(&waiter.turn);
	return comes;
}

/* Under the lock, whose turn it is; ERR_PENDING: it is to wait again. */
static enum err take_or_open(struct connection_pool *pool, struct pooled **ret_pooled)
{
	struct pooled *pooled;
	enum err err;

	if (!list_empty(&pool->idle)) {
		pooled = take_idle(pool);
		if (!pooled)
			return ERR_PENDING;
		*ret_pooled = pooled;
		return ERR_OK;
	}
	if (!may_open(pool))
		return ERR_UNAVAILABLE;
	err = open_one(pool, ret_pooled);
	return err == ERR_OK || nothing_comes(pool) ? err : ERR_PENDING;
}

/* Under the lock. */
static enum err take(struct connection_pool *pool, struct pooled **ret_pooled)
{
	int64_t end_ms = clock_monotonic_ms() + pool->options.checkout_ms;
	bool again = false, turn = list_empty(&pool->waiting) && can_go_on(pool);

	for (;;) {
		enum err err;

		if (!turn && !await_turn(pool, again, end_ms))
			break;
		err = take_or_open(pool, ret_pooled);
		if (err != ERR_PENDING)
			return err;
		again = true;
		if (clock_monotonic_ms() >= end_ms)
			break;
		turn = can_go_on(pool);
	}
	pool->timeouts++;
	return ERR_UNAVAILABLE;
}

enum err connection_pool_take(struct connection_pool *pool, struct pooled **ret_pooled)
{
	enum err err;

	pthread_mutex_lock(&pool->lock);
	pool->checkouts++;
	err = take(pool, ret_pooled);
	wake_first(pool);
	pthread_mutex_unlock(&pool->lock);
	return err;
}

void connection_pool_give(struct connection_pool *pool, struct pooled *pooled, bool broken)
{
	int64_t now_ms = clock_monotonic_ms();
	bool ends = broken || (pooled->expires_ms != 0 && now_ms >= pooled->expires_ms);

	pooled->used_ms = now_ms;
	if (ends)
		close_one(pool, pooled);
	pthread_mutex_lock(&pool->lock);
	pool->taken--;
	pool->lent--;
	if (broken)
		LIST_EACH(other, &pool->idle, struct pooled, node)
			other->suspect = true;
	if (!ends) {
		list_insert(&pool->idle, &pooled->node);
		pool->idle_count++;
	}
	wake_first(pool);
	pthread_mutex_unlock(&pool->lock);
}

struct db_pool_counts connection_pool_counts(struct connection_pool *pool)
{
	struct db_pool_counts counts;

	pthread_mutex_lock(&pool->lock);
	counts = (struct db_pool_counts){ .size = pool->options.size,
					  .open = pool->lent + pool->idle_count,
					  .in_use = pool->lent,
					  .waiting = pool->waiting_count,
					  .checkouts = pool->checkouts,
					  .timeouts = pool->timeouts,
					  .failures = pool->failed };
	pthread_mutex_unlock(&pool->lock);
	return counts;
}
