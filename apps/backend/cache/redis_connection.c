#include "cache/redis_connection.h"

#include "base/clock.h"
#include "base/memory.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PAUSE_MS = 50,
	PAUSE_MAX_MS = 2000,
	PROVEN_MS = 2000, /* up for so long: the next pause is short again */
	READ_BYTES = 64 * 1024,
	REASON_SIZE = 128,
};

/* What libuv still has of a link, and so what has to come before it can be freed. */
enum hold { HOLD_NOTHING, HOLD_RESOLVING, HOLD_OPEN, HOLD_CLOSING };

/* An attempt to connect and what comes of it; it outlives being dropped until libuv lets it go. */
struct link {
	struct redis_connection *connection; /* NULL: dropped */
	enum hold hold;
	uv_getaddrinfo_t resolving;
	uv_connect_t connecting;
	uv_tcp_t tcp;
	uv_write_t writing;
	struct buf sending; /* the bytes of `writing` */
	struct addrinfo *addresses, *next;
	bool write_busy;
};

enum state { DOWN, CONNECTING, GREETING, UP };

struct redis_connection {
	struct redis_connection_options options;
	struct link *link; /* NULL while DOWN */
	enum state state;
	uv_timer_t timer;  /* of the pause, or of the attempt's time */
	uv_idle_t flusher; /* runs while something waits to be sent */
	unsigned handles;  /* of these, still open */
	struct buf in, out;
	unsigned greetings; /* answers that are outstanding before it is up */
	int pause_ms;
	int64_t up_ms; /* since when, monotonic */
	char reason[REASON_SIZE];
};

static void begin(struct redis_connection *connection);
static void connect_next(struct link *link);

/* ---- The end of a link ---- */

static void free_link(struct link *link)
{
	uv_freeaddrinfo(link->addresses);
	buf_finish(&link->sending);
	free(link);
}

static void on_closed(uv_handle_t *handle)
{
	free_link(CONTAINER_OF((uv_tcp_t *)handle, struct link, tcp));
}

/* Whoever libuv still has to call finds no connection and does nothing. */
static void release_link(struct link *link)
{
	link->connection = NULL;
	if (link->hold == HOLD_OPEN)
		uv_close((uv_handle_t *)&link->tcp, on_closed);
	else if (link->hold == HOLD_RESOLVING)
		uv_cancel((uv_req_t *)&link->resolving);
	else if (link->hold == HOLD_NOTHING)
		free_link(link);
}

static void on_pause_over(uv_timer_t *timer)
{
	begin(timer->data);
}

/* Half of it by chance, so that servers do not come back all at once. */
static void pause_before_next(struct redis_connection *connection)
{
	uint32_t half = (uint32_t)connection->pause_ms / 2;

	uv_timer_start(&connection->timer, on_pause_over, half + randombytes_uniform(half + 1), 0);
	connection->pause_ms *= 2;
	if (connection->pause_ms > PAUSE_MAX_MS)
		connection->pause_ms = PAUSE_MAX_MS;
}

void redis_connection_drop(struct redis_connection *connection)
{
	if (connection->state == DOWN)
		return;
	if (connection->state == UP && clock_monotonic_ms() - connection->up_ms > PROVEN_MS)
		connection->pause_ms = PAUSE_MS;
	release_link(connection->link);
	connection->link = NULL;
	connection->state = DOWN;
	uv_idle_stop(&connection->flusher);
	buf_release(&connection->in);
	buf_release(&connection->out);
	pause_before_next(connection);
	connection->options.events->down(connection->options.context);
}

static void fail(struct redis_connection *connection, const char *reason)
{
	snprintf(connection->reason, sizeof(connection->reason), "%s", reason);
	redis_connection_drop(connection);
}

/* ---- Sending ---- */

static void send_out(struct redis_connection *connection);

static void on_written(uv_write_t *writing, int status)
{
	struct link *link = CONTAINER_OF(writing, struct link, writing);

	link->write_busy = false;
	if (!link->connection)
		return;
	if (status != 0)
		fail(link->connection, uv_strerror(status));
	else
		send_out(link->connection);
}

/* What the socket does not take at once goes on when it can; what comes meanwhile waits behind it. */
static void send_out(struct redis_connection *connection)
{
	struct link *link = connection->link;
	struct buf *out = &connection->out;
	uv_buf_t bytes = { .base = out->data, .len = out->length };
	int sent;

	if (link->write_busy || out->length == 0)
		return;
	sent = uv_try_write((uv_stream_t *)&link->tcp, &bytes, 1);
	if (sent < 0 && sent != UV_EAGAIN) {
		fail(connection, uv_strerror(sent));
		return;
	}
	if (sent > 0)
		buf_consume(out, (size_t)sent);
	if (out->length == 0)
		return;
	buf_clear(&link->sending);
	buf_append(&link->sending, out->data, out->length);
	buf_clear(out);
	bytes = (uv_buf_t){ .base = link->sending.data, .len = link->sending.length };
	link->write_busy =
		uv_write(&link->writing, (uv_stream_t *)&link->tcp, &bytes, 1, on_written) == 0;
	if (!link->write_busy)
		fail(connection, "the socket cannot be written");
}

static void on_flush(uv_idle_t *flusher)
{
	struct redis_connection *connection = flusher->data;
	const struct redis_events *events = connection->options.events;

	uv_idle_stop(flusher);
	send_out(connection);
	if (connection->state == UP && events->sent)
		events->sent(connection->options.context);
}

struct buf *redis_connection_out(struct redis_connection *connection)
{
	assert(connection->state >= GREETING);
	return &connection->out;
}

size_t redis_connection_room(const struct redis_connection *connection)
{
	return connection->out.max - connection->out.length;
}

void redis_connection_flush(struct redis_connection *connection)
{
	uv_idle_start(&connection->flusher, on_flush);
}

/* ---- Greeting ---- */

static void greet_with(struct redis_connection *connection, const char *const *words)
{
	size_t count = 0;

	while (words[count])
		count++;
	resp_write_count(&connection->out, count);
	for (size_t i = 0; i < count; i++)
		resp_write_text(&connection->out,
				(struct redis_text){ words[i], strlen(words[i]) });
	connection->greetings++;
}

static void on_too_late(uv_timer_t *timer)
{
	fail(timer->data, "it does not answer in time");
}

static void greet(struct redis_connection *connection)
{
	const struct redis_address *address = &connection->options.address;

	connection->state = GREETING;
	connection->greetings = 0;
	if (address->password && address->user)
		greet_with(connection,
			   (const char *const[]){ "AUTH", address->user, address->password, NULL });
	else if (address->password)
		greet_with(connection, (const char *const[]){ "AUTH", address->password, NULL });
	greet_with(connection, (const char *const[]){ "SELECT", address->database, NULL });
	greet_with(connection, (const char *const[]){ "PING", NULL });
	uv_timer_start(&connection->timer, on_too_late, (uint64_t)connection->options.greet_ms, 0);
	send_out(connection);
}

/* Any error is a no: of a password, of a database, of a server that is still loading. */
static bool take_greeting(struct redis_connection *connection, const struct redis_value *value)
{
	if (value->type != REDIS_STRING) {
		bool says = value->type == REDIS_ERROR;

		snprintf(connection->reason, sizeof(connection->reason), "it refuses: %.*s",
			 says ? (int)value->length : 0, says ? value->text : "");
		return false;
	}
	if (--connection->greetings > 0)
		return true;
	uv_timer_stop(&connection->timer);
	connection->state = UP;
	connection->up_ms = clock_monotonic_ms();
	connection->options.events->up(connection->options.context);
	return true;
}

/* ---- Receiving ---- */

/* The next whole value; ERR_PENDING: there is none. */
static enum err take_value(struct redis_connection *connection, struct link *link, size_t *offset)
{
	const struct redis_connection_options *options = &connection->options;
	struct redis_value value;
	struct arena arena;
	size_t used;
	enum err err;

	arena_init(&arena);
	err = resp_read(connection->in.data + *offset, connection->in.length - *offset, &arena,
			&value, &used);
	if (err == ERR_OK) {
		bool wanted = connection->state == GREETING
				      ? take_greeting(connection, &value)
				      : options->events->value(options->context, &value);

		*offset += used;
		err = wanted ? ERR_OK : ERR_MALFORMED;
	}
	arena_finish(&arena);
	return link->connection ? err : ERR_CANCELLED;
}

static void take_values(struct link *link)
{
	struct redis_connection *connection = link->connection;
	size_t offset = 0;
	enum err err;

	do
		err = take_value(connection, link, &offset);
	while (err == ERR_OK);
	if (err == ERR_CANCELLED)
		return;
	buf_consume(&connection->in, offset);
	if (err == ERR_MALFORMED && connection->state == GREETING)
		redis_connection_drop(connection); /* its reason stands */
	else if (err != ERR_PENDING || connection->in.length == connection->in.max)
		fail(connection, "it sends what is no answer");
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
	struct link *link = CONTAINER_OF((uv_tcp_t *)handle, struct link, tcp);
	struct buf *in = &link->connection->in;
	size_t room = in->max - in->length;

	(void)suggested;
	room = room < READ_BYTES ? room : READ_BYTES;
	*ret_buf = (uv_buf_t){ .base = buf_reserve(in, room), .len = room };
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
	struct link *link = CONTAINER_OF((uv_tcp_t *)stream, struct link, tcp);

	(void)buf;
	loop_woke(link->connection->options.loop);
	if (count < 0) {
		fail(link->connection, uv_strerror((int)count));
	} else if (count > 0) {
		buf_commit(&link->connection->in, (size_t)count);
		take_values(link);
	}
}

/* ---- Connecting ---- */

/* A name may have several addresses, of which not all listen: ::1 and 127.0.0.1. */
static void on_retry_closed(uv_handle_t *handle)
{
	struct link *link = CONTAINER_OF((uv_tcp_t *)handle, struct link, tcp);

	link->hold = HOLD_NOTHING;
	if (link->connection)
		connect_next(link);
	else
		free_link(link);
}

static void on_connected(uv_connect_t *connecting, int status)
{
	struct link *link = CONTAINER_OF(connecting, struct link, connecting);

	if (!link->connection)
		return;
	if (status != 0) {
		link->hold = HOLD_CLOSING;
		uv_close((uv_handle_t *)&link->tcp, on_retry_closed);
		return;
	}
	uv_tcp_nodelay(&link->tcp, 1);
	if (uv_read_start((uv_stream_t *)&link->tcp, on_allocate, on_read) != 0)
		fail(link->connection, "the socket cannot be read");
	else
		greet(link->connection);
}

static void connect_next(struct link *link)
{
	struct redis_connection *connection = link->connection;
	struct addrinfo *address = link->next;

	if (!address) {
		fail(connection, "it does not accept connections");
		return;
	}
	link->next = address->ai_next;
	if (uv_tcp_init(&connection->options.loop->uv, &link->tcp) != 0)
		memory_exhausted();
	link->hold = HOLD_OPEN;
	if (uv_tcp_connect(&link->connecting, &link->tcp, address->ai_addr, on_connected) != 0)
		fail(connection, "its address cannot be reached");
}

static void on_resolved(uv_getaddrinfo_t *resolving, int status, struct addrinfo *addresses)
{
	struct link *link = CONTAINER_OF(resolving, struct link, resolving);

	link->hold = HOLD_NOTHING;
	link->addresses = addresses;
	link->next = addresses;
	if (!link->connection)
		free_link(link);
	else if (status != 0)
		fail(link->connection, "its name cannot be resolved");
	else
		connect_next(link);
}

static void begin(struct redis_connection *connection)
{
	const struct redis_connection_options *options = &connection->options;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct link *link = MEMORY_NEW(struct link);

	link->connection = connection;
	buf_init(&link->sending, options->out_max);
	connection->link = link;
	connection->state = CONNECTING;
	uv_timer_start(&connection->timer, on_too_late, (uint64_t)options->connect_ms, 0);
	if (uv_getaddrinfo(&options->loop->uv, &link->resolving, on_resolved, options->address.host,
			   options->address.port, &hints) != 0)
		memory_exhausted();
	link->hold = HOLD_RESOLVING;
}

/* ---- Public ---- */

const char *redis_connection_reason(const struct redis_connection *connection)
{
	return connection->reason;
}

bool redis_connection_up(const struct redis_connection *connection)
{
	return connection->state == UP;
}

struct redis_connection *redis_connection_create(const struct redis_connection_options *options)
{
	struct redis_connection *connection = MEMORY_NEW(struct redis_connection);

	connection->options = *options;
	connection->pause_ms = PAUSE_MS;
	buf_init(&connection->in, options->value_max);
	buf_init(&connection->out, options->out_max);
	uv_timer_init(&options->loop->uv, &connection->timer);
	uv_idle_init(&options->loop->uv, &connection->flusher);
	connection->timer.data = connection;
	connection->flusher.data = connection;
	connection->handles = 2;
	begin(connection);
	return connection;
}

static void on_own_handle_closed(uv_handle_t *handle)
{
	struct redis_connection *connection = handle->data;

	if (--connection->handles == 0)
		free(connection);
}

void redis_connection_destroy(struct redis_connection *connection)
{
	if (!connection)
		return;
	if (connection->link)
		release_link(connection->link);
	buf_finish(&connection->in);
	buf_finish(&connection->out);
	uv_close((uv_handle_t *)&connection->timer, on_own_handle_closed);
	uv_close((uv_handle_t *)&connection->flusher, on_own_handle_closed);
}
