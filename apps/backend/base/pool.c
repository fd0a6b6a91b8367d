#include "base/pool.h"

#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	STACK_BYTES = 512 * 1024, /* address space; only what is touched becomes memory */
	IDLE_SECONDS = 10,
	NAME_MAX_BYTES = 16, /* what the kernel keeps of a thread's name */
};

struct pool {
	pthread_mutex_t lock; /* guards all below */
	struct list tasks;
	struct list
		/* of struct worker; the last to become idle is woken first, its caches are warm */
		idle;
	unsigned threads, max_threads;
	/* a wake-up is in flight: a worker was signalled or started and has not yet come here */
	bool waking;
	bool stopping;
	pthread_cond_t ended; /* the last thread went */
	pthread_attr_t attributes;
	char name[NAME_MAX_BYTES];
};

/* On the stack of its thread. */
struct worker {
	struct list node; /* in pool->idle, or alone once it was chosen */
	pthread_cond_t wake;
};

static void *worker_main(void *context);

struct pool *pool_create(const char *name, unsigned max_threads)
{
	struct pool *pool = MEMORY_NEW(struct pool);

	assert(max_threads > 0);
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->ended, NULL);
	list_init(&pool->tasks);
	list_init(&pool->idle);
	pool->max_threads = max_threads;
	pthread_attr_init(&pool->attributes);
	pthread_attr_setstacksize(&pool->attributes, STACK_BYTES);
	pthread_attr_setdetachstate(&pool->attributes, PTHREAD_CREATE_DETACHED);
	snprintf(pool->name, sizeof(pool->name), "%s", name);
	return pool;
}

/* Under the lock. Without memory for another thread the work waits for those there are; without any, nothing works. */
static void start_worker(struct pool *pool)
{
	pthread_t thread;

	if (pthread_create(&thread, &pool->attributes, worker_main, pool) == 0) {
		pool->threads++;
		pool->waking = true;
	} else if (pool->threads == 0) {
		memory_exhausted();
	}
}

/* Under the lock: brings one more worker if work waits, none is on its way, and there is one to be had. */
static void wake_one(struct pool *pool)
{
	struct worker *worker;

	if (pool->waking || list_empty(&pool->tasks))
		return;
	if (!list_empty(&pool->idle)) {
		worker = CONTAINER_OF(pool->idle.next, struct worker, node);
		list_remove(&worker->node);
		pool->waking = true;
		pthread_cond_signal(&worker->wake);
	} else if (pool->threads < pool->max_threads && !pool->stopping) {
		start_worker(pool);
	}
}

void pool_submit(struct pool *pool, struct task *task)
{
	pthread_mutex_lock(&pool->lock);
	assert(!pool->stopping);
	list_append(&pool->tasks, &task->node);
	wake_one(pool);
	pthread_mutex_unlock(&pool->lock);
}

/* Under the lock: waits to be chosen by wake_one; false if nobody did for IDLE_SECONDS. */
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
	wake_one(pool);
	pthread_mutex_unlock(&pool->lock);
	task->run(task);
	pthread_mutex_lock(&pool->lock);
}

static void worker_init(struct worker *worker)
{
	pthread_condattr_t attributes;

	list_init(&worker->node);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&worker->wake, &attributes);
	pthread_condattr_destroy(&attributes);
}

static void *worker_main(void *context)
{
	struct pool *pool = context;
	struct worker worker;

	worker_init(&worker);
	pthread_setname_np(pthread_self(), pool->name);
	pthread_mutex_lock(&pool->lock);
	pool->waking = false;
	for (;;) {
		while (!list_empty(&pool->tasks))
			run_next(pool);
		if (pool->stopping || !worker_sleep(pool, &worker))
			break;
	}
	pool->threads--;
	if (pool->threads == 0)
		pthread_cond_signal(&pool->ended);
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_destroy(&worker.wake);
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
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->ended);
	pthread_attr_destroy(&pool->attributes);
	free(pool);
}
