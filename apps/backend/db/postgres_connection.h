/*
 * Private to db/: one connection to PostgreSQL, with what it has prepared.
 *
 * It stays in libpq's pipeline mode, so that a statement and what frames it (BEGIN before, COMMIT after) take one round
 * trip. Statements are prepared once, under their identity and variant; parameters and results are binary.
 *
 * Outside of a transaction the session reads only: what writes says so by its frame. A connection belongs to one
 * thread at a time.
 */
#ifndef WEBPLUS_DB_POSTGRES_CONNECTION_H
#define WEBPLUS_DB_POSTGRES_CONNECTION_H

#include "db/connection_pool.h"
#include "db/postgres_fault.h"
#include "db/prepared.h"

#include <libpq-fe.h>

enum { POSTGRES_REASON_SIZE = 256 };

struct postgres_connection {
	struct pooled pooled;
	PGconn *handle;
	struct prepared_table prepared;
	unsigned names; /* given to statements so far */
	bool watched;   /* ends with ERR_CANCELLED what its thread does not want any more */
	enum postgres_fault fault; /* of the last call */
	char reason
		[POSTGRES_REASON_SIZE]; /* what the server said of it; may quote data: not for the log */
};

/* Texts of commands without parameters; NULL ends the list. */
struct postgres_frame {
	const char *before[3];
	const char *after;
};

/* The first line of it. */
void postgres_keep_reason(struct postgres_connection *connection, const char *reason);

/* *ret_reason never holds the password. */
enum err postgres_connect(const char *url, struct postgres_connection **ret_connection,
			  struct arena *arena, const char **ret_reason) WARN_UNUSED;
void postgres_disconnect(struct postgres_connection *connection);
/* Whether the server answers, and soon. */
bool postgres_answers(struct postgres_connection *connection);

/* `frame` may be NULL. */
enum err postgres_run(struct postgres_connection *connection, const struct keyring *keyring,
		      const struct query *query, const struct postgres_frame *frame,
		      struct rows *rows) WARN_UNUSED;
enum err postgres_check(struct postgres_connection *connection, const struct query *query,
			struct arena *arena, const char **ret_reason) WARN_UNUSED;
/* BEGIN, COMMIT, …: ERR_INTERNAL when the server did something else, as a COMMIT that rolls back. */
enum err postgres_control(struct postgres_connection *connection, const char *sql) WARN_UNUSED;
/* Several commands in one text, a migration. */
enum err postgres_script(struct postgres_connection *connection, const char *sql) WARN_UNUSED;

#endif
