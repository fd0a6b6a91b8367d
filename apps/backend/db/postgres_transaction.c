#include "db/postgres_transaction.h"

#include <sodium.h>
#include <time.h>

enum {
	RUNS_MAX = 40, /* of one transaction that meets others again and again */
	PAUSE_US = 500,
	PAUSE_MAX_US = 50 * 1000,
};

const char *const postgres_begin = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";
/* pg_notify itself gives a void, which no column of ours can be. */
const struct statement postgres_notify = { "SELECT 1 AS sent FROM pg_notify($1, '')", NULL };

static const struct field horizon_fields[] = {
	FIELD(struct db_horizon, own, .doc = "Of this transaction, which has it from here on."),
	FIELD(struct db_horizon, oldest, .doc = "Of those under way, or the next one's."),
	{ 0 },
};

static const struct schema horizon_schema =
	SCHEMA(struct db_horizon, horizon_fields, .name = "Horizon");

const struct statement postgres_horizon = {
	"SELECT txid_current() AS own, txid_snapshot_xmin(txid_current_snapshot()) AS oldest",
	&horizon_schema
};

struct postgres_tx {
	struct db db; /* first: what the function is given */
	struct postgres_connection *connection;
	bool begun;
	bool careful;    /* a savepoint before each statement */
	bool saved;      /* one is set */
	enum err broken; /* why nothing more can be done in it */
	enum postgres_fault fault;
};

/* ---- The transaction that the function sees ---- */

static void break_tx(struct postgres_tx *tx, enum err err)
{
	tx->broken = err;
	tx->fault = tx->connection->fault;
}

/* A failed statement leaves the transaction usable if a savepoint stands before it. */
static void recover(struct postgres_tx *tx, enum err err)
{
	if (!tx->careful || tx->connection->fault != POSTGRES_CONFLICT)
		break_tx(tx, err);
	else if (postgres_control(tx->connection, "ROLLBACK TO SAVEPOINT statement") != ERR_OK)
		break_tx(tx, ERR_UNAVAILABLE);
}

static struct postgres_frame frame_of(const struct postgres_tx *tx)
{
	struct postgres_frame frame = { .after = NULL };
	int count = 0;

	if (!tx->begun)
		frame.before[count++] = postgres_begin;
	if (tx->saved)
		frame.before[count++] = "RELEASE SAVEPOINT statement";
	if (tx->careful)
		frame.before[count++] = "SAVEPOINT statement";
	return frame;
}

/* In the hope that it succeeds. If it does not, the careful run will say so in its place. */
static bool defer(struct postgres_tx *tx, const struct query *query,
		  const struct postgres_frame *frame, const struct rows *rows)
{
	return rows->can_follow && !tx->careful &&
	       postgres_defer(tx->connection, query, frame, rows);
}

static enum err tx_run(struct db *db, const struct query *query, struct rows *rows)
{
	struct postgres_tx *tx = CONTAINER_OF(db, struct postgres_tx, db);
	struct postgres_frame frame = frame_of(tx);
	enum err err;

	if (tx->broken != ERR_OK)
		return tx->broken;
	if (defer(tx, query, &frame, rows)) {
		tx->begun = true;
		rows->changed = 1;
		return ERR_OK;
	}
	err = postgres_run(tx->connection, db->keyring, query, &frame, rows);
	tx->begun = true;
	tx->saved = tx->careful;
	if (err != ERR_OK && tx->connection->fault != POSTGRES_FINE)
		recover(tx, err);
	return err;
}

/* A transaction within a transaction is a part of it. */
static enum err tx_transaction(struct db *db, transaction run, void *context)
{
	return run(db, context);
}

static const struct engine tx_engine = { .run = tx_run,
					 .transaction = tx_transaction,
					 .notify = &postgres_notify,
					 .horizon = &postgres_horizon };

/* ---- One run ---- */

/* What was deferred has its say: the function may have gone the wrong way because of it. */
static void roll_back(struct postgres_tx *tx)
{
	enum err err = tx->fault == POSTGRES_LOST ? ERR_OK : postgres_settle(tx->connection);

	if (err != ERR_OK)
		break_tx(tx, err);
	if (tx->begun && tx->fault != POSTGRES_LOST &&
	    postgres_control(tx->connection, "ROLLBACK") != ERR_OK)
		tx->fault = POSTGRES_LOST;
}

static enum err commit(struct postgres_tx *tx)
{
	enum err err = tx->begun ? postgres_control(tx->connection, "COMMIT") : ERR_OK;

	if (err == ERR_OK)
		return ERR_OK;
	break_tx(tx, err);
	if (tx->fault == POSTGRES_LOST)
		return ERR_UNCONFIRMED;
	/* It may not have come to the COMMIT. Where it has, there is nothing to roll back. */
	roll_back(tx);
	return err;
}

static enum err run_once(struct postgres_tx *tx, transaction run, void *context)
{
	enum err err = run(&tx->db, context);

	if (err == ERR_OK)
		err = tx->broken;
	if (err == ERR_OK)
		return commit(tx);
	roll_back(tx);
	return err;
}

/* ---- Until it is done ---- */

/* Longer each time, and by chance, so that two who meet do not meet again. */
static void pause_before(int run)
{
	uint32_t most_us = PAUSE_US;
	struct timespec pause;

	for (int i = 0; i < run && most_us < PAUSE_MAX_US; i++)
		most_us *= 2;
	pause = (struct timespec){ .tv_nsec = (long)randombytes_uniform(most_us) * 1000 };
	(void)nanosleep(&pause, NULL);
}

void transactions_count(struct transactions *transactions, enum err err, enum postgres_fault fault)
{
	atomic_fetch_add(err == ERR_OK ? &transactions->commits : &transactions->rollbacks, 1);
	if (err == ERR_OK)
		write_window_committed(transactions->window);
	if (fault == POSTGRES_RETRY)
		write_window_retried(transactions->window);
}

enum err postgres_transact(struct postgres_connection *connection, const struct keyring *keyring,
			   transaction run, void *context, struct transactions *transactions)
{
	bool careful = false;

	for (int i = 0; i < RUNS_MAX; i++) {
		struct postgres_tx tx = { .db = { &tx_engine, keyring },
					  .connection = connection,
					  .careful = careful };
		enum err err = run_once(&tx, run, context);

		connection->fault = tx.fault;
		transactions_count(transactions, err, tx.fault);
		if (tx.fault != POSTGRES_RETRY && (tx.fault != POSTGRES_CONFLICT || careful))
			return err;
		atomic_fetch_add(&transactions->retries, 1);
		if (tx.fault == POSTGRES_CONFLICT)
			careful = true;
		else
			pause_before(i);
	}
	return ERR_UNAVAILABLE;
}
