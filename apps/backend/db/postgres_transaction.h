/*
 * Private to db/: serialisable transactions on one connection to PostgreSQL.
 *
 * BEGIN travels with the first statement. A transaction that met another one is run again, so that its function sees
 * what that one wrote. So is one in which a key was in conflict, since PostgreSQL may say so for no other reason; this
 * time with a savepoint before each statement, so that the conflict, if it is real, leaves the transaction usable, as
 * on SQLite. Only who meets a conflict pays for that.
 */
#ifndef WEBPLUS_DB_POSTGRES_TRANSACTION_H
#define WEBPLUS_DB_POSTGRES_TRANSACTION_H

#include "db/postgres_connection.h"
#include "db/write_window.h"

/* BEGIN, for a statement that writes alone. */
extern const char *const postgres_begin;

/* struct engine's, of the same names. */
extern const struct statement postgres_notify;
extern const struct statement postgres_horizon;

/* What became of the transactions of one database. */
struct transactions {
	struct write_window *window;
	atomic_uint_fast64_t commits, rollbacks, retries;
};

/* What became of one run. */
void transactions_count(struct transactions *transactions, enum err err, enum postgres_fault fault);

/*
 * Runs it until it is committed or has failed for good; the caller is in the window. connection->fault is POSTGRES_LOST
 * when the connection went. ERR_UNCONFIRMED: that was while it committed, so that it may or may not have happened.
 */
enum err postgres_transact(struct postgres_connection *connection, const struct keyring *keyring,
			   transaction run, void *context,
			   struct transactions *transactions) WARN_UNUSED;

#endif
