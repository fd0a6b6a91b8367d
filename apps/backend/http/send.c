#include "base/clock.h"
#include "http/handle.h"
#include "http/state.h"

#include <assert.h>
#include <string.h>
#include <time.h>

static const char *status_line(int status)
{
	switch (status) {
#define LINE(code, reason)                                                                         \
	case code:                                                                                 \
		return "HTTP/1.1 " #code " " reason "\r\n"
		LINE(101, "Switching Protocols");
		LINE(200, "OK");
		LINE(201, "Created");
		LINE(202, "Accepted");
		LINE(204, "No Content");
		LINE(302, "Found");
		LINE(303, "See Other");
		LINE(304, "Not Modified");
		LINE(400, "Bad Request");
		LINE(401, "Unauthorized");
		LINE(403, "Forbidden");
		LINE(404, "Not Found");
		LINE(405, "Method Not Allowed");
		LINE(408, "Request Timeout");
		LINE(409, "Conflict");
		LINE(413, "Content Too Large");
		LINE(415, "Unsupported Media Type");
		LINE(417, "Expectation Failed");
		LINE(422, "Unprocessable Content");
		LINE(429, "Too Many Requests");
		LINE(431, "Request Header Fields Too Large");
		LINE(500, "Internal Server Error");
		LINE(502, "Bad Gateway");
		LINE(503, "Service Unavailable");
		LINE(507, "Insufficient Storage");
#undef LINE
	default:
		return NULL;
	}
}

static void append_status_line(struct buf *head, int status)
{
	const char *line = status_line(status);

	if (line != NULL)
		buf_append_text(head, line);
	else
		buf_printf(head, "HTTP/1.1 %d \r\n", status);
}

/* RFC 9110, section 5.6.7, made once a second. */
static void append_date(struct server *server, struct buf *head)
{
	int64_t now_s = clock_now().ms / 1000;

	if (now_s != server->date_s) {
		time_t time = (time_t)now_s;
		struct tm parts;

		gmtime_r(&time, &parts);
		strftime(server->date, sizeof(server->date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
		server->date_s = now_s;
	}
	BUF_LITERAL(head, "Date: ");
	buf_append(head, server->date, HTTP_DATE_SIZE - 1);
	BUF_LITERAL(head, "\r\n");
}

static void append_field(struct buf *head, const char *name, const char *value)
{
	buf_append_text(head, name);
	buf_append_text(head, value);
	BUF_LITERAL(head, "\r\n");
}

static void append_length(struct exchange *exchange, struct buf *head, int64_t length)
{
	int status = exchange->request.reply.status;

	if (!status_has_body(status) || (length < 0 && exchange->http_1_0))
		return;
	if (length < 0) {
		BUF_LITERAL(head, "Transfer-Encoding: chunked\r\n");
		return;
	}
	BUF_LITERAL(head, "Content-Length: ");
	buf_append_int(head, length);
	BUF_LITERAL(head, "\r\n");
}

static void decorate(struct exchange *exchange)
{
	const struct middleware *const *middleware = exchange->server->options.middlewares;

	for (; *middleware != NULL; middleware++)
		if ((*middleware)->decorate != NULL)
			(*middleware)->decorate(&exchange->request);
}

void render_head(struct exchange *exchange, int64_t length)
{
	struct server *server = exchange->server;
	struct reply *reply = &exchange->request.reply;
	struct buf *head = &server->head;

	decorate(exchange);
	buf_clear(head);
	append_status_line(head, reply->status);
	append_date(server, head);
	if (reply->media != NULL)
		append_field(head, "Content-Type: ", reply->media);
	append_length(exchange, head, length);
	append_field(head, "X-Request-Id: ", exchange->request.id);
	if (!exchange->keep_alive && reply->status != 101)
		BUF_LITERAL(head, "Connection: close\r\n");
	buf_append(head, reply->headers.data, reply->headers.length);
	BUF_LITERAL(head, "\r\n");
}

static void on_written(uv_write_t *write, int status)
{
	struct exchange *exchange = CONTAINER_OF(write, struct exchange, write);
	struct conn *conn = exchange->request.conn;

	loop_woke(exchange->server->loop);
	if (status != 0) {
		conn_close(conn); /* the exchange ends with it */
		return;
	}
	conn_wait(conn, DEADLINE_NONE);
	exchange->written(exchange);
}

/* Leaves of `parts` what lies behind the first `done` bytes. */
static uv_buf_t *skip_written(uv_buf_t *parts, unsigned *count, size_t done)
{
	while (*count > 0 && done >= parts->len) {
		done -= parts->len;
		parts++;
		(*count)--;
	}
	if (*count > 0) {
		parts->base += done;
		parts->len -= done;
	}
	return parts;
}

/*
 * Writes what the socket takes at once, and the rest when it can; then calls `written`. parts[0]
 * may lie in the server's buffer for heads and is copied if it has to wait; the others must stay.
 */
static void write_parts(struct exchange *exchange, uv_buf_t *parts, unsigned count,
			void (*written)(struct exchange *exchange))
{
	struct conn *conn = exchange->request.conn;
	uv_stream_t *stream = (uv_stream_t *)&conn->tcp;
	bool head_first = parts[0].base == exchange->server->head.data;
	int done = uv_try_write(stream, parts, count);
	uv_buf_t *rest;

	if (done < 0 && done != UV_EAGAIN) {
		conn_close(conn);
		return;
	}
	rest = skip_written(parts, &count, done > 0 ? (size_t)done : 0);
	if (count == 0) {
		written(exchange);
		return;
	}
	if (rest == parts && head_first)
		rest->base = arena_strndup(&exchange->request.arena, rest->base, rest->len);
	exchange->written = written;
	if (uv_write(&exchange->write, stream, rest, count, on_written) != 0)
		conn_close(conn);
	else
		conn_wait(conn, DEADLINE_WRITE);
}

static uv_buf_t part(const void *data, size_t length)
{
	return (uv_buf_t){ .base = (char *)(uintptr_t)data, .len = length };
}

static bool wants_body(const struct exchange *exchange)
{
	return status_has_body(exchange->request.reply.status) &&
	       strcmp(exchange->request.method, "HEAD") != 0;
}

static void send_whole(struct exchange *exchange, const void *data, size_t length)
{
	struct buf *head = &exchange->server->head;
	uv_buf_t parts[2];

	render_head(exchange, (int64_t)length);
	parts[0] = part(head->data, head->length);
	parts[1] = part(data, length);
	write_parts(exchange, parts, length > 0 && wants_body(exchange) ? 2 : 1, exchange_sent);
}

static void send_head_only(struct exchange *exchange)
{
	struct buf *head = &exchange->server->head;
	uv_buf_t parts[1];

	render_head(exchange, -1);
	parts[0] = part(head->data, head->length);
	write_parts(exchange, parts, 1, exchange_sent);
}

static void on_piece_made(struct loop_task *task);

static enum err encode_piece(struct exchange *exchange)
{
	struct reply *reply = &exchange->request.reply;
	struct buf piece = reply->body;
	enum err err;

	if (reply->encoder == NULL || (piece.length == 0 && !exchange->last_piece))
		return ERR_OK;
	buf_init(&reply->body, ENCODED_PIECE_MAX);
	err = reply->encoder->encode(reply->encoder, piece.data, piece.length, exchange->last_piece,
				     &reply->body);
	buf_finish(&piece);
	return err;
}

/* Prepared for like the handler was: a reader may be slow enough to have lost its rights meanwhile. */
static void make_piece(struct task *task)
{
	struct exchange *exchange = CONTAINER_OF(task, struct exchange, work);
	struct reply *reply = &exchange->request.reply;

	buf_clear(&reply->body);
	reply->body.max = REPLY_PIECE_MAX;
	exchange->outcome = handle_prepare(exchange);
	if (exchange->outcome == ERR_OK)
		exchange->outcome =
			reply->producer->next(reply->producer, &reply->body, &exchange->last_piece);
	handle_conclude(exchange);
	if (reply->body.overflow && exchange->outcome == ERR_OK)
		exchange->outcome = ERR_INTERNAL;
	if (exchange->outcome == ERR_OK)
		exchange->outcome = encode_piece(exchange);
	loop_post(exchange->server->loop, &exchange->arrival);
}

static void make_next_piece(struct exchange *exchange)
{
	exchange_submit(exchange, make_piece, on_piece_made);
}

static void on_piece_written(struct exchange *exchange)
{
	if (exchange->last_piece)
		exchange_sent(exchange);
	else
		make_next_piece(exchange);
}

/* size CRLF piece CRLF [0 CRLF CRLF]; the piece alone for HTTP/1.0, which knows no chunks. */
static unsigned frame_piece(struct exchange *exchange, uv_buf_t *parts)
{
	struct buf *piece = &exchange->request.reply.body;
	bool framed = !exchange->http_1_0;
	unsigned count = 0;

	if (piece->length > 0 && framed)
		parts[count++] = part(exchange->chunk_head,
				      chunk_head_write(exchange->chunk_head, piece->length));
	if (piece->length > 0)
		parts[count++] = part(piece->data, piece->length);
	if (piece->length > 0 && framed)
		parts[count++] = part("\r\n", 2);
	if (exchange->last_piece && framed)
		parts[count++] = part("0\r\n\r\n", 5);
	return count;
}

static void send_piece(struct exchange *exchange)
{
	struct buf *head = &exchange->server->head;
	uv_buf_t parts[5];
	unsigned count = 0;

	if (!exchange->head_sent) {
		render_head(exchange, -1);
		parts[count++] = part(head->data, head->length);
		exchange->head_sent = true;
	}
	count += frame_piece(exchange, parts + count);
	if (count == 0)
		on_piece_written(exchange);
	else
		write_parts(exchange, parts, count, on_piece_written);
}

/* A producer that fails before its first byte still can say so properly. */
static void on_piece_made(struct loop_task *task)
{
	struct exchange *exchange = CONTAINER_OF(task, struct exchange, arrival);
	struct conn *conn = exchange->request.conn;

	exchange->holds--;
	if (conn == NULL) {
		exchange_end(exchange);
	} else if (!conn_usable(conn)) {
		return; /* it ends when the connection is closed */
	} else if (exchange->outcome == ERR_OK) {
		send_piece(exchange);
	} else if (exchange->head_sent) {
		conn_close(conn);
	} else {
		reply_problem(&exchange->request, exchange->outcome);
		exchange_send(exchange);
	}
}

void exchange_send(struct exchange *exchange)
{
	struct reply *reply = &exchange->request.reply;
	struct conn *conn = exchange->request.conn;

	assert(reply->kind !=
	       REPLY_UPGRADE); /* that is a transport's: its connection is not kept */
	exchange->state = EXCHANGE_SENDING;
	conn_wait(conn, DEADLINE_NONE);
	if (exchange->server->draining || (conn->eof && conn->input.length == 0))
		exchange->keep_alive = false;
	switch (reply->kind) {
	case REPLY_STATIC:
		send_whole(exchange, reply->fixed, reply->fixed_length);
		break;
	case REPLY_PRODUCER:
		if (wants_body(exchange))
			make_next_piece(exchange);
		else
			send_head_only(exchange);
		break;
	case REPLY_EVENTS:
		send_head_only(exchange);
		break;
	default:
		send_whole(exchange, reply->body.data, reply->body.length);
	}
}
