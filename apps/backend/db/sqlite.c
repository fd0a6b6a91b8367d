/* The SQLite engine: a connection for each of a few readers at once, and one writer. */
#include "base/memory.h"
#include "db/sqlite_writer.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

struct reader {
	struct list node; /* in `idle` */
	struct sqlite_connection connection;
};

struct sqlite_db {
	struct db db; /* first */
	struct db_options options;
	char *folder;
	struct sqlite_writer *writer;

	pthread_mutex_t lock;
	pthread_cond_t returned;
	struct list idle; /* the one used last in front: its cache is warm */
	unsigned readers; /* open, idle or leased */
	atomic_uint_fast64_t reads;
};

/* ---- Readers ---- */

static enum err open_reader(struct sqlite_db *sqlite, struct reader **ret_reader)
{
	struct reader *reader = MEMORY_NEW(struct reader);
	struct arena arena;
	const char *reason;
	enum err err;

	arena_init(&arena);
	err = sqlite_connect(&sqlite->options, SQLITE_READER, &reader->connection, &arena, &reason);
	arena_finish(&arena);
	if (err != ERR_OK) {
		free(reader);
		return err;
	}
	list_init(&reader->node);
	*ret_reader = reader;
	return ERR_OK;
}

/* An idle reader; NULL when a new one may be opened, for which room was counted. */
static struct reader *wait_for_reader(struct sqlite_db *sqlite)
{
	struct reader *reader = NULL;

	pthread_mutex_lock(&sqlite->lock);
	while (list_empty(&sqlite->idle) && sqlite->readers == sqlite->options.readers)
		pthread_cond_wait(&sqlite->returned, &sqlite->lock);
	if (list_empty(&sqlite->idle)) {
		sqlite->readers++;
	} else {
		reader = CONTAINER_OF(sqlite->idle.next, struct reader, node);
		list_remove(&reader->node);
	}
	pthread_mutex_unlock(&sqlite->lock);
	return reader;
}

static enum err lease(struct sqlite_db *sqlite, struct reader **ret_reader)
{
	struct reader *reader = wait_for_reader(sqlite);
	enum err err = reader ? ERR_OK : open_reader(sqlite, &reader);

	if (err == ERR_OK) {
		*ret_reader = reader;
		return ERR_OK;
	}
	pthread_mutex_lock(&sqlite->lock);
	sqlite->readers--;
	pthread_cond_signal(&sqlite->returned);
	pthread_mutex_unlock(&sqlite->lock);
	return err;
}

static void give_back(struct sqlite_db *sqlite, struct reader *reader)
{
	pthread_mutex_lock(&sqlite->lock);
	list_insert(&sqlite->idle, &reader->node);
	pthread_cond_signal(&sqlite->returned);
	pthread_mutex_unlock(&sqlite->lock);
}

/* ---- Transactions ---- */

struct waiting_job {
	struct write_job job;
	sem_t done;
};

static void wake_waiting(struct write_job *job)
{
	sem_post(&CONTAINER_OF(job, struct waiting_job, job)->done);
}

static enum err sqlite_transaction(struct db *db, transaction run, void *context)
{
	struct sqlite_db *sqlite = CONTAINER_OF(db, struct sqlite_db, db);
	struct waiting_job waiting = {
		.job = { .run = run, .context = context, .done = wake_waiting }
	};

	sem_init(&waiting.done, 0, 0);
	sqlite_writer_submit(sqlite->writer, &waiting.job);
	while (sem_wait(&waiting.done) != 0)
		;
	sem_destroy(&waiting.done);
	return waiting.job.result;
}

/* A job from the loop on its way through the writer and back. */
struct posted_job {
	struct write_job job;
	struct sqlite_db *sqlite;
	struct db_job *submitted;
};

static enum err run_submitted(struct db *tx, void *context)
{
	struct posted_job *posted = context;

	return posted->submitted->run(tx, posted->submitted);
}

static void finish_on_loop(struct loop_task *task)
{
	struct db_job *job = CONTAINER_OF(task, struct db_job, task);

	job->done(job, job->result);
}

static void post_back(struct write_job *job)
{
	struct posted_job *posted = CONTAINER_OF(job, struct posted_job, job);

	posted->submitted->result = job->result;
	posted->submitted->task.run = finish_on_loop;
	loop_post(posted->sqlite->options.loop, &posted->submitted->task);
	free(posted);
}

static void sqlite_submit(struct db *db, struct db_job *job)
{
	struct sqlite_db *sqlite = CONTAINER_OF(db, struct sqlite_db, db);
	struct posted_job *posted = MEMORY_NEW(struct posted_job);

	posted->sqlite = sqlite;
	posted->submitted = job;
	posted->job.run = run_submitted;
	posted->job.context = posted;
	posted->job.done = post_back;
	sqlite_writer_submit(sqlite->writer, &posted->job);
}

/* ---- The engine ---- */

struct write_query {
	const struct query *query;
	struct rows *rows;
};

static enum err run_write(struct db *tx, void *context)
{
	struct write_query *write = context;

	return tx->engine->run(tx, write->query, write->rows);
}

static enum err sqlite_engine_run(struct db *db, const struct query *query, struct rows *rows)
{
	struct sqlite_db *sqlite = CONTAINER_OF(db, struct sqlite_db, db);
	struct write_query write = { query, rows };
	struct reader *reader;
	enum err err;

	if (query->writes)
		return sqlite_transaction(db, run_write, &write);
	err = lease(sqlite, &reader);
	if (err != ERR_OK)
		return err;
	atomic_fetch_add_explicit(&sqlite->reads, 1, memory_order_relaxed);
	err = sqlite_run(&reader->connection, db->keyring, query, rows);
	give_back(sqlite, reader);
	return err;
}

static enum err sqlite_engine_check(struct db *db, const struct query *query, struct arena *arena,
				    const char **ret_reason)
{
	struct sqlite_db *sqlite = CONTAINER_OF(db, struct sqlite_db, db);
	struct reader *reader;
	enum err err = lease(sqlite, &reader);

	if (err != ERR_OK) {
		*ret_reason = "the database cannot be opened";
		return err;
	}
	err = sqlite_check(&reader->connection, query, arena, ret_reason);
	give_back(sqlite, reader);
	return err;
}

static struct db_counts sqlite_engine_counts(struct db *db)
{
	struct sqlite_db *sqlite = CONTAINER_OF(db, struct sqlite_db, db);
	struct db_counts counts = { .reads = atomic_load(&sqlite->reads) };

	sqlite_writer_counts(sqlite->writer, &counts);
	return counts;
}

static void sqlite_engine_close(struct db *db)
{
	struct sqlite_db *sqlite = CONTAINER_OF(db, struct sqlite_db, db);

	LIST_EACH_SAFE(reader, &sqlite->idle, struct reader, node) {
		sqlite_disconnect(&reader->connection);
		free(reader);
	}
	sqlite_writer_destroy(sqlite->writer);
	pthread_mutex_destroy(&sqlite->lock);
	pthread_cond_destroy(&sqlite->returned);
	free(sqlite->folder);
	free(sqlite);
}

static const struct engine sqlite_engine = {
	.run = sqlite_engine_run,
	.transaction = sqlite_transaction,
	.submit = sqlite_submit,
	.check = sqlite_engine_check,
	.counts = sqlite_engine_counts,
	.close = sqlite_engine_close,
};

enum err sqlite_open(const struct db_options *options, struct arena *arena, struct db **ret_db,
		     const char **ret_reason)
{
	struct sqlite_db *sqlite = MEMORY_NEW(struct sqlite_db);
	enum err err;

	sqlite->db = (struct db){ &sqlite_engine, options->keyring };
	sqlite->options = *options;
	sqlite->options.folder = sqlite->folder = memory_strdup(options->folder);
	list_init(&sqlite->idle);
	pthread_mutex_init(&sqlite->lock, NULL);
	pthread_cond_init(&sqlite->returned, NULL);
	err = sqlite_writer_create(&sqlite->options, arena, &sqlite->writer, ret_reason);
	if (err != ERR_OK) {
		free(sqlite->folder);
		free(sqlite);
		return err;
	}
	*ret_db = &sqlite->db;
	return ERR_OK;
}
