#include "base/memory.h"
#include "http/forwarded.h"
#include "http/shares.h"
#include "http/state.h"
#include "http/transport.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/*
 * A later read resumes where the bytes of `input` end, so it can hold what was read at once beyond
 * the limits.
 */
enum { INPUT_MAX = 1024 * 1024 };

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
	struct conn *conn = CONTAINER_OF(handle, struct conn, tcp);

	(void)suggested;
	*ret_buf = uv_buf_init(conn->server->read_buffer, READ_BUFFER_BYTES);
}

static void on_closed(uv_handle_t *handle)
{
	struct conn *conn = CONTAINER_OF(handle, struct conn, tcp);
	struct server *server = conn->server;

	if (conn->exchange != NULL)
		exchange_abandon(conn->exchange);
	if (conn->transport != NULL)
		transport_finish(conn->transport);
	share_give(&server->shares, conn->share);
	list_remove(&conn->node);
	buf_finish(&conn->input);
	free(conn);
	server->counts.connections--;
	server->closing--;
	server_check_drained(server);
}

void conn_close(struct conn *conn)
{
	if (conn->state == CONN_CLOSING)
		return;
	conn_wait(conn, DEADLINE_NONE);
	conn->state = CONN_CLOSING;
	conn->server->closing++;
	if (conn->share != NULL)
		conn->share->connections--;
	uv_close((uv_handle_t *)&conn->tcp, on_closed);
}

/* What the client has yet to take. */
static size_t pending_bytes(const struct conn *conn)
{
	if (conn->transport != NULL)
		return transport_pending_bytes(conn->transport);
	return uv_stream_get_write_queue_size((const uv_stream_t *)&conn->tcp);
}

void conn_wait(struct conn *conn, enum deadline deadline)
{
	list_remove(&conn->waiting);
	list_remove(&conn->idle);
	conn->deadline = deadline;
	if (deadline == DEADLINE_NONE)
		return;
	if (deadline == DEADLINE_IDLE)
		list_append(&conn->share->idle, &conn->idle);
	conn->since_ms = (int64_t)uv_now(&conn->server->loop->uv);
	list_append(&conn->server->waiting[deadline], &conn->waiting);
	if (deadline != DEADLINE_WRITE)
		return;
	conn->progress_ms = conn->since_ms;
	conn->queued_bytes = conn->queued_first = pending_bytes(conn);
}

void conn_refuse(struct conn *conn, enum err err, const char *detail)
{
	struct exchange *exchange = exchange_create(conn->server, conn);

	exchange->request.reply.detail = detail;
	conn->server->counts.requests++;
	exchange_refuse(exchange, err);
}

/* RFC 9112, section 2.2: one empty line before a request is overlooked. */
static bool skip_empty_line(struct conn *conn, const char *data, size_t length, size_t *ret_used)
{
	if (conn->skipped_line || length < 2 || memcmp(data, "\r\n", 2) != 0)
		return false;
	conn->skipped_line = true;
	conn->scanned = 0;
	*ret_used = 2;
	return true;
}

static void begin_request(struct conn *conn, const char *data, size_t length)
{
	struct exchange *exchange = exchange_create(conn->server, conn);
	struct request *request = &exchange->request;
	char *text = arena_strndup(&request->arena, data, length);
	struct head head = { 0 };
	enum err err = head_parse(text, length, conn->server->limits.headers_max, &request->arena,
				  &head, &request->reply.detail);

	if (err == ERR_OK) {
		exchange_begin(exchange, &head);
	} else {
		conn->server->counts.requests++;
		exchange_refuse(exchange, err);
	}
}

static bool read_head(struct conn *conn, const char *data, size_t length, size_t *ret_used)
{
	size_t head_length;
	enum err err;

	if (skip_empty_line(conn, data, length, ret_used))
		return true;
	err = head_scan(data, length, conn->server->limits.head_bytes, &conn->scanned,
			&head_length);
	if (err == ERR_PENDING)
		return false;
	conn->scanned = 0;
	conn->skipped_line = false;
	if (err == ERR_OK) {
		begin_request(conn, data, head_length);
		*ret_used = head_length;
	} else {
		conn_refuse(conn, err, NULL);
		*ret_used = length;
	}
	return true;
}

/* RFC 9110, section 10.1.1: asked for only while the client has sent nothing of the body. */
static void send_continue(struct conn *conn)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	uv_buf_t part = { .base = (char *)(uintptr_t)text, .len = sizeof(text) - 1 };

	conn->exchange->expect_continue = false;
	if (uv_try_write((uv_stream_t *)&conn->tcp, &part, 1) != (int)part.len)
		conn_close(conn); /* the send buffer cannot be full between two replies */
}

static bool read_body(struct conn *conn, const char *data, size_t length, size_t *ret_used)
{
	struct exchange *exchange = conn->exchange;
	enum err err = body_feed(exchange, data, length, ret_used);

	if (err != ERR_OK) {
		exchange_refuse(exchange, err);
		return true;
	}
	if (body_complete(&exchange->body)) {
		conn->state = CONN_BUSY;
		exchange_run(exchange);
		return true;
	}
	if (exchange->expect_continue && exchange->body.received == 0)
		send_continue(conn);
	return *ret_used > 0;
}

/* One step through what has arrived; false when it takes more bytes, or somebody else, to go on. */
static bool step(struct conn *conn, const char *data, size_t length, size_t *ret_used)
{
	*ret_used = 0;
	switch (conn->state) {
	case CONN_HEAD:
		return length > 0 && read_head(conn, data, length, ret_used);
	case CONN_BODY:
		return read_body(conn, data, length, ret_used);
	case CONN_TRANSPORT:
		*ret_used = length;
		if (length > 0)
			transport_received(conn->transport, data, length);
		return length > 0;
	case CONN_LINGER:
	case CONN_CLOSING:
		*ret_used = length;
		return false;
	default:
		return false;
	}
}

static size_t consume(struct conn *conn, const char *data, size_t length)
{
	size_t used = 0, taken;
	bool more;

	if (!data)
		data = ""; /* nothing buffered: C defines no NULL + 0 */
	conn->consuming = true;
	do {
		more = step(conn, data + used, length - used, &taken);
		used += taken;
	} while (more);
	conn->consuming = false;
	return used;
}

static void on_read(uv_stream_t *stream, ssize_t result, const uv_buf_t *buf);

static bool wants_bytes(const struct conn *conn)
{
	switch (conn->state) {
	case CONN_BODY:
		return !body_blocked(&conn->exchange->body);
	case CONN_BUSY: /* goes on reading, to see when the client leaves */
		return conn->input.length < PIPELINE_BYTES_MAX;
	default:
		return true;
	}
}

static void update_reading(struct conn *conn)
{
	bool pause = !wants_bytes(conn);

	if (pause == conn->paused || conn->eof)
		return;
	conn->paused = pause;
	if (pause)
		uv_read_stop((uv_stream_t *)&conn->tcp);
	else if (uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read) != 0)
		conn_close(conn);
}

/* After anything that happened: what the connection now waits for, and whether it reads. */
static void settle(struct conn *conn)
{
	enum deadline deadline = conn->input.length > 0 ? DEADLINE_HEAD : DEADLINE_IDLE;

	if (conn->state == CONN_CLOSING)
		return;
	if (conn->input.length == 0 && conn->input.capacity > 0)
		buf_release(&conn->input);
	if (conn->state == CONN_HEAD &&
	    (conn->eof || (conn->server->draining && deadline == DEADLINE_IDLE))) {
		conn_close(conn);
		return;
	}
	if (conn->state == CONN_HEAD && conn->deadline != deadline)
		conn_wait(conn, deadline);
	update_reading(conn);
}

void conn_resume(struct conn *conn)
{
	if (conn->consuming || conn->state == CONN_CLOSING)
		return;
	buf_consume(&conn->input, consume(conn, conn->input.data, conn->input.length));
	settle(conn);
}

static void on_bytes(struct conn *conn, const char *data, size_t length)
{
	size_t used;

	if (conn->input.length > 0) {
		buf_append(&conn->input, data, length);
		conn_resume(conn);
		return;
	}
	used = consume(conn, data, length);
	if (used < length && conn->state != CONN_CLOSING)
		buf_append(&conn->input, data + used, length - used);
	assert(!conn->input.overflow); /* reading stops long before */
	settle(conn);
}

static void on_eof(struct conn *conn)
{
	conn->eof = true;
	if (conn->state == CONN_BUSY)
		exchange_client_left(conn->exchange);
	else
		conn_close(conn);
}

static void on_read(uv_stream_t *stream, ssize_t result, const uv_buf_t *buf)
{
	struct conn *conn = CONTAINER_OF(stream, struct conn, tcp);

	loop_woke(conn->server->loop);
	if (result > 0)
		on_bytes(conn, buf->base, (size_t)result);
	else if (result == UV_EOF)
		on_eof(conn);
	else if (result < 0)
		conn_close(conn);
}

static void on_shutdown(uv_shutdown_t *shutdown, int status)
{
	struct conn *conn = CONTAINER_OF(shutdown, struct conn, shutdown);

	if (status != 0)
		conn_close(conn);
}

void conn_linger(struct conn *conn)
{
	if (conn->state == CONN_CLOSING || conn->state == CONN_LINGER)
		return;
	conn->state = CONN_LINGER;
	conn_wait(conn, DEADLINE_LINGER);
	if (conn->eof || uv_shutdown(&conn->shutdown, (uv_stream_t *)&conn->tcp, on_shutdown) != 0)
		conn_close(conn);
	else
		conn_resume(conn);
}

void conn_replied(struct conn *conn, bool keep_alive)
{
	if (!keep_alive) {
		conn_linger(conn);
		return;
	}
	conn->state = CONN_HEAD;
	conn_wait(conn, DEADLINE_NONE);
	conn_resume(conn);
}

/* An IPv4 client of a socket that listens on [::] is shown, and counted, as what it is. */
static void describe_peer(struct conn *conn)
{
	struct sockaddr_storage address;
	int length = sizeof(address);
	char text[INET6_ADDRSTRLEN] = "";
	static const char mapped[] = "::ffff:";
	size_t skip = sizeof(mapped) - 1;

	if (uv_tcp_getpeername(&conn->tcp, (struct sockaddr *)&address, &length) == 0)
		uv_ip_name((struct sockaddr *)&address, text, sizeof(text));
	if (strncmp(text, mapped, skip) != 0 || strchr(text, '.') == NULL)
		skip = 0;
	memcpy(conn->peer, text + skip, sizeof(text) - skip);
}

static struct conn *conn_create(struct server *server)
{
	struct conn *conn = MEMORY_NEW(struct conn);

	conn->server = server;
	conn->deadline = DEADLINE_NONE;
	list_init(&conn->waiting);
	list_init(&conn->idle);
	list_append(&server->conns, &conn->node);
	buf_init(&conn->input, INPUT_MAX);
	uv_tcp_init(&server->loop->uv, &conn->tcp);
	server->counts.connections++;
	return conn;
}

/*
 * A proxy brings those of everybody. Above the part of an address, which people share, who has asked there for nothing for the
 * longest gives way.
 */
static bool enter_share(struct conn *conn)
{
	const struct server *server = conn->server;
	struct share *share;

	describe_peer(conn);
	conn->share = share = share_take(&conn->server->shares, conn->peer);
	share->connections++;
	if (share->connections <= server->limits.connections_per_address ||
	    proxies_trust(server->options.proxies, conn->peer))
		return true;
	if (list_empty(&share->idle))
		return false;
	conn_close(CONTAINER_OF(share->idle.next, struct conn, idle));
	return true;
}

/* Above the total, who has asked for nothing for the longest gives way; then who has not asked to the end. */
static bool make_room(struct server *server)
{
	static const enum deadline order[] = { DEADLINE_IDLE, DEADLINE_HEAD };

	if (server->counts.connections - server->closing <= server->limits.connections_max)
		return true;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct list *waiting = &server->waiting[order[i]];

		if (!list_empty(waiting)) {
			conn_close(CONTAINER_OF(waiting->next, struct conn, waiting));
			return true;
		}
	}
	return false;
}

void conn_accept(struct server *server, uv_stream_t *listener)
{
	struct conn *conn = conn_create(server);

	if (uv_accept(listener, (uv_stream_t *)&conn->tcp) != 0) {
		conn_close(conn);
		return;
	}
	server->counts.accepted++;
	if (server->draining || !enter_share(conn) || !make_room(server) ||
	    uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read) != 0) {
		conn_close(conn);
		return;
	}
	uv_tcp_nodelay(&conn->tcp, 1);
	conn_wait(conn, DEADLINE_IDLE);
}

void conn_expire(struct conn *conn)
{
	switch (conn->deadline) {
	case DEADLINE_HEAD:
		conn_refuse(conn, ERR_TIMEOUT, "The head of the request did not arrive in time.");
		break;
	case DEADLINE_BODY:
		conn->exchange->request.reply.detail =
			"The body of the request did not arrive in time.";
		exchange_refuse(conn->exchange, ERR_TIMEOUT);
		break;
	case DEADLINE_REQUEST:
		exchange_time_out(conn->exchange);
		break;
	default:
		conn_close(conn);
	}
}

/* Seconds without which a slow start would look like malice. */
enum { RATE_GRACE_MS = 10000 };

static bool below_rate(const struct conn *conn, size_t bytes, int64_t waited_ms)
{
	int64_t due =
		(waited_ms - RATE_GRACE_MS) / 1000 * (int64_t)conn->server->limits.body_bytes_per_s;

	return (int64_t)bytes < due;
}

static bool body_is_slow(const struct conn *conn, int64_t waited_ms)
{
	const struct body *body = &conn->exchange->body;
	bool whole = body->sink != SINK_SPILL && waited_ms >= conn->server->limits.body_ms;

	return whole || below_rate(conn, (size_t)body->received, waited_ms);
}

/* No progress for write_ms, or so little in all that the reply would never end. */
static bool reader_is_slow(struct conn *conn, int64_t now_ms)
{
	size_t queued = pending_bytes(conn);
	int64_t write_ms = conn->server->limits.write_ms;

	if (queued < conn->queued_bytes)
		conn->progress_ms = now_ms;
	conn->queued_bytes = queued;
	return now_ms - conn->progress_ms >= write_ms ||
	       below_rate(conn, conn->queued_first - queued, now_ms - conn->since_ms - write_ms);
}

bool conn_is_slow(struct conn *conn, int64_t now_ms)
{
	if (conn->deadline == DEADLINE_BODY)
		return body_is_slow(conn, now_ms - conn->since_ms);
	return reader_is_slow(conn, now_ms);
}
