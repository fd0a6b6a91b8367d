/* The PostgreSQL engine: connections from a pool, and a few threads for what the loop submits. */
#include "base/log.h"
#include "base/memory.h"
#include "base/pool.h"
#include "db/postgres_listener.h"
#include "db/postgres_transaction.h"

#include <stdlib.h>

enum {
	SUBMITTERS = 4, /* their commits share the server's fsync */
	IDLE_CHECK_MS = 1000,
	OPEN_MAX_MS = 5000,
	BACKOFF_MS = 50,
	BACKOFF_MAX_MS = 1000,
	TRIES = 2, /* a connection that was lost before anything could have happened costs nobody an answer */
};

struct postgres_db {
	struct db db; /* first */
	struct db_options options;
	char *url;
	struct connection_pool *connections;
	struct pool *submitters; /* needs no connection of its own: it takes one per job */
	struct transactions transactions;
	atomic_uint_fast64_t reads;
};

static struct postgres_db *postgres_of(struct db *db)
{
	return CONTAINER_OF(db, struct postgres_db, db);
}

/* ---- Connections ---- */

static struct postgres_connection *connection_of(struct pooled *pooled)
{
	return CONTAINER_OF(pooled, struct postgres_connection, pooled);
}

static int64_t checkout_ms(const struct db_options *options)
{
	return options->checkout_ms ? options->checkout_ms : DB_CHECKOUT_MS;
}

/* Who waits for a connection that is opened waits no longer than for one that comes back. */
static struct postgres_connect_options connect_options(const struct db_options *options)
{
	return (struct postgres_connect_options){
		.url = options->url,
		.answer_ms = options->answer_ms ? options->answer_ms : DB_ANSWER_MS,
		.open_ms = checkout_ms(options) < OPEN_MAX_MS ? checkout_ms(options) : OPEN_MAX_MS,
		.end = -1,
	};
}

static enum err open_connection(void *context, struct pooled **ret_pooled)
{
	struct postgres_db *postgres = context;
	const struct postgres_connect_options connect = connect_options(&postgres->options);
	struct postgres_connection *connection;
	struct arena arena;
	const char *reason;
	enum err err;

	arena_init(&arena);
	err = postgres_connect(&connect, &connection, &arena, &reason);
	if (err == ERR_OK)
		*ret_pooled = &connection->pooled;
	else
		log_warning("database", "fault", reason, NULL);
	arena_finish(&arena);
	return err == ERR_OK ? ERR_OK : ERR_UNAVAILABLE;
}

static bool check_connection(void *context, struct pooled *pooled)
{
	(void)context;
	return postgres_answers(connection_of(pooled));
}

static void close_connection(void *context, struct pooled *pooled)
{
	(void)context;
	postgres_disconnect(connection_of(pooled));
}

static void create_connections(struct postgres_db *postgres)
{
	const struct db_options *options = &postgres->options;
	struct connection_pool_options pool = {
		.size = options->readers ? options->readers : 1,
		.checkout_ms = checkout_ms(options),
		.idle_check_ms = IDLE_CHECK_MS,
		.life_ms = options->life_ms,
		.backoff_ms = BACKOFF_MS,
		.backoff_max_ms = BACKOFF_MAX_MS,
		.open = open_connection,
		.check = check_connection,
		.close = close_connection,
		.context = postgres,
	};

	postgres->connections = connection_pool_create(&pool);
	postgres->transactions.window = write_window_create(pool.size, pool.checkout_ms);
}

static enum err take(struct postgres_db *postgres, struct postgres_connection **ret_connection)
{
	struct pooled *pooled;
	enum err err = connection_pool_take(postgres->connections, &pooled);

	if (err == ERR_OK)
		*ret_connection = connection_of(pooled);
	return err;
}

/* Whether it was lost, so that another one is worth a try: not after one was waited for in vain. */
static bool give(struct postgres_db *postgres, struct postgres_connection *connection)
{
	bool lost = connection->fault == POSTGRES_LOST, again = lost && !connection->given_up;

	connection->fault = POSTGRES_FINE;
	connection_pool_give(postgres->connections, &connection->pooled, lost);
	return again;
}

/* ---- Statements and transactions ---- */

static enum err read_rows(struct postgres_db *postgres, const struct query *query,
			  struct rows *rows)
{
	enum err err = ERR_UNAVAILABLE;
	bool lost = true;

	atomic_fetch_add_explicit(&postgres->reads, 1, memory_order_relaxed);
	for (int i = 0; i < TRIES && lost; i++) {
		struct postgres_connection *connection;

		err = take(postgres, &connection);
		if (err != ERR_OK)
			return err;
		connection->watched = true;
		err = postgres_run(connection, postgres->db.keyring, query, NULL, rows);
		connection->watched = false;
		lost = give(postgres, connection);
	}
	return err;
}

/* From within the window. */
static enum err transact(struct postgres_db *postgres, transaction run, void *context)
{
	enum err err = ERR_UNAVAILABLE;
	bool lost = true;

	for (int i = 0; i < TRIES && lost && err != ERR_UNCONFIRMED; i++) {
		struct postgres_connection *connection;

		err = take(postgres, &connection);
		if (err != ERR_OK)
			return err;
		err = postgres_transact(connection, postgres->db.keyring, run, context,
					&postgres->transactions);
		lost = give(postgres, connection);
	}
	return err;
}

static enum err postgres_engine_transaction(struct db *db, transaction run, void *context)
{
	struct postgres_db *postgres = postgres_of(db);
	enum err err = write_window_enter(postgres->transactions.window);

	if (err != ERR_OK)
		return err;
	err = transact(postgres, run, context);
	write_window_leave(postgres->transactions.window);
	return err;
}

struct write_query {
	const struct query *query;
	struct rows *rows;
};

static enum err run_write(struct db *tx, void *context)
{
	struct write_query *write = context;

	return tx->engine->run(tx, write->query, write->rows);
}

/* BEGIN, the statement and COMMIT in one round trip. */
static enum err write_at_once(struct postgres_connection *connection, const struct keyring *keyring,
			      const struct query *query, struct rows *rows)
{
	const struct postgres_frame frame = { .before = { postgres_begin }, .after = "COMMIT" };
	enum err err = postgres_run(connection, keyring, query, &frame, rows);
	enum postgres_fault fault = connection->fault;

	if (err != ERR_OK && fault == POSTGRES_LOST)
		return ERR_UNCONFIRMED;
	if (err == ERR_OK || fault == POSTGRES_FINE)
		return err;
	/* Where the failure was COMMIT's own, ROLLBACK finds nothing to do, and says so in a notice. */
	if (postgres_control(connection, "ROLLBACK") == ERR_OK)
		connection->fault = fault;
	return err;
}

/* From within the window. */
static enum err write_rows(struct postgres_db *postgres, const struct query *query,
			   struct rows *rows)
{
	struct write_query write = { query, rows };
	struct postgres_connection *connection;
	enum postgres_fault fault;
	enum err err = take(postgres, &connection);

	if (err != ERR_OK)
		return err;
	err = write_at_once(connection, postgres->db.keyring, query, rows);
	fault = connection->fault;
	transactions_count(&postgres->transactions, err, fault);
	(void)give(postgres, connection);
	if (fault != POSTGRES_RETRY && fault != POSTGRES_CONFLICT)
		return err;
	atomic_fetch_add(&postgres->transactions.retries, 1);
	return transact(postgres, run_write, &write);
}

static enum err write_in_window(struct postgres_db *postgres, const struct query *query,
				struct rows *rows)
{
	enum err err = write_window_enter(postgres->transactions.window);

	if (err != ERR_OK)
		return err;
	err = write_rows(postgres, query, rows);
	write_window_leave(postgres->transactions.window);
	return err;
}

static enum err postgres_engine_run(struct db *db, const struct query *query, struct rows *rows)
{
	return query->writes ? write_in_window(postgres_of(db), query, rows)
			     : read_rows(postgres_of(db), query, rows);
}

/* ---- From the loop ---- */

/* A job on its way through a thread and back. */
struct posted_job {
	struct task task;
	struct postgres_db *postgres;
	struct db_job *submitted;
};

static enum err run_submitted(struct db *tx, void *context)
{
	struct db_job *job = context;

	return job->run(tx, job);
}

static void finish_on_loop(struct loop_task *task)
{
	struct db_job *job = CONTAINER_OF(task, struct db_job, task);

	job->done(job, job->result);
}

static void run_posted(struct task *task)
{
	struct posted_job *posted = CONTAINER_OF(task, struct posted_job, task);
	struct db_job *job = posted->submitted;
	struct postgres_db *postgres = posted->postgres;

	free(posted);
	job->result = postgres_engine_transaction(&postgres->db, run_submitted, job);
	job->task.run = finish_on_loop;
	loop_post(postgres->options.loop, &job->task);
}

static void postgres_engine_submit(struct db *db, struct db_job *job)
{
	struct posted_job *posted = MEMORY_NEW(struct posted_job);

	posted->task.run = run_posted;
	posted->postgres = postgres_of(db);
	posted->submitted = job;
	pool_submit(posted->postgres->submitters, &posted->task);
}

/* ---- The engine ---- */

static struct db_listener *postgres_engine_listen(struct db *db, const char *channel,
						  void (*heard)(void *context), void *context)
{
	struct postgres_db *postgres = postgres_of(db);

	return postgres_listener_create(postgres->url, postgres->options.loop, channel, heard,
					context);
}

static enum err postgres_engine_check(struct db *db, const struct query *query, struct arena *arena,
				      const char **ret_reason)
{
	struct postgres_db *postgres = postgres_of(db);
	struct postgres_connection *connection;
	enum err err = take(postgres, &connection);

	if (err != ERR_OK) {
		*ret_reason = "the database cannot be reached";
		return err;
	}
	err = postgres_check(connection, query, arena, ret_reason);
	(void)give(postgres, connection);
	return err;
}

static struct db_counts postgres_engine_counts(struct db *db)
{
	struct postgres_db *postgres = postgres_of(db);
	uint64_t commits = atomic_load(&postgres->transactions.commits);
	uint64_t rollbacks = atomic_load(&postgres->transactions.rollbacks);

	return (struct db_counts){ .reads = atomic_load(&postgres->reads),
				   .transactions = commits + rollbacks,
				   .commits = commits,
				   .rollbacks = rollbacks,
				   .retries = atomic_load(&postgres->transactions.retries),
				   .write_places =
					   write_window_places(postgres->transactions.window),
				   .pool = connection_pool_counts(postgres->connections) };
}

static void postgres_engine_close(struct db *db)
{
	struct postgres_db *postgres = postgres_of(db);

	pool_destroy(postgres->submitters);
	connection_pool_destroy(postgres->connections);
	write_window_destroy(postgres->transactions.window);
	free(postgres->url);
	free(postgres);
}

static const struct engine postgres_engine = {
	.run = postgres_engine_run,
	.transaction = postgres_engine_transaction,
	.submit = postgres_engine_submit,
	.check = postgres_engine_check,
	.notify = &postgres_notify,
	.horizon = &postgres_horizon,
	.listen = postgres_engine_listen,
	.counts = postgres_engine_counts,
	.close = postgres_engine_close,
};

/* The first connection is made at once, since its failure has a reason to tell. */
enum err postgres_open(const struct db_options *options, struct arena *arena, struct db **ret_db,
		       const char **ret_reason)
{
	const struct postgres_connect_options connect = connect_options(options);
	struct postgres_connection *connection;
	struct postgres_db *postgres;
	enum err err = postgres_connect(&connect, &connection, arena, ret_reason);

	if (err != ERR_OK)
		return err;
	postgres_disconnect(connection);
	postgres = MEMORY_NEW(struct postgres_db);
	postgres->db = (struct db){ &postgres_engine, options->keyring };
	postgres->options = *options;
	postgres->options.folder = NULL;
	postgres->options.url = postgres->url = memory_strdup(options->url);
	create_connections(postgres);
	postgres->submitters = pool_create("submitter", SUBMITTERS);
	*ret_db = &postgres->db;
	return ERR_OK;
}
