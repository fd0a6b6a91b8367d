/*
 * Private to db/: one connection to PostgreSQL, with what it has prepared.
 *
 * It stays in libpq's pipeline mode, so that a statement and what frames it (BEGIN before, COMMIT after) take one round
 * trip. Statements are prepared once, under their identity and variant; parameters and results are binary.
 *
 * Outside of a transaction the session reads only: what writes says so by its frame. A connection belongs to one
 * thread at a time.
 *
 * Nothing waits for ever: libpq is only asked for what has come, and a server that was silent for `answer_ms` is given
 * up, which closes the connection. It may still carry out what it was sent.
 */
#ifndef WEBPLUS_DB_POSTGRES_CONNECTION_H
#define WEBPLUS_DB_POSTGRES_CONNECTION_H

#include "db/connection_pool.h"
#include "db/postgres_fault.h"
#include "db/prepared.h"

#include <libpq-fe.h>

enum { POSTGRES_REASON_SIZE = 256 };

/*
 * What is run many times in one go has one plan, whatever its arguments: to plan it each time would take longer than to run
 * it.
 */
#define POSTGRES_PLAN_ONCE "SET plan_cache_mode = force_generic_plan"

struct postgres_connection {
	struct pooled pooled;
	PGconn *handle;
	struct prepared_table prepared;
	unsigned names; /* given to statements so far */
	unsigned
		deferred; /* commands that were handed to libpq, whose results nobody has asked for */
	uint64_t must_change; /* a bit for each of them: it has failed if it changed no row */
	int64_t answer_ms;    /* how long the server may be silent; 0: for ever */
	int end;              /* when it can be read, nothing is waited for any more; -1: none */
	bool watched;         /* ends with ERR_CANCELLED what its thread does not want any more */
	bool given_up; /* before the answer came: it is POSTGRES_LOST, and no other is tried */
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

struct postgres_connect_options {
	const char *url;
	int64_t answer_ms;
	int64_t open_ms; /* for each host of the URL, in whole seconds, two at the least; 0: five */
	int end;
};

/* *ret_reason never holds the password. */
enum err postgres_connect(const struct postgres_connect_options *options,
			  struct postgres_connection **ret_connection, struct arena *arena,
			  const char **ret_reason) WARN_UNUSED;
void postgres_disconnect(struct postgres_connection *connection);
/* Whether the server answers, and soon. */
bool postgres_answers(struct postgres_connection *connection);

/*
 * The next result, once it has come; NULL where PQgetResult says so, and when the connection was given up. Together
 * with this, nothing else may wait for the server.
 */
PGresult *postgres_result(struct postgres_connection *connection) WARN_UNUSED;

/* `frame` may be NULL. */
enum err postgres_run(struct postgres_connection *connection, const struct keyring *keyring,
		      const struct query *query, const struct postgres_frame *frame,
		      struct rows *rows) WARN_UNUSED;
/*
 * The same without waiting. Whether it succeeded, the next call that waits says as its own; what stands between has then
 * not been done. False: it was not sent, and must be run.
 */
bool postgres_defer(struct postgres_connection *connection, const struct query *query,
		    const struct postgres_frame *frame, const struct rows *rows) WARN_UNUSED;
/* Waits for what was deferred; ERR_OK at once if nothing was. */
enum err postgres_settle(struct postgres_connection *connection) WARN_UNUSED;
enum err postgres_check(struct postgres_connection *connection, const struct query *query,
			struct arena *arena, const char **ret_reason) WARN_UNUSED;
/* BEGIN, COMMIT, …: ERR_INTERNAL when the server did something else, as a COMMIT that rolls back. */
enum err postgres_control(struct postgres_connection *connection, const char *sql) WARN_UNUSED;
/* Several commands in one text, a migration. */
enum err postgres_script(struct postgres_connection *connection, const char *sql) WARN_UNUSED;

#endif
