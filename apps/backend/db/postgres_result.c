/* Waiting for PostgreSQL, never for longer than is wanted. */
#include "base/clock.h"
#include "base/pool.h"
#include "db/engine.h"
#include "db/postgres_connection.h"

#include <poll.h>

enum { LOOK_MS = 25 }; /* how often a read looks whether it is still wanted */

static bool is_unwanted(const struct postgres_connection *connection)
{
	return connection->watched && db_cancelled();
}

/* Until when to sleep: as long as may be, or to the next look. */
static int sleep_ms(const struct postgres_connection *connection, int64_t end_ms)
{
	int64_t left_ms = end_ms - clock_monotonic_ms();
	bool looks = connection->watched && db_watches();

	if (connection->answer_ms == 0)
		return looks ? LOOK_MS : -1;
	if (left_ms <= 0)
		return 0;
	return (int)(looks && left_ms > LOOK_MS ? LOOK_MS : left_ms);
}

enum event { EVENT_MOVED, EVENT_NOTHING, EVENT_END };

/* Sends what waits to be sent and takes what has come, or sleeps until either can be done. */
static enum event move(struct postgres_connection *connection, int64_t end_ms)
{
	bool unsent = PQflush(connection->handle) > 0;
	struct pollfd watched[] = { { .fd = PQsocket(connection->handle),
				      .events = (short)(POLLIN | (unsent ? POLLOUT : 0)) },
				    { .fd = connection->end, .events = POLLIN } };
	int ready;

	pool_wait_begin();
	ready = poll(watched, 2, sleep_ms(connection, end_ms));
	pool_wait_end();
	if (ready <= 0)
		return EVENT_NOTHING;
	if (watched[1].revents)
		return EVENT_END;
	/* What fails here, PQgetResult tells. */
	if ((watched[0].revents & ~POLLOUT) && !PQconsumeInput(connection->handle))
		return EVENT_END;
	return EVENT_MOVED;
}

static void give_up(struct postgres_connection *connection, const char *reason)
{
	connection->given_up = true;
	postgres_keep_reason(connection, reason);
}

/* Until PQgetResult can be called without waiting in it. */
static void await_result(struct postgres_connection *connection)
{
	int64_t end_ms = clock_monotonic_ms() + connection->answer_ms;

	while (!connection->given_up && PQisBusy(connection->handle)) {
		enum event event = move(connection, end_ms);

		if (event == EVENT_END && PQstatus(connection->handle) != CONNECTION_OK)
			return;
		if (event == EVENT_MOVED)
			end_ms = clock_monotonic_ms() + connection->answer_ms;
		else if (event == EVENT_END || is_unwanted(connection))
			give_up(connection, "the answer is not wanted any more");
		else if (connection->answer_ms != 0 && clock_monotonic_ms() >= end_ms)
			give_up(connection, "the server does not answer");
	}
}

PGresult *postgres_result(struct postgres_connection *connection)
{
	await_result(connection);
	return connection->given_up ? NULL : PQgetResult(connection->handle);
}
