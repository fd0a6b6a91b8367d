/* The SQLite engine: a connection for each of a few readers at once, and one writer. */
#include "base/memory.h"
#include "base/pool.h"
#include "db/connection_pool.h"
#include "db/sqlite_writer.h"

#include <semaphore.h>
#include <stdlib.h>

enum { BACKOFF_MS = 50 };

struct reader {
	struct pooled pooled; /* first */
	struct sqlite_connection connection;
};

struct sqlite_db {
	struct db db; /* first */
	struct db_options options;
	char *folder, *url;
	struct sqlite_writer *writer;
	struct connection_pool *readers;
	atomic_uint_fast64_t reads;
};

/* ---- Readers ---- */

static enum err open_reader(void *context, struct pooled **ret_pooled)
{
	struct sqlite_db *sqlite = context;
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
	*ret_pooled = &reader->pooled;
	return ERR_OK;
}

static struct reader *reader_of(struct pooled *pooled)
{
	return CONTAINER_OF(pooled, struct reader, pooled);
}

static void close_reader(void *context, struct pooled *pooled)
{
	struct reader *reader = reader_of(pooled);

	(void)context;
	sqlite_disconnect(&reader->connection);
	free(reader);
}

static struct connection_pool *create_readers(struct sqlite_db *sqlite)
{
	const struct db_options *options = &sqlite->options;
	struct connection_pool_options pool = {
		.size = options->readers ? options->readers : 1,
		.checkout_ms = options->checkout_ms ? options->checkout_ms : DB_CHECKOUT_MS,
		.life_ms = options->life_ms,
		.backoff_ms = BACKOFF_MS,
		.backoff_max_ms = BACKOFF_MS,
		.open = open_reader,
		.close = close_reader,
		.context = sqlite,
	};

	return connection_pool_create(&pool);
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
	pool_wait_begin();
	while (sem_wait(&waiting.done) != 0)
		;
	pool_wait_end();
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
	struct pooled *pooled;
	enum err err;

	if (query->writes)
		return sqlite_transaction(db, run_write, &write);
	err = connection_pool_take(sqlite->readers, &pooled);
	if (err != ERR_OK)
		return err;
	atomic_fetch_add_explicit(&sqlite->reads, 1, memory_order_relaxed);
	err = sqlite_run(&reader_of(pooled)->connection, db->keyring, query, rows);
	connection_pool_give(sqlite->readers, pooled, false);
	return err;
}

static enum err sqlite_engine_check(struct db *db, const struct query *query, struct arena *arena,
				    const char **ret_reason)
{
	struct sqlite_db *sqlite = CONTAINER_OF(db, struct sqlite_db, db);
	struct pooled *pooled;
	enum err err = connection_pool_take(sqlite->readers, &pooled);

	if (err != ERR_OK) {
		*ret_reason = "the database cannot be opened";
		return err;
	}
	err = sqlite_check(&reader_of(pooled)->connection, query, arena, ret_reason);
	connection_pool_give(sqlite->readers, pooled, false);
	return err;
}

static struct db_counts sqlite_engine_counts(struct db *db)
{
	struct sqlite_db *sqlite = CONTAINER_OF(db, struct sqlite_db, db);
	struct db_counts counts = { .reads = atomic_load(&sqlite->reads),
				    .pool = connection_pool_counts(sqlite->readers) };

	sqlite_writer_counts(sqlite->writer, &counts);
	return counts;
}

static void sqlite_free(struct sqlite_db *sqlite)
{
	free(sqlite->folder);
	free(sqlite->url);
	free(sqlite);
}

static void sqlite_engine_close(struct db *db)
{
	struct sqlite_db *sqlite = CONTAINER_OF(db, struct sqlite_db, db);

	connection_pool_destroy(sqlite->readers);
	sqlite_writer_destroy(sqlite->writer);
	sqlite_free(sqlite);
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
	sqlite->options.url = sqlite->url = memory_strdup(options->url);
	err = sqlite_writer_create(&sqlite->options, arena, &sqlite->writer, ret_reason);
	if (err != ERR_OK) {
		sqlite_free(sqlite);
		return err;
	}
	sqlite->readers = create_readers(sqlite);
	*ret_db = &sqlite->db;
	return ERR_OK;
}
