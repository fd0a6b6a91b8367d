#include "base/pool.h"

#include "base/clock.h"
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
	IDLE_MS = 10000,
	TASKS_IN_A_ROW = 32, /* then the loop has its turn, with the answers */
	LOOKOUT_MS = 10,     /* without a task taken, and those that run seem to wait */
	NAME_MAX_BYTES = 16, /* what the kernel keeps of a thread's name */
};

/*
 * A place for a thread. It lives as long as the pool, so that it can be signalled without the lock.
 */
struct worker {
	struct pool *pool;
	struct list node; /* in `spare` or `idle`; alone while it works, is about to or looks out */
	pthread_cond_t wake;
};

struct pool {
	pthread_mutex_t lock; /* guards all below */
	struct list tasks;
	struct list spare; /* workers without a thread */
	struct list idle;  /* the last to become idle is woken first: its caches are warm */
	unsigned threads, max_threads;
	unsigned running, max_running; /* tasks that run and do not wait */
	unsigned queued;               /* length of `tasks` */
	uint64_t submitted;
	bool waking;  /* a worker was signalled or started and has not yet come here */
	bool watched; /* one is on the lookout */
	bool stopping;
	pthread_cond_t ended; /* the last thread went */
	/* The thread that went last, joined by the next that goes: nothing of it is left. */
	pthread_t gone;
	bool has_gone;
	pthread_attr_t attributes;
	char name[NAME_MAX_BYTES];
	struct worker workers[];
};

/* Whose worker this thread is, or NULL. */
static _Thread_local struct pool *own_pool;
static _Thread_local unsigned own_waits; /* that are begun, one within the other */

static void *worker_main(void *context);

static void init_workers(struct pool *pool)
{
	for (unsigned i = 0; i < pool->max_threads; i++) {
		pool->workers[i].pool = pool;
		list_append(&pool->spare, &pool->workers[i].node);
		clock_condition_init(&pool->workers[i].wake);
	}
}

/* Those that this process may use, which may be fewer than there are. */
static unsigned count_processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
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
	pool->max_running = count_processors();
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

/* Under the lock: whether one more may run. */
static bool has_place(const struct pool *pool)
{
	return pool->running < pool->max_running;
}

/*
 * Under the lock: sees to it that one more worker comes if work waits and none is on its way, be it
 * to look out. Returns the one to be signalled once the lock is released (a thread that wakes must
 * not find it taken), or NULL.
 */
static struct worker *choose_worker(struct pool *pool)
{
	if (pool->waking || list_empty(&pool->tasks))
		return NULL;
	if (!has_place(pool) && pool->watched)
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
	pool->queued++;
	pool->submitted++;
	unlock_and_wake(pool, choose_worker(pool));
}

struct pool_counts pool_counts(struct pool *pool)
{
	struct pool_counts counts;

	pthread_mutex_lock(&pool->lock);
	counts = (struct pool_counts){ .threads = pool->threads,
				       .busy = pool->threads,
				       .queued = pool->queued,
				       .submitted = pool->submitted };
	LIST_EACH(worker, &pool->idle, struct worker, node)
		counts.busy--;
	if (pool->watched)
		counts.busy--;
	pthread_mutex_unlock(&pool->lock);
	return counts;
}

static struct timespec after_ms(int64_t ms)
{
	int64_t end_ms = clock_monotonic_ms() + ms;

	return (struct timespec){ .tv_sec = end_ms / 1000, .tv_nsec = end_ms % 1000 * 1000000 };
}

/* Under the lock: waits to be chosen; false if nobody did for IDLE_MS. */
static bool worker_sleep(struct pool *pool, struct worker *worker)
{
	struct timespec until = after_ms(IDLE_MS);
	int result = 0;

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
	pool->queued--;
	pool->running++;
	unlock_and_wake(pool, choose_worker(pool));
	task->run(task);
	pthread_mutex_lock(&pool->lock);
	pool->running--;
}

/*
 * Under the lock: how it becomes known that those who run have come to wait for something without
 * saying so. True if no task was taken for a while and none is done.
 */
static bool look_out(struct pool *pool, struct worker *worker)
{
	uint64_t taken = pool->submitted - pool->queued;
	struct timespec until = after_ms(LOOKOUT_MS);

	pool->watched = true;
	while (!pool->stopping &&
	       pthread_cond_timedwait(&worker->wake, &pool->lock, &until) != ETIMEDOUT)
		;
	pool->watched = false;
	return pool->submitted - pool->queued == taken && !list_empty(&pool->tasks);
}

/* Under the lock: as long as there is a place, of which a relief takes no notice. */
static void run_some(struct pool *pool, bool relief)
{
	int count = 0;

	while (count < TASKS_IN_A_ROW && !list_empty(&pool->tasks) && (relief || has_place(pool))) {
		run_next(pool);
		count++;
	}
	if (count < TASKS_IN_A_ROW)
		return;
	pthread_mutex_unlock(&pool->lock);
	sched_yield();
	pthread_mutex_lock(&pool->lock);
}

/* Under the lock: works until nothing is to be done, or others do it. */
static void work(struct pool *pool, struct worker *worker)
{
	while (!list_empty(&pool->tasks)) {
		if (pool->stopping || has_place(pool))
			run_some(pool, pool->stopping);
		else if (pool->watched)
			return;
		else if (look_out(pool, worker))
			run_some(pool, true);
	}
}

/* ---- Waiting ---- */

void pool_wait_begin(void)
{
	struct pool *pool = own_pool;

	if (!pool || own_waits++ > 0)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->running--;
	unlock_and_wake(pool, choose_worker(pool));
}

void pool_wait_end(void)
{
	struct pool *pool = own_pool;

	if (!pool || --own_waits > 0)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->running++;
	pthread_mutex_unlock(&pool->lock);
}

/* ---- Threads ---- */

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
	own_pool = pool;
	be_patient();
	pthread_mutex_lock(&pool->lock);
	pool->waking = false;
	do
		work(pool, worker);
	while (!pool->stopping && worker_sleep(pool, worker));
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
