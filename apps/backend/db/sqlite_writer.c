#include "db/sqlite_writer.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum {
	GROUP_MAX = 1024,  /* jobs in one commit */
	GROUP_MAX_MS = 20, /* of running jobs before it commits, however many still wait */
	GATHER_SHARE = 4,  /* of what the commit before took; see wait_for_more */
};

struct sqlite_writer {
	struct db tx; /* first: what the jobs are given */
	struct sqlite_connection connection;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t arrived;
	struct list waiting; /* under `lock` */
	bool stopping;       /* under `lock` */
	unsigned group_size; /* jobs of the commit before */
	int64_t gather_end_us;
	atomic_uint_fast64_t transactions, commits, rollbacks;
};

/* ---- The transaction that a job sees ---- */

static struct sqlite_writer *writer_of(struct db *tx)
{
	return CONTAINER_OF(tx, struct sqlite_writer, tx);
}

static enum err tx_run(struct db *tx, const struct query *query, struct rows *rows)
{
	return sqlite_run(&writer_of(tx)->connection, tx->keyring, query, rows);
}

/* A transaction within a transaction is a part of it. */
static enum err tx_transaction(struct db *tx, transaction run, void *context)
{
	return run(tx, context);
}

static const struct engine tx_engine = { .run = tx_run, .transaction = tx_transaction };

/* ---- Groups ---- */

static bool aborted(const struct sqlite_writer *writer)
{
	return sqlite3_get_autocommit(writer->connection.handle) != 0;
}

static void run_in_savepoint(struct sqlite_writer *writer, struct write_job *job)
{
	job->result = sqlite_script(&writer->connection, "SAVEPOINT job");
	if (job->result != ERR_OK)
		return;
	job->result = job->run(&writer->tx, job->context);
	atomic_fetch_add(&writer->transactions, 1);
	if (aborted(writer))
		return;
	if (job->result != ERR_OK) {
		atomic_fetch_add(&writer->rollbacks, 1);
		(void)!sqlite_script(&writer->connection, "ROLLBACK TO job");
	}
	if (sqlite_script(&writer->connection, "RELEASE job") != ERR_OK && job->result == ERR_OK)
		job->result = ERR_INTERNAL;
}

static enum err begin(struct sqlite_writer *writer)
{
	return sqlite_script(&writer->connection, "BEGIN IMMEDIATE");
}

static enum err commit(struct sqlite_writer *writer)
{
	int64_t began_us = clock_monotonic_us();
	enum err err = sqlite_script(&writer->connection, "COMMIT");
	int64_t ended_us = clock_monotonic_us();

	writer->gather_end_us = ended_us + (ended_us - began_us) / GATHER_SHARE;
	if (err == ERR_OK)
		atomic_fetch_add(&writer->commits, 1);
	else if (!aborted(writer))
		(void)!sqlite_script(&writer->connection, "ROLLBACK");
	return err;
}

static void take_waiting(struct sqlite_writer *writer, struct list *group)
{
	pthread_mutex_lock(&writer->lock);
	list_splice(group, &writer->waiting);
	pthread_mutex_unlock(&writer->lock);
}

/*
 * Whose jobs one commit acknowledged come back with the next ones, but not at once: a commit that
 * waits for a slow disk is not spent on the first of them, while others are still on their way.
 */
static void wait_for_more(struct sqlite_writer *writer, struct list *todo)
{
	struct timespec until = { .tv_sec = writer->gather_end_us / 1000000,
				  .tv_nsec = writer->gather_end_us % 1000000 * 1000 };
	int result = 0;

	pthread_mutex_lock(&writer->lock);
	while (list_empty(&writer->waiting) && !writer->stopping && result != ETIMEDOUT)
		result = pthread_cond_timedwait(&writer->arrived, &writer->lock, &until);
	list_splice(todo, &writer->waiting);
	pthread_mutex_unlock(&writer->lock);
}

/* Moves jobs from `todo` to `ran` as it runs them, those that arrive meanwhile too. */
static void run_group(struct sqlite_writer *writer, struct list *todo, struct list *ran)
{
	int64_t end_ms = clock_monotonic_ms() + GROUP_MAX_MS;
	unsigned expected = writer->group_size;

	writer->group_size = 0;
	while (writer->group_size < GROUP_MAX && clock_monotonic_ms() <= end_ms) {
		struct list *node;

		if (list_empty(todo))
			take_waiting(writer, todo);
		if (list_empty(todo) && writer->group_size < expected)
			wait_for_more(writer, todo);
		if (list_empty(todo))
			return;
		writer->group_size++;
		node = todo->next;
		list_remove(node);
		list_append(ran, node);
		run_in_savepoint(writer, CONTAINER_OF(node, struct write_job, node));
		if (aborted(writer))
			return;
	}
}

static void run_alone(struct sqlite_writer *writer, struct write_job *job)
{
	enum err err = begin(writer);

	if (err == ERR_OK) {
		run_in_savepoint(writer, job);
		err = aborted(writer) ? ERR_DISK_FULL : commit(writer);
	}
	if (err != ERR_OK && job->result == ERR_OK)
		job->result = err;
}

static void finish_jobs(struct list *ran)
{
	LIST_EACH_SAFE(job, ran, struct write_job, node) {
		list_remove(&job->node);
		job->done(job);
	}
}

/* Without a transaction nothing can run: what waits now is refused, and the next may fare better. */
static void refuse(struct list *todo, enum err err)
{
	LIST_EACH(job, todo, struct write_job, node)
		job->result = err;
	finish_jobs(todo);
}

static void write_group(struct sqlite_writer *writer, struct list *todo)
{
	struct list ran;
	enum err err = begin(writer);

	if (err != ERR_OK) {
		refuse(todo, err);
		return;
	}
	list_init(&ran);
	run_group(writer, todo, &ran);
	if (aborted(writer) || commit(writer) != ERR_OK)
		LIST_EACH(job, &ran, struct write_job, node)
			run_alone(writer, job);
	finish_jobs(&ran);
}

static bool wait_for_jobs(struct sqlite_writer *writer, struct list *todo)
{
	pthread_mutex_lock(&writer->lock);
	while (list_empty(todo) && list_empty(&writer->waiting) && !writer->stopping)
		pthread_cond_wait(&writer->arrived, &writer->lock);
	list_splice(todo, &writer->waiting);
	pthread_mutex_unlock(&writer->lock);
	return !list_empty(todo);
}

static void *writer_main(void *context)
{
	struct sqlite_writer *writer = context;
	struct list todo;

	list_init(&todo);
	pthread_setname_np(pthread_self(), "writer");
	while (wait_for_jobs(writer, &todo))
		write_group(writer, &todo);
	return NULL;
}

/* ---- From outside ---- */

enum err sqlite_writer_create(const struct db_options *options, struct arena *arena,
			      struct sqlite_writer **ret_writer, const char **ret_reason)
{
	struct sqlite_writer *writer = MEMORY_NEW(struct sqlite_writer);
	enum err err;

	writer->tx = (struct db){ &tx_engine, options->keyring };
	list_init(&writer->waiting);
	err = sqlite_connect(options, SQLITE_WRITER, &writer->connection, arena, ret_reason);
	if (err != ERR_OK) {
		free(writer);
		return err;
	}
	pthread_mutex_init(&writer->lock, NULL);
	clock_condition_init(&writer->arrived);
	if (pthread_create(&writer->thread, NULL, writer_main, writer) != 0)
		memory_exhausted();
	*ret_writer = writer;
	return ERR_OK;
}

void sqlite_writer_destroy(struct sqlite_writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	writer->stopping = true;
	pthread_cond_signal(&writer->arrived);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
	sqlite_disconnect(&writer->connection);
	pthread_mutex_destroy(&writer->lock);
	pthread_cond_destroy(&writer->arrived);
	free(writer);
}

void sqlite_writer_submit(struct sqlite_writer *writer, struct write_job *job)
{
	bool first;

	pthread_mutex_lock(&writer->lock);
	first = list_empty(&writer->waiting);
	list_append(&writer->waiting, &job->node);
	pthread_mutex_unlock(&writer->lock);
	if (first)
		pthread_cond_signal(&writer->arrived);
}

void sqlite_writer_counts(struct sqlite_writer *writer, struct db_counts *counts)
{
	counts->transactions = atomic_load(&writer->transactions);
	counts->commits = atomic_load(&writer->commits);
	counts->rollbacks = atomic_load(&writer->rollbacks);
}
