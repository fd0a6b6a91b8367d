/* Opening a connection to PostgreSQL, and what every session is told first. */
#include "base/clock.h"
#include "base/memory.h"
#include "db/postgres_connection.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
	CONNECT_MS = 5000,
	OLDEST_VERSION = 120000, /* has plan_cache_mode */
	GRACE_MS = 500, /* for the server to say itself that the time of a statement is up */
};

/*
 * Nothing is written outside of a transaction that says so. A server that acknowledges before it has written is told
 * otherwise.
 */
static const char *const session_settings =
	"SET client_min_messages = warning;"
	"SET default_transaction_read_only = on;"
	"SET statement_timeout = %d;"
	"SET lock_timeout = '10s';"
	"SET idle_in_transaction_session_timeout = '60s';"
	"SET jit = off;" /* no statement of ours is long enough to pay for it */
	"SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
	" WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)";

/*
 * A statement whose client has gone ends by itself, from version 14 on and where the server's system can tell. Without it,
 * statement_timeout ends it.
 */
static const char *const leave_settings = "SET client_connection_check_interval = '1s'";

/* What stands in the URL goes before ours, but for the encoding. libpq takes one second for two. */
static PGconn *open_handle(const char *url, int64_t open_ms, bool at_once)
{
	char open_s[16];
	static const char *const names[] = { "fallback_application_name",
					     "connect_timeout",
					     "keepalives_idle",
					     "keepalives_interval",
					     "keepalives_count",
					     "tcp_user_timeout",
					     "dbname",
					     "client_encoding",
					     NULL };
	const char *const values[] = {
		"webplus", open_s, "10", "5", "3", "15000", url, "UTF8", NULL
	};

	snprintf(open_s, sizeof(open_s), "%d", (int)((open_ms + 999) / 1000));
	return at_once ? PQconnectdbParams(names, values, 1)
		       : PQconnectStartParams(names, values, 1);
}

/* Until the next step can be taken; false: it is not to be. */
static bool await_step(PGconn *handle, bool writes, int end, int64_t end_ms)
{
	struct pollfd watched[] = {
		{ .fd = PQsocket(handle), .events = writes ? POLLOUT : POLLIN },
		{ .fd = end, .events = POLLIN },
	};
	int64_t left_ms = end_ms - clock_monotonic_ms();

	return left_ms > 0 && poll(watched, 2, (int)left_ms) > 0 && watched[1].revents == 0;
}

/* One that may have to end before it is there. It does not go on to the next of several hosts when one is silent. */
static PGconn *open_until(const char *url, int end)
{
	PGconn *handle = open_handle(url, CONNECT_MS, false);
	PostgresPollingStatusType step = PGRES_POLLING_WRITING;
	int64_t end_ms = clock_monotonic_ms() + CONNECT_MS;

	if (PQstatus(handle) == CONNECTION_BAD)
		return handle;
	while ((step == PGRES_POLLING_WRITING || step == PGRES_POLLING_READING) &&
	       await_step(handle, step == PGRES_POLLING_WRITING, end, end_ms))
		step = PQconnectPoll(handle);
	return handle;
}

/* libpq would print it. */
static void ignore_notice(void *context, const char *message)
{
	(void)context;
	(void)message;
}

/* libpq's own words about a URL that it cannot read quote it, password and all. */
static bool is_readable(const char *url)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);

	PQconninfoFree(options);
	return options != NULL;
}

static enum err set_session(struct postgres_connection *connection, int64_t answer_ms,
			    struct arena *arena)
{
	const char *settings = arena_printf(arena, session_settings, (int)answer_ms);

	if (!PQenterPipelineMode(connection->handle) ||
	    PQsetnonblocking(connection->handle, 1) != 0 ||
	    postgres_script(connection, settings) != ERR_OK)
		return ERR_UNAVAILABLE;
	(void)!postgres_script(connection, leave_settings);
	return connection->fault == POSTGRES_LOST ? ERR_UNAVAILABLE : ERR_OK;
}

static enum err set_up(struct postgres_connection *connection, int64_t answer_ms,
		       struct arena *arena, const char **ret_reason)
{
	const char *encoding = PQparameterStatus(connection->handle, "server_encoding");

	if (PQstatus(connection->handle) != CONNECTION_OK) {
		postgres_keep_reason(connection, PQerrorMessage(connection->handle));
		*ret_reason =
			arena_printf(arena, "PostgreSQL cannot be reached: %s", connection->reason);
		return ERR_UNAVAILABLE;
	}
	if (PQserverVersion(connection->handle) < OLDEST_VERSION) {
		*ret_reason =
			arena_printf(arena, "PostgreSQL is of version %d; it must be 12 or newer",
				     PQserverVersion(connection->handle) / 10000);
		return ERR_INVALID;
	}
	if (!encoding || strcmp(encoding, "UTF8") != 0) {
		*ret_reason = "the database must have the encoding UTF8";
		return ERR_INVALID;
	}
	if (set_session(connection, answer_ms, arena) != ERR_OK) {
		*ret_reason = arena_printf(arena, "PostgreSQL refused the settings: %s",
					   connection->reason);
		return ERR_UNAVAILABLE;
	}
	return ERR_OK;
}

enum err postgres_connect(const struct postgres_connect_options *options,
			  struct postgres_connection **ret_connection, struct arena *arena,
			  const char **ret_reason)
{
	int64_t open_ms = options->open_ms ? options->open_ms : CONNECT_MS;
	struct postgres_connection *connection;
	enum err err;

	if (!is_readable(options->url)) {
		*ret_reason = "the address of the database is not a postgresql:// URL";
		return ERR_INVALID;
	}
	connection = MEMORY_NEW(struct postgres_connection);
	connection->end = options->end;
	connection->answer_ms = open_ms;
	connection->handle = options->end < 0 ? open_handle(options->url, open_ms, true)
					      : open_until(options->url, options->end);
	PQsetNoticeProcessor(connection->handle, ignore_notice, NULL);
	err = set_up(connection, options->answer_ms, arena, ret_reason);
	connection->answer_ms = options->answer_ms > 0 ? options->answer_ms + GRACE_MS : 0;
	if (err == ERR_OK)
		*ret_connection = connection;
	else
		postgres_disconnect(connection);
	return err;
}
