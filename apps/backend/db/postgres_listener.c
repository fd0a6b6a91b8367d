#include "db/postgres_listener.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "db/postgres_connection.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	PAUSE_MS = 50,
	PAUSE_MAX_MS = 5000,
	LISTEN_MS = 5000, /* for the answer to LISTEN */
	FOR_EVER = -1,
	NO_SOCKET = -1, /* poll passes over it */
};

struct postgres_listener {
	struct db_listener listener; /* first */
	char *url;
	const char *channel;
	void (*heard)(void *context);
	void *context;
	uv_async_t wake; /* of the loop */
	pthread_t thread;
	int end; /* an eventfd: readable once the thread is to end */
};

/* ---- On the thread ---- */

/* Until the socket can be read or the time is over, or sooner; false: it is to end. */
static bool await(const struct postgres_listener *listener, int socket, int timeout_ms)
{
	struct pollfd watched[] = { { .fd = listener->end, .events = POLLIN },
				    { .fd = socket, .events = POLLIN } };

	(void)poll(watched, 2, timeout_ms);
	return watched[0].revents == 0;
}

/* LISTEN takes no parameter; the name is a constant of the program (db_listen). */
static enum err send_listen(struct postgres_connection *connection, const char *channel,
			    struct arena *arena, const char **ret_reason)
{
	enum err err = postgres_script(connection, arena_printf(arena, "LISTEN %s", channel));

	if (err != ERR_OK)
		*ret_reason = arena_printf(arena, "PostgreSQL does not let listen: %s",
					   connection->reason);
	return err;
}

static struct postgres_connection *begin_listening(const struct postgres_listener *listener)
{
	const struct postgres_connect_options options = { .url = listener->url,
							  .answer_ms = LISTEN_MS,
							  .end = listener->end };
	struct postgres_connection *connection = NULL;
	struct arena arena;
	const char *reason;
	enum err err;

	arena_init(&arena);
	err = postgres_connect(&options, &connection, &arena, &reason);
	if (err == ERR_OK)
		err = send_listen(connection, listener->channel, &arena, &reason);
	if (err != ERR_OK) {
		log_warning("database", "fault", reason, NULL);
		if (connection)
			postgres_disconnect(connection);
		connection = NULL;
	}
	arena_finish(&arena);
	return connection;
}

/* Takes what has come; false: the connection is lost. */
static bool take_notifications(struct postgres_listener *listener, PGconn *handle)
{
	bool alive = PQconsumeInput(handle) != 0, any = false;
	PGnotify *notification;

	while ((notification = PQnotifies(handle))) {
		PQfreemem(notification);
		any = true;
	}
	if (any)
		uv_async_send(&listener->wake);
	return alive;
}

/* How long it listened before the connection was lost. */
static int64_t listen_once(struct postgres_listener *listener)
{
	struct postgres_connection *connection = begin_listening(listener);
	int64_t start_ms = clock_monotonic_ms();

	if (!connection)
		return 0;
	uv_async_send(&listener->wake); /* what was sent before now, nobody heard */
	while (await(listener, PQsocket(connection->handle), FOR_EVER) &&
	       take_notifications(listener, connection->handle))
		;
	postgres_disconnect(connection);
	return clock_monotonic_ms() - start_ms;
}

static void *listener_main(void *context)
{
	struct postgres_listener *listener = context;
	int pause_ms = PAUSE_MS;

	pthread_setname_np(pthread_self(), "listener");
	do {
		bool worked = listen_once(listener) > PAUSE_MAX_MS;

		if (worked)
			pause_ms = PAUSE_MS;
		else if (pause_ms < PAUSE_MAX_MS)
			pause_ms *= 2;
	} while (await(listener, NO_SOCKET, pause_ms));
	return NULL;
}

/* ---- On the loop ---- */

static void on_wake(uv_async_t *wake)
{
	struct postgres_listener *listener = wake->data;

	listener->heard(listener->context);
}

static void on_wake_closed(uv_handle_t *wake)
{
	struct postgres_listener *listener = wake->data;

	free(listener->url);
	free(listener);
}

/* A wake-up that is still on its way is dropped by uv_close. */
static void end_listening(struct db_listener *db_listener)
{
	struct postgres_listener *listener =
		CONTAINER_OF(db_listener, struct postgres_listener, listener);

	(void)eventfd_write(listener->end, 1);
	pthread_join(listener->thread, NULL);
	close(listener->end);
	uv_close((uv_handle_t *)&listener->wake, on_wake_closed);
}

struct db_listener *postgres_listener_create(const char *url, struct loop *loop,
					     const char *channel, void (*heard)(void *context),
					     void *context)
{
	struct postgres_listener *listener = MEMORY_NEW(struct postgres_listener);

	assert(loop);
	assert(strspn(channel, "abcdefghijklmnopqrstuvwxyz_") == strlen(channel));
	listener->listener.end = end_listening;
	listener->url = memory_strdup(url);
	listener->channel = channel;
	listener->heard = heard;
	listener->context = context;
	listener->wake.data = listener;
	listener->end = eventfd(0, EFD_CLOEXEC);
	if (listener->end < 0 || uv_async_init(&loop->uv, &listener->wake, on_wake) != 0 ||
	    pthread_create(&listener->thread, NULL, listener_main, listener) != 0)
		memory_exhausted();
	return &listener->listener;
}
