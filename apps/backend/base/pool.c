#include "base/pool.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	STACK_BYTES = 512 * 1024, /* address space; only what is touched becomes memory */
	IDLE_SECONDS = 10,
	NAME_MAX_BYTES = 16, /* what the kernel keeps of a thread's name */
};

/*
 * A place for a thread. It lives as long as the pool, so that it can be signalled without the lock.
 */
struct worker {
	struct pool *pool;
	struct list node; /* in `spare` or `idle`; alone while it works or is about to */
	pthread_cond_t wake;
};

struct pool {
	pthread_mutex_t lock; /* guards all below */
	struct list tasks;
	struct list spare; /* workers without a thread */
	struct list idle;  /* the last to become idle is woken first: its caches are warm */
	unsigned threads, max_threads;
	bool waking; /* a worker was signalled or started and has not yet come here */
	bool stopping;
	pthread_cond_t ended; /* the last thread went */
	/* The thread that went last, joined by the next that goes: nothing of it is left. */
	pthread_t gone;
	bool has_gone;
	pthread_attr_t attributes;
	char name[NAME_MAX_BYTES];
	struct worker workers[];
};

static void *worker_main(void *context);

static void init_workers(struct pool *pool)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	for (unsigned i = 0; i < pool->max_threads; i++) {
		pool->workers[i].pool = pool;
		list_append(&pool->spare, &pool->workers[i].node);
		pthread_cond_init(&pool->workers[i].wake, &attributes);
	}
	pthread_condattr_destroy(&attributes);
}

struct pool *pool_create(const char *name, unsigned max_threads)
{
	struct pool *pool = memory_alloc(sizeof(*pool) + max_threads * sizeof(pool->workers[0]));

	assert(max_threads > 0);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->ended, NULL);
	list_init(&pool->tasks);
	list_init(&pool->spare);
	list_init(&pool->idle);
	pool->max_threads = max_threads;
	pthread_attr_init(&pool->attributes);
	pthread_attr_setstacksize(&pool->attributes, STACK_BYTES);
	snprintf(pool->name, sizeof(pool->name), "%s", name);
	init_workers(pool);
	return pool;
}

static struct worker *take_first(struct list *workers)
{
	struct worker *worker = CONTAINER_OF(workers->next, struct worker, node);

	list_remove(&worker->node);
	return worker;
}

/*
 * Under the lock. Without memory for another thread the work waits for those there are; without
 * any, nothing works.
 */
static void start_worker(struct pool *pool)
{
	struct worker *worker = take_first(&pool->spare);
	pthread_t thread;

	if (pthread_create(&thread, &pool->attributes, worker_main, worker) == 0) {
		pool->threads++;
		pool->waking = true;
		return;
	}
	list_insert(&pool->spare, &worker->node);
	if (pool->threads == 0)
		memory_exhausted();
}

/*
 * Under the lock: sees to it that one more worker comes if work waits and none is on its way.
 * Returns the one to be signalled once the lock is released (a thread that wakes must not find it
 * taken), or NULL.
 */
static struct worker *choose_worker(struct pool *pool)
{
	if (pool->waking || list_empty(&pool->tasks))
		return NULL;
	if (!list_empty(&pool->idle)) {
		pool->waking = true;
		return take_first(&pool->idle);
	}
	if (!list_empty(&pool->spare) && !pool->stopping)
		start_worker(pool);
	return NULL;
}

static void unlock_and_wake(struct pool *pool, struct worker *worker)
{
	pthread_mutex_unlock(&pool->lock);
	if (worker != NULL)
		pthread_cond_signal(&worker->wake);
}

void pool_submit(struct pool *pool, struct task *task)
{
	pthread_mutex_lock(&pool->lock);
	assert(!pool->stopping);
	list_append(&pool->tasks, &task->node);
	unlock_and_wake(pool, choose_worker(pool));
}

/* Under the lock: waits to be chosen; false if nobody did for IDLE_SECONDS. */
static bool worker_sleep(struct pool *pool, struct worker *worker)
{
	struct timespec until;
	int result = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += IDLE_SECONDS;
	list_insert(&pool->idle, &worker->node);
	while (!list_empty(&worker->node) && !pool->stopping && result != ETIMEDOUT)
		result = pthread_cond_timedwait(&worker->wake, &pool->lock, &until);
	if (list_empty(&worker->node)) {
		pool->waking = false;
		return true;
	}
	list_remove(&worker->node);
	return false;
}

/* Under the lock, which is let go while the task runs. */
static void run_next(struct pool *pool)
{
	struct task *task = CONTAINER_OF(pool->tasks.next, struct task, node);

	list_remove(&task->node);
	unlock_and_wake(pool, choose_worker(pool));
	task->run(task);
	pthread_mutex_lock(&pool->lock);
}

/*
 * A worker that wakes shall not push aside the thread that woke it, which most often has more to
 * hand over.
 */
static void be_patient(void)
{
	struct sched_param parameters = { 0 };

	(void)pthread_setschedparam(pthread_self(), SCHED_BATCH, &parameters);
}

/* Under the lock, which is let go for good. */
static void go(struct pool *pool)
{
	pthread_t before = pool->gone;
	bool has_before = pool->has_gone;

	pool->gone = pthread_self();
	pool->has_gone = true;
	pool->threads--;
	if (pool->threads == 0)
		pthread_cond_signal(&pool->ended);
	pthread_mutex_unlock(&pool->lock);
	if (has_before)
		pthread_join(before, NULL);
}

static void *worker_main(void *context)
{
	struct worker *worker = context;
	struct pool *pool = worker->pool;

	pthread_setname_np(pthread_self(), pool->name);
	be_patient();
	pthread_mutex_lock(&pool->lock);
	pool->waking = false;
	for (;;) {
		while (!list_empty(&pool->tasks))
			run_next(pool);
		if (pool->stopping || !worker_sleep(pool, worker))
			break;
	}
	list_insert(&pool->spare, &worker->node);
	go(pool);
	return NULL;
}

void pool_destroy(struct pool *pool)
{
	if (pool == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	LIST_EACH(worker, &pool->idle, struct worker, node)
		pthread_cond_signal(&worker->wake);
	while (pool->threads > 0)
		pthread_cond_wait(&pool->ended, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	if (pool->has_gone)
		pthread_join(pool->gone, NULL);
	for (unsigned i = 0; i < pool->max_threads; i++)
		pthread_cond_destroy(&pool->workers[i].wake);
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->ended);
	pthread_attr_destroy(&pool->attributes);
	free(pool);
}
