#include "db/postgres_connection.h"

#include "base/log.h"
#include "base/memory.h"
#include "db/postgres_value.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SQL_MAX = 64 * 1024,
	NAME_SIZE = 16,
	CHECK_MS = 1000,  /* how long an idle connection may take to show that it lives */
	COMMANDS_MAX = 5, /* of one frame, with its statement */
	RESULTS_MAX = COMMANDS_MAX + DB_EACH_MAX + 1,
	DEFERRED_MAX = 32,
};

struct postgres_prepared {
	struct prepared prepared; /* first */
	char name[NAME_SIZE];
	int parameters, columns;
	Oid parameter_types[POSTGRES_PARAMETERS_MAX];
	Oid column_types[COLUMNS_MAX];
};

/* ---- Faults ---- */

void postgres_keep_reason(struct postgres_connection *connection, const char *reason)
{
	snprintf(connection->reason, sizeof(connection->reason), "%.*s", (int)strcspn(reason, "\n"),
		 reason);
}

static enum err lost(struct postgres_connection *connection)
{
	connection->fault = POSTGRES_LOST;
	if (!connection->given_up)
		postgres_keep_reason(connection, PQerrorMessage(connection->handle));
	return connection->watched && db_cancelled() ? ERR_CANCELLED : ERR_UNAVAILABLE;
}

/*
 * The server is an edge too: what it says of an unexpected fault is lost unless it is logged here. Only the primary
 * message, since the details quote rows.
 */
static enum err fault(struct postgres_connection *connection, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const struct postgres_fault_row *row;

	if (!state || PQstatus(connection->handle) != CONNECTION_OK)
		return lost(connection);
	row = postgres_find_fault(state);
	connection->fault = row->fault;
	postgres_keep_reason(connection, message ? message : "");
	if (row->err == ERR_INTERNAL || row->err == ERR_CORRUPT || row->err == ERR_DISK_FULL)
		log_error("database", "fault", connection->reason, "sqlstate", state, NULL);
	/* A statement's own time limit says the same as a cancellation. */
	if (row->err == ERR_CANCELLED && !db_cancelled())
		return ERR_UNAVAILABLE;
	return row->err;
}

/* ---- The end ---- */

static void destroy_prepared(struct prepared *prepared)
{
	free(CONTAINER_OF(prepared, struct postgres_prepared, prepared));
}

void postgres_disconnect(struct postgres_connection *connection)
{
	prepared_finish(&connection->prepared, destroy_prepared);
	PQfinish(connection->handle);
	free(connection);
}

/* ---- Results ---- */

/* The result of one command; NULL when the connection is lost. */
static PGresult *next_result(struct postgres_connection *connection)
{
	PGresult *result = postgres_result(connection);

	if (result && PQresultStatus(result) != PGRES_PIPELINE_SYNC)
		PQclear(postgres_result(connection));
	return result;
}

static bool succeeded(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

/* What is no error to the server is one to who went on as if a row had changed. */
static enum err changed_nothing(struct postgres_connection *connection)
{
	connection->fault = POSTGRES_CONFLICT;
	postgres_keep_reason(connection, "a row that was to be changed is not there");
	return ERR_CONFLICT;
}

static enum err read_deferred(struct postgres_connection *connection)
{
	enum err err = ERR_OK;

	for (unsigned i = 0; i < connection->deferred; i++) {
		bool must_change = connection->must_change >> i & 1;
		PGresult *result = next_result(connection);

		if (err == ERR_OK && !result)
			err = lost(connection);
		else if (err == ERR_OK && !succeeded(result))
			err = fault(connection, result);
		else if (err == ERR_OK && must_change && strcmp(PQcmdTuples(result), "0") == 0)
			err = changed_nothing(connection);
		PQclear(result);
	}
	connection->deferred = 0;
	connection->must_change = 0;
	return err;
}

/* Reads what `count` commands and the closing sync gave; the first failure is the answer. */
static enum err read_results(struct postgres_connection *connection, PGresult **results, int count)
{
	PGresult *sync;
	enum err err;

	connection->fault = POSTGRES_FINE;
	err = read_deferred(connection);
	for (int i = 0; i < count; i++) {
		results[i] = next_result(connection);
		if (err == ERR_OK && !results[i])
			err = lost(connection);
		else if (err == ERR_OK && !succeeded(results[i]))
			err = fault(connection, results[i]);
	}
	sync = next_result(connection);
	if (PQresultStatus(sync) != PGRES_PIPELINE_SYNC)
		err = lost(connection);
	PQclear(sync);
	return err;
}

static void clear_results(PGresult **results, int count)
{
	for (int i = 0; i < count; i++)
		PQclear(results[i]);
}

/* ---- What is prepared ---- */

static enum err learn_types(struct postgres_prepared *prepared, const PGresult *description,
			    const char **ret_reason)
{
	prepared->parameters = PQnparams(description);
	prepared->columns = PQnfields(description);
	if (prepared->parameters > POSTGRES_PARAMETERS_MAX || prepared->columns > COLUMNS_MAX) {
		*ret_reason = "too many parameters or columns";
		return ERR_INTERNAL;
	}
	for (int i = 0; i < prepared->parameters; i++)
		prepared->parameter_types[i] = PQparamtype(description, i);
	for (int i = 0; i < prepared->columns; i++) {
		prepared->column_types[i] = PQftype(description, i);
		if (!postgres_type_known(prepared->column_types[i])) {
			*ret_reason = "a column has a type that SQLite does not have";
			return ERR_INTERNAL;
		}
	}
	return ERR_OK;
}

static enum err make_plan(struct postgres_prepared *prepared, const struct query *query,
			  const PGresult *description, struct arena *arena, const char **ret_reason)
{
	const char *names[COLUMNS_MAX];
	enum err err = learn_types(prepared, description, ret_reason);

	if (err != ERR_OK || !query->row)
		return err;
	for (int i = 0; i < prepared->columns; i++)
		names[i] = PQfname(description, i);
	return row_plan_make(query->row, names, prepared->columns, &prepared->prepared.plan, arena,
			     ret_reason);
}

/* Prepares the text under prepared->name and asks what the server made of it. */
static enum err prepare_text(struct postgres_connection *connection, const char *sql,
			     const struct query *query, struct postgres_prepared *prepared,
			     struct arena *arena, const char **ret_reason)
{
	PGresult *results[2] = { NULL, NULL };
	enum err err;

	if (!PQsendPrepare(connection->handle, prepared->name, sql, 0, NULL) ||
	    !PQsendDescribePrepared(connection->handle, prepared->name) ||
	    !PQpipelineSync(connection->handle))
		err = lost(connection);
	else
		err = read_results(connection, results, 2);
	if (err == ERR_OK)
		err = make_plan(prepared, query, results[1], arena, ret_reason);
	else
		*ret_reason = connection->reason;
	clear_results(results, 2);
	return err;
}

/* `name` may be "": the unnamed statement, which the next one replaces. */
static enum err prepare(struct postgres_connection *connection, const struct query *query,
			const char *name, struct arena *arena,
			struct postgres_prepared **ret_prepared, const char **ret_reason)
{
	struct postgres_prepared *prepared = MEMORY_NEW(struct postgres_prepared);
	const char *reason = "";
	struct buf sql;
	enum err err;

	snprintf(prepared->name, sizeof(prepared->name), "%s", name);
	buf_init(&sql, SQL_MAX);
	query->print(query, &sql);
	assert(!sql.overflow);
	err = prepare_text(connection, sql.data, query, prepared, arena, &reason);
	if (err == ERR_OK) {
		prepared->prepared.identity = query->identity;
		prepared->prepared.variant = query->variant;
		*ret_prepared = prepared;
	} else {
		*ret_reason = arena_printf(arena, "%s: %s", reason, sql.data);
		free(prepared);
	}
	buf_finish(&sql);
	return err;
}

static enum err prepared_for(struct postgres_connection *connection, const struct query *query,
			     struct postgres_prepared **ret_prepared)
{
	struct prepared *known =
		prepared_find(&connection->prepared, query->identity, query->variant);
	char name[NAME_SIZE];
	struct arena arena;
	const char *reason;
	enum err err;

	if (known) {
		*ret_prepared = CONTAINER_OF(known, struct postgres_prepared, prepared);
		return ERR_OK;
	}
	snprintf(name, sizeof(name), "s%u", ++connection->names);
	arena_init(&arena);
	err = prepare(connection, query, name, &arena, ret_prepared, &reason);
	if (err == ERR_OK)
		prepared_add(&connection->prepared, &(*ret_prepared)->prepared);
	else if (err == ERR_INTERNAL)
		log_error("statement", "fault", reason, NULL);
	arena_finish(&arena);
	return err;
}

enum err postgres_check(struct postgres_connection *connection, const struct query *query,
			struct arena *arena, const char **ret_reason)
{
	struct postgres_prepared *prepared;
	enum err err = prepare(connection, query, "", arena, &prepared, ret_reason);

	if (err == ERR_OK)
		free(prepared);
	return err;
}

/* ---- Running ---- */

static bool send_command(struct postgres_connection *connection, const char *sql)
{
	return PQsendQueryParams(connection->handle, sql, 0, NULL, NULL, NULL, NULL, 1);
}

static enum err encode(const struct postgres_prepared *prepared, const struct db_args *args,
		       struct postgres_parameters *parameters)
{
	enum err err = ERR_OK;

	assert(args->count == prepared->parameters);
	for (int i = 0; i < args->count && err == ERR_OK; i++)
		err = postgres_encode(parameters, i, prepared->parameter_types[i],
				      &args->values[i]);
	return err;
}

static bool send_statement(struct postgres_connection *connection,
			   const struct postgres_prepared *prepared,
			   const struct postgres_parameters *parameters)
{
	return PQsendQueryPrepared(connection->handle, prepared->name, prepared->parameters,
				   parameters->values, parameters->lengths, parameters->formats, 1);
}

/* With the other arguments. They have the types of the first, so they can be encoded as those could. */
static bool send_more(struct postgres_connection *connection,
		      const struct postgres_prepared *prepared, const struct query *query)
{
	struct postgres_parameters parameters;
	bool sent = true;

	for (size_t i = 0; sent && i < query->more_count; i++)
		sent = encode(prepared, &query->more[i], &parameters) == ERR_OK &&
		       send_statement(connection, prepared, &parameters);
	return sent;
}

/*
 * Sends the statement in its frame, `parameters` being its first arguments; *ret_at is where its first result comes among
 * the *ret_count of all.
 */
static bool send_framed(struct postgres_connection *connection,
			const struct postgres_prepared *prepared, const struct query *query,
			const struct postgres_parameters *parameters,
			const struct postgres_frame *frame, int *ret_at, int *ret_count)
{
	bool sent = true;
	int count = 0;

	for (; frame && frame->before[count]; count++)
		sent = sent && send_command(connection, frame->before[count]);
	if (query->more_count > 0) {
		sent = sent && send_command(connection, POSTGRES_PLAN_ONCE);
		count++;
	}
	*ret_at = count++;
	sent = sent && send_statement(connection, prepared, parameters);
	if (query->more_count > 0) {
		sent = sent && send_more(connection, prepared, query) &&
		       send_command(connection, "RESET plan_cache_mode");
		count += (int)query->more_count + 1;
	}
	if (frame && frame->after) {
		sent = sent && send_command(connection, frame->after);
		count++;
	}
	*ret_count = count;
	return sent;
}

static enum err load_rows(const struct postgres_prepared *prepared, const struct keyring *keyring,
			  const PGresult *result, struct rows *rows)
{
	struct db_value cells[COLUMNS_MAX];
	int count = rows->one && PQntuples(result) > 0 ? 1 : PQntuples(result);
	enum err err = ERR_OK;

	for (int row = 0; row < count && err == ERR_OK; row++) {
		for (int i = 0; i < prepared->columns; i++)
			cells[i] = postgres_decode(result, row, i, prepared->column_types[i]);
		err = rows->each ? rows->each(rows->context, cells, prepared->columns)
				 : rows_add(rows, &prepared->prepared.plan, keyring, cells);
	}
	return err;
}

/* A COMMIT that was answered by ROLLBACK committed nothing. */
static enum err check_tag(struct postgres_connection *connection, const PGresult *result,
			  const char *sql)
{
	const char *tag = PQcmdStatus((PGresult *)(uintptr_t)result);

	if (strncmp(tag, sql, strlen(tag)) == 0)
		return ERR_OK;
	connection->fault = POSTGRES_BROKEN;
	postgres_keep_reason(connection, tag);
	return ERR_INTERNAL;
}

static enum err take_results(struct postgres_connection *connection,
			     const struct postgres_prepared *prepared,
			     const struct keyring *keyring, const struct postgres_frame *frame,
			     PGresult *const *results, int runs, struct rows *rows)
{
	bool wanted = rows->one || rows->all || rows->each;
	enum err err = ERR_OK;

	if (frame && frame->after)
		err = check_tag(connection, results[runs + (runs > 1)], frame->after);
	for (int i = 0; err == ERR_OK && wanted && i < runs; i++)
		err = load_rows(prepared, keyring, results[i], rows);
	rows->changed = strtoll(PQcmdTuples((PGresult *)(uintptr_t)results[0]), NULL, 10);
	return err;
}

enum err postgres_run(struct postgres_connection *connection, const struct keyring *keyring,
		      const struct query *query, const struct postgres_frame *frame,
		      struct rows *rows)
{
	PGresult *results[RESULTS_MAX] = { NULL };
	struct postgres_parameters parameters;
	struct postgres_prepared *prepared;
	int at, count, runs = 1 + (int)query->more_count;
	enum err err = prepared_for(connection, query, &prepared);

	if (err != ERR_OK)
		return err;
	connection->fault = POSTGRES_FINE;
	err = encode(prepared, &query->args, &parameters);
	if (err != ERR_OK)
		return err;
	if (!send_framed(connection, prepared, query, &parameters, frame, &at, &count) ||
	    !PQpipelineSync(connection->handle))
		return lost(connection);
	err = read_results(connection, results, count);
	if (err == ERR_OK)
		err = take_results(connection, prepared, keyring, frame, results + at, runs, rows);
	clear_results(results, count);
	return err;
}

bool postgres_defer(struct postgres_connection *connection, const struct query *query,
		    const struct postgres_frame *frame, const struct rows *rows)
{
	struct prepared *known =
		prepared_find(&connection->prepared, query->identity, query->variant);
	struct postgres_parameters parameters;
	struct postgres_prepared *prepared;
	int at, count;

	if (!known || connection->deferred + COMMANDS_MAX > DEFERRED_MAX)
		return false;
	prepared = CONTAINER_OF(known, struct postgres_prepared, prepared);
	if (encode(prepared, &query->args, &parameters) != ERR_OK ||
	    !send_framed(connection, prepared, query, &parameters, frame, &at, &count))
		return false;
	if (rows->must_change)
		connection->must_change |= UINT64_C(1) << (connection->deferred + (unsigned)at);
	connection->deferred += (unsigned)count;
	return true;
}

enum err postgres_settle(struct postgres_connection *connection)
{
	if (connection->deferred == 0)
		return ERR_OK;
	return PQpipelineSync(connection->handle) ? read_results(connection, NULL, 0)
						  : lost(connection);
}

enum err postgres_control(struct postgres_connection *connection, const char *sql)
{
	PGresult *result = NULL;
	enum err err;

	if (!send_command(connection, sql) || !PQpipelineSync(connection->handle))
		return lost(connection);
	err = read_results(connection, &result, 1);
	if (err == ERR_OK)
		err = check_tag(connection, result, sql);
	PQclear(result);
	return err;
}

/* Of several commands the last, which is the first that failed. */
static PGresult *last_result(struct postgres_connection *connection)
{
	PGresult *last = NULL, *next;

	while ((next = postgres_result(connection))) {
		PQclear(last);
		last = next;
	}
	return last;
}

enum err postgres_script(struct postgres_connection *connection, const char *sql)
{
	PGresult *result;
	enum err err;

	connection->fault = POSTGRES_FINE;
	if (!PQexitPipelineMode(connection->handle) || !PQsendQuery(connection->handle, sql))
		return lost(connection);
	result = last_result(connection);
	if (connection->given_up)
		err = lost(connection);
	else
		err = succeeded(result) ? ERR_OK : fault(connection, result);
	PQclear(result);
	if (connection->fault != POSTGRES_LOST && !PQenterPipelineMode(connection->handle))
		return lost(connection);
	return err;
}

bool postgres_answers(struct postgres_connection *connection)
{
	int64_t answer_ms = connection->answer_ms;
	bool answers;

	connection->answer_ms = CHECK_MS;
	answers = PQpipelineSync(connection->handle) && read_results(connection, NULL, 0) == ERR_OK;
	connection->answer_ms = answer_ms;
	return answers;
}
