/* Opening a connection to PostgreSQL, and what every session is told first. */
#include "base/memory.h"
#include "db/postgres_connection.h"

#include <string.h>

/*
 * Nothing is written outside of a transaction that says so. A server that acknowledges before it has written is told
 * otherwise.
 */
static const char *const session_settings =
	"SET client_min_messages = warning;"
	"SET default_transaction_read_only = on;"
	"SET statement_timeout = '60s';"
	"SET lock_timeout = '10s';"
	"SET idle_in_transaction_session_timeout = '60s';"
	"SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
	" WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)";

/* What stands in the URL goes before ours, but for the encoding. */
static PGconn *open_handle(const char *url)
{
	static const char *const names[] = { "fallback_application_name",
					     "connect_timeout",
					     "keepalives_idle",
					     "keepalives_interval",
					     "keepalives_count",
					     "tcp_user_timeout",
					     "dbname",
					     "client_encoding",
					     NULL };
	const char *const values[] = { "webplus", "5", "10", "5", "3", "15000", url, "UTF8", NULL };

	return PQconnectdbParams(names, values, 1);
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

static enum err set_up(struct postgres_connection *connection, struct arena *arena,
		       const char **ret_reason)
{
	const char *encoding = PQparameterStatus(connection->handle, "server_encoding");

	if (PQstatus(connection->handle) != CONNECTION_OK) {
		postgres_keep_reason(connection, PQerrorMessage(connection->handle));
		*ret_reason =
			arena_printf(arena, "PostgreSQL cannot be reached: %s", connection->reason);
		return ERR_UNAVAILABLE;
	}
	if (!encoding || strcmp(encoding, "UTF8") != 0) {
		*ret_reason = "the database must have the encoding UTF8";
		return ERR_INVALID;
	}
	if (!PQenterPipelineMode(connection->handle) ||
	    postgres_script(connection, session_settings) != ERR_OK) {
		*ret_reason = arena_printf(arena, "PostgreSQL refused the settings: %s",
					   connection->reason);
		return ERR_UNAVAILABLE;
	}
	return ERR_OK;
}

enum err postgres_connect(const char *url, struct postgres_connection **ret_connection,
			  struct arena *arena, const char **ret_reason)
{
	struct postgres_connection *connection;
	enum err err;

	if (!is_readable(url)) {
		*ret_reason = "the address of the database is not a postgresql:// URL";
		return ERR_INVALID;
	}
	connection = MEMORY_NEW(struct postgres_connection);
	connection->handle = open_handle(url);
	PQsetNoticeProcessor(connection->handle, ignore_notice, NULL);
	err = set_up(connection, arena, ret_reason);
	if (err == ERR_OK)
		*ret_connection = connection;
	else
		postgres_disconnect(connection);
	return err;
}
